/* What a line costs by log_info() and by printf(), in guest instructions, to where its bytes are on the serial port. For tools/bench.py, under an
 * emulator whose CPU counter moves by the same for each instruction. A line for each:   cost NAME mean MEAN worst WORST of COUNT */
#include <stdint.h>
#include <stdio.h>

#include <ingot/cpu.h>
#include <ingot/log.h>

enum { TRIALS = 200, INSTRUCTIONS = 65 };

/* Ticks of the counter for each instruction: from one RDTSC to the next are a move, 63 others, and one of the two. */
static uint64_t ticks_each(void)
{
    uint32_t ticks;

    __asm__ volatile("rdtsc\n\t"
                     "movl %%eax, %%ecx\n\t"
                     ".rept 63\n\t"
                     "nop\n\t"
                     ".endr\n\t"
                     "rdtsc\n\t"
                     "subl %%ecx, %%eax"
                     : "=a"(ticks) : : "rcx", "rdx");
    return ticks / INSTRUCTIONS;
}

static void by_log(unsigned i) { log_info("%u of %u CPUs, %s, 0x%x", i, 200, "some text", i * 77); }
static void by_printf(unsigned i) { printf("%u of %u CPUs, %s, 0x%x\n", i, 200, "some text", i * 77); }
static void by_snprintf(unsigned i)
{
    char text[100];

    snprintf(text, sizeof(text), "%u of %u CPUs, %s, 0x%x\n", i, 200, "some text", i * 77);
}

/* What was written before is out first, so that each begins with an empty port. */
static void measure(const char *name, void (*line)(unsigned number), uint64_t each)
{
    uint64_t sum = 0, worst = 0;

    for (unsigned i = 0; i < TRIALS; i++) {
        uint64_t start, cost;

        log_flush();
        start = cpu_ticks();
        line(i);
        cost = (cpu_ticks() - start) / each;
        sum += cost;
        worst = cost > worst ? cost : worst;
    }
    log_raw("cost %s mean %llu worst %llu of %u", name, (unsigned long long)(sum / TRIALS), (unsigned long long)worst, TRIALS);
}

int main(void)
{
    uint64_t each = ticks_each();

    if (each == 0)
        return 1;
    by_log(0);
    by_printf(0);
    measure("log-info", by_log, each);
    measure("printf", by_printf, each);
    measure("snprintf", by_snprintf, each);
    return 0;
}
