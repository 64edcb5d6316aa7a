/* The log on threads: each is a CPU, a signal is its NMI. Whole lines, in order, nothing lost that is not counted. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/clock.h"
#include "core/display.h"
#include "core/drain.h"
#include "core/log.h"
#include "core/serial.h"

#include <ingot/console.h>
#include <ingot/cpu.h>
#include <ingot/log.h>
#include <ingot/time.h>

#include "tests/host/model_run.h"
#include "tests/host/fault_seen.h"

enum { CPUS = 8, BYTES = 1 << 20, LINE_AVERAGE = 60, LINES = BYTES / CPUS / LINE_AVERAGE, PACE = 16 };

/* What the drainer alone touches, without a lock: TSan tells if there are two. */
struct outcome {
    unsigned received[CPUS], nmis_received[CPUS], next[CPUS], nmi_next[CPUS], told, wrong;
    _Atomic unsigned said[CPUS], nmis_said[CPUS], through;
};
static struct outcome *outcome;
static _Thread_local uint32_t this_cpu;
static _Thread_local bool in_nmi;
static _Atomic bool over, called, all_ended;
static bool paced;

/* ---- what the log stands on ---- */

uint64_t clock_stamp(void) { return 0; }
uint64_t clock_stamp_ns(uint64_t stamp) { return stamp; }
uint32_t cpu_id(void) { return this_cpu; }
uint64_t cpu_interrupts_off(void) { return 0; }
void cpu_interrupts_restore(uint64_t flags) { (void)flags; }
void cpu_relax(void) { sched_yield(); }
void delay_us(uint32_t us) { (void)us, sched_yield(); }
uint64_t time_ns(void) { return 0; }
bool cpu_interrupts_are_on(void) { return !in_nmi; }

bool drain_call(uint64_t now_ns)
{
    (void)now_ns;
    atomic_store(&called, true);
    return true;
}

bool serial_has_room(void) { return true; }
void serial_drain(bool for_good) { (void)for_good; }
void serial_send_untold(const char *text, size_t bytes) { (void)text, (void)bytes; }
void serial_send_text(const char *text, size_t bytes) { (void)text, (void)bytes; }
void console_wake(void) { }
void display_console_text(const char *text, size_t bytes) { (void)text, (void)bytes; }
void display_show(void) { }
unsigned display_count(void) { return 0; }
bool serial_has_untold(void) { return false; }

void display_log_line(const char *color, const char *prefix, size_t prefix_bytes, const char *text, size_t text_bytes)
{
    (void)color, (void)prefix, (void)prefix_bytes, (void)text, (void)text_bytes;
}

static unsigned filler_bytes(unsigned number) { return number * 7 % 80; }

static bool filler_is_right(const char *text, size_t bytes, unsigned number)
{
    if (bytes != filler_bytes(number))
        return false;
    for (size_t i = 0; i < bytes; i++)
        if (text[i] != (char)('a' + number % 26))
            return false;
    return true;
}

void serial_send_line(const char *prefix, size_t prefix_bytes, const char *text, size_t text_bytes)
{
    char line[LOG_LINE_BYTES] = "", kind;
    unsigned cpu, number, lost;
    int used = 0;

    (void)prefix, (void)prefix_bytes;
    memcpy(line, text, text_bytes);
    if (sscanf(line, "%u lines were lost", &lost) == 1) {
        outcome->told += lost;
        return;
    }
    if (sscanf(line, "%c cpu %u number %u: %n", &kind, &cpu, &number, &used) != 3 || cpu >= CPUS ||
        !filler_is_right(line + used, text_bytes - (size_t)used, number)) {
        outcome->wrong++;
        return;
    }
    unsigned *next = kind == 'n' ? &outcome->nmi_next[cpu] : &outcome->next[cpu];

    outcome->wrong += number < *next;
    *next = number + 1;
    (kind == 'n' ? outcome->nmis_received : outcome->received)[cpu]++;
    atomic_fetch_add(&outcome->through, 1);
}

/* ---- who writes ---- */

static void say(char kind, _Atomic unsigned *numbers)
{
    char filler[80];
    unsigned number = atomic_fetch_add(numbers, 1);

    memset(filler, 'a' + (int)(number % 26), sizeof(filler));
    log_info("%c cpu %u number %u: %.*s", kind, this_cpu, number, (int)filler_bytes(number), filler);
}

