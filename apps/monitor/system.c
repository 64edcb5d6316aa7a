/* What runs here: the log, interrupts, where CPUs are, applications that are linked in; and the ends of a run. */
#include "monitor.h"

#include <ingot/backtrace.h>
#include <ingot/console.h>
#include <ingot/cpu.h>
#include <ingot/error.h>
#include <ingot/facts.h>
#include <ingot/format.h>
#include <ingot/irq.h>
#include <ingot/last_run.h>
#include <ingot/log.h>
#include <ingot/power.h>
#include <ingot/prompt.h>
#include <ingot/string.h>
#include <ingot/time.h>

static int reboot(int argc, char **argv)
{
    (void)argv;
    if (argc > 1)
        return PROMPT_USAGE;
    power_reset();
    return ERR_UNSUPPORTED;
}
COMMAND(reboot, ": resets the machine", reboot);

static int poweroff(int argc, char **argv)
{
    (void)argv;
    if (argc > 1)
        return PROMPT_USAGE;
    power_off();
    return ERR_UNSUPPORTED;
}
COMMAND(poweroff, ": switches the machine off", poweroff);

static int show_last(int argc, char **argv)
{
    static const char *const end[] = { [LAST_RUN_CUT_OFF] = "cut off", [LAST_RUN_PANIC] = "panic", [LAST_RUN_REFUSED] = "refused",
                                      [LAST_RUN_LEFT] = "left lines" };
    struct last_run last;
    const char *line, *past;

    (void)argv;
    if (argc > 1)
        return PROMPT_USAGE;
    if (!last_run(&last))
        return ERR_NOT_FOUND;
    facts("last_run %s saved %hhu bytes %u", end[last.end], last.saved, (unsigned)last.bytes);
    for (line = last.text; line < last.text + last.bytes && !console_interrupted(); line = past + 1) {
        if (!(past = memchr(line, '\n', (size_t)(last.text + last.bytes - line))))
            break;
        console_print("%.*s\n", (int)(past - line), line);
    }
    return 0;
}
COMMAND(last, ": the log of the run before this one, if it did not end well", show_last);

static const char *const level[] = { "none", "error", "warn", "info", "debug" };
enum { LEVELS = sizeof(level) / sizeof(level[0]) };

/* Levels, and subsystems as far as the level that is still to come. */
static const char *log_choice(unsigned index)
{
    const struct log_subsystem *subsystem = index < LEVELS ? NULL : log_subsystem(index - LEVELS);
    static char name[32];

    if (index < LEVELS)
        return level[index];
    format(name, sizeof(name), "%s:", subsystem ? subsystem->name : "");
    return subsystem ? name : NULL;
}

static int set_log(int argc, char **argv)
{
    const struct log_subsystem *subsystem;
    int error;

    for (int i = 1; i < argc; i++)
        if ((error = log_set_level(argv[i]))) {
            prompt_complain("%s: no such %s", argv[i], error == ERR_BAD_VALUE ? "level" : "subsystem; `log` lists them");
            return PROMPT_USAGE;
        }
    for (unsigned i = 0; argc == 1 && (subsystem = log_subsystem(i)); i++)
        facts("log %s level %s", subsystem->name, level[subsystem->level]);
    return 0;
}
COMMAND(log, "[[SUBSYSTEM:]LEVEL...]: sets which lines are made (none error warn info debug), or tells it", set_log, log_choice);

enum { ATTACHED_MAX = 64, TRACE_MS = 1000, TRACE_MS_MAX = 3600000 };

/* Interrupts of each attachment over a while. */
static int trace(int argc, char **argv)
{
    static uint64_t before[ATTACHED_MAX];
    uint64_t ms = TRACE_MS, start_ns = time_ns(), us;
    struct irq_stats s;

    if (argc > 2 || (argc == 2 && read_number(argv[1], TRACE_MS_MAX, &ms)))
        return PROMPT_USAGE;
    for (unsigned i = 0; i < ATTACHED_MAX && irq_stats(i, &s); i++)
        before[i] = s.count;
    while (time_ns() < start_ns + ms * 1000000 && !console_interrupted())
        cpu_sleep_until(time_ns() + 1000000);
    us = (time_ns() - start_ns) / 1000 + 1;
    facts("traced_us %llu", ULL(us));
    for (unsigned i = 0; i < ATTACHED_MAX && irq_stats(i, &s); i++)
        facts("irq %s cpu %u came %llu per_second %llu", s.name, s.cpu, ULL(s.count - before[i]), ULL((s.count - before[i]) * 1000000 / us));
    return 0;
}
COMMAND(trace, "[MS]: which interrupts come, over so many milliseconds (1000)", trace);

static void show_caller(uintptr_t caller, const char *words) { facts("caller %#llx in %s", ULL(caller), words); }

static int show_backtrace(int argc, char **argv)
{
    uintptr_t caller[24];
    uint32_t cpu = 0;
    size_t count;
    int error;

    if (argc > 2 || (argc == 2 && read_cpu(argv[1], &cpu)))
        return PROMPT_USAGE;
    if ((error = cpu_backtrace(cpu, caller, sizeof(caller) / sizeof(caller[0]), &count)))
        return error;
    backtrace_explain(caller, count, show_caller);
    return 0;
}
COMMAND(backtrace, "[CPU]: where a CPU (0) is, and by which calls it came there", show_backtrace);

/* ---- applications that are linked in ---- */

extern const struct runnable __start_runnables[], __stop_runnables[];    /* the linker's */

static const char *runnable_name(unsigned index)
{
    return index < (size_t)(__stop_runnables - __start_runnables) ? __start_runnables[index].name : NULL;
}

static int run(int argc, char **argv)
{
    for (const struct runnable *each = __start_runnables; each < __stop_runnables; each++)
        if (argc == 1)
            facts("run %s text %s", each->name, each->text);
        else if (!strcmp(each->name, argv[1]))
            return each->main(argc - 1, argv + 1);
    return argc == 1 ? 0 : ERR_NOT_FOUND;
}
COMMAND(run, "[NAME [WORD...]]: runs an application that is linked in, or tells which there are", run, runnable_name);

static bool is_prime(uint64_t n)
{
    for (uint64_t d = 3; d * d <= n; d += 2)
        if (n % d == 0)
            return false;
    return n == 2 || (n > 2 && n % 2);
}

struct part {
    uint64_t first;
    _Atomic uint64_t found;
};

static void count_primes(uint64_t first, uint64_t past, void *argument)
{
    struct part *part = argument;
    uint64_t found = 0;

    for (uint64_t n = first; n < past; n++)
        found += is_prime(part->first + n);
    part->found += found;
}

/* By all CPUs, in parts, between which Ctrl-C is looked for. */
static int primes(int argc, char **argv)
{
    enum { PART = 1 << 18, CHUNK = 1 << 12 };
    uint64_t past = 1000000, start_ns = time_ns();
    struct part part = { 0 };

    if (argc > 2 || (argc == 2 && read_number(argv[1], UINT32_MAX, &past)))
        return PROMPT_USAGE;
    while (part.first < past && !console_interrupted()) {
        uint64_t count = past - part.first < PART ? past - part.first : PART;

        cpu_for(count, CHUNK, count_primes, &part);
        part.first += count;
    }
    facts("primes %llu below %llu cpus %u us %llu", ULL(part.found), ULL(part.first), cpu_count(), ULL((time_ns() - start_ns) / 1000));
    return 0;
}
RUNNABLE(primes, "[N]: how many primes lie below N (1000000), counted by all CPUs", primes);
