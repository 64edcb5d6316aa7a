/* Locks, jobs, errands, barriers, ranges, stop and wake, with threads for CPUs: results lie in plain memory, so that ThreadSanitizer sees
 * whether what one CPU stored is there for another. Interrupts are served where a thread looks for them. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "core/lock.c"
#include "core/cpus.c"

enum { CPUS = 4, ROUNDS = 300, SLEEP_LIMIT_S = 60 };

/* ---- the machine ---- */

static struct machine_cpu {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t kicked;
    _Atomic bool pending;
} machine[CPUS];
static struct work others[CPUS];         /* the work of CPUs 1 to 3 */
static bool store_wakes;
static _Thread_local uint32_t this_cpu;
static _Thread_local bool masked;

uint32_t cpu_id(void) { return this_cpu; }
uintptr_t cpu_local_distance(void) { return cpu_distance(this_cpu); }
bool arch_store_wakes(void) { return store_wakes; }

static void serve(void)
{
    if (masked || !atomic_exchange(&machine[this_cpu].pending, false))
        return;
    masked = true;
    cpus_kicked();
    masked = false;
}

uint64_t cpu_interrupts_off(void)
{
    bool before = masked;

    masked = true;
    return before;
}

void cpu_interrupts_restore(uint64_t flags)
{
    masked = flags;
    serve();
}

void cpu_interrupts_on(void) { cpu_interrupts_restore(false); }
void cpu_wait(void) { }

void cpu_relax(void)
{
    serve();
    sched_yield();
}

void arch_cpu_kick(uint32_t cpu)
{
    pthread_mutex_lock(&machine[cpu].mutex);
    machine[cpu].pending = true;
    pthread_cond_signal(&machine[cpu].kicked);
    pthread_mutex_unlock(&machine[cpu].mutex);
}

static void sleep_until_kicked(struct machine_cpu *cpu)
{
    struct timespec limit;

    clock_gettime(CLOCK_REALTIME, &limit);
    limit.tv_sec += SLEEP_LIMIT_S;
    pthread_mutex_lock(&cpu->mutex);
    while (!cpu->pending)
        if (pthread_cond_timedwait(&cpu->kicked, &cpu->mutex, &limit)) {
            fprintf(stderr, "cpu %u slept for %d s\n", this_cpu, SLEEP_LIMIT_S);
            abort();
        }
    pthread_mutex_unlock(&cpu->mutex);
}

void arch_cpu_sleep(const _Atomic uint32_t *word, uint32_t value)
{
    struct machine_cpu *cpu = &machine[this_cpu];

    if (store_wakes)
        while (atomic_load(word) == value && !cpu->pending)
            sched_yield();
    else
        sleep_until_kicked(cpu);
    cpu_interrupts_on();
}

uint64_t time_ns(void) { return 0; }
void delay_ns(uint64_t ns) { (void)ns; }
int timer_arm(struct timer *timer, uint64_t deadline_ns, uint64_t period_ns) { return timer ? 0 : (int)(deadline_ns + period_ns); }
bool timer_cancel(struct timer *timer) { return timer; }
const char *option(const char *name) { return name ? NULL : name; }
int parse_number(const char *text, unsigned long long *out) { return *out = (unsigned long long)*text, 0; }
void log_line(const struct log_subsystem *subsystem, enum log_level level, const char *pattern, ...) { (void)subsystem, (void)level, (void)pattern; }

_Noreturn void panic_code(const char *code, const char *pattern, ...)
{
    fprintf(stderr, "panic %s: %s\n", code, pattern);
    abort();
}

static void *one_cpu(void *number)
{
    this_cpu = (uint32_t)(uintptr_t)number;
    cpus_work();
}

uint32_t arch_cpus_start(uint32_t max, uintptr_t where[CPUS_MAX])
{
    memset(&work, 0, sizeof(work));
    memset(others, 0, sizeof(others));
    for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
        pthread_mutex_init(&machine[cpu].mutex, NULL);
        pthread_cond_init(&machine[cpu].kicked, NULL);
        where[cpu] = (uintptr_t)&others[cpu] - (uintptr_t)&work;
    }
    return max < CPUS ? max : CPUS;
}

/* The others begin when their number is known. */
static int start(void **state)
{
    (void)state;
    cpus_start();
    for (uintptr_t cpu = 1; cpu < CPUS; cpu++)
        pthread_create(&machine[cpu].thread, NULL, one_cpu, (void *)cpu);
    return 0;
}

static void leave(void *unused)
{
    (void)unused;
    pthread_exit(NULL);
}

static int end(void **state)
{
    static struct cpu_job job[CPUS];

    (void)state;
    memset(job, 0, sizeof(job));
    for (uint32_t cpu = 1; cpu < CPUS; cpu++) {
        cpu_run(cpu, &job[cpu], leave, NULL);
        pthread_join(machine[cpu].thread, NULL);
    }
    return 0;
}

/* ---- jobs ---- */

struct sum {
    struct cpu_job job;
    uint64_t from, sum;
    uint32_t cpu;
};

static void add_up(void *argument)
{
    struct sum *sum = argument;

    sum->sum += sum->from;
    sum->cpu = cpu_id();
}

