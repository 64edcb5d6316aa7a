/* How fast memory is, and what a few operations cost. */
#include "monitor.h"

#include <ingot/console.h>
#include <ingot/cpu.h>
#include <ingot/error.h>
#include <ingot/facts.h>
#include <ingot/irq.h>
#include <ingot/pages.h>
#include <ingot/prompt.h>
#include <ingot/string.h>
#include <ingot/time.h>

enum { MEMORY_BYTES = 16 << 20, TIMES = 1000, RUN_NS = 20000000 };

static IRQ_HANDLER void nothing(void *unused) { (void)unused; }

static uint64_t sum_words(const uint64_t *from, uint64_t words)
{
    uint64_t sum = 0;

    for (uint64_t i = 0; i < words; i += 4)
        sum += from[i] + from[i + 1] + from[i + 2] + from[i + 3];
    return sum;
}

static void move(unsigned how, uint8_t *memory)
{
    if (how == 0)
        memset(memory, 0x5a, MEMORY_BYTES);
    else if (how == 1)
        memcpy(memory, memory + MEMORY_BYTES / 2, MEMORY_BYTES / 2);
    else
        __asm__ volatile("" :: "r"(sum_words((uint64_t *)memory, MEMORY_BYTES / 8)));
}

/* At least twice, for the first time brings the memory into caches and tables. */
static void measure_memory(unsigned how, uint8_t *memory)
{
    static const char *const name[] = { "memset", "memcpy", "read" };
    uint64_t bytes = 0, start_ns, ns;

    move(how, memory);
    start_ns = time_ns();
    do {
        move(how, memory);
        bytes += how == 1 ? MEMORY_BYTES / 2 : MEMORY_BYTES;
        ns = time_ns() - start_ns;
    } while (ns < RUN_NS);
    facts("bench %s mib_per_s %llu", name[how], ULL((bytes >> 20) * 1000000000 / ns));
}

static void once(unsigned what, uint32_t cpu)
{
    struct cpu_job job = { 0 };

    if (what == 0) {
        time_ns();
    } else if (what == 1) {
        pages_free(pages_alloc(1, 0, PAGES_ANYWHERE), 1);
    } else if ((what == 2 ? cpu_interrupt(cpu, &job, nothing, NULL) : cpu_run(cpu, &job, nothing, NULL)) == 0) {
        while (!cpu_job_ended(&job))
            cpu_relax();
    }
}

static void measure(unsigned what, uint32_t cpu)
{
    static const char *const name[] = { "time_ns", "page alloc and free", "interrupt of a CPU and answer", "job on a CPU and answer" };
    uint64_t start_ns = time_ns();

    for (unsigned i = 0; i < TIMES; i++)
        once(what, cpu);
    facts("bench %s ns %llu", name[what], ULL((time_ns() - start_ns) / TIMES));
}

static int bench(int argc, char **argv)
{
    uint8_t *memory;

    (void)argv;
    if (argc > 1)
        return PROMPT_USAGE;
    memory = pages_alloc(MEMORY_BYTES / PAGE_BYTES, 0, PAGES_ANYWHERE);
    if (!memory)
        return ERR_NO_MEMORY;
    for (unsigned how = 0; how < 3 && !console_interrupted(); how++)
        measure_memory(how, memory);
    pages_free(memory, MEMORY_BYTES / PAGE_BYTES);
    measure(0, 0);
    measure(1, 0);
    measure(2, cpu_count() - 1);
    if (cpu_count() > 1)
        measure(3, cpu_count() - 1);
    return 0;
}
COMMAND(bench, ": how fast memory is, and what a few operations cost, in the mean", bench);
