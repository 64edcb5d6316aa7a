/* An application for boot tests of the watchdog: the first word says what to do with it. */
#include <ingot/cpu.h>
#include <ingot/error.h>
#include <ingot/log.h>
#include <ingot/panic.h>
#include <ingot/string.h>
#include <ingot/time.h>
#include <ingot/watchdog.h>

enum { TIMEOUT_MS = 2000, KICK_MS = 100, TIMEOUTS_SURVIVED = 3 };

static int tell(void)
{
    static const char *const reset[] = { "unknown", "no", "watchdog" };
    struct watchdog_info info;
    int error = watchdog_info(&info);

    if (error)
        log_info("watchdog: %s", error_name(error));
    else
        log_info("last reset: %s (%s)", reset[info.last_reset], info.name);
    return error;
}

static int start(void)
{
    int error = watchdog_start(TIMEOUT_MS);

    if (error)
        log_info("watchdog_start: %s", error_name(error));
    return error;
}

static void hang(void)
{
    log_info("hanging with interrupts off");
    cpu_interrupts_off();
    for (;;)
        cpu_relax();
}

/* Kicks through several timeouts, then stops it and waits as long again. */
static int kick(void)
{
    struct watchdog_info info;
    uint64_t span_ns;

    watchdog_info(&info);
    span_ns = TIMEOUTS_SURVIVED * info.timeout_ms * 1000000ull;
    for (uint64_t start_ns = time_ns(); time_ns() - start_ns < span_ns; delay_us(KICK_MS * 1000))
        if (watchdog_kick())
            return 1;
    log_info("kicked through %d timeouts of %u ms", TIMEOUTS_SURVIVED, info.timeout_ms);
    if (watchdog_stop() || watchdog_kick() != ERR_NOT_READY)
        return 2;
    delay_us(2 * info.timeout_ms * 1000);
    log_info("stopped, and nothing came");
    return 0;
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "";

    if (tell())
        return 3;
    if (!strcmp(word, "tell"))
        return 0;
    if (watchdog_start(0) != ERR_BAD_VALUE || watchdog_start(UINT32_MAX) != ERR_BAD_VALUE)
        return 4;
    if (start())
        return 5;
    if (!strcmp(word, "panic"))
        panic("nobody will kick it now");
    if (!strcmp(word, "hang"))
        hang();
    return kick();
}
