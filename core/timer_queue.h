/* Timers in the order of their deadlines, by the thousand. Pure: no clock, no hardware, no lock; whoever owns the queue has one.
 *
 * A balanced tree (core/tree.h): exact to the nanosecond, first in first out among equal deadlines, and every operation bounded
 * by the tree's depth: at most 14 levels with 1,000 timers armed, 23 with 100,000. Looking at the next deadline is one load.
 * Entries lie in the caller's memory and belong to the queue from arm to cancel or to the pop of a one-shot; they start zeroed.
 * Times are nanoseconds of the monotonic clock; UINT64_MAX means never. Any context, under the owner's lock. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/tree.h"

struct timer_entry {
    struct tree_node node;
    uint64_t deadline_ns;
    uint64_t period_ns;                          /* 0: fires once */
    uint64_t missed;                             /* periods that passed without a pop of their own, since it was armed */
};

struct timer_queue {                             /* all zero: empty */
    struct tree tree;
    struct timer_entry *first;
    uint64_t armed;                              /* entries in the queue */
};

static inline bool timer_queue_armed(const struct timer_entry *entry) { return entry->node.balance != TREE_UNLINKED; }

/* When the next timer is due, or UINT64_MAX when none is armed. */
static inline uint64_t timer_queue_next_ns(const struct timer_queue *queue)
{
    return queue->first ? queue->first->deadline_ns : UINT64_MAX;
}

/* Arms entry for deadline_ns (in the past: due at once), then every period_ns if that is not 0. One that is armed in this queue
 * is moved. Returns true when the next deadline has changed to this one's, so that the hardware must be told. */
bool timer_queue_arm(struct timer_queue *queue, struct timer_entry *entry, uint64_t deadline_ns, uint64_t period_ns);

/* Takes entry out. False when it was not armed: it has fired, or never was. */
bool timer_queue_cancel(struct timer_queue *queue, struct timer_entry *entry);

/* The first entry that is due at now_ns, or NULL. A one-shot leaves the queue. A periodic one is armed for the next multiple of
 * its period after now_ns, counted from its first deadline, so that it neither drifts nor comes in bursts after a delay. */
struct timer_entry *timer_queue_pop(struct timer_queue *queue, uint64_t now_ns);
