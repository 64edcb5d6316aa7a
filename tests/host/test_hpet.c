/* The HPET's timers against a register model: which way its interrupt takes, that none is lost, and what is said of one that is broken.
 * Each machine is a process of its own; time passes with its accesses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/driver.h"

#include <ingot/acpi.h>
#include <ingot/counter.h>
#include <ingot/error.h>
#include <ingot/time.h>
#include <ingot/timer_device.h>

#include "tests/host/model_counters.h"
#include "tests/host/model_irq.h"
#include "tests/host/model_log.h"
#include "tests/host/model_run.h"
#include "tests/host/fault_seen.h"

#define US 1000000ull                            /* in picoseconds */

enum {
    NEAR_NS = 10000,                             /* nearer ones come after that */
    LATE_NS = 30000,                             /* at most, on a machine that is not held up: a second try, in ticks of 70 ns */
    STEPS_MAX = 300,                             /* of one start, or of one setting */
    ROUND_S = 300,                               /* of 32 bits at 14.3 MHz */
};

extern const struct timer_device __start_timer_devices[], __stop_timer_devices[];

struct machine {
    struct model_fault fault;
    bool lost_messages, lost_lines;              /* interrupts that do not arrive */
    bool no_table, has_messages, no_vectors, fast;
    uint32_t lines, used_line;                   /* 0: the usual, which are 20 to 23; none */
    uint32_t capabilities;
    uint64_t latch_ps, pause_ps;
    uint64_t message_address;
};

struct outcome {
    struct model_log log;
    int number[5];                               /* of five CPUs that start one after the other */
    struct model_hpet hpet;
    struct model_irqs irqs;
    uint64_t came, strays, wrong_widths, steps;
    uint64_t late_ns_max, late_ns_min, nearest_ns, tries;
};

static struct machine machine;
static struct outcome *outcome;
static struct model_hpet hpet;

/* ---- what the driver stands on ---- */

int acpi_get_hpet(struct acpi_hpet *out_hpet)
{
    *out_hpet = (struct acpi_hpet){ .address = MODEL_HPET_BASE };
    return machine.no_table ? ERR_NOT_FOUND : 0;
}

int counter_register(struct counter *counter) { return counter->start(counter); }
void delay_us(uint32_t us) { model_bus.now_ps += us * US; }
void timer_interrupt(void) { outcome->came++; }

/* ---- one machine's life ---- */

static const struct timer_device *device(void) { return &__start_timer_devices[0]; }

/* While the driver starts it: later the test calls the handler. */
static bool is_pending(const struct irq *irq)
{
    for (unsigned i = 0; i < MODEL_HPET_TIMERS; i++) {
        const struct model_hpet_timer *timer = &hpet.timer[i];
        bool message = timer->config & 1u << 14;
        uint32_t line = hpet.config & 2 && i == 0 ? 2 : timer->config >> 9 & 31;

        if (irq->line != (message ? UINT32_MAX : line) || (message && timer->message_data != 0x40u + (unsigned)(irq - model_irqs.irq)))
            continue;
        return timer->config & 1u << 2 && timer->due_ps <= model_device_ps() && !(message ? machine.lost_messages : machine.lost_lines);
    }
    return false;
}

static void build(const struct machine *m)
{
    model_bus_clear();
    model_hpet_add(&hpet, m->fault);
    hpet.latch_ps = m->latch_ps;
    if (m->fast) {
        hpet.period_fs = 10000000;
        hpet.counter.hz = 100000000;
    }
    hpet.capabilities = m->capabilities ? m->capabilities : hpet.capabilities;
    for (unsigned i = 0; i < MODEL_HPET_TIMERS; i++) {
        hpet.timer[i].config |= m->has_messages ? 1u << 15 : 0;
        hpet.timer[i].lines = m->lines ? m->lines : hpet.timer[i].lines;
    }
    model_irqs = (struct model_irqs){ .lines = 24, .message_address = m->message_address ? m->message_address : 0xfee00000,
                                      .no_vectors = m->no_vectors, .is_pending = is_pending };
    if (m->used_line)
        irq_attach(m->used_line, &(struct irq_wish){ 0 }, &(struct irq *){ NULL });
}

static void start(void)
{
    driver_start_phase(DRIVER_COUNTER);
    model_bus.steps = 0;
    for (uint32_t cpu = 0; cpu < 5; cpu++)
        outcome->number[cpu] = device()->start(cpu);
    outcome->steps = model_bus.steps;
}

