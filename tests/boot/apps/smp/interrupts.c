/* Interrupts from CPU to CPU, and those of devices on a CPU of one's choice. */
#include "smp.h"

#include <ingot/cpu.h>
#include <ingot/heap.h>
#include <ingot/irq.h>
#include <ingot/mmio.h>
#include <ingot/port_io.h>
#include <ingot/time.h>

enum { LIMIT_NS = 2000000000 };

/* ---- cpu_interrupt() ---- */

static _Atomic uint64_t came;

static void come(void *cpu)
{
    EXPECT(cpu_id() == *(const uint32_t *)cpu && !cpu_interrupts_are_on());
    came++;
}

struct call {
    struct cpu_job job;
    uint32_t to;
};

/* All CPUs at once; each is busy with its own, and has its interrupts off some of the time. */
static void interrupt_all(void *turns)
{
    uint32_t cpus = cpu_count();
    struct call *calls = calloc(cpus, sizeof(*calls));

    EXPECT(calls);
    for (uint64_t i = 0; calls && i < *(const uint64_t *)turns; i++) {
        uint64_t flags = cpu_interrupts_off();

        for (uint32_t cpu = 0; cpu < cpus; cpu++) {
            calls[cpu].to = cpu;
            EXPECT(cpu_interrupt(cpu, &calls[cpu].job, come, &calls[cpu].to) == 0);
        }
        cpu_interrupts_restore(flags);
        for (uint32_t cpu = 0; cpu < cpus; cpu++)
            while (!cpu_job_ended(&calls[cpu].job))
                cpu_relax();
    }
    free(calls);
}

static void interrupts(char *figures)
{
    uint64_t cpus = cpu_count(), turns = rounds / 10 / cpus + 1;

    came = 0;
    cpu_run_all(interrupt_all, &turns);
    EXPECT(came == turns * cpus * cpus);
    SAY("%llu from every CPU to every CPU, all at once", (unsigned long long)turns);
}

static _Atomic uint32_t leave, entered;

static void be_busy(void *unused)
{
    (void)unused;
    entered++;
    while (!leave)
        cpu_relax();
}

/* Jobs that look for nothing. */
static void interrupts_when_busy(char *figures)
{
    uint32_t cpus = cpu_count();
    struct cpu_job *busy = calloc(cpus, sizeof(*busy));
    uint64_t turns = rounds / 100 + 1, worst_ns = 0;

    EXPECT(busy);
    leave = entered = 0;
    for (uint32_t cpu = 1; busy && cpu < cpus; cpu++)
        EXPECT(cpu_run(cpu, &busy[cpu], be_busy, NULL) == 0);
    while (entered < cpus - 1)
        cpu_relax();
    came = 0;
    for (uint64_t i = 0; busy && i < turns; i++) {
        struct call call = { .to = (uint32_t)(i % cpus) };
        uint64_t start_ns = time_ns(), took_ns;

        EXPECT(cpu_interrupt(call.to, &call.job, come, &call.to) == 0);
        while (!cpu_job_ended(&call.job))
            cpu_relax();
        took_ns = time_ns() - start_ns;
        worst_ns = took_ns > worst_ns ? took_ns : worst_ns;
    }
    leave = 1;
    for (uint32_t cpu = 1; busy && cpu < cpus; cpu++)
        cpu_join(&busy[cpu]);
    EXPECT(came == turns);
    free(busy);
    SAY("%llu to CPUs that do something else, there and back in %llu us at most", (unsigned long long)turns,
        (unsigned long long)(worst_ns / 1000));
}

/* ---- devices' ---- */

static _Atomic uint32_t irq_count, irq_cpu, irq_strays;

static IRQ_HANDLER enum irq_answer note(void *unused)
{
    (void)unused;
    if (cpu_id() != irq_cpu)
        irq_strays++;
    irq_count++;
    return IRQ_MINE;
}

static bool wait_for(uint32_t wanted)
{
    uint64_t start_ns = time_ns();

    while (irq_count < wanted && time_ns() - start_ns < LIMIT_NS)
        cpu_relax();
    return irq_count >= wanted;
}

static bool is_emulator(void)
{
    uint32_t eax = 1, ebx, ecx, edx;

    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx));
    return ecx & 1u << 31;                      /* SDM vol. 2A, "CPUID": never set by a CPU */
}

