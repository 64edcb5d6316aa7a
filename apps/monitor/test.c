/* Whether what everything stands on holds, in a second. */
#include "monitor.h"

#include <ingot/cpu.h>
#include <ingot/error.h>
#include <ingot/facts.h>
#include <ingot/heap.h>
#include <ingot/memory.h>
#include <ingot/pages.h>
#include <ingot/prompt.h>
#include <ingot/string.h>
#include <ingot/time.h>

enum { BLOCKS = 64 };

static bool pages_keep_what_is_written(void)
{
    uint64_t *page[BLOCKS];
    bool good = true;

    for (uint64_t i = 0; i < BLOCKS; i++)
        if ((page[i] = pages_alloc(1, 0, PAGES_ANYWHERE)))
            for (uint64_t k = 0; k < PAGE_BYTES / 8; k++)
                page[i][k] = i << 32 | k;
    for (uint64_t i = 0; i < BLOCKS; i++) {
        for (uint64_t k = 0; page[i] && k < PAGE_BYTES / 8; k++)
            good &= page[i][k] == (i << 32 | k);
        good &= page[i] != NULL;
        pages_free(page[i], page[i] != NULL);
    }
    return good;
}

static bool heap_is_sound(void)
{
    void *block[BLOCKS];
    bool good = true;

    for (unsigned i = 0; i < BLOCKS; i++)
        good &= (block[i] = malloc(i * 37 + 1)) != NULL;
    for (unsigned i = 0; i < BLOCKS; i++)
        free(block[i ^ 5]);
    return good && heap_check() == 0;
}

static bool tables_are_sound(void) { return mem_audit() == 0; }

static bool clock_runs(void)
{
    uint64_t start_ns = time_ns(), last_ns = start_ns, now_ns = start_ns;

    for (unsigned i = 0; i < 10000 && now_ns >= last_ns; i++) {
        last_ns = now_ns;
        now_ns = time_ns();
    }
    if (now_ns < last_ns)
        return false;
    start_ns = time_ns();
    delay_us(2000);
    return time_ns() - start_ns >= 2000000;
}

static void count_me(void *counted) { ++*(_Atomic uint32_t *)counted; }

static bool all_cpus_work(void)
{
    _Atomic uint32_t counted = 0;

    cpu_run_all(count_me, (void *)&counted);
    return counted == cpu_count();
}

static bool expressions_are_right(void)
{
    uint64_t value;

    return expression_value("(1 + 2) * 0x10 << 2 | 3", &value) == 0 && value == 195 && expression_value("1/0", &value) == ERR_BAD_VALUE;
}

static int test(int argc, char **argv)
{
    static const struct {
        const char *name;
        bool (*holds)(void);
    } tests[] = {
        { "pages", pages_keep_what_is_written }, { "heap", heap_is_sound }, { "page tables", tables_are_sound }, { "clock", clock_runs },
        { "cpus", all_cpus_work }, { "expressions", expressions_are_right },
    };
    int result = 0;

    (void)argv;
    if (argc > 1)
        return PROMPT_USAGE;
    for (unsigned i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        bool holds = tests[i].holds();

        facts("test %s passed %hhu failed %hhu", tests[i].name, holds, !holds);
        result = holds ? result : ERR_BAD_DATA;
    }
    return result;
}
COMMAND(test, ": whether memory, clock, CPUs and the prompt hold, in a second", test);