static void nmi(int signal)
{
    (void)signal;
    in_nmi = true;
    say('n', &outcome->nmis_said[this_cpu]);
    in_nmi = false;
}

static unsigned all_said(void)
{
    unsigned sum = 0;

    for (unsigned cpu = 0; cpu < CPUS; cpu++)
        sum += outcome->said[cpu] + outcome->nmis_said[cpu];
    return sum;
}

static void *write_lines(void *argument)
{
    this_cpu = (uint32_t)(uintptr_t)argument;
    for (unsigned i = 0; i < LINES; i++) {
        while (paced && all_said() - outcome->through > PACE * CPUS)
            sched_yield();
        say('w', &outcome->said[this_cpu]);
    }
    while (!atomic_load(&over))
        sched_yield();
    return NULL;
}

static bool all_through(void)
{
    for (unsigned cpu = 0; cpu < CPUS; cpu++)
        if (outcome->said[cpu] < LINES)
            return false;
    return true;
}

static bool for_ever(void) { return true; }

/* A CPU that has nothing else to do. */
static void *drain_when_called(void *argument)
{
    this_cpu = CPUS;
    while (!atomic_load(&all_ended)) {
        if (atomic_exchange(&called, false))
            log_drain_while(for_ever);
        sched_yield();
    }
    if (atomic_load(&called))
        log_drain_while(for_ever);
    return argument;
}

static void live(const void *argument)
{
    pthread_t thread[CPUS + 1];
    bool is_later = argument && !strcmp(argument, "later");
    unsigned turn = 0;

    paced = argument && !is_later;
    log_open("");
    if (is_later) {
        log_send_later();
        pthread_create(&thread[CPUS], NULL, drain_when_called, NULL);
    }
    signal(SIGUSR1, nmi);
    for (uintptr_t cpu = 0; cpu < CPUS; cpu++)
        pthread_create(&thread[cpu], NULL, write_lines, (void *)cpu);
    while (!all_through()) {
        if (all_said() - outcome->through < 64)
            pthread_kill(thread[turn++ % CPUS], SIGUSR1);
        sched_yield();
    }
    atomic_store(&over, true);
    for (unsigned cpu = 0; cpu < CPUS; cpu++)
        pthread_join(thread[cpu], NULL);
    atomic_store(&all_ended, true);
    if (is_later)
        pthread_join(thread[CPUS], NULL);
}

/* Nobody flushes at the end: no line may have stayed behind. */
static void check(unsigned lost_at_most)
{
    unsigned said = 0, received = 0, nmis = 0;

    for (unsigned cpu = 0; cpu < CPUS; cpu++) {
        said += outcome->said[cpu] + outcome->nmis_said[cpu];
        received += outcome->received[cpu] + outcome->nmis_received[cpu];
        nmis += outcome->nmis_said[cpu];
    }
    printf("             %u lines, %u of them from NMIs, %u lost\n", said, nmis, outcome->told);
    assert_int_equal(outcome->wrong, 0);
    assert_int_equal(received + outcome->told, said);
    assert_in_range(outcome->told, 0, lost_at_most);
}

static void a_megabyte_of_lines_is_whole_and_in_order(void **state)
{
    (void)state;
    memset(outcome, 0, sizeof(*outcome));
    assert_int_equal(model_run(live, "paced"), 0);
    check(0);
    fault_seen("E4.logging", 'R', "");
}

/* Writers wait for room, and no NMI comes while more than half of it is taken. */
static void lines_that_others_drain_are_whole_and_in_order(void **state)
{
    (void)state;
    memset(outcome, 0, sizeof(*outcome));
    assert_int_equal(model_run(live, "later"), 0);
    check(0);
}

static void a_flood_is_counted_to_the_line(void **state)
{
    (void)state;
    memset(outcome, 0, sizeof(*outcome));
    assert_int_equal(model_run(live, NULL), 0);
    check(UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_megabyte_of_lines_is_whole_and_in_order),
        cmocka_unit_test(a_flood_is_counted_to_the_line),
        cmocka_unit_test(lines_that_others_drain_are_whole_and_in_order),
    };

    outcome = model_shared(sizeof(*outcome));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
