#include "core/end.h"

#include "core/arch.h"
#include "core/coverage.h"
#include "core/cpus.h"
#include "core/debugger.h"
#include "core/log.h"
#include "core/option.h"
#include "core/panic_screen.h"

#define LOG_SUBSYSTEM end
#include <ingot/log.h>
#include <ingot/power.h>
#include <ingot/string.h>

LOG_SUBSYSTEM_DEFINE(end);

static bool option_is(const char *name, const char *value)
{
    return option(name) && !strcmp(option(name), value);
}

/* The emulator's status has 7 bits, and a panic needs one of its own. */
static uint8_t exit_status(int value)
{
    if (value >= 0 && value <= EXIT_STATUS_MAX)
        return (uint8_t)value;
    log_warn("main's value %d does not fit an exit status: %u is told instead", value, EXIT_STATUS_MAX);
    return EXIT_STATUS_MAX;
}

static _Noreturn void halt(void)
{
    log_info("halted; switch the machine off or reset it");
    arch_stop_others();
    panic_screen_draw();
    arch_halt();
}

_Noreturn void end_run(int value)
{
    const char *policy = option("exit");

    log_end();
    if (INGOT_COVERAGE)
        coverage_send();
    if (!policy)
        policy = "halt";
    log_info("main returned %d; exit=%s", value, policy);
    if (!strcmp(policy, "qemu")) {
        arch_exit_emulator(exit_status(value));
        log_warn("exit=qemu: no emulator took the status");
    } else if (!strcmp(policy, "poweroff")) {
        power_off();
    } else if (!strcmp(policy, "reset")) {
        power_reset();
    } else if (strcmp(policy, "halt")) {
        log_warn("exit=%s is none of halt, poweroff, reset, qemu", policy);
    }
    halt();
}

_Noreturn void end_panic(void)
{
    debugger_panicked();
    if (INGOT_COVERAGE)
        coverage_send();
    if (option_is("exit", "qemu"))
        arch_exit_emulator(EXIT_STATUS_PANIC);
    if (option_is("panic", "reset"))
        power_reset();
    if (option_is("panic", "poweroff"))
        power_off();
    halt();
}
