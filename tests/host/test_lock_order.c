/* Ticket locks in every order of their steps: one owner at a time, in the order of asking, and nobody waits for ever. */
#include "interleave.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "core/lock.c"

static struct lock outer_lock, inner_lock;
static uint32_t inside, entered;
static bool broken;
static _Atomic uint32_t flag;                  /* the lock that is none */

uint64_t cpu_interrupts_off(void) { return 0; }
void cpu_interrupts_restore(uint64_t flags) { (void)flags; }

_Noreturn void panic_code(const char *code, const char *pattern, ...)
{
    fprintf(stderr, "panic %s: %s\n", code, pattern);
    abort();
}

static void begin(void)
{
    outer_lock = (struct lock)LOCK("outer");
    inner_lock = (struct lock)LOCK("inner");
    inside = entered = 0;
    broken = ignored = false;
    flag = 0;
}

static bool all_is_well(void) { return !broken && inside == 0; }

/* What a lock is for: a moment that another CPU could come into. */
static void be_inside(void)
{
    broken |= inside++ != 0;
    give_way();
    broken |= --inside != 0;
    entered++;
}

static void take_one(void)
{
    uint64_t flags = lock_take_irq(&outer_lock);

    broken |= outer_lock.serving != entered;                  /* tickets count up: who asked first is served first */
    be_inside();
    lock_give_irq(&outer_lock, flags);
}

static void take_one_twice(void)
{
    take_one();
    take_one();
}

static void take_two(void)
{
    uint64_t flags = lock_take_irq(&outer_lock), inner = lock_take_irq(&inner_lock);

    be_inside();
    lock_give_irq(&inner_lock, inner);
    lock_give_irq(&outer_lock, flags);
}

static void take_two_in_any_order(void)
{
    struct lock *first = cpu_id() ? &inner_lock : &outer_lock, *second = cpu_id() ? &outer_lock : &inner_lock;
    uint64_t flags = lock_take_irq(first), inner = lock_take_irq(second);

    lock_give_irq(second, inner);
    lock_give_irq(first, flags);
}

/* CPU 0 has stopped inside, and panics: the others get through. */
static void take_or_panic(void)
{
    uint64_t flags = lock_take_irq(&outer_lock);

    if (cpu_id() == 0)
        locks_ignore();
    else
        lock_give_irq(&outer_lock, flags);
}

/* What a lock must not be: look, then take. */
static void look_then_take(void)
{
    while (atomic_load_explicit(&flag, memory_order_acquire))
        cpu_relax();
    atomic_store_explicit(&flag, 1, memory_order_relaxed);
    be_inside();
    atomic_store_explicit(&flag, 0, memory_order_release);
}

static bool anything(void) { return true; }

static const struct row {
    const char *what;
    void (*body)(void);
    bool (*is_good)(void);
    uint8_t cpus, preemptions;
    bool is_bad;                               /* some orders must be seen to end badly: the checker sees what it is for */
} rows[] = {
    { "2 CPUs, twice each",           take_one_twice,        all_is_well, 2, 4, false },
    { "3 CPUs",                       take_one,              all_is_well, 3, 3, false },
    { "4 CPUs",                       take_one,              all_is_well, 4, 1, false },
    { "3 CPUs, one lock in another",  take_two,              all_is_well, 3, 2, false },
    { "3 CPUs, one stops and panics", take_or_panic,         anything,    3, 3, false },
    { "2 CPUs, in different orders",  take_two_in_any_order, anything,    2, 2, true },
    { "2 CPUs, a lock that is none",  look_then_take,        all_is_well, 2, 2, true },
};

static void every_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t bad, orders = run_all_orders(rows[i].cpus, rows[i].preemptions, rows[i].body, begin, rows[i].is_good, &bad);

        print_message("%s: %llu orders with up to %u preemptions, %llu end badly\n", rows[i].what, (unsigned long long)orders,
                      rows[i].preemptions, (unsigned long long)bad);
        assert_int_equal(bad != 0, rows[i].is_bad);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_order) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