static void give_to_all(int (*give_one)(uint32_t, struct cpu_job *, void (*)(void *), void *))
{
    struct sum sums[CPUS] = { 0 };

    for (uint64_t round = 1; round <= ROUNDS; round++) {
        for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
            sums[cpu].from = round;
            assert_int_equal(give_one(cpu, &sums[cpu].job, add_up, &sums[cpu]), 0);
        }
        for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
            cpu_join(&sums[cpu].job);
            assert_int_equal(sums[cpu].sum, round * (round + 1) / 2);
            assert_int_equal(sums[cpu].cpu, cpu);
        }
    }
}

static void run_to_all(void *unused) { give_to_all(unused ? NULL : cpu_run); }
static void interrupt_all(void *unused) { give_to_all(unused ? NULL : cpu_interrupt); }

static void jobs_go_from_each_to_each(void **state)
{
    (void)state;
    cpu_run_all(run_to_all, NULL);
}

static void interrupts_go_from_each_to_each(void **state)
{
    (void)state;
    cpu_run_all(interrupt_all, NULL);
}

/* ---- errands and ranges ---- */

static uint64_t counts[CPUS];

static void count_here(void *unused)
{
    (void)unused;
    counts[cpu_id()]++;
}

static void count_everywhere(void *unused)
{
    (void)unused;
    cpu_run_all(count_here, NULL);
}

static void count_in_interrupts(void *unused)
{
    (void)unused;
    cpus_interrupt_all(count_here, NULL);
}

static void expect_counts(uint64_t wanted)
{
    for (uint32_t cpu = 0; cpu < CPUS; cpu++)
        assert_int_equal(counts[cpu], wanted);
    memset(counts, 0, sizeof(counts));
}

static void errands_nest(void **state)
{
    (void)state;
    for (unsigned round = 0; round < ROUNDS; round++)
        cpu_run_all(count_everywhere, NULL);
    expect_counts(ROUNDS * CPUS);
    for (unsigned round = 0; round < ROUNDS; round++)
        cpu_run_all(count_in_interrupts, NULL);
    expect_counts(ROUNDS * CPUS);
}

static uint8_t times[1000];

static void note_range(uint64_t first, uint64_t past, void *unused)
{
    (void)unused;
    for (; first < past; first++)
        times[first]++;
}

static void ranges_reach_each_number_once(void **state)
{
    uint64_t chunks[] = { 0, 1, 7, 999, 5000 };

    (void)state;
    for (unsigned i = 0; i < 5 * ROUNDS / 10; i++) {
        cpu_for(sizeof(times), chunks[i % 5], note_range, NULL);
        for (unsigned at = 0; at < sizeof(times); at++)
            assert_int_equal(times[at], 1);
        memset(times, 0, sizeof(times));
    }
}

/* ---- together ---- */

static struct cpu_barrier barrier;
static uint64_t phase[CPUS], lasts;

/* Between two barriers each writes its own and reads all others': plain memory, and no race. */
static void march(void *unused)
{
    (void)unused;
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        phase[cpu_id()] = round;
        if (cpu_barrier_wait(&barrier, CPUS))
            lasts++;
        for (uint32_t cpu = 0; cpu < CPUS; cpu++)
            assert_int_equal(phase[cpu], round);
        cpu_barrier_wait(&barrier, CPUS);
    }
}

static void barriers_order_plain_memory(void **state)
{
    (void)state;
    cpu_run_all(march, NULL);
    assert_int_equal(lasts, ROUNDS);
    lasts = 0;
}

static struct lock lock = LOCK("test");
static uint64_t guarded;

static void increment(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < ROUNDS * 10; i++) {
        uint64_t flags = lock_take_irq(&lock);

        guarded++;
        lock_give_irq(&lock, flags);
    }
}

static void locks_guard_plain_memory(void **state)
{
    (void)state;
    cpu_run_all(increment, NULL);
    assert_int_equal(guarded, CPUS * ROUNDS * 10);
    guarded = 0;
}

static void stopped_cpus_go_on_when_woken(void **state)
{
    struct sum sum = { .from = 1 };

    (void)state;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint32_t cpu = 1 + round % (CPUS - 1);

        assert_int_equal(cpu_stop(cpu), 0);
        assert_int_equal(cpu_run(cpu, &sum.job, add_up, &sum), 0);
        assert_int_equal(cpu_wake(cpu), 0);
        cpu_join(&sum.job);
    }
    assert_int_equal(sum.sum, ROUNDS);
}

#define STARTED(test) cmocka_unit_test_setup_teardown(test, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STARTED(jobs_go_from_each_to_each), STARTED(interrupts_go_from_each_to_each), STARTED(errands_nest),
        STARTED(ranges_reach_each_number_once), STARTED(barriers_order_plain_memory), STARTED(locks_guard_plain_memory),
        STARTED(stopped_cpus_go_on_when_woken),
    };
    int failed = cmocka_run_group_tests_name("woken by interrupts", tests, NULL, NULL);

    store_wakes = true;
    return failed + cmocka_run_group_tests_name("woken by stores", tests, NULL, NULL);
}
