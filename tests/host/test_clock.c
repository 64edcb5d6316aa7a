/* The clock and its counters against register models: which source it takes, what it says, how wrong it is, how long it looks.
 * Each machine is a process of its own; its accesses are counted, and time passes with them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/arch.h"
#include "core/clock.h"
#include "core/driver.h"

#include <ingot/acpi.h>
#include <ingot/error.h>
#include <ingot/panic.h>
#include <ingot/time.h>
#include <ingot/timer_device.h>

#include "tests/host/model_counters.h"
#include "tests/host/model_log.h"
#include "tests/host/model_run.h"
#include "tests/host/fault_seen.h"

#define GHZ(x) ((uint64_t)((x) * 1e9))
#define MS 1000000000ull                         /* in picoseconds */

enum {
    HEALTHY_PPM = 1000,                          /* a clock that is measured well is that right */
    /* Three counters that never move are read 20,000 times each, the CPU's too; PIT reads are three accesses. */
    STEPS_DEAD = 150000,
    /* One that stops in the window is noticed after 20,000 looks, and the window is opened again. */
    STEPS_FROZEN = 300000,
    /* A window is 2,000 looks at an HPET, and is opened three times at most. */
    STEPS_HEALTHY = 12000,
};

struct machine {
    struct model_fault hpet, pm, pit;
    bool no_hpet_table, no_pm_table, pm_in_memory, pm_reads_once;
    unsigned pm_bits;                            /* 0: 24 */
    uint32_t hpet_period_fs;                     /* 0: the usual */
    uint64_t memory_to;                          /* the machine's memory ends there */
    struct model_cpu_counter cpu;
    uint64_t stated_hz;
    bool not_invariant;
    struct model_pause pause;
    uint64_t gap_ps[2];                          /* not 0: looked at by the way, with so much time behind each look */
};

struct outcome {
    struct model_log log;
    struct time_source source;
    uint64_t steps, ps;                          /* of clock_start() */
    int64_t error_ppm;                           /* of 10 ms, after it */
    int64_t delay_error_ns;                      /* of 50 us */
    uint64_t before_ns, after_ns, old_stamp_ns;
    uint64_t strays, wrong_widths;
};

static struct machine machine;
static struct outcome *outcome;

/* ---- what the clock stands on ---- */

int acpi_get_hpet(struct acpi_hpet *out_hpet)
{
    *out_hpet = (struct acpi_hpet){ .address = MODEL_HPET_BASE };
    return machine.no_hpet_table ? ERR_NOT_FOUND : 0;
}

int acpi_get_pm_timer(struct acpi_pm_timer *out_timer)
{
    *out_timer = (struct acpi_pm_timer){
        .counter = { .space = machine.pm_in_memory ? ACPI_SPACE_MEMORY : ACPI_SPACE_IO,
                     .address = machine.pm_in_memory ? 0xfed80808 : MODEL_PM_PORT },
        .bits = machine.pm_bits ? machine.pm_bits : 24, .reads_once = machine.pm_reads_once,
    };
    return machine.no_pm_table ? ERR_NOT_FOUND : 0;
}

const char arch_ticks_name[] = "TSC", arch_ticks_stated_by[] = "CPUID";

uint64_t arch_ticks_hz(bool *out_invariant)
{
    *out_invariant = !machine.not_invariant;
    return machine.stated_hz;
}

void timer_interrupt(void) { abort(); }

_Noreturn void panic_code(const char *code, const char *pattern, ...)
{
    fprintf(stderr, "PANIC %s: %s\n", code, pattern);
    abort();
}

/* ---- one machine's life ---- */

static void build(const struct machine *m)
{
    static struct model_hpet hpet;
    static struct model_counter pm;
    static struct model_pit pit;

    model_bus_clear();
    model_bus.cpu = m->cpu;
    model_bus.pause = m->pause;
    model_bus.memory_to = m->memory_to;
    model_hpet_add(&hpet, m->hpet);
    if (m->hpet_period_fs)
        hpet.period_fs = m->hpet_period_fs;
    model_pm_timer_add(&pm, m->pm, m->pm_in_memory ? MODEL_MEMORY : MODEL_PORT, m->pm_in_memory ? 0xfed80808 : MODEL_PM_PORT,
                       m->pm_bits ? m->pm_bits : 24);
    model_pit_add(&pit, m->pit);
}

