/* An application for boot tests: the first word of the command line names the button, and with it the fault; the second one the CPU that
 * presses it, while the last CPU is busy, or "all". */
#include "faults.h"

#include <ingot/cpu.h>
#include <ingot/format.h>
#include <ingot/log.h>
#include <ingot/string.h>

static const struct button *const groups[] = { cpu_buttons, descriptor_buttons, program_buttons };

uint64_t sink(uint64_t depth)
{
    volatile uint64_t room[8] = { depth };

    return room[0] < 1ull << 40 ? sink(depth + 1) + room[0] : 0;
}

static const struct button *find(const char *name)
{
    for (unsigned i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
        for (const struct button *button = groups[i]; button->name; button++)
            if (!strcmp(button->name, name))
                return button;
    return NULL;
}

static struct cpu_job busy_job, press_job;
static _Atomic bool is_busy;

static PRESS busy(void *unused)
{
    (void)unused;
    cpu_interrupts_off();
    is_busy = true;
    for (;;)
        cpu_relax();
}

static struct cpu_barrier together;

static void press(void *argument)
{
    const struct button *button = argument;

    button->press();
    log_info("%s came back", button->name);
}

static void press_together(void *argument)
{
    cpu_barrier_wait(&together, cpu_count());
    press(argument);
}

static void press_on(const char *cpu, void *button)
{
    unsigned long long number;

    if (!strcmp(cpu, "all")) {
        cpu_run_all(press_together, button);
    } else if (parse_number(cpu, &number) == 0 && number < cpu_count()) {
        cpu_run(cpu_count() - 1, &busy_job, busy, NULL);
        while (!is_busy)
            cpu_relax();
        cpu_run((uint32_t)number, &press_job, press, button);
        cpu_join(&press_job);
    }
}

int main(int argc, char **argv)
{
    const struct button *button = find(argc > 1 ? argv[1] : "");

    if (!button) {
        log_error("there is no button %s", argc > 1 ? argv[1] : "");
        return 99;
    }
    log_info("pressing %s", button->name);
    if (argc > 2) {
        press_on(argv[2], (void *)button);
        return 0;
    }
    button->press();
    log_info("%s came back", button->name);
    return 0;
}
