/* Jobs: each runs once, on the CPU that it was given to, in order; errands and ranges reach everybody; CPUs stop and wake. */
#include "smp.h"

#include <ingot/cpu.h>
#include <ingot/error.h>
#include <ingot/heap.h>
#include <ingot/string.h>
#include <ingot/time.h>

/* ---- cpu_run() ---- */

enum { AT_ONCE = 4 };

struct message {
    struct cpu_job job;
    uint32_t to;
    uint64_t number;                     /* counts what one CPU sends to another */
    uint64_t *last;
};

static _Atomic uint64_t arrived;

static void arrive(void *argument)
{
    struct message *message = argument;

    EXPECT(cpu_id() == message->to && cpu_interrupts_are_on());
    EXPECT(*message->last + 1 == message->number);
    *message->last = message->number;
    arrived++;
}

/* Several to each CPU before any is waited for; the next ones lie in the same memory. */
static void send_to_all(void *unused)
{
    uint32_t cpus = cpu_count();
    struct message *messages = calloc(cpus * AT_ONCE, sizeof(*messages));
    uint64_t *last = calloc(cpus, sizeof(*last));

    (void)unused;
    EXPECT(messages && last);
    for (uint64_t turn = 0; messages && last && turn < rounds / 100 / cpus + 1; turn++) {
        for (uint32_t i = 0; i < cpus * AT_ONCE; i++) {
            struct message *message = &messages[i];

            message->to = i % cpus;
            message->number = turn * AT_ONCE + i / cpus + 1;
            message->last = &last[message->to];
            EXPECT(cpu_run(message->to, &message->job, arrive, message) == 0);
        }
        for (uint32_t i = 0; i < cpus * AT_ONCE; i++)
            cpu_join(&messages[i].job);
    }
    free(last);
    free(messages);
}

static void pairs(char *figures)
{
    uint64_t cpus = cpu_count(), each = (rounds / 100 / cpus + 1) * AT_ONCE;

    arrived = 0;
    cpu_run_all(send_to_all, NULL);
    EXPECT(arrived == cpus * cpus * each);
    SAY("%llu jobs over %llu pairs of CPUs, each once, where and in the order it was given", (unsigned long long)arrived,
        (unsigned long long)(cpus * cpus));
}

static _Atomic uint32_t let_go;

static void hold(void *unused)
{
    (void)unused;
    while (!let_go)
        cpu_relax();
}

static void refusals(char *figures)
{
    struct cpu_job job = { 0 };
    uint32_t last = cpu_count() - 1;

    EXPECT(cpu_job_ended(&job));
    EXPECT(cpu_run(cpu_count(), &job, hold, NULL) == ERR_BAD_VALUE && cpu_interrupt(UINT32_MAX, &job, hold, NULL) == ERR_BAD_VALUE);
    let_go = 0;
    EXPECT(cpu_run(last, &job, hold, NULL) == 0 && !cpu_job_ended(&job));
    EXPECT(cpu_run(last, &job, hold, NULL) == ERR_BUSY && cpu_interrupt(0, &job, hold, NULL) == ERR_BUSY);
    let_go = 1;
    cpu_join(&job);
    EXPECT(cpu_job_ended(&job));
    SAY("no such CPU, and a job that has not ended");
}

/* ---- errands ---- */

static void count_here(void *argument)
{
    uint64_t *counts = argument;

    counts[cpu_id() * 8]++;              /* 64 bytes apart */
}

static void all_inner(void *argument) { cpu_run_all(count_here, argument); }
static void all_middle(void *argument) { cpu_run_all(all_inner, argument); }

static uint64_t counts[MANY_CPUS * 8];

static void expect_counts(uint64_t wanted)
{
    for (uint32_t cpu = 0; cpu < cpu_count() && cpu < MANY_CPUS; cpu++)
        EXPECT(counts[cpu * 8] == wanted);
    memset(counts, 0, sizeof(counts));
}

static void run_all(char *figures)
{
    uint64_t turns = rounds / 10 + 1;

    for (uint64_t i = 0; i < turns; i++)
        cpu_run_all(count_here, counts);
    expect_counts(turns);
    SAY("%llu times on every CPU", (unsigned long long)turns);
}

static void run_all_nested(char *figures)
{
    uint64_t cpus = cpu_count(), turns = rounds / 1000 / cpus + 1;

    for (uint64_t i = 0; i < turns; i++)
        cpu_run_all(all_inner, counts);
    expect_counts(turns * cpus);
    cpu_run_all(all_middle, counts);
    expect_counts(cpus * cpus);
    SAY("one in another %llu times, and three deep: %llu calls on every CPU", (unsigned long long)turns,
        (unsigned long long)(turns * cpus + cpus * cpus));
}