static void look_at_the_clock(void)
{
    uint64_t start_ns, start_ps;

    outcome->after_ns = time_ns();
    start_ns = time_ns();
    start_ps = model_bus.now_ps;
    model_bus.now_ps += 10 * MS;
    outcome->error_ppm = (int64_t)(time_ns() - start_ns) * 1000000 / (int64_t)((model_bus.now_ps - start_ps) / 1000) - 1000000;
    start_ps = model_bus.now_ps;
    delay_us(50);
    outcome->delay_error_ns = (int64_t)((model_bus.now_ps - start_ps) / 1000) - 50000;
}

static void live(const void *argument)
{
    uint64_t old_stamp;

    (void)argument;
    build(&machine);
    driver_start_phase(DRIVER_COUNTER);
    old_stamp = clock_stamp();
    outcome->before_ns = clock_stamp_ns(old_stamp);
    model_bus.steps = 0;
    uint64_t start_ps = model_bus.now_ps;
    for (unsigned i = 0; i < 2; i++)
        if (machine.gap_ps[i]) {
            clock_look();
            model_bus.now_ps += machine.gap_ps[i];
        }
    clock_start();
    outcome->steps = model_bus.steps;
    outcome->ps = model_bus.now_ps - start_ps;
    model_bus.pause = (struct model_pause){ 0 };
    time_source(&outcome->source);
    outcome->old_stamp_ns = clock_stamp_ns(old_stamp);
    look_at_the_clock();
    outcome->strays = model_bus.stray_writes + model_bus.stray_reads;
    outcome->wrong_widths = model_bus.wrong_widths;
}

static void start(void)
{
    memset(outcome, 0, sizeof(*outcome));
    model_log = &outcome->log;
    int status = model_run(live, NULL);

    if (status)
        log_print();
    assert_int_equal(status, 0);
}

static struct machine healthy(void) { return (struct machine){ .cpu.hz = GHZ(3), .pm_reads_once = true }; }

static void expect_one_clock(struct machine m, const char *name, const char *measured_by, const char *checked_by, uint64_t steps_max)
{
    bool good;

    machine = m;
    start();
    good = outcome->source.is_cpu_ticks == !strcmp(name, arch_ticks_name) && !strcmp(outcome->source.name, name) &&
           !strcmp(outcome->source.measured_by, measured_by) &&
           !strcmp(outcome->source.checked_by ? outcome->source.checked_by : "", checked_by) &&
           outcome->error_ppm <= HEALTHY_PPM && outcome->error_ppm >= -HEALTHY_PPM && outcome->steps <= steps_max &&
           outcome->delay_error_ns >= -50 && outcome->delay_error_ns < 10000 && outcome->after_ns >= outcome->before_ns &&
           outcome->wrong_widths == 0;
    if (good)
        return;
    log_print();
    fail_msg("%s by %s checked by %s, %lld ppm wrong, %llu accesses of %llu, a delay %lld ns longer, %llu after %llu ns, %llu widths",
             outcome->source.name, outcome->source.measured_by, outcome->source.checked_by ? outcome->source.checked_by : "nothing",
             (long long)outcome->error_ppm, (unsigned long long)outcome->steps, (unsigned long long)steps_max,
             (long long)outcome->delay_error_ns, (unsigned long long)outcome->after_ns, (unsigned long long)outcome->before_ns,
             (unsigned long long)outcome->wrong_widths);
}

/* The clock must be `name` by `measured_by`, checked by `checked_by`, and right within 0.1 %: when the counters are looked at by the
 * way, and when all of the window is waited for. */
static void expect_clock(struct machine m, const char *name, const char *measured_by, const char *checked_by, uint64_t steps_max)
{
    m.gap_ps[0] = 3 * MS;
    m.gap_ps[1] = MS / 3;
    expect_one_clock(m, name, measured_by, checked_by, steps_max);
    m.gap_ps[0] = m.gap_ps[1] = 0;
    expect_one_clock(m, name, measured_by, checked_by, steps_max);
}

static void expect_line(const char *text)
{
    if (log_told(text))
        return;
    log_print();
    fail_msg("no line says \"%s\"", text);
}

/* ---- machines that work ---- */

static void all_works(void **state)
{
    (void)state;
    expect_clock(healthy(), "TSC", "HPET", "PM timer", STEPS_HEALTHY);
    assert_int_equal(outcome->log.warnings, 0);
    assert_int_equal(outcome->strays, 0);
    assert_true(outcome->source.invariant);
    assert_true(outcome->ps < 1 * MS);
    expect_line("info clock: TSC, ");
    expect_line("MHz by HPET, checked by PM timer");
    expect_line("ppm apart");
}