static void live(const void *argument)
{
    machine = *(const struct machine *)argument;
    model_log = &outcome->log;
    build(&machine);
    start();
    for (unsigned i = 0; i < MODEL_HPET_TIMERS; i++)
        hpet.timer[i].due_ps = 0;                /* those that proved them were taken */
    for (uint32_t cpu = 0; cpu < 5; cpu++)
        if (outcome->number[cpu] >= 0)
            device()->set((unsigned)outcome->number[cpu], 1000000);
    outcome->hpet = hpet;
    outcome->irqs = model_irqs;
    outcome->strays = model_bus.stray_reads + model_bus.stray_writes;
    outcome->wrong_widths = model_bus.wrong_widths;
}

static void run_as(void (*life)(const void *argument), struct machine m)
{
    memset(outcome, 0, sizeof(*outcome));
    assert_int_equal(model_run(life, &m), 0);
    if (outcome->strays || outcome->wrong_widths)
        log_print();
    assert_int_equal(outcome->strays, 0);
    assert_int_equal(outcome->wrong_widths, 0);
}

static void run(struct machine m) { run_as(live, m); }

static void expect_numbers(int first, int second, int third)
{
    assert_int_equal(outcome->number[0], first);
    assert_int_equal(outcome->number[1], second);
    assert_int_equal(outcome->number[2], third);
    assert_int_equal(outcome->number[3], ERR_NOT_FOUND);
    assert_int_equal(outcome->number[4], ERR_NOT_FOUND);
}

/* ---- ways ---- */

static void each_cpu_has_a_timer_and_a_line_of_its_own(void **state)
{
    (void)state;
    run((struct machine){ 0 });
    expect_numbers(0, 1, 2);
    assert_int_equal(outcome->irqs.count, 3);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(outcome->irqs.irq[i].line, 20 + i);
        assert_int_equal(outcome->irqs.irq[i].wish.cpu, i);
        assert_int_equal(outcome->hpet.timer[i].config >> 9 & 31, 20 + i);
        assert_true(outcome->hpet.timer[i].config & 1u << 1);            /* level */
    }
    assert_int_equal(log_told("none of 3 timers is left for cpu 3"), 1);
    assert_in_range(outcome->steps, 1, STEPS_MAX);
}

static void a_line_that_somebody_uses_is_left_to_him(void **state)
{
    (void)state;
    run((struct machine){ .used_line = 21, .lines = 1u << 21 | 1u << 23 });
    expect_numbers(0, ERR_NOT_FOUND, ERR_NOT_FOUND);
    assert_int_equal(outcome->irqs.irq[1].line, 23);
}

static void isa_lines_come_last_and_carry_edges(void **state)
{
    (void)state;
    run((struct machine){ .lines = 1u << 11 | 1u << 2 | 1u << 20 });
    expect_numbers(0, 1, 2);
    assert_int_equal(outcome->irqs.irq[0].line, 20);
    assert_int_equal(outcome->irqs.irq[1].line, 2);
    assert_int_equal(outcome->irqs.irq[2].line, 11);
    assert_false(outcome->hpet.timer[1].config & 1u << 1);
}

static void lines_that_no_controller_has_are_passed_over(void **state)
{
    (void)state;
    run((struct machine){ .lines = 1u << 30 | 1u << 22 });
    expect_numbers(0, ERR_NOT_FOUND, ERR_NOT_FOUND);
    assert_int_equal(outcome->irqs.irq[0].line, 22);
}

static void messages_are_preferred(void **state)
{
    (void)state;
    run((struct machine){ .has_messages = true });
    expect_numbers(0, 1, 2);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(outcome->irqs.irq[i].line, UINT32_MAX);
        assert_int_equal(outcome->hpet.timer[i].message_address, 0xfee00000);
        assert_int_equal(outcome->hpet.timer[i].message_data, 0x40 + i);
        assert_true(outcome->hpet.timer[i].config & 1u << 14);
    }
}

static void a_message_that_is_too_high_leaves_the_line(void **state)
{
    (void)state;
    run((struct machine){ .has_messages = true, .message_address = 0x1fee00000 });
    assert_int_equal(outcome->number[0], 0);
    assert_false(outcome->irqs.irq[0].attached);
    assert_int_equal(outcome->irqs.irq[1].line, 20);
    assert_false(outcome->hpet.timer[0].config & 1u << 14);
}

static void without_lines_the_first_takes_the_pits(void **state)
{
    (void)state;
    run((struct machine){ .lines = 1u << 31 });
    expect_numbers(0, ERR_NOT_FOUND, ERR_NOT_FOUND);
    assert_int_equal(outcome->irqs.irq[0].line, 2);
    assert_int_equal(outcome->hpet.config, 3);
}

static void without_lines_and_without_the_pits_there_is_none(void **state)
{
    (void)state;
    run((struct machine){ .lines = 1u << 31, .capabilities = 0x80862201 });
    expect_numbers(ERR_NOT_FOUND, ERR_NOT_FOUND, ERR_NOT_FOUND);
    assert_int_equal(outcome->hpet.config, 1);
}

