/* The watchdog: hardware that resets the machine unless a program kicks it in time. Nothing starts it but watchdog_start(), and then
 * nothing stops it but watchdog_stop(): not a panic, not the end of main, not a CPU that hangs with interrupts off.
 *
 *     watchdog_start(10000);
 *     for (;;) { work(); watchdog_kick(); }
 *
 * What there is: the device that the firmware's WDAT describes, else the TCO timer of Intel's chipsets. Each step of starting it is read
 * back, so 0 means that it counts. The reset never comes before the timeout; it may come two steps later, and twice as late where
 * a table, or the firmware's own handler of a first expiry, says less than the chipset does.
 *
 * Who may call: the boot CPU, not in interrupts, before mem_reclaim() for the first time; watchdog_kick(): any CPU, any context but NMI.
 * Waits for nothing. Linked only into programs that call it.
 * Errors: ERR_NOT_FOUND: no such device; ERR_UNSUPPORTED: there is one, but it is not known, or it is kept from resetting;
 * ERR_BAD_DATA: the firmware's description cannot be true; ERR_FAULT: its registers do not do what they should. The log says why. */
#pragma once

#include <stdint.h>

enum watchdog_reset { WATCHDOG_RESET_UNKNOWN, WATCHDOG_RESET_NO, WATCHDOG_RESET_YES };

struct watchdog_info {
    const char *name;                    /* "WDAT", "TCO" */
    uint32_t min_ms, max_ms;             /* what watchdog_start() can do */
    uint32_t resolution_ms;              /* of its steps */
    uint32_t timeout_ms;                 /* until reset, of the one that runs; 0: none does */
    enum watchdog_reset last_reset;      /* whether it was the watchdog that reset the machine before this boot */
};

/* The first of these calls finds the device, and clears its note of having reset the machine. */
int watchdog_info(struct watchdog_info *out_info);

/* Starts it, or starts it anew with another timeout: milliseconds until reset, rounded up to what it can do. ERR_BAD_VALUE: 0, or more than
 * max_ms. After an error it is stopped, as far as it obeys. */
int watchdog_start(uint32_t timeout_ms);

/* The timeout begins anew. ERR_NOT_READY: it does not run. */
int watchdog_kick(void);

/* 0 also when it did not run; ERR_FAULT: it goes on, and will reset the machine. */
int watchdog_stop(void);

/* ---- for drivers ---- */

struct watchdog_driver {
    int (*find)(struct watchdog_info *out_info);
    int (*start)(uint32_t timeout_ms, uint32_t *out_timeout_ms);    /* at least min_ms, at most max_ms; *out_timeout_ms: rounded up */
    void (*kick)(void);
    int (*stop)(void);
};

/* Announces one. Drivers are tried in the order of linking. The section is linked if core/watchdog.c is. */
#define WATCHDOG_DRIVER(driver_name, ...) \
    static const struct watchdog_driver watchdog_##driver_name __attribute__((used, aligned(8), section("watchdogs"))) = { __VA_ARGS__ }