static void speeds_from_100_MHz_to_10_GHz_are_measured(void **state)
{
    static const double ghz[] = { 0.11, 0.8, 1.0, 2.4000001, 3.6999, 5.8, 9.8 };

    (void)state;
    for (unsigned i = 0; i < sizeof(ghz) / sizeof(ghz[0]); i++) {
        struct machine m = healthy();

        m.cpu.hz = GHZ(ghz[i]);
        m.cpu.start = i * 0x123456789abcull;
        expect_clock(m, "TSC", "HPET", "PM timer", STEPS_HEALTHY);
        assert_int_equal(outcome->log.warnings, 0);
    }
}

static void the_cpus_own_word_is_taken_and_checked(void **state)
{
    struct machine m = healthy();

    (void)state;
    m.stated_hz = GHZ(3);
    expect_clock(m, "TSC", "CPUID", "HPET", STEPS_HEALTHY);
    m.stated_hz = GHZ(2);                        /* a lie: the other two outvote it */
    expect_clock(m, "TSC", "HPET", "PM timer", STEPS_HEALTHY);
    expect_line("warn clock: CPUID makes the CPU's counter 2000.000000 MHz");
    m.stated_hz = 50000000;                      /* no CPU is that slow */
    expect_clock(m, "TSC", "HPET", "PM timer", STEPS_HEALTHY);
}

static void a_pm_timer_of_32_bits_and_one_in_memory(void **state)
{
    struct machine m = healthy();

    (void)state;
    m.pm_bits = 32;
    expect_clock(m, "TSC", "HPET", "PM timer", STEPS_HEALTHY);
    m.pm_in_memory = true;
    expect_clock(m, "TSC", "HPET", "PM timer", STEPS_HEALTHY);
    m.no_hpet_table = true;
    expect_clock(m, "TSC", "PM timer", "PIT", STEPS_HEALTHY);
    assert_int_equal(outcome->log.warnings, 0);
}

static void counters_that_wrap_in_the_window(void **state)
{
    (void)state;
    for (unsigned before = 100; before < 2000; before += 300) {
        struct machine m = healthy();

        m.hpet.start = UINT32_MAX - before * 3;
        m.pm.start = 0xffffff - before;
        expect_clock(m, "TSC", "HPET", "PM timer", STEPS_HEALTHY);
        m.no_hpet_table = true;
        m.pit.start = 65535 - before / 2;
        expect_clock(m, "TSC", "PM timer", "PIT", STEPS_HEALTHY);
        m.pm_bits = 32;
        m.pm.start = UINT32_MAX - before;
        expect_clock(m, "TSC", "PM timer", "PIT", STEPS_HEALTHY);
        m.no_pm_table = true;
        expect_clock(m, "TSC", "PIT", "", STEPS_HEALTHY);
        m.cpu.hz = 0;
        expect_clock(m, "PIT", "PIT", "", STEPS_DEAD);
    }
}

/* Chips of the nineties show wrong bits while they count; the table that says so is there only where one read is enough. */
static void a_pm_timer_that_is_caught_while_it_changes(void **state)
{
    struct machine m = healthy();

    (void)state;
    m.pm.kind = COUNTER_GLITCHES;
    m.pm_reads_once = false;
    expect_clock(m, "TSC", "HPET", "PM timer", STEPS_HEALTHY);
    assert_int_equal(outcome->log.warnings, 0);
    m.no_hpet_table = true;
    expect_clock(m, "TSC", "PM timer", "PIT", STEPS_HEALTHY);
    m.cpu.hz = 0;
    expect_clock(m, "PM timer", "PM timer", "", STEPS_DEAD);
}

/* Between the looks lies as much of the boot as there is, and a serial port that is stuck may be in it. */
static void looks_that_lie_further_apart_than_a_counter_reaches(void **state)
{
    static const uint64_t ms[] = { 1, 20, 56, 70, 170, 4690, 9400 };

    (void)state;
    for (unsigned first = 0; first < 7; first++)
        for (unsigned second = 0; second < 7; second++) {
            struct machine m = healthy();

            m.gap_ps[0] = ms[first] * MS;
            m.gap_ps[1] = ms[second] * MS;
            expect_one_clock(m, "TSC", "HPET", "PM timer", STEPS_HEALTHY);
            m.no_hpet_table = true;
            expect_one_clock(m, "TSC", "PM timer", "PIT", STEPS_HEALTHY);
            m.no_pm_table = true;
            expect_one_clock(m, "TSC", "PIT", "", STEPS_HEALTHY);
        }
}

