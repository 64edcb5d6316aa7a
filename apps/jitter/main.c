/* Jitter on every CPU: how much time something else takes from it, with interrupts on and then off. What is left with interrupts off is
 * not ours: system management interrupts, hypervisors, a shared core or memory.
 *
 *     make run APP=apps/jitter SMP=4 ARGS="10"      10 seconds a phase instead of 5; cpus= limits the CPUs */
#include "jitter.h"

#include <ingot/cpu.h>
#include <ingot/format.h>
#include <ingot/log.h>
#include <ingot/time.h>

enum { SECONDS = 5, SECONDS_MAX = 86400, SLICE_MS = 250 };

const char *const phase_name[PHASES] = { "on", "off" };

static uint32_t seconds_wanted(int argc, char **argv)
{
    unsigned long long seconds = SECONDS;

    if (argc > 1 && (parse_number(argv[1], &seconds) || seconds < 1 || seconds > SECONDS_MAX)) {
        log_warn("%s is no number of seconds from 1 to %u: it takes %u", argv[1], SECONDS_MAX, SECONDS);
        return SECONDS;
    }
    return (uint32_t)seconds;
}

static void tell_progress(const struct progress *progress)
{
    struct tally total = watch_total(progress->phase);
    char worst[DURATION_BYTES];

    log_info("interrupts %s: %u of %u s, %llu gaps, the worst %s", phase_name[progress->phase], progress->done_ms / 1000,
             progress->of_ms / 1000, (unsigned long long)total.gaps, duration(worst, total.worst[0].lost_ns));
}

/* In slices, so that what is known can be shown: while it is drawn, nobody watches. */
static void run_phase(struct progress *progress)
{
    watch_learn(progress->phase);
    for (progress->done_ms = 0; progress->done_ms < progress->of_ms;) {
        picture_draw(progress);
        log_flush();                     /* a slow port may send by interrupts: they would be gaps of our own making */
        watch_slice(progress->phase, SLICE_MS);
        progress->done_ms += SLICE_MS;
        if (progress->done_ms % 1000 == 0)
            tell_progress(progress);
    }
    picture_draw(progress);
}

int main(int argc, char **argv)
{
    struct progress progress = { .of_ms = seconds_wanted(argc, argv) * 1000, .counter_hz = watch_start() };

    log_info("%u CPUs watch %u s with interrupts on, then %u s with interrupts off; a gap is %u ns more than a step usually takes",
             cpu_count(), progress.of_ms / 1000, progress.of_ms / 1000, GAP_NS);
    picture_start();
    for (progress.phase = INTERRUPTS_ON; progress.phase < PHASES; progress.phase++)
        run_phase(&progress);
    for (enum phase phase = INTERRUPTS_ON; phase < PHASES; phase++)
        report(phase);
    return 0;
}
