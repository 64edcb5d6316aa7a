/* Each CPU's own timers, and sleep. */
#include "smp.h"

#include <ingot/cpu.h>
#include <ingot/error.h>
#include <ingot/time.h>
#include <ingot/timer.h>

enum { SLEEPS = 50 };

static uint32_t late_ns[MANY_CPUS * SLEEPS];

static void sleep_often(void *unused)
{
    uint64_t random = 77 + cpu_id();

    (void)unused;
    for (unsigned i = 0; i < SLEEPS; i++) {
        uint64_t deadline_ns = time_ns() + random_next(&random) % 2000000, now_ns;

        cpu_sleep_until(deadline_ns);
        now_ns = time_ns();
        EXPECT(now_ns >= deadline_ns && cpu_interrupts_are_on());
        late_ns[cpu_id() * SLEEPS + i] = (uint32_t)(now_ns - deadline_ns);
    }
    EXPECT(timer_count() == 0 || cpu_id() == 0);      /* the boot CPU has the one that limits each check */
}

static void sort(uint32_t *ns, uint32_t count)
{
    for (uint32_t gap = count / 2; gap; gap /= 2)
        for (uint32_t i = gap; i < count; i++)
            for (uint32_t at = i; at >= gap && ns[at - gap] > ns[at]; at -= gap) {
                uint32_t value = ns[at];

                ns[at] = ns[at - gap];
                ns[at - gap] = value;
            }
}

static void sleeps(char *figures)
{
    uint32_t count = cpu_count() * SLEEPS;

    cpu_run_all(sleep_often, NULL);
    sort(late_ns, count);
    SAY("%u on %u CPUs, never early; late by %u us (median), 90 %% %u us, at most %u us", count, cpu_count(), late_ns[count / 2] / 1000,
        late_ns[count * 9 / 10] / 1000, late_ns[count - 1] / 1000);
}

/* ---- timers ---- */

enum { PERIOD_NS = 1000000, PERIODS = 20 };

struct own_timer {
    struct timer timer;
    uint64_t first_ns;
    _Atomic uint32_t fired;
    uint32_t cpu;
};
static struct own_timer timers[MANY_CPUS];

static IRQ_HANDLER void fire(struct timer *timer)
{
    struct own_timer *own = timer->argument;

    EXPECT(cpu_id() == own->cpu && time_ns() >= own->first_ns + own->fired * (uint64_t)PERIOD_NS);
    own->fired++;
}

static void arm_here(void *unused)
{
    struct own_timer *own = &timers[cpu_id()];

    (void)unused;
    *own = (struct own_timer){ .timer = { .handler = fire, .argument = own }, .first_ns = time_ns() + PERIOD_NS, .cpu = cpu_id() };
    EXPECT(timer_arm(&own->timer, own->first_ns, PERIOD_NS) == 0);
}

static void cancel_here(void *unused)
{
    (void)unused;
    EXPECT(timer_cancel(&timers[cpu_id()].timer));
    EXPECT(!timer_cancel(&timers[cpu_id()].timer));
}

/* They fire where they were armed, on CPUs that are asleep otherwise, and belong to nobody else. */
static void timers_everywhere(char *figures)
{
    uint32_t last = cpu_count() - 1, fired = 0;

    cpu_run_all(arm_here, NULL);
    if (last)
        EXPECT(!timer_cancel(&timers[last].timer) && timer_arm(&timers[last].timer, 0, 0) == ERR_BUSY);
    for (uint32_t cpu = 0; cpu <= last; cpu++)
        while (timers[cpu].fired < PERIODS)
            cpu_relax();
    cpu_run_all(cancel_here, NULL);
    for (uint32_t cpu = 0; cpu <= last; cpu++)
        fired += timers[cpu].fired;
    SAY("%u of %d us on %u CPUs, each where it was armed, none early", fired, PERIOD_NS / 1000, cpu_count());
}

const struct check time_checks[] = { { "sleep", sleeps }, { "timers", timers_everywhere }, { 0 } };