static void without_vectors_there_is_none(void **state)
{
    (void)state;
    run((struct machine){ .no_vectors = true, .has_messages = true });
    expect_numbers(ERR_NOT_FOUND, ERR_NOT_FOUND, ERR_NOT_FOUND);
    assert_int_equal(log_told("none of 3 timers is left for cpu 0"), 1);
}

static void interrupts_that_do_not_arrive_are_not_believed(void **state)
{
    (void)state;
    run((struct machine){ .has_messages = true, .lost_messages = true });
    expect_numbers(0, 1, 2);
    assert_int_equal(log_told("does not interrupt by messages"), 3);
    assert_int_equal(outcome->irqs.irq[1].line, 20);
    assert_false(outcome->irqs.irq[0].attached);
    run((struct machine){ .lines = 1u << 20, .lost_lines = true });
    expect_numbers(ERR_NOT_FOUND, ERR_NOT_FOUND, ERR_NOT_FOUND);
    assert_int_equal(log_told("does not interrupt by its line"), 4);     /* the PIT's too */
    assert_int_equal(outcome->hpet.config, 1);
    for (unsigned i = 0; i < outcome->irqs.count; i++)
        assert_false(outcome->irqs.irq[i].attached);
    for (unsigned i = 0; i < MODEL_HPET_TIMERS; i++)
        assert_false(outcome->hpet.timer[i].config & 1u << 2);
}

/* ---- broken ones ---- */

static void a_counter_that_does_not_count_is_refused(void **state)
{
    static const struct model_fault fault[] = {
        { .kind = COUNTER_ALL_ZEROS }, { .kind = COUNTER_ALL_ONES }, { .kind = COUNTER_FROZEN, .start = 12345 }, { .speed_percent = 10 },
        { .freezes_at_ps = 1 },
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(fault) / sizeof(fault[0]); i++) {
        run((struct machine){ .fault = fault[i] });
        expect_numbers(ERR_NOT_FOUND, ERR_NOT_FOUND, ERR_NOT_FOUND);
        assert_int_equal(outcome->irqs.count, 0);
        assert_int_equal(log_told("does not count: no timers"), 5);
    }
    fault_seen("C13.hpet0", 'R', "");
}

static void a_machine_without_one_says_so(void **state)
{
    (void)state;
    run((struct machine){ .no_table = true });
    expect_numbers(ERR_NOT_FOUND, ERR_NOT_FOUND, ERR_NOT_FOUND);
    assert_int_equal(log_told("there is none: no timers"), 5);
}

/* ---- that none is lost ---- */

/* Sets it for wait_ns and calls the handler when it matches. How late it was, or 0 when it was early, as the far ones are. */
static uint64_t shoot(uint64_t wait_ns)
{
    uint64_t start_ps = model_bus.now_ps, came = outcome->came, took_ns;

    device()->set(0, wait_ns);
    if (!model_hpet_wait(&hpet, 0))
        abort();
    model_irqs.irq[0].wish.handler(model_irqs.irq[0].wish.argument);
    if (outcome->came != came + 1)
        abort();
    took_ns = (model_bus.now_ps - start_ps) / 1000;
    return took_ns > wait_ns ? took_ns - wait_ns : 0;
}

static void note_late(uint64_t wait_ns)
{
    uint64_t late_ns = shoot(wait_ns);

    outcome->tries++;
    outcome->late_ns_min = late_ns < outcome->late_ns_min ? late_ns : outcome->late_ns_min;
    outcome->late_ns_max = late_ns > outcome->late_ns_max ? late_ns : outcome->late_ns_max;
}

/* Waits of many lengths; and each of the accesses of one setting held up by a pause. */
static void live_shooting(const void *argument)
{
    live(argument);
    outcome->nearest_ns = shoot(0);
    outcome->came = 0;
    outcome->late_ns_min = UINT64_MAX;
    for (uint64_t wait_ns = 0; wait_ns < 1000000000; wait_ns += wait_ns / 8 + 333)
        note_late(wait_ns);
    for (unsigned access = 1; machine.pause_ps && access < 12; access++)
        for (uint64_t wait_ns = 0; wait_ns < 1000000; wait_ns += 3331) {
            model_bus.pause = (struct model_pause){ .at_step = model_bus.steps + access, .ps = machine.pause_ps };
            note_late(wait_ns);
        }
}

static void expect_all(uint64_t late_ns_max)
{
    assert_int_equal(outcome->came, outcome->tries);
    assert_in_range(outcome->tries, 50, 1000000);
    assert_in_range(outcome->late_ns_min, 1, NEAR_NS);                   /* never early */
    assert_in_range(outcome->late_ns_max, 1, late_ns_max);
    assert_in_range(outcome->nearest_ns, NEAR_NS, late_ns_max);    /* no storm */
}

