/* AVL trees with parent pointers. A node's height is kept, not its balance: one number to get right, and easy to check. */
#include "core/tree.h"

static uint32_t height(const struct tree_node *node) { return node ? node->height : 0; }

static void refresh(const struct tree *tree, struct tree_node *node)
{
    uint32_t before = height(node->child[TREE_BEFORE]), after = height(node->child[TREE_AFTER]);

    node->height = (before > after ? before : after) + 1;
    if (tree->update)
        tree->update(node);
}

/* Puts in, which may be NULL, where out hangs. */
static void replace(struct tree *tree, struct tree_node *out, struct tree_node *in)
{
    struct tree_node *parent = out->parent;

    if (parent)
        parent->child[parent->child[TREE_AFTER] == out] = in;
    else
        tree->root = in;
    if (in)
        in->parent = parent;
}

static void adopt(struct tree_node *parent, unsigned side, struct tree_node *child)
{
    parent->child[side] = child;
    if (child)
        child->parent = parent;
}

/* Lifts node's child on a side above node, which keeps the order; returns it. */
static struct tree_node *rotate(struct tree *tree, struct tree_node *node, unsigned side)
{
    struct tree_node *up = node->child[side];

    replace(tree, node, up);
    adopt(node, side, up->child[!side]);
    adopt(up, !side, node);
    refresh(tree, node);
    refresh(tree, up);
    return up;
}

/* Makes the subtree at node balanced, where its sides differ by 2 at most; returns its new top. */
static struct tree_node *balance(struct tree *tree, struct tree_node *node)
{
    uint32_t before = height(node->child[TREE_BEFORE]), after = height(node->child[TREE_AFTER]);
    unsigned side = after > before;
    struct tree_node *high = node->child[side];

    if (after <= before + 1 && before <= after + 1) {
        refresh(tree, node);
        return node;
    }
    if (height(high->child[!side]) > height(high->child[side]))
        rotate(tree, high, !side);
    return rotate(tree, node, side);
}

/* From node up to where nothing changes any more. Summaries may change up to the root. */
static void repair(struct tree *tree, struct tree_node *node)
{
    while (node) {
        uint32_t height_before = node->height;
        struct tree_node *top = balance(tree, node);

        if (top->height == height_before && !tree->update)
            return;
        node = top->parent;
    }
}

void tree_link(struct tree *tree, struct tree_node *parent, enum tree_side side, struct tree_node *node)
{
    node->child[TREE_BEFORE] = node->child[TREE_AFTER] = NULL;
    node->parent = parent;
    node->height = 0;                  /* so that repair() sees it grow */
    if (parent)
        parent->child[side] = node;
    else
        tree->root = node;
    repair(tree, node);
}

void tree_unlink(struct tree *tree, struct tree_node *node)
{
    struct tree_node *heir = node->child[TREE_AFTER], *from;

    if (!heir || !node->child[TREE_BEFORE]) {
        replace(tree, node, heir ? heir : node->child[TREE_BEFORE]);
        from = node->parent;
    } else {                           /* the next in order has no child before it, and takes node's place */
        while (heir->child[TREE_BEFORE])
            heir = heir->child[TREE_BEFORE];
        from = heir->parent == node ? heir : heir->parent;
        replace(tree, heir, heir->child[TREE_AFTER]);
        replace(tree, node, heir);
        adopt(heir, TREE_BEFORE, node->child[TREE_BEFORE]);
        adopt(heir, TREE_AFTER, node->child[TREE_AFTER]);
        heir->height = node->height;
    }
    *node = (struct tree_node){ 0 };
    repair(tree, from);
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