/* ---- each counter useless in turn ---- */

static const struct model_fault useless[] = {
    { .kind = COUNTER_ABSENT },
    { .kind = COUNTER_ALL_ZEROS },
    { .kind = COUNTER_ALL_ONES },
    { .kind = COUNTER_FROZEN, .start = 0x1234 },
};
enum { USELESS = sizeof(useless) / sizeof(useless[0]) };

static void hpet_useless(void **state)
{
    struct machine m = healthy();

    (void)state;
    for (unsigned i = 0; i < USELESS; i++) {
        m.hpet = useless[i];
        expect_clock(m, "TSC", "PM timer", "PIT", STEPS_DEAD);
        if (m.hpet.kind == COUNTER_ABSENT)
            expect_line("warn hpet: at 0xfed00000: a period of 4294967295 fs cannot be");
        else
            expect_line("warn clock: HPET does not count: left");
    }
    m.hpet = (struct model_fault){ 0 };
    m.hpet_period_fs = 100000001;
    expect_clock(m, "TSC", "PM timer", "PIT", STEPS_HEALTHY);
    expect_line("warn hpet: at 0xfed00000: a period of 100000001 fs cannot be");
    m.no_hpet_table = true;
    expect_clock(m, "TSC", "PM timer", "PIT", STEPS_HEALTHY);
    assert_int_equal(outcome->log.warnings, 0);              /* absence is normal */
    fault_seen("C13.dead", 'R', "");
}

static void pm_timer_useless(void **state)
{
    struct machine m = healthy();

    (void)state;
    for (unsigned i = 0; i < USELESS; i++) {
        m.pm = useless[i];
        expect_clock(m, "TSC", "HPET", "PIT", STEPS_DEAD);
        expect_line("warn clock: PM timer does not count: left");
        m.pm_reads_once = !m.pm_reads_once;
    }
    m.no_pm_table = true;
    expect_clock(m, "TSC", "HPET", "PIT", STEPS_HEALTHY);
    assert_int_equal(outcome->log.warnings, 0);
    fault_seen("C13.dead", 'R', "");
}

/* A gated PIT never ticks. It is asked only where something better is missing. */
static void pit_useless(void **state)
{
    struct machine m = healthy();

    (void)state;
    for (unsigned i = 0; i < USELESS; i++) {
        m = healthy();
        m.pit = useless[i];
        expect_clock(m, "TSC", "HPET", "PM timer", STEPS_HEALTHY);
        assert_int_equal(outcome->log.warnings, 0);
        m.no_hpet_table = true;
        expect_clock(m, "TSC", "PM timer", "", STEPS_DEAD);
        expect_line("warn clock: PIT does not count: left");
        expect_line("warn clock: only PM timer tells how fast the CPU's counter is: not checked");
    }
    fault_seen("C13.dead", 'R', "");
}

static void hpet_alone(void **state)
{
    struct machine m = healthy();

    (void)state;
    m.pm = m.pit = useless[2];
    expect_clock(m, "TSC", "HPET", "", STEPS_DEAD);
    expect_line("only HPET tells");
}

static void pit_alone(void **state)
{
    struct machine m = healthy();

    (void)state;
    m.hpet = m.pm = useless[3];
    expect_clock(m, "TSC", "PIT", "", STEPS_DEAD);
    expect_line("only PIT tells");
}

static void all_three_useless(void **state)
{
    struct machine m = healthy();

    (void)state;
    for (unsigned i = 0; i < USELESS; i++) {
        m.hpet = m.pm = m.pit = useless[i];
        m.stated_hz = GHZ(3);
        expect_clock(m, "TSC", "CPUID", "", STEPS_DEAD);
        expect_line("only CPUID tells");
        machine.stated_hz = 0;
        start();
        assert_string_equal(outcome->source.measured_by, "nothing");
        assert_true(outcome->steps <= STEPS_DEAD);
        assert_true(outcome->delay_error_ns >= 0);           /* longer, not shorter */
        expect_line("error clock: no counter of this machine tells how fast the CPU's is");
    }
}

/* ---- counters that change their mind ---- */

