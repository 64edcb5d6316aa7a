/* The log's ring on a model of CPUs: coroutines that stop before each access to what they share. All orders of their steps are gone
 * through that change from one CPU to another no more often than a scenario says: writers that drain, an NMI in the middle of either, a
 * panic that stops all others wherever they are. Steps happen in one order for all; what orders memory, test_log_threads.c asks TSan. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include <cmocka.h>

#include <ingot/cpu.h>
#include <ingot/string.h>

/* ---- the ring, of LOG_RING_CHUNKS (host.mk), with a stop before each of its accesses ---- */

static void step(void);

static void copy_in_two(void *to, const void *from, size_t bytes)
{
    memcpy(to, from, bytes / 2);
    step();
    memcpy((char *)to + bytes / 2, (const char *)from + bytes / 2, bytes - bytes / 2);
}

#undef atomic_load_explicit
#undef atomic_store_explicit
#undef atomic_fetch_add_explicit
#undef atomic_fetch_sub_explicit
#undef atomic_compare_exchange_weak_explicit
#undef atomic_compare_exchange_strong_explicit
#define atomic_load_explicit(object, order)             (step(), __atomic_load_n(object, order))
#define atomic_store_explicit(object, value, order)     (step(), __atomic_store_n(object, value, order))
#define atomic_fetch_add_explicit(object, value, order) (step(), __atomic_fetch_add(object, value, order))
#define atomic_fetch_sub_explicit(object, value, order) (step(), __atomic_fetch_sub(object, value, order))
#define atomic_compare_exchange_weak_explicit(object, expected, value, yes, no) \
    (step(), __atomic_compare_exchange_n(object, expected, value, false, yes, no))
#define atomic_compare_exchange_strong_explicit         atomic_compare_exchange_weak_explicit
#define memcpy copy_in_two
#include "core/log_ring.c"
#undef memcpy

/* ---- what runs ---- */

enum { AGENTS_MAX = 4, LINES_MAX = 4, STACK_BYTES = 65536, STEPS_MAX = 4000, SENT_MAX = 64 };

enum kind { NOBODY, WRITER, NMI, PANIC };        /* an NMI holds up the writer of its CPU until it is through; a panic all for ever */

struct scenario {
    struct { enum kind kind; uint32_t cpu; unsigned lines; uint8_t bytes; } agent[AGENTS_MAX];
    unsigned switches;                           /* at most so many changes from one that could go on */
    bool room_for_all;
    uint32_t first_position;
};

struct agent {
    ucontext_t context;
    bool started, done;
    unsigned put;                                /* lines whose log_ring_put() has returned */
};

static const struct scenario *scenario;
static struct agent agents[AGENTS_MAX];
static uint8_t stacks[AGENTS_MAX][STACK_BYTES];
static unsigned agent_count, running, switches_left;
static bool modelling, stopped;
static ucontext_t home;

static struct { unsigned count, agent[SENT_MAX], line[SENT_MAX], told; } sent;

uint32_t cpu_id(void) { return scenario->agent[running].cpu; }

/* ---- orders: a path through the tree of choices, taken again with its last choice changed ---- */

static unsigned path[STEPS_MAX], options[STEPS_MAX], path_length, path_at;

static unsigned choose(unsigned count)
{
    if (count == 1)
        return 0;
    assert_true(path_at < STEPS_MAX);
    if (path_at == path_length) {
        path[path_length] = 0;
        options[path_length++] = count;
    }
    return path[path_at++];
}

static bool next_path(void)
{
    while (path_length && path[path_length - 1] + 1 == options[path_length - 1])
        path_length--;
    if (path_length)
        path[path_length - 1]++;
    return path_length != 0;
}

static bool can_run(unsigned index)
{
    if (agents[index].done || (stopped && scenario->agent[index].kind != PANIC))
        return false;
    for (unsigned i = 0; i < agent_count; i++)
        if (i != index && scenario->agent[i].kind == NMI && scenario->agent[i].cpu == scenario->agent[index].cpu &&
            agents[i].started && !agents[i].done)
            return false;
    return true;
}

static unsigned find_others(unsigned other[AGENTS_MAX])
{
    unsigned count = 0;

    for (unsigned i = 0; i < agent_count; i++)
        if (i != running && can_run(i))
            other[count++] = i;
    return count;
}

