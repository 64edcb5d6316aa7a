#include "jitter.h"

#include <ingot/cpu.h>
#include <ingot/time.h>
#include <stddef.h>

enum { LEARN_STEPS = 1023, MEASURE_US = 20000, WARM_UP_US = 20, NOTE_NS = 2000 };

const uint32_t bin_from_ns[BINS] = {
    100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000, 200000, 500000,
    1000000, 2000000, 5000000, 10000000, 20000000, 50000000, 100000000,
};
_Static_assert(GAP_NS == 100, "the first bin begins with the smallest gap");

struct watcher {
    struct tally tally[PHASES];
    uint64_t usual;                      /* ticks of a step */
};
static PER_CPU(struct watcher, watcher);

static double ns_per_tick;
static struct { enum phase phase; uint32_t ms; } slice;      /* what all CPUs are asked to do */

static uint64_t ticks_of_ns(uint64_t ns) { return (uint64_t)((double)ns / ns_per_tick); }
static uint64_t ns_of_ticks(uint64_t ticks) { return (uint64_t)((double)ticks * ns_per_tick); }

uint64_t watch_start(void)
{
    uint64_t ns = time_ns(), ticks = cpu_ticks();

    delay_us(MEASURE_US);
    ticks = cpu_ticks() - ticks;
    ns = time_ns() - ns;
    ns_per_tick = (double)ns / (double)ticks;
    return (uint64_t)(1e9 / ns_per_tick);
}

/* ---- the usual step ---- */

/* The smallest number that at least half of them do not exceed. */
static uint32_t median(const uint32_t *steps, uint32_t count)
{
    uint32_t low = 0, high = UINT32_MAX;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2, below = 0;

        for (uint32_t i = 0; i < count; i++)
            below += steps[i] <= middle;
        if (below * 2 > count)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static void learn(void *phase)
{
    struct watcher *mine = per_cpu(&watcher);
    struct tally *tally = &mine->tally[*(enum phase *)phase];
    uint32_t steps[LEARN_STEPS], least = UINT32_MAX;
    uint64_t last = cpu_ticks(), now;

    for (uint32_t i = 0; i < LEARN_STEPS; i++, last = now) {
        now = cpu_ticks();
        steps[i] = (uint32_t)(now - last);
    }
    for (uint32_t i = 0; i < LEARN_STEPS; i++)
        least = steps[i] < least ? steps[i] : least;
    mine->usual = median(steps, LEARN_STEPS);
    *tally = (struct tally){ .step_min_ps = (uint64_t)(least * ns_per_tick * 1000),
                             .step_median_ps = (uint64_t)((double)mine->usual * ns_per_tick * 1000) };
}

void watch_learn(enum phase phase)
{
    cpu_run_all(learn, &phase);
}

/* ---- the loop ---- */

static void keep_worst(struct gap worst[WORST_MAX], struct gap gap)
{
    for (unsigned i = 0; i < WORST_MAX; i++) {
        if (gap.lost_ns > worst[i].lost_ns) {
            struct gap smaller = worst[i];

            worst[i] = gap;
            gap = smaller;
        }
    }
}

static void note_gap(struct tally *tally, uint64_t lost_ns, uint64_t at_ns)
{
    unsigned bin = 0;

    while (bin + 1 < BINS && lost_ns >= bin_from_ns[bin + 1])
        bin++;
    tally->bin[bin]++;
    tally->gaps++;
    tally->lost_ns += lost_ns;
    keep_worst(tally->worst, (struct gap){ lost_ns, at_ns, cpu_id() });
}

/* The step in which a gap was noted is not counted, as it would look like the next gap: unless it takes much longer than noting does. */
static void watch(struct tally *tally, uint64_t usual, uint64_t ticks)
{
    const uint64_t limit = usual + ticks_of_ns(GAP_NS), note_limit = usual + ticks_of_ns(NOTE_NS);
    const uint64_t start_ns = time_ns(), start = cpu_ticks();
    uint64_t last = start, now, loops = 0, unwatched = 0;

    do {
        now = cpu_ticks();
        if (now - last > limit) {
            do {
                note_gap(tally, ns_of_ticks(now - last - usual), start_ns + ns_of_ticks(last - start));
                last = now;
                now = cpu_ticks();
            } while (now - last > note_limit);
            unwatched += now - last;
        }
        last = now;
        loops++;
    } while (now - start < ticks);
    tally->loops += loops;
    tally->watched_ns += ns_of_ticks(now - start - unwatched);
}

static void watch_here(void *nothing)
{
    struct watcher *mine = per_cpu(&watcher);
    struct tally *tally = &mine->tally[slice.phase], ignored = { 0 };
    uint64_t before = 0, after = 0, flags = 0;

    (void)nothing;
    tally->counts_smi = smi_count(&before);
    if (slice.phase == INTERRUPTS_OFF)
        flags = cpu_interrupts_off();
    watch(&ignored, mine->usual, ticks_of_ns(WARM_UP_US * 1000));      /* the code comes into the caches */
    watch(tally, mine->usual, ticks_of_ns(slice.ms * 1000000ull));
    if (slice.phase == INTERRUPTS_OFF)
        cpu_interrupts_restore(flags);
    if (tally->counts_smi && smi_count(&after))
        tally->smi += after - before;
}

void watch_slice(enum phase phase, uint32_t ms)
{
    slice.phase = phase;
    slice.ms = ms;
    cpu_run_all(watch_here, NULL);
}

/* ---- sums ---- */

/* An SMI stops all CPUs, and each counts it: the most that one counted is how many there were. */
void watch_add(struct tally *total, enum phase phase, uint32_t cpu)
{
    const struct tally *one = &per_cpu_of(&watcher, cpu)->tally[phase];

    if (total->loops == 0 || one->step_min_ps < total->step_min_ps)
        total->step_min_ps = one->step_min_ps;
    if (one->step_median_ps > total->step_median_ps)
        total->step_median_ps = one->step_median_ps;
    total->loops += one->loops;
    total->watched_ns += one->watched_ns;
    total->lost_ns += one->lost_ns;
    total->gaps += one->gaps;
    for (unsigned i = 0; i < BINS; i++)
        total->bin[i] += one->bin[i];
    for (unsigned i = 0; i < WORST_MAX && one->worst[i].lost_ns; i++)
        keep_worst(total->worst, one->worst[i]);
    total->smi = one->smi > total->smi ? one->smi : total->smi;
    total->counts_smi |= one->counts_smi;
}

struct tally watch_total(enum phase phase)
{
    struct tally total = { 0 };

    for (uint32_t cpu = 0; cpu < cpu_count(); cpu++)
        watch_add(&total, phase, cpu);
    return total;
}
