/* Timer: a function that is called ten times a second, in an interrupt, while main sleeps. Nothing else ticks on this machine.
 *
 *     make run APP=apps/examples/timer
 *
 * What you will see:
 *
 *     app: tick 1 at 100 ms, ... us late
 *     app: tick 2 at 200 ms, ... us late
 *     app: tick 3 at 300 ms, ... us late
 *     app: tick 4 at 400 ms, ... us late
 *     app: tick 5 at 500 ms, ... us late
 *     app: 5 ticks; the timer is out */
#include <stdatomic.h>

#include <ingot/cpu.h>
#include <ingot/error.h>
#include <ingot/log.h>
#include <ingot/time.h>
#include <ingot/timer.h>

enum { PERIOD_MS = 100, TICKS = 5 };
#define MS 1000000ull                    /* in nanoseconds */

static uint64_t start_ns;
static unsigned ticks;                   /* the handler's own while the timer is armed */
static _Atomic bool done;

/* Declared IRQ_HANDLER, so that the compiler leaves floating-point registers alone: they are main's. */
static IRQ_HANDLER void tick(struct timer *timer)
{
    uint64_t due_ns = start_ns + ++ticks * PERIOD_MS * MS;

    log_info("tick %u at %u ms, %llu us late", ticks, ticks * PERIOD_MS, (unsigned long long)(time_ns() - due_ns) / 1000);
    if (ticks == TICKS) {
        timer_cancel(timer);             /* else it would come again */
        done = true;
    }
}

int main(void)
{
    static struct timer timer = { .handler = tick };     /* static: it has to live as long as it is armed */

    start_ns = time_ns();
    int error = timer_arm(&timer, start_ns + PERIOD_MS * MS, PERIOD_MS * MS);

    if (error) {
        log_error("no timer: %s", error_name(error));
        return 1;
    }
    cpu_sleep_until_set(start_ns + 10000 * MS, &done);
    log_info("%u ticks; the timer is %s", ticks, timer_count() ? "still armed" : "out");
    return 0;
}