static void counters_that_freeze_in_the_window(void **state)
{
    (void)state;
    for (uint64_t us = 20; us < 500; us += 80) {
        struct machine m = healthy();

        m.hpet.freezes_at_ps = us * 1000000;
        expect_clock(m, "TSC", "PM timer", "PIT", STEPS_FROZEN);
        expect_line("warn clock: HPET ");
        m = healthy();
        m.pm.freezes_at_ps = us * 1000000;
        expect_clock(m, "TSC", "HPET", "PIT", STEPS_FROZEN);
        expect_line("warn clock: PM timer ");
        m.hpet.freezes_at_ps = us * 1000000;
        expect_clock(m, "TSC", "PIT", "", STEPS_FROZEN);
    }
    fault_seen("C13.dead", 'R', "");
}

static void a_counter_at_half_or_double_speed_is_outvoted(void **state)
{
    static const unsigned percent[] = { 50, 200, 97, 103, 1000 };

    (void)state;
    for (unsigned i = 0; i < sizeof(percent) / sizeof(percent[0]); i++) {
        struct machine m = healthy();

        m.hpet.speed_percent = percent[i];
        expect_clock(m, "TSC", "PM timer", "PIT", STEPS_DEAD);
        expect_line("warn clock: HPET makes the CPU's counter");
        m.stated_hz = GHZ(3);
        expect_clock(m, "TSC", "CPUID", "PM timer", STEPS_DEAD);
        m = healthy();
        m.pm.speed_percent = percent[i];
        expect_clock(m, "TSC", "HPET", "PIT", STEPS_DEAD);
        expect_line("warn clock: PM timer makes the CPU's counter");
    }
    fault_seen("C13.dead", 'R', "");
}

static void two_that_disagree_and_no_third(void **state)
{
    struct machine m = healthy();

    (void)state;
    m.pm.speed_percent = 50;
    m.pit = useless[3];
    expect_clock(m, "TSC", "HPET", "", STEPS_FROZEN);
    expect_line("warn clock: no two sources agree: HPET is believed");
}

/* ---- pauses ---- */

/* At each place of a run, the machine stops for a while: with all that counts going on, with the CPU's counter standing still, and with
 * the devices standing still. */
static void a_pause_anywhere_does_no_harm(void **state)
{
    static const uint64_t ms[] = { 2, 50, 700, 4700, 10000 };
    unsigned runs = 0;

    (void)state;
    for (unsigned i = 0; i < 5; i++)
        for (unsigned which = 0; which < 3; which++)
            for (uint64_t place = 1; place < 2200; place += 137) {
                struct machine m = healthy();

                m.pause = (struct model_pause){ place, ms[i] * MS, which == 1, which == 2 };
                m.gap_ps[0] = m.gap_ps[1] = runs % 2 * MS;
                expect_one_clock(m, "TSC", "HPET", "PM timer", STEPS_HEALTHY);
                runs++;
            }
    print_message("%u pauses\n", runs);
    fault_seen("D9.pause", 'R', "");
}

static void a_pause_with_one_source_only(void **state)
{
    unsigned runs = 0;

    (void)state;
    for (unsigned which = 0; which < 3; which++)
        for (uint64_t ms = 40; ms < 11000; ms = ms * 3 / 2)
            for (uint64_t place = 1; place < 900; place += 97) {
                struct machine m = healthy();

                m.no_hpet_table = true;
                m.pit = useless[0];
                m.cpu.hz = GHZ(1);
                m.pause = (struct model_pause){ 60000 + place, ms * MS, which == 1, which == 2 };
                m.gap_ps[0] = m.gap_ps[1] = runs % 2 * MS;
                expect_one_clock(m, "TSC", "PM timer", "", STEPS_DEAD);
                runs++;
            }
    print_message("%u pauses\n", runs);
    fault_seen("D9.pause", 'R', "");
}

/* ---- the CPU's counter ---- */

static void a_cpu_counter_that_stands_still(void **state)
{
    struct machine m = healthy();

    (void)state;
    m.cpu = (struct model_cpu_counter){ .hz = 0, .start = 50000000000 };       /* it got to 5 s, on the slow side */
    expect_clock(m, "HPET", "HPET", "", STEPS_DEAD);
    assert_true(outcome->after_ns - outcome->before_ns < 1000000000);
    expect_line("warn clock: the CPU's counter does not go forward: HPET is the clock");
    m.hpet = useless[1];
    expect_clock(m, "PM timer", "PM timer", "", STEPS_DEAD);
    expect_line("PM timer is the clock, and must be looked at every 2343 ms");
    m.pm = useless[2];
    expect_clock(m, "PIT", "PIT", "", STEPS_DEAD);
    assert_false(outcome->source.invariant);
    fault_seen("D9.slow", 'R', "");
}

