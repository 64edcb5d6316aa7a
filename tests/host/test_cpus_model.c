/* Locks, jobs, errands, barriers, stop and wake: all interleavings of small cases. Built once more for each mistake in tests/host/broken/:
 * then one of the cases must fail. */
#include "tests/host/interleave.h"

#ifdef BROKEN
#include BROKEN
#else
#include "core/lock.c"
#include "core/cpus.c"
#endif

enum { CPUS = 3 };

static struct work others[CPUS];         /* the work of CPUs 1 and 2 */

/* ---- what else the subjects call ---- */

uintptr_t cpu_local_distance(void) { return cpu_distance(this_cpu); }
void cpu_wait(void) { }
uint64_t time_ns(void) { return 0; }
void delay_ns(uint64_t ns) { (void)ns; }
int timer_arm(struct timer *timer, uint64_t deadline_ns, uint64_t period_ns) { return timer ? 0 : (int)(deadline_ns + period_ns); }
bool timer_cancel(struct timer *timer) { return timer; }
const char *option(const char *name) { return name ? NULL : name; }
int parse_number(const char *text, unsigned long long *out) { return *out = (unsigned long long)*text, 0; }
uint32_t arch_cpus_start(uint32_t max, uintptr_t where[CPUS_MAX]) { return where ? max : 0; }
void log_line(const struct log_subsystem *subsystem, enum log_level level, const char *pattern, ...) { (void)subsystem, (void)level, (void)pattern; }

_Noreturn void panic_code(const char *code, const char *pattern, ...)
{
    wrong("panic %s: %s", code, pattern);
    abort();
}

/* ---- what the cases share ---- */

static struct {
    struct cpu_job job[3];
    uint32_t ran[CPUS], order, rounds[CPUS], inside, turns;
    uint8_t times[4];
    struct cpu_barrier barrier;
    struct lock lock;
} shared;

static void begin(void)
{
    memset(&shared, 0, sizeof(shared));
    shared.lock.name = "model";
    memset(&work, 0, sizeof(work));
    memset(others, 0, sizeof(others));
}

static bool one_case(const char *name, unsigned count, void (*const bodies[])(void), unsigned must_end, void (*at_end)(void))
{
    region_count = 0;
    region(&shared, sizeof(shared));
    region(&work, sizeof(work));
    region(others, sizeof(others));
    online = count;
    for (uint32_t cpu = 1; cpu < count; cpu++)
        distance[cpu] = (uintptr_t)&others[cpu] - (uintptr_t)&work;
    return explore_all(name, count, bodies, must_end, begin, at_end);
}

#define BODIES(...) (void (*const[])(void)){ __VA_ARGS__ }
static void works(void) { cpus_work(); }

static void note_run(void *slot)
{
    yield("runs");
    HOLDS(this_cpu == run_count - 1);
    ++*(uint32_t *)slot;
}

static void idle_is_idle(void)
{
    for (unsigned cpu = 0; cpu < run_count; cpu++)
        HOLDS(!work_of(cpu)->oldest && !work_of(cpu)->newest[JOBS] && !work_of(cpu)->newest[URGENT]);
}

/* ---- jobs: two writers and a taker; a sleeper against a caller ---- */

static void give_and_join(void)
{
    uint32_t before = shared.ran[this_cpu];

    HOLDS(cpu_run(run_count - 1, &shared.job[this_cpu], note_run, &shared.ran[this_cpu]) == 0);
    cpu_join(&shared.job[this_cpu]);
    HOLDS(shared.ran[this_cpu] == before + 1);
}

static void give_and_join_twice(void)
{
    give_and_join();
    give_and_join();
}

static void each_had(uint32_t times)
{
    for (unsigned cpu = 0; cpu + 1 < run_count; cpu++)
        HOLDS(shared.ran[cpu] == times);
    idle_is_idle();
}
static void ran_once(void) { each_had(1); }
static void ran_twice(void) { each_had(2); }

static void note_order(void *number)
{
    HOLDS(++shared.order == (uint32_t)(uintptr_t)number);
}

static void gives_in_order(void)
{
    for (uintptr_t i = 0; i < 3; i++)
        HOLDS(cpu_run(1, &shared.job[i], note_order, (void *)(i + 1)) == 0);
}

static void all_in_order(void)
{
    HOLDS(shared.order == 3);
    idle_is_idle();
}

