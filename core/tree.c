/* AVL trees with parent pointers. A node knows which of its sides is higher, so that the way up from a change needs no look at
 * the other side's nodes, and mostly ends after two or three. */
#include "core/tree.h"

static uint32_t higher(unsigned side) { return TREE_BEFORE_HIGHER + side * (TREE_AFTER_HIGHER - TREE_BEFORE_HIGHER); }

static unsigned side_of(const struct tree_node *parent, const struct tree_node *child) { return parent->child[TREE_AFTER] == child; }

static void adopt(struct tree_node *parent, unsigned side, struct tree_node *child)
{
    parent->child[side] = child;
    if (child)
        child->parent = parent;
}

/* Puts in, which may be NULL, where out hangs. */
static void replace(struct tree *tree, struct tree_node *out, struct tree_node *in)
{
    struct tree_node *parent = out->parent;

    if (parent)
        parent->child[side_of(parent, out)] = in;
    else
        tree->root = in;
    if (in)
        in->parent = parent;
}

/* Lifts node's child on a side above node, which keeps the order, and the summaries of all above them; returns it. */
static struct tree_node *rotate(struct tree *tree, struct tree_node *node, unsigned side)
{
    struct tree_node *up = node->child[side];

    replace(tree, node, up);
    adopt(node, side, up->child[!side]);
    adopt(up, !side, node);
    if (tree->update) {
        tree->update(node);
        tree->update(up);
    }
    return up;
}

/* Balances node, whose side is higher than the other by 2; returns the subtree's new top. It is less high than node was, unless
 * the child on that side was level, which only happens after a removal: then the top is not level either. */
static struct tree_node *balance(struct tree *tree, struct tree_node *node, unsigned side)
{
    struct tree_node *high = node->child[side], *middle = high->child[!side];

    if (high->balance != higher(!side)) {
        bool was_level = high->balance == TREE_LEVEL;

        node->balance = was_level ? higher(side) : TREE_LEVEL;
        high->balance = was_level ? higher(!side) : TREE_LEVEL;
        return rotate(tree, node, side);
    }
    node->balance = middle->balance == higher(side) ? higher(!side) : TREE_LEVEL;
    high->balance = middle->balance == higher(!side) ? higher(side) : TREE_LEVEL;
    middle->balance = TREE_LEVEL;
    rotate(tree, high, !side);
    return rotate(tree, node, side);
}

/* The subtree at child has become higher by 1. */
static void grown(struct tree *tree, struct tree_node *child)
{
    struct tree_node *parent;

    for (; (parent = child->parent); child = parent) {
        unsigned side = side_of(parent, child);

        if (parent->balance == TREE_LEVEL) {
            parent->balance = higher(side);
            continue;
        }
        if (parent->balance == higher(side))
            balance(tree, parent, side);
        else
            parent->balance = TREE_LEVEL;
        return;
    }
}

/* A side of node has become lower by 1. */
static void shrunk(struct tree *tree, struct tree_node *node, unsigned side)
{
    while (node) {
        struct tree_node *parent;

        if (node->balance == TREE_LEVEL) {
            node->balance = higher(!side);
            return;
        }
        if (node->balance == higher(side)) {
            node->balance = TREE_LEVEL;
        } else {
            node = balance(tree, node, !side);
            if (node->balance != TREE_LEVEL)
                return;
        }
        parent = node->parent;
        side = parent ? side_of(parent, node) : 0;
        node = parent;
    }
}

void tree_link(struct tree *tree, struct tree_node *parent, enum tree_side side, struct tree_node *node)
{
    node->child[TREE_BEFORE] = node->child[TREE_AFTER] = NULL;
    node->parent = parent;
    node->balance = TREE_LEVEL;
    if (parent)
        parent->child[side] = node;
    else
        tree->root = node;
    if (tree->update)
        tree_changed(tree, node);
    grown(tree, node);
}

/* Takes out node, which has both children: the next in order, which has none before it, takes its place. Returns the lowest node
 * under which something has changed; *out_side: on which side. */
static struct tree_node *replace_by_heir(struct tree *tree, struct tree_node *node, unsigned *out_side)
{
    struct tree_node *heir = node->child[TREE_AFTER], *from = heir;

    *out_side = TREE_AFTER;
    if (heir->child[TREE_BEFORE]) {
        while (heir->child[TREE_BEFORE])
            heir = heir->child[TREE_BEFORE];
        from = heir->parent;
        *out_side = TREE_BEFORE;
        replace(tree, heir, heir->child[TREE_AFTER]);
        adopt(heir, TREE_AFTER, node->child[TREE_AFTER]);
    }
    adopt(heir, TREE_BEFORE, node->child[TREE_BEFORE]);
    replace(tree, node, heir);
    heir->balance = node->balance;
    return from;
}

void tree_unlink(struct tree *tree, struct tree_node *node)
{
    struct tree_node *only = node->child[TREE_BEFORE] ? node->child[TREE_BEFORE] : node->child[TREE_AFTER], *from = node->parent;
    unsigned side = from ? side_of(from, node) : 0;

    if (node->child[TREE_BEFORE] && node->child[TREE_AFTER])
        from = replace_by_heir(tree, node, &side);
    else
        replace(tree, node, only);
    *node = (struct tree_node){ 0 };
    if (tree->update)
        tree_changed(tree, from);
    shrunk(tree, from, side);
}

void tree_changed(struct tree *tree, struct tree_node *node)
{
    for (; node; node = node->parent)
        tree->update(node);
}

struct tree_node *tree_end(const struct tree *tree, enum tree_side side)
{
    struct tree_node *node = tree->root;

    while (node && node->child[side])
        node = node->child[side];
    return node;
}

struct tree_node *tree_next(const struct tree_node *node, enum tree_side side)
{
    const struct tree_node *child = node->child[side];

    if (child) {
        while (child->child[!side])
            child = child->child[!side];
        return (struct tree_node *)child;
    }
    while (node->parent && node->parent->child[side] == node)
        node = node->parent;
    return node->parent;
}

/* Height of a subtree, or -1 when something in it is wrong. Calls itself as deep as the tree is. */
static int checked_height(const struct tree_node *node)
{
    int height[2];

    if (!node)
        return 0;
    for (unsigned side = 0; side < 2; side++) {
        height[side] = checked_height(node->child[side]);
        if (height[side] < 0 || (node->child[side] && node->child[side]->parent != node))
            return -1;
    }
    if (height[TREE_AFTER] - height[TREE_BEFORE] != (int)node->balance - TREE_LEVEL)
        return -1;
    return 1 + (height[0] > height[1] ? height[0] : height[1]);
}

int tree_check(const struct tree *tree)
{
    return tree->root && tree->root->parent ? -1 : checked_height(tree->root);
}