static void a_cpu_counter_too_slow_to_be_one(void **state)
{
    struct machine m = healthy();

    (void)state;
    m.cpu.hz = 1000000;
    expect_clock(m, "HPET", "HPET", "", STEPS_DEAD);
    expect_line("HPET makes the CPU's counter ");
    expect_line("warn clock: the CPU's counter has no speed that can be: HPET is the clock");
    assert_int_equal(outcome->old_stamp_ns, outcome->before_ns);     /* what was stamped before keeps its time */
    fault_seen("D9.slow", 'R', "");
}

static void a_cpu_counter_that_goes_backwards(void **state)
{
    struct machine m = healthy();

    (void)state;
    m.cpu.backwards = true;
    m.cpu.start = 1ull << 40;
    machine = m;
    start();
    assert_string_equal(outcome->source.name, "HPET");
    assert_in_range(outcome->error_ppm + HEALTHY_PPM, 0, 2 * HEALTHY_PPM);
    fault_seen("D9.slow", 'R', "");
}

static void one_that_is_not_invariant_is_told(void **state)
{
    struct machine m = healthy();

    (void)state;
    m.not_invariant = true;
    expect_clock(m, "TSC", "HPET", "PM timer", STEPS_HEALTHY);
    assert_false(outcome->source.invariant);
    expect_line("not invariant");
}

static void nothing_counts_at_all_and_waits_end_all_the_same(void **state)
{
    struct machine m = healthy();

    (void)state;
    m.cpu.hz = 0;
    m.hpet = m.pm = m.pit = useless[3];
    machine = m;
    start();
    assert_string_equal(outcome->source.name, "guess");
    assert_true(outcome->steps <= STEPS_DEAD);
    assert_true(outcome->delay_error_ns > -50000 && outcome->delay_error_ns < 1000000);
    assert_true(outcome->after_ns >= outcome->before_ns);
    expect_line("error clock: nothing in this machine counts: time is a guess");
}

static void hpet_registers_in_memory_are_not_touched(void **state)
{
    struct machine m = healthy();

    (void)state;
    m.memory_to = 0x100000000;                               /* a table that points into RAM */
    expect_clock(m, "TSC", "PM timer", "PIT", STEPS_HEALTHY);
    expect_line("warn hpet: at 0xfed00000: ");
    assert_int_equal(outcome->strays, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_works),
        cmocka_unit_test(speeds_from_100_MHz_to_10_GHz_are_measured),
        cmocka_unit_test(the_cpus_own_word_is_taken_and_checked),
        cmocka_unit_test(a_pm_timer_of_32_bits_and_one_in_memory),
        cmocka_unit_test(counters_that_wrap_in_the_window),
        cmocka_unit_test(a_pm_timer_that_is_caught_while_it_changes),
        cmocka_unit_test(looks_that_lie_further_apart_than_a_counter_reaches),
        cmocka_unit_test(hpet_useless),
        cmocka_unit_test(pm_timer_useless),
        cmocka_unit_test(pit_useless),
        cmocka_unit_test(hpet_alone),
        cmocka_unit_test(pit_alone),
        cmocka_unit_test(all_three_useless),
        cmocka_unit_test(counters_that_freeze_in_the_window),
        cmocka_unit_test(a_counter_at_half_or_double_speed_is_outvoted),
        cmocka_unit_test(two_that_disagree_and_no_third),
        cmocka_unit_test(a_pause_anywhere_does_no_harm),
        cmocka_unit_test(a_pause_with_one_source_only),
        cmocka_unit_test(a_cpu_counter_that_stands_still),
        cmocka_unit_test(a_cpu_counter_too_slow_to_be_one),
        cmocka_unit_test(a_cpu_counter_that_goes_backwards),
        cmocka_unit_test(one_that_is_not_invariant_is_told),
        cmocka_unit_test(nothing_counts_at_all_and_waits_end_all_the_same),
        cmocka_unit_test(hpet_registers_in_memory_are_not_touched),
    };

    outcome = model_shared(sizeof(*outcome));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
