/* Timers: never early, in order, as many as one likes. */
#include "selftest.h"

#include <ingot/cpu.h>
#include <ingot/heap.h>
#include <ingot/string.h>
#include <ingot/time.h>
#include <ingot/timer.h>

static volatile uint32_t fired, early, disorder;
static volatile uint64_t fired_ns;

static bool absent(void)
{
    static struct timer probe;
    bool none = timer_arm(&probe, UINT64_MAX, 0) != 0;

    timer_cancel(&probe);
    return none;
}

static IRQ_HANDLER void note_time(struct timer *timer)
{
    (void)timer;
    fired_ns = time_ns();
    fired++;
}

/* ---- what a handler may not touch ---- */

enum { XMM_TRIPS = 200, XMM_BYTES = 8 * 16, COPIED_MAX = 5000 };
static uint8_t copied_to[COPIED_MAX], copied_from[COPIED_MAX];
static uint32_t copied_bytes;

static IRQ_HANDLER void copy_much(struct timer *timer)
{
    (void)timer;
    memcpy(copied_to, copied_from, copied_bytes);
    memset(copied_from, (int)copied_bytes, copied_bytes);
    fired++;
}

/* Nothing but the interrupt runs between the loads and the stores. */
static void wait_with_xmm(const uint8_t *before, uint8_t *after)
{
    __asm__ volatile("movups (%0), %%xmm0; movups 16(%0), %%xmm1; movups 32(%0), %%xmm2; movups 48(%0), %%xmm3;"
                     "movups 64(%0), %%xmm4; movups 80(%0), %%xmm5; movups 96(%0), %%xmm6; movups 112(%0), %%xmm7;"
                     "1: pause; cmpl $0, %2; je 1b;"
                     "movups %%xmm0, (%1); movups %%xmm1, 16(%1); movups %%xmm2, 32(%1); movups %%xmm3, 48(%1);"
                     "movups %%xmm4, 64(%1); movups %%xmm5, 80(%1); movups %%xmm6, 96(%1); movups %%xmm7, 112(%1)"
                     :: "r"(before), "r"(after), "m"(fired)
                     : "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7");
}

static enum verdict vectors_kept(char *figures)
{
    static struct timer timer = { .handler = copy_much };
    uint8_t before[XMM_BYTES], after[XMM_BYTES];

    if (absent())
        return SAY(ABSENT, "this machine has no timer");
    for (uint32_t i = 0; i < XMM_TRIPS; i++) {
        for (uint32_t at = 0; at < XMM_BYTES; at++)
            before[at] = (uint8_t)random_below(256);
        copied_bytes = random_below(COPIED_MAX);
        fired = 0;
        timer_arm(&timer, time_ns() + 20000, 0);
        wait_with_xmm(before, after);
        MUST(memcmp(before, after, XMM_BYTES) == 0);
    }
    return SAY(OK, "%u handlers copied and set up to %u bytes, xmm0 to xmm7 stayed as they were", XMM_TRIPS, COPIED_MAX);
}

enum { SHOTS = 10000, SHOT_TIMEOUT_US = 1000000 };

static enum verdict precision(char *figures)
{
    static uint32_t late_ns[SHOTS];
    static struct timer timer = { .handler = note_time };
    char text[100];

    if (absent())
        return SAY(ABSENT, "this machine has no timer");
    fired = 0;
    for (uint32_t i = 0; i < SHOTS; i++) {
        uint64_t deadline_ns = time_ns() + 5000 + random_below(100000);

        timer_arm(&timer, deadline_ns, 0);
        if (!wait_for(&fired, i + 1, SHOT_TIMEOUT_US))
            return SAY(FAILED, "shot %u did not come within a second", i);
        if (fired_ns < deadline_ns)
            return SAY(FAILED, "shot %u came %llu ns early", i, (unsigned long long)(deadline_ns - fired_ns));
        late_ns[i] = (uint32_t)(fired_ns - deadline_ns);
    }
    return SAY(OK, "%u one-shots, never early, late by %s", SHOTS, distribution(late_ns, SHOTS, text, sizeof(text)));
}

enum { PERIOD_NS = 1000000, PERIODS = 100 };
static uint64_t first_ns, skipped;

/* The nth call must not come before the nth period. What the emulator's host holds up may come after several, and then one is left out. */
static IRQ_HANDLER void note_period(struct timer *timer)
{
    uint64_t now_ns = time_ns(), due_ns = first_ns + (uint64_t)fired * PERIOD_NS;

    (void)timer;
    early += now_ns < due_ns;
    skipped = now_ns < due_ns ? 0 : (now_ns - due_ns) / PERIOD_NS;
    fired++;
}

