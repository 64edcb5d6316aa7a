/* All there is to know about a machine, as one JSON object between two lines; for the next boot's \ingot\last.log, too. */
#include <ingot/console.h>
#include <ingot/error.h>
#include <ingot/facts.h>
#include <ingot/last_run.h>
#include <ingot/prompt.h>
#include <ingot/string.h>

enum { KEPT_BYTES = 64 << 10 };          /* half of the recorder: what the log said before is to be found too */

static void mark(const char *line)
{
    console_print("%s\n", line);
    next_run_tell(line, strlen(line));
}

static int report(int argc, char **argv)
{
    static const char parts[][12] = { "version", "firmware", "dmi", "cpu", "cpuid", "map", "mem", "acpi", "pci", "irq", "serial", "time", "timers",
                                      "clock", "display", "boot" };
    bool exit, interrupted = false;
    char line[sizeof(parts[0])];

    (void)argv;
    if (argc > 1)
        return PROMPT_USAGE;
    mark("-----BEGIN INGOT REPORT-----");
    facts_tell_next_run(KEPT_BYTES);
    facts_json_begin();
    for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]) && !interrupted; i++) {
        strlcpy(line, parts[i], sizeof(line));
        facts_list(parts[i]);
        interrupted = prompt_run_line(line, &exit) == ERR_INTERRUPTED || console_interrupted();
        facts_end();
    }
    facts_json_end(interrupted);
    facts_tell_next_run(0);
    mark("-----END INGOT REPORT-----");
    return interrupted ? ERR_INTERRUPTED : 0;
}
COMMAND(report, ": all about this machine as one JSON object, for others to read", report);
