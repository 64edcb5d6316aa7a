/* Address ranges in a tree. */
#include "core/range.h"

static struct range *range_of(struct tree_node *node) { return node ? TREE_OWNER(node, struct range, node) : NULL; }

static uint64_t largest_of(struct tree_node *node) { return node ? range_of(node)->largest : 0; }

static uint64_t more(uint64_t a, uint64_t b) { return a > b ? a : b; }

void range_update(struct tree_node *node)
{
    struct range *range = range_of(node);

    range->largest = more(range->end - range->start,
                          more(largest_of(node->child[TREE_BEFORE]), largest_of(node->child[TREE_AFTER])));
}

/* ---- the pool ---- */

static void node_drop(struct range_pool *pool, struct range *range)
{
    range->node.parent = pool->spare;
    pool->spare = &range->node;
    pool->spares++;
}

static struct range *node_make(struct range_pool *pool, uint64_t start, uint64_t end)
{
    struct range *range = range_of(pool->spare);

    pool->spare = range->node.parent;
    pool->spares--;
    range->start = start;
    range->end = end;
    return range;
}

void range_pool_feed(struct range_pool *pool, void *memory, size_t bytes)
{
    struct range *range = memory;

    for (; bytes >= sizeof *range; bytes -= sizeof *range)
        node_drop(pool, range++);
}

/* ---- lookup ---- */

struct range *range_at(const struct range_set *set, uint64_t address)
{
    struct range *best = NULL;

    for (struct range *range = range_of(set->tree.root); range;) {
        bool reached = address >= range->start;

        if (reached)
            best = range;
        range = range_of(range->node.child[reached ? TREE_AFTER : TREE_BEFORE]);
    }
    return best;
}

struct range *range_last(const struct range_set *set) { return range_of(tree_end(&set->tree, TREE_AFTER)); }

bool range_overlaps(const struct range_set *set, uint64_t start, uint64_t end)
{
    const struct range *range = range_at(set, end - 1);

    return range && range->end > start;
}

/* ---- change ---- */

/* Links a new range behind below, or before all others when that is NULL. */
static void link_behind(struct range_set *set, struct range *below, struct range *range)
{
    struct tree_node *parent;

    if (below && !below->node.child[TREE_AFTER]) {
        tree_link(&set->tree, &below->node, TREE_AFTER, &range->node);
        return;
    }
    /* The next in order has no child before it: it is the first of below's subtree, or of all. */
    parent = below ? tree_next(&below->node, TREE_AFTER) : tree_end(&set->tree, TREE_BEFORE);
    tree_link(&set->tree, parent, TREE_BEFORE, &range->node);
}

void range_add(struct range_set *set, uint64_t start, uint64_t end)
{
    struct range *below = range_at(set, start);
    struct range *above = range_of(below ? tree_next(&below->node, TREE_AFTER) : tree_end(&set->tree, TREE_BEFORE));

    if (above && above->start == end) {
        end = above->end;
        tree_unlink(&set->tree, &above->node);
        node_drop(set->pool, above);
    }
    if (below && below->end == start) {
        below->end = end;
        tree_changed(&set->tree, &below->node);
    } else {
        link_behind(set, below, node_make(set->pool, start, end));
    }
}

void range_cut(struct range_set *set, struct range *range, uint64_t start, uint64_t end)
{
    bool keep_low = range->start < start, keep_high = end < range->end;
    uint64_t high_end = range->end;

    if (!keep_low && !keep_high) {
        tree_unlink(&set->tree, &range->node);
        node_drop(set->pool, range);
        return;
    }
    if (keep_low)
        range->end = start;
    else
        range->start = end;
    tree_changed(&set->tree, &range->node);
    if (keep_low && keep_high)
        link_behind(set, range, node_make(set->pool, end, high_end));
}

/* ---- search ---- */

static bool fits(const struct range *range, struct range_want *want)
{
    uint64_t top = range->end < want->limit ? range->end : want->limit;

    if (top < range->start || top - range->start < want->bytes)
        return false;
    want->found = (top - want->bytes) & ~(want->alignment - 1);
    return want->found >= range->start;
}

/* Without alignment two walks at most: one along the limit, and below it `largest` says for sure whether a subtree has a fit.
 * Calls itself as deep as the tree is. */
static struct range *search(struct tree_node *node, struct range_want *want)
{
    while (node && largest_of(node) >= want->bytes && want->looks > 0) {
        struct range *range = range_of(node), *after;

        want->looks--;
        if (range->start < want->limit) {
            after = search(node->child[TREE_AFTER], want);
            if (after || fits(range, want))
                return after ? after : range;
        }
        node = node->child[TREE_BEFORE];
    }
    return NULL;
}

struct range *range_find(const struct range_set *set, struct range_want *want) { return search(set->tree.root, want); }

/* Of the subtree at node, which lies in [low, high): one that lies in [from, to) as a whole is not walked.
 * Calls itself as deep as the tree is. */
static uint64_t largest_in(struct tree_node *node, const uint64_t window[2], uint64_t low, uint64_t high)
{
    struct range *range = range_of(node);
    uint64_t start, end, sides;

    if (!node || high <= window[0] || window[1] <= low)
        return 0;
    if (window[0] <= low && high <= window[1])
        return range->largest;
    start = more(range->start, window[0]);
    end = range->end < window[1] ? range->end : window[1];
    sides = more(largest_in(node->child[TREE_BEFORE], window, low, range->start),
                 largest_in(node->child[TREE_AFTER], window, range->end, high));
    return start < end ? more(end - start, sides) : sides;
}

uint64_t range_largest_in(const struct range_set *set, uint64_t from, uint64_t to)
{
    return largest_in(set->tree.root, (const uint64_t[]){ from, to }, 0, UINT64_MAX);
}

/* ---- self-test ---- */

static bool largest_agrees(struct tree_node *node)
{
    uint64_t largest = range_of(node)->largest;

    range_update(node);
    return range_of(node)->largest == largest;
}

bool range_check(const struct range_set *set, uint64_t *out_bytes)
{
    const struct range *below = NULL;

    *out_bytes = 0;
    for (struct tree_node *node = tree_end(&set->tree, TREE_BEFORE); node; node = tree_next(node, TREE_AFTER)) {
        const struct range *range = range_of(node);

        if (!largest_agrees(node) || range->start >= range->end || (below && range->start <= below->end))
            return false;
        *out_bytes += range->end - range->start;
        below = range;
    }
    return tree_check(&set->tree) >= 0;
}