static enum verdict periodic(char *figures)
{
    static struct timer timer = { .handler = note_period };
    bool was_armed;

    if (absent())
        return SAY(ABSENT, "this machine has no timer");
    fired = early = 0;
    first_ns = time_ns() + PERIOD_NS;
    timer_arm(&timer, first_ns, PERIOD_NS);
    wait_for(&fired, PERIODS, 5000000);
    was_armed = timer_cancel(&timer);
    MUST(fired >= PERIODS && was_armed && early == 0);
    fired = 0;
    delay_us(5000);
    MUST(fired == 0);
    return SAY(OK, "%u periods of 1 ms, none early, %llu passed while busy", PERIODS, (unsigned long long)skipped);
}

struct one_of_many {
    struct timer timer;
    uint64_t deadline_ns;
    bool cancelled;
};
static uint64_t last_deadline_ns;

static IRQ_HANDLER void note_order(struct timer *timer)
{
    struct one_of_many *one = timer->argument;

    early += time_ns() < one->deadline_ns || one->cancelled;
    disorder += one->deadline_ns < last_deadline_ns;
    last_deadline_ns = one->deadline_ns;
    fired++;
}

/* Arms count timers, cancels every fourth, and sees the others come in order. */
static enum verdict many(uint32_t count, char *figures)
{
    struct one_of_many *all = calloc(count, sizeof(*all));
    uint64_t start_ns = time_ns(), armed_ns, base_ns = start_ns + 100000000;
    uint32_t expected = count;

    MUST(all);
    fired = early = disorder = 0;
    last_deadline_ns = 0;
    for (uint32_t i = 0; i < count; i++) {
        all[i].deadline_ns = base_ns + random_below(20000000);
        all[i].timer = (struct timer){ .handler = note_order, .argument = &all[i] };
        if (timer_arm(&all[i].timer, all[i].deadline_ns, 0))
            return SAY(FAILED, "timer %u cannot be armed", i);
    }
    armed_ns = time_ns() - start_ns;
    for (uint32_t i = 0; i < count; i += 4, expected--)
        all[i].cancelled = timer_cancel(&all[i].timer);
    MUST(timer_count() == expected);
    wait_for(&fired, expected, 3000000);
    delay_us(1000);
    free(all);
    if (fired != expected || early || disorder || timer_count())
        return SAY(FAILED, "%u of %u came, %u early or cancelled, %u out of order", fired, expected, early, disorder);
    return SAY(OK, "%u armed in %llu us, %u cancelled, all others in order", count, (unsigned long long)armed_ns / 1000, count / 4);
}

static enum verdict thousand(char *figures) { return absent() ? SAY(ABSENT, "this machine has no timer") : many(1000, figures); }
static enum verdict ten_thousand(char *figures) { return absent() ? SAY(ABSENT, "this machine has no timer") : many(10000, figures); }

static IRQ_HANDLER void arm_again(struct timer *timer)
{
    if (++fired < 100)
        timer_arm(timer, time_ns() + 10000, 0);
}

static IRQ_HANDLER void cancel_itself(struct timer *timer)
{
    fired++;
    timer_cancel(timer);
}

static enum verdict from_handlers(char *figures)
{
    static struct timer again = { .handler = arm_again }, once = { .handler = cancel_itself }, moved = { .handler = note_time };

    if (absent())
        return SAY(ABSENT, "this machine has no timer");
    fired = 0;
    MUST(!timer_cancel(&again));
    timer_arm(&again, 1, 0);                    /* long past: at once */
    MUST(wait_for(&fired, 100, 1000000));
    fired = 0;
    timer_arm(&once, time_ns(), 100000);
    MUST(wait_for(&fired, 1, 1000000));
    delay_us(2000);
    MUST(fired == 1);
    fired = 0;
    timer_arm(&moved, time_ns() + 10000000000ull, 0);
    timer_arm(&moved, time_ns() + 1000, 0);
    MUST(wait_for(&fired, 1, 1000000) && timer_count() == 0);
    return SAY(OK, "armed again 100 times, cancelled, and moved by handlers");
}

/* A period that is shorter than its handling: the rest of the program must go on all the same. */
static enum verdict flood(char *figures)
{
    static struct timer fast = { .handler = note_time };
    uint64_t start_ns = time_ns(), took_us;
    volatile uint32_t steps = 0;