static void go_to(unsigned next)
{
    unsigned from = running;

    running = next;
    agents[next].started = true;
    swapcontext(&agents[from].context, &agents[next].context);
}

static void step(void)
{
    unsigned other[AGENTS_MAX], count, choice;

    if (!modelling || switches_left == 0 || (count = find_others(other)) == 0)
        return;
    choice = choose(count + 1);
    if (choice) {
        switches_left--;
        go_to(other[choice - 1]);
    }
}

/* ---- what they do ---- */

static bool always(void) { return true; }

static char letter(unsigned agent, unsigned line) { return (char)('a' + agent * LINES_MAX + line); }

static void receive(const struct log_entry *entry, uint32_t count)
{
    unsigned key;

    if (!entry && count == 0)
        return;
    step();
    if (!entry) {
        sent.told += count;
        return;
    }
    key = (unsigned)(entry->text[0] - 'a');
    assert_true(key < AGENTS_MAX * LINES_MAX && sent.count < SENT_MAX);
    sent.agent[sent.count] = key / LINES_MAX;
    sent.line[sent.count++] = key % LINES_MAX;
    assert_int_equal(entry->bytes, scenario->agent[key / LINES_MAX].bytes);
    for (unsigned i = 0; i < entry->bytes; i++)
        assert_int_equal(entry->text[i], entry->text[0]);
    step();
    log_ring_sent(entry);
}

static void live(unsigned index)
{
    struct log_entry entry = { .cpu = (uint16_t)cpu_id(), .bytes = scenario->agent[index].bytes };

    if (scenario->agent[index].kind == PANIC) {
        stopped = true;
        log_ring_seize();
        log_ring_drain(receive, always);
    }
    for (unsigned line = 0; line < scenario->agent[index].lines; line++) {
        memset(entry.text, letter(index, line), entry.bytes);
        log_ring_put(&entry);
        agents[index].put++;
        log_ring_drain(receive, always);
    }
}

/* Ends an agent: whoever can run goes on; that costs no switch. */
static void enter(int index)
{
    unsigned other[AGENTS_MAX], count;

    live((unsigned)index);
    agents[index].done = true;
    count = find_others(other);
    if (count == 0)
        setcontext(&home);
    go_to(other[choose(count)]);
}

static void clear_ring(void)
{
    for (uint32_t i = 1; i <= LOG_RING_CHUNKS; i++)          /* as the round before has left it */
        whole[(scenario->first_position - i) % LOG_RING_CHUNKS] = scenario->first_position ? scenario->first_position - i + 1 : 0;
    head = tail = lost_at = scenario->first_position;
    lost = drainer = 0;
    seized = false;
    memset(&sent, 0, sizeof(sent));
}

static void run_once(void)
{
    modelling = false;
    clear_ring();
    path_at = 0;
    stopped = false;
    switches_left = scenario->switches;
    for (agent_count = 0; agent_count < AGENTS_MAX && scenario->agent[agent_count].kind; agent_count++) {
        struct agent *agent = &agents[agent_count];

        agent->started = agent->done = false;
        agent->put = 0;
        getcontext(&agent->context);
        agent->context.uc_stack.ss_sp = stacks[agent_count];
        agent->context.uc_stack.ss_size = STACK_BYTES;
        makecontext(&agent->context, (void (*)(void))enter, 1, (int)agent_count);
    }
    modelling = true;
    running = choose(agent_count);
    agents[running].started = true;
    swapcontext(&home, &agents[running].context);
    modelling = false;
}

/* ---- what must hold at the end of each ---- */

static unsigned times_sent(unsigned agent, unsigned line)
{
    unsigned times = 0;

    for (unsigned i = 0; i < sent.count; i++)
        times += sent.agent[i] == agent && sent.line[i] == line;
    return times;
}

/* A line that was being sent when the panic came is sent again, and only that. */
static void check_order(bool panicked)
{
    unsigned last[AGENTS_MAX] = { 0 }, again = 0;

    for (unsigned i = 0; i < sent.count; i++) {
        unsigned agent = sent.agent[i], line = sent.line[i] + 1;

        again += line == last[agent];
        if (line < last[agent])
            fail_msg("line %u of agent %u came behind line %u", line, agent, last[agent]);
        last[agent] = line;
    }
    assert_true(again <= panicked);
}