static bool jobs(void)
{
    return one_case("a caller and a sleeper", 2, BODIES(give_and_join_twice, works), 1, ran_twice)
        && one_case("a caller of three jobs", 2, BODIES(gives_in_order, works), 1, all_in_order)
        && one_case("two writers and a taker", 3, BODIES(give_and_join, give_and_join, works), 2, ran_once);
}

/* ---- interrupts ---- */

static void note_interrupt(void *slot)
{
    HOLDS(!runs[this_cpu].interrupts);
    note_run(slot);
}

static void interrupt(void)
{
    uint32_t before = shared.ran[this_cpu];

    HOLDS(cpu_interrupt(run_count - 1, &shared.job[this_cpu], note_interrupt, &shared.ran[this_cpu]) == 0);
    while (!cpu_job_ended(&shared.job[this_cpu]))
        cpu_relax();
    HOLDS(shared.ran[this_cpu] == before + 1);
}

static void interrupt_twice(void)
{
    interrupt();
    interrupt();
}

/* What one gives again must not change what the other has given. */
static void ran_twice_and_once(void)
{
    HOLDS(shared.ran[0] == 2 && shared.ran[1] == 1);
    idle_is_idle();
}

static bool urgent_jobs(void)
{
    return one_case("an interrupt and a sleeper", 2, BODIES(interrupt_twice, works), 1, ran_twice)
        && one_case("two who interrupt one", 3, BODIES(interrupt_twice, interrupt, works), 2, ran_twice_and_once)
        && one_case("an interrupt and a job", 3, BODIES(interrupt, give_and_join, works), 2, ran_once);
}

/* ---- errands: each CPU's slot is used again and again ---- */

static void count_errand(void *unused)
{
    (void)unused;
    shared.ran[this_cpu]++;
}

static void nest_errand(void *unused)
{
    (void)unused;
    cpu_run_all(count_errand, NULL);
}

/* On one CPU here, on the other there: each has one of the other's to do while its own waits. */
static void nest_deeper(void *unused)
{
    if (this_cpu == 1)
        cpu_run_all(nest_errand, unused);
}

/* Then it serves the others. */
static void runs_all(void)
{
    cpu_run_all(count_errand, NULL);
    shared.turns++;
    cpus_work();
}

static void runs_all_twice(void)
{
    cpu_run_all(count_errand, NULL);
    runs_all();
}

static void runs_all_nested(void)
{
    cpu_run_all(nest_errand, NULL);
    shared.turns++;
    cpus_work();
}

static void runs_all_deeper(void)
{
    cpu_run_all(nest_deeper, NULL);
    shared.turns++;
    cpus_work();
}

static void interrupts_all(void)
{
    cpus_interrupt_all(count_errand, NULL);
    cpus_interrupt_all(count_errand, NULL);
}

static void each_ran(uint32_t times)
{
    for (unsigned cpu = 0; cpu < run_count; cpu++) {
        HOLDS(shared.ran[cpu] == times);
        HOLDS(!work_of(cpu)->errand_job[JOBS].errand && !work_of(cpu)->errand_job[URGENT].errand);
    }
    idle_is_idle();
}
static void each_ran_four_times(void) { each_ran(4); }
static void one_ran_twice(void) { HOLDS(shared.turns == 1), each_ran(2); }
static void two_ran_once(void) { HOLDS(shared.turns == 2), each_ran(2); }
static void two_ran_twice(void) { HOLDS(shared.turns == 2), each_ran(4); }

static bool errands(void)
{
    return one_case("an errand after the other", 2, BODIES(runs_all_twice, works), 0, one_ran_twice)
        && one_case("errands across", 2, BODIES(runs_all_twice, runs_all_twice), 0, two_ran_twice)
        && (!getenv("INGOT_FULL") || one_case("errands from two", 3, BODIES(runs_all, runs_all, works), 0, two_ran_once))
        && one_case("an errand in another", 2, BODIES(runs_all_nested, works), 0, one_ran_twice)
        && one_case("three errands deep", 2, BODIES(runs_all_deeper, works), 0, one_ran_twice)
        && one_case("urgent errands across", 2, BODIES(interrupts_all, interrupts_all), 2, each_ran_four_times);
}

/* ---- ranges ---- */

static void note_range(uint64_t first, uint64_t past, void *unused)
{
    (void)unused;
    for (; first < past; first++)
        shared.times[first]++;
}

static void shares_out(void) { cpu_for(4, 1, note_range, NULL); }