static void every_shot_comes_and_none_early(void **state)
{
    (void)state;
    run_as(live_shooting, (struct machine){ 0 });
    expect_all(LATE_NS);
    run_as(live_shooting, (struct machine){ .has_messages = true });
    expect_all(LATE_NS);
    run_as(live_shooting, (struct machine){ .fast = true });
    expect_all(LATE_NS);
}

static void a_comparator_that_counts_late_loses_none(void **state)
{
    (void)state;
    run_as(live_shooting, (struct machine){ .latch_ps = 5 * US });
    expect_all(LATE_NS + 5000);
    for (unsigned pause_us = 3; pause_us < 12; pause_us++) {
        run_as(live_shooting, (struct machine){ .latch_ps = 5 * US, .pause_ps = pause_us * US });
        expect_all(LATE_NS + 5000 + 4 * pause_us * 1000);
    }
}

/* What stops the machine between two accesses lets the counter pass the comparator: it is set again, further away. */
static void a_comparator_that_was_passed_is_set_again(void **state)
{
    static const uint64_t pause_us[] = { 5, 9, 10, 11, 50, 300, 20000 };

    (void)state;
    for (unsigned i = 0; i < sizeof(pause_us) / sizeof(pause_us[0]); i++) {
        run_as(live_shooting, (struct machine){ .pause_ps = pause_us[i] * US });
        expect_all(LATE_NS + 4 * pause_us[i] * 1000);                    /* the next try is twice as far, and the pause itself */
    }
}

/* 32 bits are through in ROUND_S seconds: here while the shots are. */
static void a_counter_that_wraps_loses_none(void **state)
{
    (void)state;
    for (uint32_t before = 0; before < 2000; before += 97) {
        run_as(live_shooting, (struct machine){ .fault.start = UINT32_MAX - before });
        expect_all(LATE_NS);
    }
}

static void live_far(const void *argument)
{
    live(argument);
    for (unsigned i = 0; i < 3 * ROUND_S; i++)                           /* over the wrap, second by second */
        shoot(UINT64_MAX - 1);
    outcome->tries = model_bus.now_ps / US / 1000000;
    device()->set(0, UINT64_MAX);
    outcome->hpet = hpet;
}

static void what_is_far_comes_early_and_what_is_off_does_not_come(void **state)
{
    (void)state;
    run_as(live_far, (struct machine){ 0 });
    assert_int_equal(outcome->came, 3 * ROUND_S);
    assert_in_range(outcome->tries, 3 * ROUND_S, 3 * ROUND_S + 1);
    assert_false(outcome->hpet.timer[0].config & 1u << 2);
}

/* A neighbour's interrupt on the line. */
static void live_shared(const void *argument)
{
    live(argument);
    device()->set(0, 1000000);
    outcome->tries = model_irqs.irq[0].wish.handler(model_irqs.irq[0].wish.argument) == IRQ_NOT_MINE;
}

static void an_interrupt_of_a_neighbour_is_not_its_own(void **state)
{
    (void)state;
    run_as(live_shared, (struct machine){ 0 });
    assert_int_equal(outcome->came, 0);
    assert_int_equal(outcome->tries, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_cpu_has_a_timer_and_a_line_of_its_own),
        cmocka_unit_test(a_line_that_somebody_uses_is_left_to_him),
        cmocka_unit_test(isa_lines_come_last_and_carry_edges),
        cmocka_unit_test(lines_that_no_controller_has_are_passed_over),
        cmocka_unit_test(messages_are_preferred),
        cmocka_unit_test(a_message_that_is_too_high_leaves_the_line),
        cmocka_unit_test(without_lines_the_first_takes_the_pits),
        cmocka_unit_test(without_lines_and_without_the_pits_there_is_none),
        cmocka_unit_test(without_vectors_there_is_none),
        cmocka_unit_test(interrupts_that_do_not_arrive_are_not_believed),
        cmocka_unit_test(a_counter_that_does_not_count_is_refused),
        cmocka_unit_test(a_machine_without_one_says_so),
        cmocka_unit_test(every_shot_comes_and_none_early),
        cmocka_unit_test(a_comparator_that_counts_late_loses_none),
        cmocka_unit_test(a_comparator_that_was_passed_is_set_again),
        cmocka_unit_test(a_counter_that_wraps_loses_none),
        cmocka_unit_test(what_is_far_comes_early_and_what_is_off_does_not_come),
        cmocka_unit_test(an_interrupt_of_a_neighbour_is_not_its_own),
    };

    outcome = model_shared(sizeof(*outcome));
    model_log = &outcome->log;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
