/* The local APIC's timer against a model of its registers: which mode is believed, by whom it is measured, and what is said where it
 * does not work. Each machine is a process of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/timer.h"
#include "core/x86_64/cpu.h"
#include "core/x86_64/lapic.h"

#include <ingot/error.h>
#include <ingot/lock.h>
#include <ingot/time.h>

#include "tests/host/model_log.h"
#include "tests/host/model_run.h"

LOG_SUBSYSTEM_DEFINE(timer);                  /* core/timer.c has it */

enum { CPUS = 3, BUS_MHZ = 25, TSC_MHZ = 2000, STEP_NS = 100, LVT_DEADLINE = 2 << 17, RUN_MS = 250 };

struct machine {
    bool absent, has_deadline, clock_is_not_tsc, clock_stuck;
    bool counter_stuck, deadline_dead, count_dead;       /* does not count; does not interrupt in that mode */
    uint32_t stuck_at;
    uint32_t first_cpu;
    uint64_t late_ns;                                    /* between the start and the first timer */
};

struct outcome {
    struct model_log log;
    int error[CPUS];
    uint64_t took_ns, asked_ns, came_ns[CPUS];
    uint32_t lvt[CPUS], measured;
};

static struct machine machine;
static struct outcome *outcome;
static uint64_t now_ns;
static uint32_t this_cpu;

/* One CPU's registers. */
static struct apic {
    uint32_t lvt, init, divide;
    uint64_t init_ns, deadline_ticks;
} apic[CPUS];

/* ---- what the timer stands on ---- */

uint64_t time_ns(void) { return now_ns += STEP_NS, machine.clock_stuck ? 1000 : now_ns; }
void delay_ns(uint64_t ns) { now_ns += ns; }
uint32_t cpu_id(void) { return this_cpu; }
uint64_t cpu_ticks(void) { return now_ns * TSC_MHZ / 1000; }
uint64_t cpu_interrupts_off(void) { return 0; }
void cpu_interrupts_restore(uint64_t flags) { (void)flags; }
void lock_wait(struct lock *lock, uint32_t ticket) { (void)lock, (void)ticket; _exit(90); }

struct cpuid cpuid(uint32_t leaf, uint32_t subleaf)
{
    (void)subleaf;
    return (struct cpuid){ .ecx = leaf == 1 && machine.has_deadline ? 1u << 24 : 0 };
}

void time_source(struct time_source *out_source)
{
    *out_source = (struct time_source){ .is_cpu_ticks = !machine.clock_is_not_tsc, .hz = TSC_MHZ * 1000000ull };
}

void msr_write(uint32_t msr, uint64_t value)
{
    if (msr != MSR_TSC_DEADLINE || !(apic[this_cpu].lvt & LVT_DEADLINE))
        _exit(91);
    apic[this_cpu].deadline_ticks = value;
}

/* SDM vol. 3A, "TSC-Deadline Mode": a change of mode disarms; in that mode the count's registers do nothing. */
void lapic_write(enum lapic_reg reg, uint32_t value)
{
    struct apic *own = &apic[this_cpu];

    if (reg == LAPIC_LVT_TIMER) {
        if ((own->lvt ^ value) & LVT_DEADLINE)
            own->init = 0, own->deadline_ticks = 0;
        own->lvt = value;
    } else if (reg == LAPIC_TIMER_DIV) {
        own->divide = value;
    } else if (reg == LAPIC_TIMER_INIT) {
        own->init = own->lvt & LVT_DEADLINE ? 0 : value;
        own->init_ns = now_ns;
    } else {
        _exit(92);
    }
}

/* Nanoseconds until the count that was set has run out. */
static uint64_t run_ns(const struct apic *own) { return own->init * 1000ull / BUS_MHZ; }

uint32_t lapic_read(enum lapic_reg reg)
{
    const struct apic *own = &apic[this_cpu];
    uint64_t passed = (now_ns - own->init_ns) * BUS_MHZ / 1000;

    if (reg != LAPIC_TIMER_COUNT || own->divide != 0xb)
        _exit(93);
    outcome->measured++;
    return machine.counter_stuck ? machine.stuck_at : passed < own->init ? own->init - (uint32_t)passed : 0;
}

/* When it interrupts; UINT64_MAX: never. */
static uint64_t due_ns(const struct apic *own)
{
    if (own->lvt & LAPIC_LVT_MASKED)
        return UINT64_MAX;
    if (own->lvt & LVT_DEADLINE)
        return own->deadline_ticks && !machine.deadline_dead ? own->deadline_ticks * 1000 / TSC_MHZ : UINT64_MAX;
    return own->init && !machine.count_dead ? own->init_ns + run_ns(own) : UINT64_MAX;
}

bool lapic_is_requested(unsigned vector)
{
    return (apic[this_cpu].lvt & 0xff) == vector && now_ns >= due_ns(&apic[this_cpu]);
}

/* ---- one machine's life ---- */

