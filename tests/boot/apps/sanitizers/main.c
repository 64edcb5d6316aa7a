/* Commits the bugs that its words name, or all; each is told before. Built with SAN=undefined or SAN=address, every one must be found. */
#include "planted.h"

#include <stdbool.h>

#include <ingot/log.h>
#include <ingot/string.h>

volatile int minus_one = -1, zero = 0, one = 1, forty = 40;

static const struct planted *const groups[] = { undefined_bugs, address_bugs, last_bugs, heap_bugs };

static bool is_wanted(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], name))
            return true;
    return argc == 1;
}

int main(int argc, char **argv)
{
    for (unsigned i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
        for (const struct planted *bug = groups[i]; bug->name; bug++)
            if (is_wanted(bug->name, argc, argv)) {
                log_raw("bug: %s", bug->name);
                bug->commit();
            }
    log_raw("bugs: all committed");
    return 0;
}
