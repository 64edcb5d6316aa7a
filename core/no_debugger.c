/* In the place of core/debugger.c where an image is built without it. */
#include "core/debugger.h"

#include "core/option.h"

#define LOG_SUBSYSTEM debug
#include <ingot/driver.h>
#include <ingot/log.h>
#include <ingot/string.h>

LOG_SUBSYSTEM_DEFINE(debug);

void debugger_panicked(void)
{
    const char *policy = option("panic");

    if (policy && !strcmp(policy, "debug"))
        log_raw("panic=debug: this image was built without the debugger (make GDB=1)");
}

static int look(void)
{
    if (option("debug"))
        log_warn("debug=%s: this image was built without the debugger (make GDB=1)", option("debug"));
    return 0;
}

DRIVER(no_debugger, DRIVER_DEVICE, look);
