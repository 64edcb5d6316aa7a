/* The boot's table of contents: one line a step, in order. */
#include "core/start.h"

#include "core/acpi.h"
#include "core/arch.h"
#include "core/clock.h"
#include "core/cpus.h"
#include "core/display.h"
#include "core/drain.h"
#include "core/driver.h"
#include "core/end.h"
#include "core/irq.h"
#include "core/last_run.h"
#include "core/log.h"
#include "core/machine.h"
#include "core/memory.h"
#include "core/option.h"
#include "core/recorder.h"
#include "core/seed.h"
#include "core/serial.h"
#include "core/shadow.h"

#include <ingot/memory.h>
#include <ingot/panic.h>

static struct handoff_view view;

static void check_handoff(struct handoff *block)
{
    char why[160];

    if (handoff_check(block, &view, why, sizeof(why)))
        panic_code("HANDOFF", "%s", why);
}

static _Noreturn void run_application(void)
{
    int argc;
    char **argv = option_arguments(&argc);

    end_run(main(argc, argv));
}

static _Noreturn void start_all(void);

_Noreturn void core_start(struct handoff *block, uint64_t entry_ticks)
{
    arch_start_boot_cpu();                     /* descriptors and vectors: from here on a fault ends in words */
    check_handoff(block);                      /* nothing in it is believed before */
    machine_start(&view, entry_ticks);
    recorder_start(view.recorder);             /* what is said from now on outlives a reset */
    last_run_start(view.last_run);             /* and what the last run said before it crashed comes first */
    option_start(view.command_line, application_name);
    log_set_levels(option("log"));
    seed_start(view.seed);                     /* and wiped */
    arch_start_canary();
    arch_start_memory(&view);                  /* where stacks and guards lie */
    if (INGOT_SHADOW)
        shadow_start(&view);                   /* SAN=address: each access is looked at from here on */
    memory_start(&view);                       /* pages_alloc() works */
    arch_start_stack(application_stack_bytes, start_all);
}

/* On the stack that main is to have. */
static _Noreturn void start_all(void)
{
    acpi_init(view.roots ? view.roots->acpi_rsdp : 0, memory_readable);
    driver_start_phase(DRIVER_COUNTER);
    clock_look();                              /* the time until clock_start() is what the clock is measured by */
    display_start(&view);
    arch_start_paging(&view);                  /* our own tables; the loader's are free */
    clock_look();
    mem_audit();                               /* nothing writable and executable, guards in place: proved, each time */
    serial_start(&view);
    driver_start_phase(DRIVER_SERIAL);
    display_open_console();
    clock_start();                             /* time has a unit */
    log_open(view.loader_log);                 /* what was said so far is told now, the loader's lines first */
    arch_describe_cpu();
    arch_irq_start();                          /* interrupts are on from here on, all lines masked */
    cpus_start();                              /* and all other CPUs wait for work */
    driver_start_phase(DRIVER_DEVICE);
    drain_start();                             /* and one who has nothing to do will send what is said: */
    machine_ready();
    recorder_stage(HANDOFF_STAGE_MAIN);
    log_send_later();                          /* main does not wait for serial ports and screens */
    run_application();
}
