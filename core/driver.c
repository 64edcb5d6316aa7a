#include "core/driver.h"

#include <ingot/error.h>
#define LOG_SUBSYSTEM driver
#include <ingot/log.h>

LOG_SUBSYSTEM_DEFINE(driver);

extern const struct driver drivers_start[], drivers_end[];    /* link.ld */

void driver_start_phase(enum driver_phase phase)
{
    for (const struct driver *driver = drivers_start; driver < drivers_end; driver++) {
        int error;

        if (driver->phase != phase)
            continue;
        error = driver->start();
        if (error && error != ERR_NOT_FOUND)
            log_warn("%s did not start (%s): the machine goes on without it", driver->name, error_name(error));
        else if (error)
            log_debug("%s: nothing of its kind here", driver->name);
    }
}