/* ---- ranges ---- */

enum { NUMBERS = 100003 };

static uint8_t times[NUMBERS];
static _Atomic uint64_t pieces;

static void note_range(uint64_t first, uint64_t past, void *argument)
{
    EXPECT(first < past && past <= *(uint64_t *)argument);
    pieces++;
    for (uint64_t i = first; i < past; i++)
        times[i]++;
}

static void one_range(uint64_t count, uint64_t chunk, uint64_t wanted_pieces)
{
    memset(times, 0, sizeof(times));
    pieces = 0;
    cpu_for(count, chunk, note_range, &count);
    for (uint64_t i = 0; i < NUMBERS; i++)
        EXPECT(times[i] == (i < count));
    EXPECT(pieces == wanted_pieces);
}

static void ranges_static(char *figures)
{
    uint64_t cpus = cpu_count();

    one_range(NUMBERS, 0, (NUMBERS + (NUMBERS + cpus - 1) / cpus - 1) / ((NUMBERS + cpus - 1) / cpus));
    one_range(cpus, 0, cpus);
    one_range(1, 0, 1);
    one_range(0, 0, 0);
    SAY("%d, %llu, 1 and 0 numbers: each once", NUMBERS, (unsigned long long)cpus);
}

static void ranges_dynamic(char *figures)
{
    one_range(NUMBERS, 1000, 101);
    one_range(NUMBERS, 7, 14287);
    one_range(5000, 1, 5000);
    one_range(NUMBERS, UINT64_MAX, 1);
    one_range(3, 5, 1);
    SAY("pieces of 1000, 7, 1 and all: each number once");
}

static _Atomic uint64_t sum;

static void add(uint64_t first, uint64_t past, void *unused)
{
    (void)unused;
    for (; first < past; first++)
        sum += first;
}

static void add_in_rows(uint64_t first, uint64_t past, void *unused)
{
    (void)unused;
    for (; first < past; first++)
        cpu_for(100, 9, add, NULL);
}

static void ranges_nested(char *figures)
{
    sum = 0;
    cpu_for(40, 1, add_in_rows, NULL);
    EXPECT(sum == 40 * 4950);
    SAY("40 ranges of 100 in one of 40: the sum is right");
}

/* ---- stopping ---- */

static void count_up(void *count) { ++*(_Atomic uint64_t *)count; }

static void stop_one(uint32_t cpu)
{
    _Atomic uint64_t done = 0, all = 0;
    struct cpu_job job = { 0 };

    EXPECT(cpu_wake(cpu) == ERR_NOT_READY);
    EXPECT(cpu_stop(cpu) == 0 && cpu_stop(cpu) == ERR_BUSY);
    EXPECT(cpu_run(cpu, &job, count_up, &done) == 0);
    cpu_run_all(count_up, &all);
    delay_us(200);
    EXPECT(done == 0 && all == cpu_count() - 1);
    EXPECT(cpu_wake(cpu) == 0);
    cpu_join(&job);
    EXPECT(done == 1);
}

static void stop_and_wake(char *figures)
{
    uint64_t turns = rounds / 10 + 1;
    _Atomic uint64_t done = 0;

    EXPECT(cpu_stop(0) == ERR_BAD_VALUE && cpu_stop(cpu_count()) == ERR_BAD_VALUE && cpu_wake(cpu_count()) == ERR_BAD_VALUE);
    for (uint32_t cpu = 1; cpu < cpu_count(); cpu++)
        stop_one(cpu);
    for (uint64_t i = 0; cpu_count() > 1 && i < turns; i++) {
        struct cpu_job job = { 0 };
        uint32_t cpu = 1 + (uint32_t)(i % (cpu_count() - 1));

        EXPECT(cpu_stop(cpu) == 0 && cpu_run(cpu, &job, count_up, &done) == 0 && cpu_wake(cpu) == 0);
        cpu_join(&job);
    }
    EXPECT(done == (cpu_count() > 1 ? turns : 0));
    SAY("each of %u once for long, %llu times in a hurry", cpu_count() - 1, (unsigned long long)done);
}

const struct check job_checks[] = {
    { "run-refused", refusals }, { "run-pairs", pairs }, { "run-all", run_all }, { "run-all-nested", run_all_nested },
    { "for-static", ranges_static }, { "for-dynamic", ranges_dynamic }, { "for-nested", ranges_nested }, { "stop-wake", stop_and_wake },
    { 0 },
};
