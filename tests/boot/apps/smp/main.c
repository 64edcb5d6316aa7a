/* Runs all checks, or those whose names begin with one of the words. Returns how many failed. */
#include "smp.h"

#include <ingot/cpu.h>
#include <ingot/log.h>
#include <ingot/panic.h>
#include <ingot/string.h>
#include <ingot/time.h>
#include <ingot/timer.h>

enum { LIMIT_S = 600 };                       /* for one check: one that hangs ends in words */

static const struct check *const groups[] = { job_checks, together_checks, interrupt_checks, memory_checks, time_checks };
uint64_t rounds = 10000, operations = 100000;

static const struct check *running;
static _Atomic uint32_t wrong;
static const char *first_wrong;
static int first_line;

void not_so(const char *what, int line)
{
    if (atomic_fetch_add(&wrong, 1))
        return;
    first_wrong = what;
    first_line = line;
}

uint64_t random_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state * 0x2545f4914f6cdd1d >> 16;
}

static IRQ_HANDLER void hangs(struct timer *timer)
{
    (void)timer;
    panic("%s has not ended after %d s", running->name, LIMIT_S);
}

static bool run(const struct check *check)
{
    static struct timer limit = { .handler = hangs };
    char figures[FIGURES_BYTES] = "";
    uint64_t start_ns = time_ns(), ms;

    running = check;
    atomic_store(&wrong, 0);
    timer_arm(&limit, start_ns + LIMIT_S * 1000000000ull, 0);
    check->run(figures);
    timer_cancel(&limit);
    ms = (time_ns() - start_ns) / 1000000;
    if (wrong)
        format(figures, sizeof(figures), "%u times wrong, the first one: %s (line %d)", wrong, first_wrong, first_line);
    log_raw("%s %-20s %6llu ms  %s", wrong ? "FAILED" : "ok    ", check->name, (unsigned long long)ms, figures);
    return wrong == 0;
}

static void read_number(const char *word, const char *name, uint64_t *out)
{
    size_t length = strlen(name);
    unsigned long long value;

    if (!strncmp(word, name, length) && parse_number(word + length, &value) == 0)
        *out = value;
}

static bool is_wanted(const char *name, int argc, char **argv)
{
    bool any = false;

    for (int i = 1; i < argc; i++) {
        if (strchr(argv[i], '='))
            continue;
        if (!strncmp(name, argv[i], strlen(argv[i])))
            return true;
        any = true;
    }
    return !any;
}

int main(int argc, char **argv)
{
    unsigned failed = 0, ran = 0;

    for (int i = 1; i < argc; i++) {
        read_number(argv[i], "rounds=", &rounds);
        read_number(argv[i], "operations=", &operations);
    }
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
        for (const struct check *check = groups[i]; check->name; check++)
            if (is_wanted(check->name, argc, argv)) {
                failed += !run(check);
                ran++;
            }
    log_raw("smp: %u of %u failed on %u CPUs", failed, ran, cpu_count());
    return ran ? (int)failed : 100;
}
