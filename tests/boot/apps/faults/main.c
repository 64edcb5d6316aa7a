/* An application for boot tests: the first word of the command line names the button, and with it the fault. */
#include "faults.h"

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

int main(int argc, char **argv)
{
    const struct button *button = find(argc > 1 ? argv[1] : "");

    if (!button) {
        log_error("there is no button %s", argc > 1 ? argv[1] : "");
        return 99;
    }
    log_info("pressing %s", button->name);
    button->press();
    log_info("%s came back", button->name);
    return 0;
}
