/* Timers in the order of their deadlines. */
#include "core/timer_queue.h"

static void insert(struct timer_queue *queue, struct timer_entry *entry, uint64_t deadline_ns)
{
    struct tree_node *parent = NULL, *at = queue->tree.root;
    enum tree_side side = TREE_BEFORE;

    if (!queue->first || deadline_ns < queue->first->deadline_ns)
        queue->first = entry;
    entry->deadline_ns = deadline_ns;
    while (at) {
        parent = at;
        /* An equal deadline goes behind: first in, first out. */
        side = deadline_ns >= TREE_OWNER(at, struct timer_entry, node)->deadline_ns;
        at = at->child[side];
    }
    tree_link(&queue->tree, parent, side, &entry->node);
    queue->armed++;
}

static void extract(struct timer_queue *queue, struct timer_entry *entry)
{
    if (entry == queue->first) {
        struct tree_node *next = tree_next(&entry->node, TREE_AFTER);

        queue->first = next ? TREE_OWNER(next, struct timer_entry, node) : NULL;
    }
    tree_unlink(&queue->tree, &entry->node);
    queue->armed--;
}

bool timer_queue_arm(struct timer_queue *queue, struct timer_entry *entry, uint64_t deadline_ns, uint64_t period_ns)
{
    timer_queue_cancel(queue, entry);
    entry->period_ns = period_ns;
    entry->missed = 0;
    insert(queue, entry, deadline_ns);
    return queue->first == entry;
}

bool timer_queue_cancel(struct timer_queue *queue, struct timer_entry *entry)
{
    if (!timer_queue_armed(entry))
        return false;
    extract(queue, entry);
    return true;
}

/* Near the end of time a periodic timer stays there. */
static uint64_t next_period_ns(struct timer_entry *entry, uint64_t now_ns)
{
    uint64_t skipped = (now_ns - entry->deadline_ns) / entry->period_ns, step_ns;

    entry->missed += skipped;
    if (__builtin_mul_overflow(skipped + 1, entry->period_ns, &step_ns) || step_ns > UINT64_MAX - entry->deadline_ns)
        return UINT64_MAX;
    return entry->deadline_ns + step_ns;
}

struct timer_entry *timer_queue_pop(struct timer_queue *queue, uint64_t now_ns)
{
    struct timer_entry *entry = queue->first;

    if (!entry || entry->deadline_ns > now_ns)
        return NULL;
    extract(queue, entry);
    if (entry->period_ns)
        insert(queue, entry, next_period_ns(entry, now_ns));
    return entry;
}
