/* The local APIC's timer: each CPU has its own, and all run at one speed.
 * Source: Intel SDM vol. 3A, "APIC Timer" (10.5.4 in edition 253668-060): it counts the bus clock or the core crystal clock, the same for
 * all CPUs of a machine, or compares with the time stamp counter. */
#include "core/mul_div.h"
#include "core/timer.h"
#include "core/x86_64/cpu.h"
#include "core/x86_64/lapic.h"

#include <ingot/error.h>
#include <ingot/lock.h>
#define LOG_SUBSYSTEM timer
#include <ingot/log.h>
#include <ingot/time.h>

enum { LVT_DEADLINE = 2u << 17, TIMER_DIV_1 = 0xb };      /* LAPIC_LVT_TIMER [18:17]: mode; LAPIC_TIMER_DIV */
enum { CALIBRATE_US = 200, FAR_NS = 1000000000, PROOF_MS = 100 };    /* a busy emulator takes its time */
enum { LOOKS_MAX = 1 << 21 };           /* in that time: of a clock that stands still */

const char arch_timer_name[] = "lapic";

/* Of the machine: the first CPU that arms a timer finds out, and the others do as it does. */
static struct lock lock = LOCK("lapic timer");
static enum mode { UNKNOWN, DEADLINE, COUNTING } mode;
static uint64_t ticks_per_ns;                   /* fixed point, 32 bits behind the point */

struct counting {
    uint64_t since_ns;
    uint32_t from;
};
static struct counting on_boot_cpu;             /* since_ns 0: there is no local APIC */

static void start_counting(struct counting *counting)
{
    lapic_write(LAPIC_TIMER_DIV, TIMER_DIV_1);
    lapic_write(LAPIC_TIMER_INIT, UINT32_MAX);
    for (unsigned i = 0; i < 2; i++) {          /* the first time is slow */
        counting->since_ns = time_ns();         /* before the count is read: taken for too slow, a timer comes early and is set again; */
        counting->from = lapic_read(LAPIC_TIMER_COUNT);    /* taken for too fast, it would come late */
    }
}

void lapic_timer_prepare(void)
{
    if (cpu_id() == 0)
        start_counting(&on_boot_cpu);
}

static void set_speed(uint64_t hz)
{
    ticks_per_ns = mul_div(hz, 1ull << 32, 1000000000) + 1;
}

static int measure(void)
{
    struct counting counting = on_boot_cpu;
    uint64_t passed_ns;
    uint32_t counted;

    if (cpu_id() != 0 || lapic_read(LAPIC_TIMER_COUNT) == 0)    /* or it has run out since */
        start_counting(&counting);
    passed_ns = time_ns() - counting.since_ns;
    if (passed_ns < CALIBRATE_US * 1000)
        delay_ns(CALIBRATE_US * 1000 - passed_ns);
    counted = counting.from - lapic_read(LAPIC_TIMER_COUNT);
    passed_ns = time_ns() - counting.since_ns;
    lapic_write(LAPIC_TIMER_INIT, 0);
    if (counted == 0 || passed_ns == 0) {
        log_warn("the local APIC's %s on cpu %u", counted ? "cannot be measured, as the clock stands still," : "does not count", cpu_id());
        return ERR_NOT_FOUND;
    }
    set_speed(mul_div(counted, 1000000000, passed_ns));
    return 0;
}

/* CPUID leaf 1, ECX 24: the timer can wait for a value of the TSC, if that is the clock. */
static int choose(void)
{
    struct time_source source;

    time_source(&source);
    mode = cpuid(1, 0).ecx & 1u << 24 && source.is_cpu_ticks ? DEADLINE : COUNTING;
    if (mode == COUNTING)
        return measure();
    set_speed(source.hz);
    return 0;
}

/* Interrupts are off, so one that came waits in the IRR. It is taken later and finds nothing due. */
static bool interrupts(void)
{
    uint64_t start_ns = time_ns();
    uint32_t looks = 0;

    lapic_write(LAPIC_TIMER_DIV, TIMER_DIV_1);
    lapic_write(LAPIC_LVT_TIMER, mode == DEADLINE ? LVT_DEADLINE | VECTOR_TIMER : VECTOR_TIMER);
    __asm__ volatile("mfence" ::: "memory");   /* SDM vol. 3A, "TSC-Deadline Mode": before the first WRMSR, in xAPIC mode */
    arch_timer_set(start_ns, start_ns);
    do
        if (lapic_is_requested(VECTOR_TIMER))
            return true;
    while (time_ns() - start_ns < PROOF_MS * 1000000ull && ++looks < LOOKS_MAX);
    log_warn("the local APIC's, set %s, does not interrupt cpu %u", mode == DEADLINE ? "to a value of the TSC" : "to count", cpu_id());
    lapic_write(LAPIC_LVT_TIMER, LAPIC_LVT_MASKED);
    return false;
}

static bool start_first(void)
{
    uint64_t khz;
    bool works = choose() == 0 && interrupts();

    if (!works && mode == DEADLINE) {
        mode = COUNTING;
        works = measure() == 0 && interrupts();
    }
    if (!works) {
        mode = UNKNOWN;                        /* the next CPU looks for itself */
        return false;
    }
    khz = mul_div(ticks_per_ns, 1000000, 1ull << 32);
    log_info("local APIC, %llu.%03llu MHz%s", (unsigned long long)(khz / 1000), (unsigned long long)(khz % 1000),
             mode == DEADLINE ? ", by the TSC" : "");
    return true;
}

int arch_timer_start(void)
{
    uint64_t flags;
    bool works;

    if (on_boot_cpu.since_ns == 0)
        return ERR_NOT_FOUND;
    flags = lock_take_irq(&lock);
    works = mode == UNKNOWN ? start_first() : interrupts();
    lock_give_irq(&lock, flags);
    return works ? 0 : ERR_NOT_FOUND;
}

void arch_timer_set(uint64_t deadline_ns, uint64_t now_ns)
{
    uint64_t wait_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0, ticks = 0;

    if (deadline_ns)                            /* rounded up: never early */
        ticks = wait_ns > FAR_NS ? UINT32_MAX : (uint64_t)((unsigned __int128)wait_ns * ticks_per_ns >> 32) + 1;
    if (mode == DEADLINE) {
        __asm__ volatile("mfence; lfence" ::: "memory");   /* WRMSR to it is not serialising */
        msr_write(MSR_TSC_DEADLINE, ticks ? cpu_ticks() + ticks : 0);
    } else {
        lapic_write(LAPIC_TIMER_INIT, ticks > UINT32_MAX ? UINT32_MAX : (uint32_t)ticks);
    }
}