/* On a real PC only devices can send messages; QEMU takes them from CPUs as well. */
static void messages(char *figures)
{
    uint32_t sent = 0;

    for (uint32_t cpu = 0; is_emulator() && cpu < cpu_count(); cpu++) {
        struct irq_message message;
        struct irq *irq;

        if (irq_attach_message(&(struct irq_wish){ .name = "message", .handler = note, .cpu = cpu }, &irq, &message)) {
            EXPECT(!"attached");
            return;
        }
        irq_cpu = cpu;
        irq_count = irq_strays = 0;
        for (uint32_t i = 1; i <= 20; i++) {
            mmio_write32((volatile void *)message.address, message.data);
            EXPECT(wait_for(i));
            sent++;
        }
        EXPECT(irq_count == 20 && irq_strays == 0);
        irq_detach(irq);
    }
    SAY("%u, 20 to each CPU", sent);
}

/* Intel 8254: channel 0 as a rate generator, and one that waits for a count that is never written. */
enum { PIT_CHANNEL_0 = 0x40, PIT_COMMAND = 0x43, PIT_RATE = 0x34, PIT_TERMINAL_COUNT = 0x30, PIT_DIVISOR = 1193 };

static struct irq *start_pit(void)
{
    struct irq *irq = NULL;

    irq_cpu = 0;
    irq_count = irq_strays = 0;
    EXPECT(irq_attach(irq_isa_line(0), &(struct irq_wish){ .name = "pit", .handler = note }, &irq) == 0);
    port_write8(PIT_COMMAND, PIT_RATE);
    port_write8(PIT_CHANNEL_0, PIT_DIVISOR & 0xff);
    port_write8(PIT_CHANNEL_0, PIT_DIVISOR >> 8);
    return irq;
}

static void stop_pit(struct irq *irq)
{
    port_write8(PIT_COMMAND, PIT_TERMINAL_COUNT);
    irq_detach(irq);
}

static void lines_move(char *figures)
{
    uint64_t before = irq_unclaimed();
    struct irq *irq = start_pit();
    uint32_t moves = 0;

    for (uint32_t turn = 0; irq && turn < 3; turn++)
        for (uint32_t cpu = 0; cpu < cpu_count(); cpu++, moves++) {
            EXPECT(wait_for(irq_count + 2));
            EXPECT(irq_set_cpu(irq, cpu) == 0);
            irq_cpu = cpu;
            irq_strays = 0;
            EXPECT(wait_for(irq_count + 2));
            EXPECT(irq_strays == 0);
        }
    stop_pit(irq);
    EXPECT(irq_unclaimed() == before);
    SAY("a line that interrupts at 1 kHz moved %u times", moves);
}

static _Atomic uint32_t is_deaf;

static void be_deaf(void *unused)
{
    uint64_t flags = cpu_interrupts_off();

    (void)unused;
    is_deaf = 1;
    delay_us(5000);
    cpu_interrupts_restore(flags);
}

/* One that was on its way to the old CPU when the line moved is not lost: a device of edges would be silent ever after. */
static void lines_move_late(char *figures)
{
    uint64_t before = irq_unclaimed();
    struct irq *irq = start_pit();
    uint32_t last = cpu_count() - 1, turn;

    for (turn = 0; irq && last && turn < 5; turn++) {
        struct cpu_job job = { 0 };

        EXPECT(irq_set_cpu(irq, last) == 0);
        is_deaf = 0;
        EXPECT(cpu_run(last, &job, be_deaf, NULL) == 0);
        while (!is_deaf)
            cpu_relax();
        delay_us(2500);                          /* one waits there now */
        EXPECT(irq_set_cpu(irq, 0) == 0);
        EXPECT(cpu_job_ended(&job) || irq_unclaimed() == before);
        cpu_join(&job);
    }
    stop_pit(irq);
    EXPECT(irq_unclaimed() == before);
    SAY("%u times away from a CPU that had one waiting: none is lost", turn);
}

const struct check interrupt_checks[] = {
    { "interrupt-all", interrupts }, { "interrupt-busy", interrupts_when_busy }, { "irq-message", messages }, { "irq-move", lines_move },
    { "irq-move-late", lines_move_late }, { 0 },
};