static void each_number_once(void)
{
    for (unsigned i = 0; i < 4; i++)
        HOLDS(shared.times[i] == 1);
    idle_is_idle();
}

static bool ranges(void)
{
    return one_case("a range", 2, BODIES(shares_out, works), 1, each_number_once)
        && one_case("a range for three", 3, BODIES(shares_out, works, works), 1, each_number_once);
}

/* ---- stop and wake ---- */

static void stops_and_wakes(void)
{
    for (unsigned round = 1; round <= 2; round++) {
        HOLDS(cpu_stop(1) == 0 && cpu_stop(1) == ERR_BUSY);
        HOLDS(cpu_run(1, &shared.job[0], note_run, &shared.ran[0]) == 0);
        HOLDS(cpu_wake(1) == 0 && cpu_wake(1) == ERR_NOT_READY);
        cpu_join(&shared.job[0]);
    }
}

static void stops(void)
{
    HOLDS(cpu_stop(1) == 0);
    HOLDS(cpu_run(1, &shared.job[0], note_run, &shared.ran[0]) == 0);
    cpu_run_all(count_errand, NULL);
}

static void stopped_did_nothing(void)
{
    HOLDS(shared.ran[0] <= 2 && shared.ran[1] == 0);
}

static bool stopping(void)
{
    return one_case("stop and wake", 2, BODIES(stops_and_wakes, works), 1, ran_twice)
        && one_case("stopped", 2, BODIES(stops, works), 1, stopped_did_nothing);
}

/* ---- barriers ---- */

static void marches(void)
{
    for (uint32_t round = 1; round <= 3; round++) {
        shared.rounds[this_cpu] = round;
        if (cpu_barrier_wait(&shared.barrier, run_count))
            shared.turns++;
        for (unsigned cpu = 0; cpu < run_count; cpu++)
            HOLDS(shared.rounds[cpu] == round || shared.rounds[cpu] == round + 1);
    }
}

static void one_last_each(void) { HOLDS(shared.turns == 3); }

static bool barriers(void)
{
    return one_case("a barrier", 2, BODIES(marches, marches), 2, one_last_each)
        && one_case("a barrier for three", 3, BODIES(marches, marches, marches), 3, one_last_each);
}

/* ---- locks ---- */

static void enter_and_leave(void)
{
    uint64_t flags = lock_take_irq(&shared.lock);

    HOLDS(!runs[this_cpu].interrupts && shared.inside++ == 0);
    HOLDS(shared.lock.serving == shared.turns++);      /* in the order of the tickets */
    yield("is inside");
    HOLDS(--shared.inside == 0);
    lock_give_irq(&shared.lock, flags);
}

static void locks_twice(void)
{
    enter_and_leave();
    enter_and_leave();
}

static void enter_in_interrupt(void *unused)
{
    (void)unused;
    enter_and_leave();
}

static void locks_by_interrupt(void)
{
    HOLDS(cpu_interrupt(0, &shared.job[0], enter_in_interrupt, NULL) == 0);
    enter_and_leave();
}

static void lock_is_free(void)
{
    HOLDS(shared.lock.next == shared.lock.serving && shared.lock.owner == 0 && shared.lock.next == shared.turns);
}

static bool locks(void)
{
    return one_case("a lock for two", 2, BODIES(locks_twice, locks_twice), 2, lock_is_free)
        && one_case("a lock for three", 3, BODIES(locks_twice, enter_and_leave, enter_and_leave), 3, lock_is_free)
        && one_case("a lock in interrupts", 2, BODIES(locks_twice, locks_by_interrupt), 2, lock_is_free);
}

/* Sleepers that only an interrupt wakes, and those that a store wakes. */
static bool all(void)
{
    store_wakes = false;
    if (!(jobs() && urgent_jobs() && errands() && ranges() && stopping() && barriers() && locks()))
        return false;
    store_wakes = true;
    return jobs() && (!getenv("INGOT_FULL") || urgent_jobs()) && errands() && ranges() && stopping();
}

#ifdef BROKEN
static void a_case_finds_the_mistake(void **state)
{
    (void)state;
    assert_false(all());
}
#define TEST a_case_finds_the_mistake
#else
static void no_interleaving_goes_wrong(void **state)
{
    (void)state;
    assert_true(all());
}
#define TEST no_interleaving_goes_wrong
#endif

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(TEST) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
