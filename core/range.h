/* A set of address ranges [start, end): neighbours merged, sorted, searched from the top. What the page allocator is made of.
 *
 * A tree (core/tree.h) in which each node knows the largest range of its subtree. Nodes come from a pool that the owner feeds;
 * several sets may share it. Every call is a few walks of the tree: at most 1.44 log2(ranges) steps each. No locks. Any
 * context. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/tree.h"

struct range {
    struct tree_node node;
    uint64_t start, end;
    uint64_t largest;                    /* bytes of the largest range in this subtree */
};

struct range_pool {
    struct tree_node *spare;             /* linked by their parent field */
    uint32_t spares;
};

struct range_set {
    struct tree tree;                    /* .update = range_update */
    struct range_pool *pool;
};
#define RANGE_SET(node_pool) { .tree.update = range_update, .pool = (node_pool) }

void range_update(struct tree_node *node);

/* Gives memory, aligned to 8, to the pool for ever. */
void range_pool_feed(struct range_pool *pool, void *memory, size_t bytes);

/* The last range that starts at or below address, or NULL. */
struct range *range_at(const struct range_set *set, uint64_t address);

/* The last range of all, or NULL. */
struct range *range_last(const struct range_set *set);

bool range_overlaps(const struct range_set *set, uint64_t start, uint64_t end);

/* Adds [start, end), which is not empty and overlaps no range. Needs one node in the pool. */
void range_add(struct range_set *set, uint64_t start, uint64_t end);

/* Takes [start, end) out of range, which holds it. Needs one node in the pool, but none when end is range's end. */
void range_cut(struct range_set *set, struct range *range, uint64_t start, uint64_t end);

struct range_want {
    uint64_t bytes;
    uint64_t alignment;                  /* a power of two; 1: none beyond what all starts and ends, and the limit, have */
    uint64_t limit;                      /* the place ends here or below */
    int looks;                           /* ranges that may still be looked at */
    uint64_t found;                      /* out: the highest place that fits */
};

/* The range that has the highest fit, or NULL. Without alignment, want->looks above 4 times the tree's depth is never used up. */
struct range *range_find(const struct range_set *set, struct range_want *want);

/* The largest piece of one range within [from, to), in bytes. */
uint64_t range_largest_in(const struct range_set *set, uint64_t from, uint64_t to);

/* True when all that this header says of the set holds; *out_bytes: the sum of its ranges. Visits every range: for tests. */
bool range_check(const struct range_set *set, uint64_t *out_bytes);