static void check_end(void)
{
    unsigned missing = 0, chunks = 0;
    bool panicked = false;

    for (unsigned i = 0; i < agent_count; i++) {
        struct log_entry entry = { .bytes = scenario->agent[i].bytes };

        for (unsigned line = 0; line < scenario->agent[i].lines; line++) {
            missing += line < agents[i].put && times_sent(i, line) == 0;
            chunks += times_sent(i, line) ? chunks_of(&entry) : 0;
        }
        panicked |= scenario->agent[i].kind == PANIC;
    }
    check_order(panicked);
    assert_int_equal(head, tail);
    assert_int_equal(lost, 0);
    if (panicked)                                /* room that was reserved and not filled: lines beside each other count as one */
        assert_in_range(sent.told, head - scenario->first_position > chunks, head - scenario->first_position - chunks);
    else
        assert_int_equal(sent.told, missing);
    if (panicked || scenario->room_for_all)
        assert_int_equal(missing, 0);
    assert_int_equal(drainer, panicked ? drainer : 0);
}

static void go_through(const char *name, const struct scenario *what)
{
    unsigned long runs = 0;

    scenario = what;
    path_length = 0;
    do {
        run_once();
        check_end();
        runs++;
    } while (next_path());
    printf("             %s: %lu orders\n", name, runs);
}

/* ---- scenarios. A line of up to 8 bytes takes one chunk of the four ---- */

static void two_writers_lose_nothing_and_leave_nothing(void **state)
{
    (void)state;
    go_through("two writers", &(struct scenario){
        .agent = { { WRITER, 0, 1, 8 }, { WRITER, 1, 1, 40 } }, .switches = 4, .room_for_all = true });
    go_through("two writers, two lines each", &(struct scenario){
        .agent = { { WRITER, 0, 2, 8 }, { WRITER, 1, 2, 8 } }, .switches = 3, .room_for_all = true });
}

static void a_full_ring_counts_what_it_loses(void **state)
{
    (void)state;
    go_through("three writers", &(struct scenario){
        .agent = { { WRITER, 0, 1, 40 }, { WRITER, 1, 1, 40 }, { WRITER, 2, 1, 40 } }, .switches = 3 });
    go_through("two long-winded writers", &(struct scenario){
        .agent = { { WRITER, 0, 3, 70 }, { WRITER, 1, 3, 8 } }, .switches = 3 });
}

static void positions_may_wrap(void **state)
{
    (void)state;
    go_through("past 2^32", &(struct scenario){
        .agent = { { WRITER, 0, 2, 8 }, { WRITER, 1, 2, 40 } }, .switches = 3, .first_position = UINT32_MAX - 1 });
}

static void an_nmi_may_come_anywhere(void **state)
{
    (void)state;
    go_through("a writer and an NMI", &(struct scenario){
        .agent = { { WRITER, 0, 2, 8 }, { NMI, 0, 2, 8 } }, .switches = 4, .room_for_all = true });
    go_through("a writer, an NMI on its CPU, another writer", &(struct scenario){
        .agent = { { WRITER, 0, 1, 8 }, { NMI, 0, 1, 8 }, { WRITER, 1, 1, 40 } }, .switches = 3, .room_for_all = true });
}

static void a_panic_gets_out_what_was_finished(void **state)
{
    (void)state;
    go_through("a panic and two writers", &(struct scenario){
        .agent = { { PANIC, 2, 1, 8 }, { WRITER, 0, 1, 8 }, { WRITER, 1, 1, 8 } }, .switches = 3 });
    go_through("a panic, a writer and an NMI on its CPU", &(struct scenario){
        .agent = { { PANIC, 2, 1, 8 }, { WRITER, 0, 1, 8 }, { NMI, 0, 1, 8 } }, .switches = 3 });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_writers_lose_nothing_and_leave_nothing),
        cmocka_unit_test(a_full_ring_counts_what_it_loses),
        cmocka_unit_test(positions_may_wrap),
        cmocka_unit_test(an_nmi_may_come_anywhere),
        cmocka_unit_test(a_panic_gets_out_what_was_finished),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
