/* The timer queue and the tree below it against a plain sorted list, and the bounds that they state. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/timer_queue.h"

enum { MODEL_MAX = 300 };

struct model {
    struct timer_entry *sorted[MODEL_MAX];             /* what the queue should hold, in order */
    size_t count;
};

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state * 0x2545f4914f6cdd1dull;
}

static void model_remove(struct model *model, struct timer_entry *entry)
{
    for (size_t i = 0; i < model->count; i++)
        if (model->sorted[i] == entry) {
            memmove(&model->sorted[i], &model->sorted[i + 1], (model->count - i - 1) * sizeof entry);
            model->count--;
            return;
        }
}

static void model_insert(struct model *model, struct timer_entry *entry, uint64_t deadline_ns)
{
    size_t at = model->count++;

    for (; at > 0 && model->sorted[at - 1]->deadline_ns > deadline_ns; at--)
        model->sorted[at] = model->sorted[at - 1];
    model->sorted[at] = entry;
}

static void check_queue(const struct timer_queue *queue, const struct model *model)
{
    const struct tree_node *node = tree_end(&queue->tree, TREE_BEFORE);

    assert_true(tree_check(&queue->tree) >= 0);
    assert_int_equal(queue->armed, model->count);
    for (size_t i = 0; i < model->count; i++, node = tree_next(node, TREE_AFTER))
        assert_ptr_equal(TREE_OWNER(node, struct timer_entry, node), model->sorted[i]);
    assert_null(node);
    assert_ptr_equal(queue->first, model->count ? model->sorted[0] : NULL);
    assert_true(timer_queue_next_ns(queue) == (model->count ? model->sorted[0]->deadline_ns : UINT64_MAX));
}

static void random_step(struct timer_queue *queue, struct model *model, struct timer_entry *entry, uint64_t *random)
{
    uint64_t dice = next_random(random), deadline_ns = next_random(random) % 500;      /* many equal ones */
    bool was_armed = timer_queue_armed(entry);

    if (dice % 8 < 5) {
        model_remove(model, entry);
        model_insert(model, entry, deadline_ns);
        assert_int_equal(timer_queue_arm(queue, entry, deadline_ns, 0), model->sorted[0] == entry);
        assert_true(timer_queue_armed(entry));
    } else if (dice % 8 < 7) {
        model_remove(model, entry);
        assert_int_equal(timer_queue_cancel(queue, entry), was_armed);
    } else {
        struct timer_entry *due = model->count && model->sorted[0]->deadline_ns <= deadline_ns ? model->sorted[0] : NULL;

        assert_ptr_equal(timer_queue_pop(queue, deadline_ns), due);
        if (due)
            model_remove(model, due);
    }
}

static void queue_equals_a_sorted_list(void **state)
{
    static struct timer_entry entry[MODEL_MAX];
    static struct timer_queue queue;
    static struct model model;
    uint64_t random = 42;

    (void)state;
    for (int step = 0; step < 1000000; step++) {
        size_t among = step / 100000 % 2 ? MODEL_MAX : 12;

        random_step(&queue, &model, &entry[next_random(&random) % among], &random);
        if (step % 64 == 0)
            check_queue(&queue, &model);
    }
}

static void equal_deadlines_fire_in_the_order_of_arming(void **state)
{
    static struct timer_entry entry[1000];
    static struct timer_queue queue;

    (void)state;
    for (size_t i = 0; i < 1000; i++)
        timer_queue_arm(&queue, &entry[i], 7, 0);
    assert_null(timer_queue_pop(&queue, 6));
    for (size_t i = 0; i < 1000; i++)
        assert_ptr_equal(timer_queue_pop(&queue, 7), &entry[i]);
    assert_null(timer_queue_pop(&queue, UINT64_MAX - 1));
    assert_true(timer_queue_next_ns(&queue) == UINT64_MAX);
}

static void periodic_timer_keeps_its_grid(void **state)
{
    struct timer_queue queue = { 0 };
    struct timer_entry entry = { 0 };

    (void)state;
    assert_true(timer_queue_arm(&queue, &entry, 1000, 100));
    assert_ptr_equal(timer_queue_pop(&queue, 1001), &entry);
    assert_true(timer_queue_next_ns(&queue) == 1100);
    assert_null(timer_queue_pop(&queue, 1099));
    assert_ptr_equal(timer_queue_pop(&queue, 1450), &entry);      /* late: 1200, 1300 and 1400 are gone */
    assert_true(timer_queue_next_ns(&queue) == 1500);
    assert_int_equal(entry.missed, 3);
    assert_ptr_equal(timer_queue_pop(&queue, 1500), &entry);
    assert_true(timer_queue_next_ns(&queue) == 1600);
    assert_true(timer_queue_cancel(&queue, &entry));
    assert_false(timer_queue_cancel(&queue, &entry));
}

static void periodic_timer_ends_with_time(void **state)
{
    struct timer_queue queue = { 0 };
    struct timer_entry entry = { 0 };

    (void)state;
    timer_queue_arm(&queue, &entry, UINT64_MAX - 10, UINT64_MAX / 2);
    assert_ptr_equal(timer_queue_pop(&queue, UINT64_MAX - 5), &entry);
    assert_true(timer_queue_next_ns(&queue) == UINT64_MAX);
    timer_queue_arm(&queue, &entry, 0, 3);
    assert_ptr_equal(timer_queue_pop(&queue, UINT64_MAX - 2), &entry);
    assert_true(timer_queue_next_ns(&queue) >= UINT64_MAX - 2);
}

/* 100,000 timers in the orders that are worst for a tree: ascending, descending, random; then all leave. */
static void depth_stays_within_the_stated_bound(void **state)
{
    enum { COUNT = 100000 };
    struct timer_entry *entry = calloc(COUNT, sizeof *entry);
    uint64_t random = 7;

    (void)state;
    for (int order = 0; order < 3; order++) {
        struct timer_queue queue = { 0 };
        uint64_t last = 0;

        for (uint64_t i = 0; i < COUNT; i++) {
            timer_queue_arm(&queue, &entry[i], order == 0 ? i : order == 1 ? COUNT - i : next_random(&random) >> 1, 0);
            if (i == 999)
                assert_in_range(tree_check(&queue.tree), 10, 14);
        }
        assert_in_range(tree_check(&queue.tree), 17, 23);
        for (uint64_t i = 0; i < COUNT / 2; i++)
            assert_true(timer_queue_cancel(&queue, &entry[i * 2]));
        assert_true(tree_check(&queue.tree) >= 0);
        for (uint64_t i = 0; i < COUNT / 2; i++) {
            struct timer_entry *due = timer_queue_pop(&queue, UINT64_MAX);

            assert_non_null(due);
            assert_true(due->deadline_ns >= last);
            last = due->deadline_ns;
        }
        assert_null(queue.tree.root);
    }
    free(entry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queue_equals_a_sorted_list),
        cmocka_unit_test(equal_deadlines_fire_in_the_order_of_arming),
        cmocka_unit_test(periodic_timer_keeps_its_grid),
        cmocka_unit_test(periodic_timer_ends_with_time),
        cmocka_unit_test(depth_stays_within_the_stated_bound),
    };

    return cmocka_run_group_tests_name("timer_queue", tests, NULL, NULL);
}
