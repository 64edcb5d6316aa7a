/* Ordered trees whose nodes lie in the caller's own structures: nothing is allocated, and no step depends on chance.
 *
 * AVL: both sides of a node differ in height by at most 1, so n nodes are at most 1.44 log2(n) deep (14 for 1,000, 23 for
 * 100,000, 43 for 10^9), and every operation is at most that many steps, without recursion. The caller finds the place, since only
 * he knows the order:
 *
 *     struct tree_node *parent = NULL;
 *     for (struct tree_node *at = tree->root; at; at = at->child[side]) {
 *         parent = at;
 *         side = comes_after(new, at);
 *     }
 *     tree_link(tree, parent, side, &new->node);
 *
 * Source: G. M. Adelson-Velsky, E. M. Landis, "An algorithm for the organization of information" (1962).
 * No locks: the caller has one. Any context. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tree_side { TREE_BEFORE = 0, TREE_AFTER = 1 };
enum tree_balance { TREE_UNLINKED = 0, TREE_BEFORE_HIGHER = 1, TREE_LEVEL = 2, TREE_AFTER_HIGHER = 3 };    /* zeroed: in no tree */

struct tree_node {
    struct tree_node *child[2];                  /* by enum tree_side */
    struct tree_node *parent;
    uint32_t balance;                            /* enum tree_balance */
};

struct tree {
    struct tree_node *root;
    void (*update)(struct tree_node *node);      /* makes node's summary of its subtree from its children's; may be NULL */
};

#define TREE_OWNER(node_pointer, type, member) ((type *)((char *)(node_pointer) - offsetof(type, member)))

/* Links node, which is in no tree, as parent's child on a side where it has none; parent NULL: as the root of an empty tree. */
void tree_link(struct tree *tree, struct tree_node *parent, enum tree_side side, struct tree_node *node);

/* Takes node out of its tree. */
void tree_unlink(struct tree *tree, struct tree_node *node);

/* Brings the summaries up to date after something in node changed that update() looks at. */
void tree_changed(struct tree *tree, struct tree_node *node);

/* The last node on one side (TREE_BEFORE: the first of all), or NULL in an empty tree. */
struct tree_node *tree_end(const struct tree *tree, enum tree_side side);

/* The height of the tree, or -1 when its links or balances are wrong. Visits every node: for tests. */
int tree_check(const struct tree *tree);

/* The neighbour in order, or NULL. */
struct tree_node *tree_next(const struct tree_node *node, enum tree_side side);