static void live(const void *argument)
{
    machine = *(const struct machine *)argument;
    model_log = &outcome->log;
    now_ns = 1000000;
    if (!machine.absent)
        lapic_timer_prepare();
    now_ns += machine.late_ns;
    for (uint32_t i = 0; i < CPUS; i++) {
        uint64_t start_ns = now_ns;

        this_cpu = (machine.first_cpu + i) % CPUS;
        outcome->error[this_cpu] = arch_timer_start();
        outcome->took_ns = now_ns - start_ns > outcome->took_ns ? now_ns - start_ns : outcome->took_ns;
        outcome->lvt[this_cpu] = apic[this_cpu].lvt;
        outcome->asked_ns = 50000000;
        if (outcome->error[this_cpu] == 0) {
            arch_timer_set(now_ns + outcome->asked_ns, now_ns);
            outcome->came_ns[this_cpu] = due_ns(&apic[this_cpu]) - now_ns;
        }
    }
}

static void run(struct machine m)
{
    memset(outcome, 0, sizeof(*outcome));
    assert_int_equal(model_run(live, &m), 0);
    assert_in_range(outcome->took_ns, 0, RUN_MS * 1000000ull);
}

/* All CPUs have it, in this mode, and it comes when it was asked for, with 0.1 % for the measurement. */
static void expect_all(uint32_t mode)
{
    for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
        assert_int_equal(outcome->error[cpu], 0);
        assert_int_equal(outcome->lvt[cpu], mode | VECTOR_TIMER);
        assert_in_range(outcome->came_ns[cpu], outcome->asked_ns * 999 / 1000, outcome->asked_ns * 1001 / 1000);
    }
    assert_int_equal(log_told("info timer: local APIC, "), 1);
}

static void expect_none(void)
{
    for (uint32_t cpu = 0; cpu < CPUS; cpu++)
        assert_int_equal(outcome->error[cpu], ERR_NOT_FOUND);
    assert_int_equal(log_told("info timer: local APIC, "), 0);
}

static void one_cpu_measures_and_the_others_use_it(void **state)
{
    (void)state;
    for (uint32_t first = 0; first < CPUS; first++) {
        run((struct machine){ .first_cpu = first });
        expect_all(0);
        assert_in_range(outcome->measured, 1, 7);
        assert_int_equal(outcome->log.warnings, 0);
    }
}

static void one_that_ran_out_since_is_started_again(void **state)
{
    (void)state;
    run((struct machine){ .late_ns = 400000000000 });
    expect_all(0);
}

static void deadlines_are_preferred(void **state)
{
    (void)state;
    run((struct machine){ .has_deadline = true });
    expect_all(LVT_DEADLINE);
    run((struct machine){ .has_deadline = true, .clock_is_not_tsc = true });
    expect_all(0);
}

static void deadlines_that_never_come_leave_the_count(void **state)
{
    (void)state;
    run((struct machine){ .has_deadline = true, .deadline_dead = true });
    expect_all(0);
    assert_int_equal(log_told("the local APIC's, set to a value of the TSC, does not interrupt cpu 0"), 1);
}

static void a_count_that_stands_still_is_told(void **state)
{
    static const uint32_t at[] = { 0, 12345, UINT32_MAX };

    (void)state;
    for (unsigned i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
        run((struct machine){ .counter_stuck = true, .stuck_at = at[i] });
        expect_none();
        assert_int_equal(log_told("does not count on cpu"), CPUS);       /* each looks at its own */
    }
}

static void one_that_counts_and_does_not_interrupt_is_told_and_masked(void **state)
{
    (void)state;
    run((struct machine){ .has_deadline = true, .deadline_dead = true, .count_dead = true });
    expect_none();
    for (uint32_t cpu = 0; cpu < CPUS; cpu++)
        assert_true(outcome->lvt[cpu] & LAPIC_LVT_MASKED);
    assert_int_equal(log_told("set to count, does not interrupt"), CPUS);
}

static void a_clock_that_stands_still_ends_no_machine(void **state)
{
    (void)state;
    run((struct machine){ .clock_stuck = true });
    expect_none();
    assert_int_equal(log_told("cannot be measured, as the clock stands still, on cpu"), CPUS);
    run((struct machine){ .clock_stuck = true, .has_deadline = true, .deadline_dead = true });      /* to the bound of its proof */
    expect_none();
}

static void without_a_local_apic_nothing_is_touched(void **state)
{
    (void)state;
    run((struct machine){ .absent = true });
    expect_none();
    assert_int_equal(outcome->measured, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_cpu_measures_and_the_others_use_it),
        cmocka_unit_test(one_that_ran_out_since_is_started_again),
        cmocka_unit_test(deadlines_are_preferred),
        cmocka_unit_test(deadlines_that_never_come_leave_the_count),
        cmocka_unit_test(a_count_that_stands_still_is_told),
        cmocka_unit_test(one_that_counts_and_does_not_interrupt_is_told_and_masked),
        cmocka_unit_test(a_clock_that_stands_still_ends_no_machine),
        cmocka_unit_test(without_a_local_apic_nothing_is_touched),
    };

    outcome = model_shared(sizeof(*outcome));
    model_log = &outcome->log;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
