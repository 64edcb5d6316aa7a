/* What the core's frequent operations cost, in guest instructions. For tools/bench.py, under an emulator whose CPU counter moves by
 * the same for each instruction (QEMU -icount): counts are then exact. A line for each:
 *     cost NAME mean MEAN worst WORST of COUNT          MEAN and WORST in instructions, without those of measuring
 */
#include <ingot/cpu.h>
#include <ingot/heap.h>
#include <ingot/irq.h>
#include <ingot/log.h>
#include <ingot/mmio.h>
#include <ingot/pages.h>
#include <ingot/probe.h>
#include <ingot/string.h>
#include <ingot/time.h>
#include <ingot/timer.h>

#include <stdbool.h>

#include "tests/boot/apps/bench/bench.h"

enum { TRIALS = 1000, TIMERS_FEW = 1000, TIMERS_MANY = 100000 };
enum { MSR_APIC_BASE = 0x1b, APIC_X2APIC = 1u << 10, ICR = 0x300, ICR_SELF = 1u << 18 };    /* SDM vol. 3A, "Interrupt Command Register (ICR)" */

static const uint64_t HOUR_NS = 3600ull * 1000000000;

static uint64_t ticks_each;                     /* of the CPU's counter, for an instruction */

static uint64_t random_below(uint64_t limit)
{
    static uint64_t state = 0x2545f4914f6cdd1d;

    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return state % limit;
}

/* From one RDTSC to the next are 65 instructions here: a move, 63 others, and one of the two. */
static bool learn_ticks(void)
{
    uint32_t ticks;

    __asm__ volatile("rdtsc\n\t"
                     "movl %%eax, %%ecx\n\t"
                     ".rept 63\n\t"
                     "nop\n\t"
                     ".endr\n\t"
                     "rdtsc\n\t"
                     "subl %%ecx, %%eax"
                     : "=a"(ticks) : : "rcx", "rdx");
    ticks_each = ticks / 65;
    return ticks_each && ticks == ticks_each * 65;
}

struct cost {
    uint64_t sum, worst;
};

static void note(struct cost *cost, uint64_t instructions)
{
    cost->sum += instructions;
    cost->worst = instructions > cost->worst ? instructions : cost->worst;
}

static void tell(const char *name, const struct cost *cost)
{
    log_raw("cost %s mean %llu worst %llu of %u", name, (unsigned long long)((cost->sum + TRIALS / 2) / TRIALS),
            (unsigned long long)cost->worst, TRIALS);
    log_flush();                                /* or it would be sent within what is measured next */
}

/* ---- calls ---- */

static void nothing(void) { }

/* Never a copy of its own for one operation: each has the same instructions around it. */
static __attribute__((noipa)) uint64_t count_once(step operation)
{
    uint64_t start = cpu_ticks();

    operation();
    return (cpu_ticks() - start) / ticks_each;
}

/* The cost of operation, each time after prepare, whose cost does not count. */
void measure(const char *name, step operation, step prepare)
{
    uint64_t empty = count_once(nothing);
    struct cost cost = { 0 };

    for (unsigned i = 0; i < TRIALS; i++) {
        prepare();
        note(&cost, count_once(operation) - empty);
    }
    tell(name, &cost);
}

static void *kept[TRIALS];
static unsigned kept_count;

static void page_and_back(void) { pages_free(pages_alloc(1, 0, PAGES_ANYWHERE), 1); }
static void page_to_keep(void) { kept[kept_count++] = pages_alloc(1, 0, PAGES_ANYWHERE); }
static void page_back(void) { pages_free(kept[--kept_count], 1); }
static void block_and_back(void) { free(malloc(64)); }
static void block_to_keep(void) { kept[kept_count++] = malloc(64); }
static void block_back(void) { free(kept[--kept_count]); }
static void read_clock(void) { time_ns(); }

static void measure_allocators(void)
{
    page_and_back();
    block_and_back();
    measure("page", page_and_back, nothing);
    measure("page-alloc-many", page_to_keep, nothing);
    measure("page-free-many", page_back, nothing);
    measure("malloc", block_and_back, nothing);
    measure("malloc-many", block_to_keep, nothing);
    measure("free-many", block_back, nothing);
}

