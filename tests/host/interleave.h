/* Runs code of several CPUs in every order that their atomic operations can have: the code itself, not a drawing of it.
 *
 * Each atomic operation is a step. Before it any CPU that is not waiting may go on instead; to leave one that could have gone on is a
 * preemption, and all orders with at most a given number of them are run. A CPU in cpu_relax() waits until another has stored
 * something, so loops end; when all wait, they would do so for ever. Orders are those of a machine that does one operation after the
 * other: what compiler and CPU make of acquire and release is ThreadSanitizer's to see.
 *
 * Include once, in the test itself, before the code under test, which includes <stdatomic.h> in vain. The idea of bounding
 * preemptions: Musuvathi and Qadeer, "Iterative Context Bounding for Systematic Testing of Multithreaded Programs" (2007). */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ucontext.h>

#include <ingot/cpu.h>

enum { CPUS_MAX = 4, STEPS_MAX = 2000, STACK_BYTES = 64 << 10 };

static struct {
    ucontext_t context;
    void (*body)(void);
    bool done, waiting;
    uint32_t stores_seen;                /* when it last came out of cpu_relax() */
    uint8_t stack[STACK_BYTES] __attribute__((aligned(16)));
} cpus[CPUS_MAX];

static struct {                          /* the order that is being run */
    uint8_t choice[STEPS_MAX], choices[STEPS_MAX];
    uint32_t fixed, steps, preemptions;
} order;

static ucontext_t scheduler;
static uint32_t cpu_count_now, preemptions_max, stores;
static int current = -1;                 /* -1: no CPU runs, and a step is nothing */

static void give_way(void);

/* Others may see what this CPU has just stored. */
static void stored(void)
{
    stores++;
    for (uint32_t i = 0; i < cpu_count_now; i++)
        cpus[i].waiting = cpus[i].waiting && (int)i == current;
}

#undef atomic_load_explicit
#undef atomic_store_explicit
#undef atomic_fetch_add_explicit
#define atomic_load_explicit(at, memory_order)             (give_way(), __atomic_load_n((at), __ATOMIC_SEQ_CST))
#define atomic_store_explicit(at, value, memory_order)     (give_way(), __atomic_store_n((at), (value), __ATOMIC_SEQ_CST), stored())
#define atomic_fetch_add_explicit(at, value, memory_order) (give_way(), stored(), __atomic_fetch_add((at), (value), __ATOMIC_SEQ_CST))

uint32_t cpu_id(void) { return current < 0 ? 0 : (uint32_t)current; }

void cpu_relax(void)
{
    if (current < 0)
        return;
    cpus[current].waiting = cpus[current].stores_seen == stores;     /* else what it waits for may be there already */
    give_way();
    cpus[current].stores_seen = stores;
}

static void run_body(void)
{
    cpus[current].body();
    cpus[current].done = true;
    give_way();
}

static bool can_go(uint32_t cpu) { return !cpus[cpu].done && !cpus[cpu].waiting; }

/* The CPUs that may go next, the one that just went first. */
static uint32_t candidates(uint8_t *out)
{
    uint32_t count = 0;
    bool stays = current >= 0 && can_go((uint32_t)current);

    if (stays)
        out[count++] = (uint8_t)current;
    for (uint32_t i = 0; i < cpu_count_now && (!stays || order.preemptions < preemptions_max); i++)
        if (can_go(i) && (!stays || (int)i != current))
            out[count++] = (uint8_t)i;
    return count;
}

static uint8_t choose(const uint8_t *from, uint32_t count)
{
    uint8_t chosen = order.steps < order.fixed ? order.choice[order.steps] : 0;

    order.choice[order.steps] = chosen;
    order.choices[order.steps++] = (uint8_t)count;
    order.preemptions += chosen != 0 && current >= 0 && can_go((uint32_t)current);
    return from[chosen];
}

/* Lets a CPU go on, which may be the same one; the scheduler when none can, or they go on for too long. */
static void go_on(ucontext_t *from)
{
    uint8_t next[CPUS_MAX];
    uint32_t count = candidates(next);
    int before = current;

    if (count == 0 || order.steps == STEPS_MAX) {
        swapcontext(from, &scheduler);
        return;
    }
    current = choose(next, count);
    if (current != before)
        swapcontext(from, &cpus[current].context);
}

static void give_way(void)
{
    if (current >= 0)
        go_on(&cpus[current].context);
}

static void start_cpu(uint32_t i)
{
    cpus[i].done = cpus[i].waiting = false;
    cpus[i].stores_seen = 0;
    getcontext(&cpus[i].context);
    cpus[i].context.uc_stack.ss_sp = cpus[i].stack;
    cpus[i].context.uc_stack.ss_size = STACK_BYTES;
    cpus[i].context.uc_link = NULL;
    makecontext(&cpus[i].context, run_body, 0);
}

/* One order from start to end. False when CPUs wait for each other for ever, or go on for too long. */
static bool run_order(void)
{
    order.steps = order.preemptions = stores = 0;
    for (uint32_t i = 0; i < cpu_count_now; i++)
        start_cpu(i);
    go_on(&scheduler);
    current = -1;
    for (uint32_t i = 0; i < cpu_count_now; i++)
        if (!cpus[i].done)
            return false;
    return true;
}

/* Runs all orders of cpu_total CPUs in body with at most max_preemptions; begin() before each, is_good() behind it. Returns how many
 * ran; *out_bad is how many of them ended badly. */
static uint64_t run_all_orders(uint32_t cpu_total, uint32_t max_preemptions, void (*body)(void), void (*begin)(void),
                               bool (*is_good)(void), uint64_t *out_bad)
{
    uint64_t orders = 0;

    cpu_count_now = cpu_total;
    preemptions_max = max_preemptions;
    for (uint32_t i = 0; i < cpu_total; i++)
        cpus[i].body = body;
    for (*out_bad = order.fixed = 0;; orders++) {
        begin();
        *out_bad += !run_order() || !is_good();
        while (order.steps && order.choice[order.steps - 1] + 1 >= order.choices[order.steps - 1])
            order.steps--;
        if (order.steps == 0)
            return orders + 1;
        order.choice[order.steps - 1]++;
        order.fixed = order.steps;
    }
}
