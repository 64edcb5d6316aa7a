/* Ticket locks between threads that stand for CPUs. Under ThreadSanitizer what a lock guards must be seen whole by who takes it next. */
#include "one_machine.h"

#include <ingot/lock.h>

enum { CPUS = 4, TAKES = 20000 };

static struct lock first_lock = LOCK("first"), second_lock = LOCK("second");
static uint64_t guarded[8];                    /* all the same number while nobody holds the lock */

static void check_and_count(void)
{
    for (int i = 1; i < 8; i++)
        if (guarded[i] != guarded[0])
            abort();
    for (int i = 0; i < 8; i++)
        guarded[i]++;
}

static void *take_many(void *number)
{
    this_cpu = (uint32_t)(uintptr_t)number;
    for (int i = 0; i < TAKES; i++) {
        uint64_t outer = lock_take_irq(&first_lock), inner = i % 16 ? 0 : lock_take_irq(&second_lock);

        check_and_count();
        if (i % 16 == 0)
            lock_give_irq(&second_lock, inner);
        lock_give_irq(&first_lock, outer);
    }
    return NULL;
}

static void guarded_memory_is_seen_whole(void **state)
{
    pthread_t thread[CPUS];

    (void)state;
    for (uintptr_t i = 0; i < CPUS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, take_many, (void *)(i + 1)), 0);
    for (int i = 0; i < CPUS; i++)
        pthread_join(thread[i], NULL);
    assert_int_equal(guarded[0], CPUS * TAKES);
    print_message("%u takes by %d threads\n", CPUS * TAKES, CPUS);
}

static void interrupts_are_off_while_held_and_then_as_before(void **state)
{
    uint64_t flags;

    (void)state;
    for (int before = 0; before < 3; before++) {
        interrupts_off_depth = before;
        flags = lock_take_irq(&first_lock);
        assert_int_equal(interrupts_off_depth, before + 1);
        lock_give_irq(&first_lock, flags);
        assert_int_equal(interrupts_off_depth, before);
    }
    interrupts_off_depth = 0;
}

static void taking_twice_is_a_panic_that_names_the_lock(void **state)
{
    static struct lock lock = LOCK("the log's");

    (void)state;
    this_cpu = 5;
    lock_take_irq(&lock);
    ASSERT_PANIC(lock_take_irq(&lock), "LOCK: cpu 5 waits for the lock \"the log's\", which it holds itself");
    this_cpu = 0;
}

static void tickets_wrap(void **state)
{
    static struct lock lock = { .next = UINT32_MAX, .serving = UINT32_MAX, .name = "old" };

    (void)state;
    for (int i = 0; i < 3; i++)
        lock_give_irq(&lock, lock_take_irq(&lock));
    assert_int_equal(lock.next, 2);
    assert_int_equal(lock.serving, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guarded_memory_is_seen_whole),
        cmocka_unit_test(interrupts_are_off_while_held_and_then_as_before),
        cmocka_unit_test(taking_twice_is_a_panic_that_names_the_lock),
        cmocka_unit_test(tickets_wrap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