    if (absent())
        return SAY(ABSENT, "this machine has no timer");
    fired = 0;
    timer_arm(&fast, start_ns, 10);
    while (steps < 20000)
        steps++;
    timer_cancel(&fast);
    took_us = (time_ns() - start_ns) / 1000;
    return SAY(OK, "20,000 steps in %llu us beside %u calls by a period of 10 ns", (unsigned long long)took_us, fired);
}

enum { SHOTS_EACH = 1000 };

/* One CPU's. */
struct shots {
    struct timer timer;
    uint64_t deadline_ns;
    volatile uint32_t came, wrong;       /* wrong: too early, or on another CPU */
    bool absent, lost;
};
static PER_CPU(struct shots, shots);

static IRQ_HANDLER void note_shot(struct timer *timer)
{
    struct shots *mine = per_cpu(&shots);

    mine->wrong += timer != &mine->timer || time_ns() < mine->deadline_ns;
    mine->came++;
}

static void shoot(void *unused)
{
    struct shots *mine = per_cpu(&shots);

    (void)unused;
    mine->timer.handler = note_shot;
    for (uint32_t i = 0; i < SHOTS_EACH && !mine->absent && !mine->lost; i++) {
        mine->deadline_ns = time_ns() + 5000 + i * 7919 % 100000;
        mine->absent = timer_arm(&mine->timer, mine->deadline_ns, 0) != 0;
        mine->lost = !mine->absent && !wait_for(&mine->came, i + 1, 5000000);
    }
}

static enum verdict on_all_cpus(char *figures)
{
    uint32_t without = 0;

    cpu_run_all(shoot, NULL);
    for (uint32_t cpu = 0; cpu < cpu_count(); cpu++) {
        const struct shots *its = per_cpu_of(&shots, cpu);

        without += its->absent;
        if (its->lost || its->wrong)
            return SAY(FAILED, "cpu %u: shot %u of %u %s", cpu, its->came, SHOTS_EACH, its->lost ? "did not come" : "and before: early, or elsewhere");
    }
    if (without == cpu_count())
        return SAY(ABSENT, "this machine has no timer");
    return SAY(OK, "%u one-shots on each of %u CPUs at once, never early; %u without a timer", SHOTS_EACH, cpu_count() - without, without);
}

/* ---- the clock ---- */

static enum verdict monotonic(char *figures)
{
    uint64_t last_ns = time_ns(), start_ns = last_ns, most_ns = 0;
    struct time_source source;

    for (unsigned i = 0; i < 1000000; i++) {
        uint64_t now_ns = time_ns();

        if (now_ns < last_ns)
            return SAY(FAILED, "read %u went back by %llu ns", i, (unsigned long long)(last_ns - now_ns));
        if (now_ns - last_ns > most_ns)
            most_ns = now_ns - last_ns;
        last_ns = now_ns;
    }
    time_source(&source);
    return SAY(OK, "1,000,000 reads in %llu us, largest step %llu ns; %s at %llu Hz by %s, checked by %s, %lld ppm",
               (unsigned long long)(last_ns - start_ns) / 1000, (unsigned long long)most_ns, source.name,
               (unsigned long long)source.hz, source.measured_by, source.checked_by ? source.checked_by : "nothing",
               (long long)source.disagreement_ppm);
}

static enum verdict delays(char *figures)
{
    uint64_t worst_ns = 0;

    for (uint32_t us = 1; us <= 10000; us = us * 2 + 1) {
        uint64_t start_ns = time_ns(), took_ns;

        delay_us(us);
        took_ns = time_ns() - start_ns;
        if (took_ns < us * 1000ull)
            return SAY(FAILED, "%u us took %llu ns", us, (unsigned long long)took_ns);
        if (took_ns - us * 1000ull > worst_ns)
            worst_ns = took_ns - us * 1000ull;
    }
    return SAY(OK, "never short, %llu ns too long at most", (unsigned long long)worst_ns);
}

const struct check timer_checks[] = {
    { "timer-precision", precision }, { "timer-periodic", periodic }, { "timer-1000", thousand }, { "timer-10000", ten_thousand },
    { "timer-handlers", from_handlers }, { "timer-flood", flood }, { "timer-cpus", on_all_cpus }, { "clock-monotonic", monotonic },
    { "clock-delays", delays }, { "timer-vectors", vectors_kept }, { 0 },
};