/* ---- timers ---- */

static IRQ_HANDLER void never(struct timer *timer) { (void)timer; }

static struct timer one = { .handler = never };
static uint64_t deadline_ns;

static void arm(void) { timer_arm(&one, deadline_ns, 0); }
static void disarm(void) { timer_cancel(&one); }

static void choose_any(void)
{
    disarm();
    deadline_ns = time_ns() + HOUR_NS + random_below(HOUR_NS);
}

/* Before all others: the hardware is set as well. */
static void choose_first(void)
{
    disarm();
    deadline_ns = time_ns() + HOUR_NS / 2;
}

static bool measure_timers(unsigned armed, const char *any, const char *first)
{
    struct timer *timers = malloc(armed * sizeof(*timers));

    if (!timers)
        return false;
    for (unsigned i = 0; i < armed; i++) {
        timers[i] = (struct timer){ .handler = never };
        if (timer_arm(&timers[i], time_ns() + HOUR_NS + random_below(HOUR_NS), 0))
            return false;
    }
    measure(any, arm, choose_any);
    measure(first, arm, choose_first);
    disarm();
    for (unsigned i = 0; i < armed; i++)
        timer_cancel(&timers[i]);
    free(timers);
    return true;
}

/* ---- interrupts ---- */

static volatile uint64_t handler_ticks;

static IRQ_HANDLER enum irq_answer note_time(void *argument)
{
    (void)argument;
    handler_ticks = cpu_ticks();
    return IRQ_MINE;
}

struct trip {
    uint64_t start, end;
};

/* Sends vector to this CPU between two readings of the counter: an interrupt that is taken, is taken before the second. */
static struct trip send_self(volatile void *icr, uint32_t vector)
{
    struct trip trip;

    __asm__ volatile("rdtsc\n\t"
                     "shlq $32, %%rdx\n\t"
                     "leaq (%%rdx, %%rax), %[start]\n\t"
                     "movl %[command], (%[icr])\n\t"
                     "rdtsc\n\t"
                     "shlq $32, %%rdx\n\t"
                     "orq %%rdx, %%rax"
                     : [start] "=&r"(trip.start), "=&a"(trip.end) : [command] "r"(ICR_SELF | vector), [icr] "r"(icr) : "rdx", "memory");
    return trip;
}

static void measure_trips(volatile void *icr, uint32_t vector)
{
    struct cost entry = { 0 }, round = { 0 };

    for (unsigned i = 0; i < TRIALS; i++) {
        uint64_t flags = cpu_interrupts_off(), empty, taken;
        struct trip trip = send_self(icr, vector);

        empty = trip.end - trip.start;
        cpu_interrupts_restore(flags);           /* it comes now, uncounted */
        handler_ticks = 0;
        trip = send_self(icr, vector);
        taken = handler_ticks;
        if (!taken || taken > trip.end) {
            log_error("an interrupt came late");
            return;
        }
        note(&entry, (taken - trip.start - empty) / ticks_each);
        note(&round, (trip.end - trip.start - empty) / ticks_each);
    }
    tell("interrupt-entry", &entry);
    tell("interrupt-round", &round);
}

static bool measure_interrupts(void)
{
    struct irq_message message;
    struct irq *irq;
    uint64_t base;

    if (msr_read_safe(MSR_APIC_BASE, &base) || base & APIC_X2APIC
        || irq_attach_message(&(struct irq_wish){ .name = "bench", .handler = note_time }, &irq, &message))
        return false;
    measure_trips((volatile void *)((base & 0x000ffffffffff000) + ICR), message.data);
    irq_detach(irq);
    return true;
}

int main(void)
{
    if (!learn_ticks()) {
        log_error("the CPU's counter does not count instructions: run this under -icount");
        return 1;
    }
    measure("time-ns", read_clock, nothing);
    measure_allocators();
    if (!measure_interrupts())
        log_error("this machine has no local APIC with registers in memory");
    if (!measure_timers(TIMERS_FEW, "timer-1000", "timer-1000-first") || !measure_timers(TIMERS_MANY, "timer-100000", "timer-100000-first"))
        log_error("no timers");
    measure_log();
    return 0;
}
