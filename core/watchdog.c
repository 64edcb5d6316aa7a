#include <ingot/watchdog.h>

#include <ingot/error.h>
#define LOG_SUBSYSTEM watchdog
#include <ingot/log.h>

#include <stdatomic.h>
#include <stdbool.h>

LOG_SUBSYSTEM_DEFINE(watchdog);

/* The linker's names for the ends of section "watchdogs"; because of them it keeps the drivers when this file is linked, and only then. */
extern const struct watchdog_driver __start_watchdogs[], __stop_watchdogs[];

static const struct watchdog_driver *driver;
static struct watchdog_info info;
static int found = ERR_NOT_READY;        /* until it was looked for; then what came of it */
static _Atomic bool running;

static int find(void)
{
    int result = ERR_NOT_FOUND;

    for (driver = __start_watchdogs; driver < __stop_watchdogs; driver++) {
        int error = driver->find(&info);

        if (!error) {
            log_info("%s: %u to %u ms until reset, in steps of %u ms%s", info.name, info.min_ms, info.max_ms, info.resolution_ms,
                     info.last_reset == WATCHDOG_RESET_YES ? "; last reset: watchdog" : "");
            return 0;
        }
        if (error != ERR_NOT_FOUND)
            result = error;
    }
    log_info("this machine has no watchdog that can be used (%s)", error_name(result));
    return result;
}

static int need(void)
{
    if (found == ERR_NOT_READY)
        found = find();
    return found;
}

int watchdog_info(struct watchdog_info *out_info)
{
    int error = need();

    if (!error)
        *out_info = info;
    return error;
}

int watchdog_start(uint32_t timeout_ms)
{
    int error = need();

    if (error)
        return error;
    if (timeout_ms == 0 || timeout_ms > info.max_ms)
        return ERR_BAD_VALUE;
    running = false;                     /* a kick from an interrupt must not come between */
    info.timeout_ms = 0;
    error = driver->start(timeout_ms < info.min_ms ? info.min_ms : timeout_ms, &info.timeout_ms);
    running = !error;
    if (!error)
        log_info("%s: resets the machine after %u ms without a kick", info.name, info.timeout_ms);
    return error;
}

int watchdog_kick(void)
{
    if (!running)
        return ERR_NOT_READY;
    driver->kick();
    return 0;
}

int watchdog_stop(void)
{
    int error = need();

    if (error || !running)
        return error;
    error = driver->stop();
    if (error)
        return error;
    running = false;
    info.timeout_ms = 0;
    return 0;
}
