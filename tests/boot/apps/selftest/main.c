/* Runs all self-tests, or those whose names begin with one of the words. Returns how many failed. */
#include "selftest.h"

#include <ingot/cpu.h>
#include <ingot/log.h>
#include <ingot/string.h>
#include <ingot/time.h>

static const struct check *const groups[] = { timer_checks, interrupt_checks, line_checks, memory_checks, access_checks, canary_checks };
uint64_t operations = 300000;

uint32_t random_below(uint32_t limit)
{
    static uint64_t state = 88172645463325252ull;

    state ^= state << 13;                /* Marsaglia, "Xorshift RNGs" */
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)((state >> 32) * limit >> 32);
}

bool wait_for(const volatile uint32_t *count, uint32_t wanted, uint32_t timeout_us)
{
    uint64_t end_ns = time_ns() + timeout_us * 1000ull;

    while (*count < wanted && time_ns() < end_ns)
        cpu_relax();
    return *count >= wanted;
}

const char *distribution(uint32_t *ns, uint32_t count, char *out, size_t bytes)
{
    for (uint32_t gap = count / 2; gap; gap /= 2)
        for (uint32_t i = gap; i < count; i++) {
            uint32_t value = ns[i], at = i;

            for (; at >= gap && ns[at - gap] > value; at -= gap)
                ns[at] = ns[at - gap];
            ns[at] = value;
        }
    format(out, bytes, "min %u, median %u, 99 %% %u, max %u ns", ns[0], ns[count / 2], ns[(uint64_t)count * 99 / 100], ns[count - 1]);
    return out;
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

static unsigned run(const struct check *check)
{
    static const char *const word[] = { "ok    ", "FAILED", "absent" };
    char figures[FIGURES_BYTES] = "";
    uint64_t start_ns = time_ns();
    enum verdict verdict = check->run(figures);
    uint64_t ms = (time_ns() - start_ns) / 1000000;

    log_raw("%s %-22s %5llu ms  %s", word[verdict], check->name, (unsigned long long)ms, figures);
    return verdict == FAILED;
}

int main(int argc, char **argv)
{
    unsigned failed = 0, ran = 0;

    for (int i = 1; i < argc; i++) {
        unsigned long long value;

        if (!strncmp(argv[i], "operations=", 11) && parse_number(argv[i] + 11, &value) == 0)
            operations = value;
    }
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
        for (const struct check *check = groups[i]; check->name; check++)
            if (is_wanted(check->name, argc, argv)) {
                failed += run(check);
                ran++;
            }
    log_raw("selftest: %u of %u failed", failed, ran);
    return ran ? (int)failed : 100;
}
