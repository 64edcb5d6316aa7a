/* All CPUs allocate, format, and write to stdout at once, for as many seconds as the first word says; with the word `interrupts` a timer on each
 * does beside it what the library says that interrupts may. What was written can be checked line by line: each has its CPU, its number, text
 * that follows from both, and a sum. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ingot/console.h>
#include <ingot/cpu.h>
#include <ingot/format.h>
#include <ingot/panic.h>
#include <ingot/time.h>
#include <ingot/timer.h>

enum { BLOCKS = 16, LONGEST = 4000, TICK_NS = 2000000 };

static struct one {
    uint64_t lines;
    volatile uint64_t ticks;
    unsigned seed;
    void *block[BLOCKS];
    size_t bytes[BLOCKS];
    struct timer timer;
} ones[64];
static uint64_t until_ns;
static int with_interrupts;

static unsigned next(struct one *one) { return (one->seed = one->seed * 1103515245 + 12345) >> 16 & 0x7fff; }

/* A block holds its number; who finds another one tells. */
static void allocate(struct one *one)
{
    unsigned i = next(one) % BLOCKS;

    for (size_t at = 0; at < one->bytes[i]; at += 97)
        if (((uint8_t *)one->block[i])[at] != (uint8_t)(i + cpu_id()))
            panic("a block of cpu %u was written over", cpu_id());
    free(one->block[i]);
    one->bytes[i] = 1 + next(one) % LONGEST;
    one->block[i] = malloc(one->bytes[i]);
    if (!one->block[i])
        panic("no memory");
    memset(one->block[i], (int)(i + cpu_id()), one->bytes[i]);
}

static unsigned sum_of(const char *text)
{
    unsigned sum = 0;

    while (*text)
        sum = sum * 31 + (unsigned char)*text++;
    return sum;
}

static void write_line(struct one *one, unsigned cpu)
{
    char text[600];
    double value = (double)one->lines * 1.25 + cpu, again;
    int used = snprintf(text, sizeof(text), "cpu %u line %llu value %.6f %s ", cpu, (unsigned long long)one->lines, value, strerror((int)(one->lines % 30)));
    unsigned fill = next(one) % (with_interrupts ? 100 : 400);

    memset(text + used, 'a' + (int)(one->lines % 26), fill);
    text[used + (int)fill] = 0;
    errno = (int)cpu + 1000;
    if (sscanf(strstr(text, "value"), "value %lf", &again) != 1 || again != value)
        panic("cpu %u read %f back for %f", cpu, again, value);
    if (errno != (int)cpu + 1000)
        panic("errno of cpu %u was changed by another", cpu);
    printf("%s sum %08x\n", text, sum_of(text));
    one->lines++;
}

static IRQ_HANDLER void tick(struct timer *timer)
{
    struct one *one = timer->argument;
    size_t bytes = 1 + one->ticks % 300;
    char *block = malloc(bytes), text[80];

    memset(block, 'i', bytes);
    block = realloc(block, bytes + 100);
    if (memchr(block, 'x', bytes))
        panic("the block of an interrupt was written over");
    format(text, sizeof(text), "tick %llu of cpu %u\n", (unsigned long long)one->ticks++, cpu_id());
    console_write(text, strlen(text));
    free(block);
}

static void work(void *unused)
{
    unsigned cpu = cpu_id();
    struct one *one = &ones[cpu];

    (void)unused;
    one->seed = cpu + 1;
    one->timer = (struct timer){ .handler = tick, .argument = one };
    if (with_interrupts)
        timer_arm(&one->timer, time_ns() + TICK_NS, TICK_NS);
    do {                                     /* at least once, however late this CPU came */
        for (int i = 0; i < 3; i++)
            allocate(one);
        write_line(one, cpu);
    } while (time_ns() < until_ns || (with_interrupts && one->ticks == 0));
    if (with_interrupts)
        timer_cancel(&one->timer);
}

int main(int argc, char **argv)
{
    with_interrupts = argc > 2 && !strcmp(argv[2], "interrupts");
    until_ns = time_ns() + (uint64_t)(argc > 1 ? atoi(argv[1]) : 1) * 1000000000;
    cpu_run_all(work, NULL);
    for (unsigned cpu = 0; cpu < cpu_count(); cpu++)
        printf("all of cpu %u: %llu lines, %llu ticks\n", cpu, (unsigned long long)ones[cpu].lines, (unsigned long long)ones[cpu].ticks);
    return 0;
}
