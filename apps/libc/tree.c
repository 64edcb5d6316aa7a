#include "tree.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <ingot/time.h>

static char no_name[1];
static struct node top = { .kind = NODE_FOLDER, .name = no_name };

/* ---- names ---- */

static size_t name_bytes(const char *name) { return strcspn(name, "/"); }

static bool is_name(const struct node *node, const char *name)
{
    size_t bytes = name_bytes(name);

    return strlen(node->name) == bytes && !memcmp(node->name, name, bytes);
}

static bool is_special(const char *name, const char *dots)
{
    return name_bytes(name) == strlen(dots) && !strncmp(name, dots, strlen(dots));
}

static const char *skip_slashes(const char *path) { return path + strspn(path, "/"); }

struct node *tree_child(struct node *folder, const char *name)
{
    struct node *child = folder->children;

    while (child && !is_name(child, name))
        child = child->next;
    return child;
}

/* ---- making and removing ---- */

/* At the end, so that a folder is listed in the order in which it was filled. */
static void append(struct node *folder, struct node *node)
{
    struct node **last = &folder->children;

    while (*last)
        last = &(*last)->next;
    *last = node;
    node->parent = folder;
    node->next = NULL;
    folder->changed_ns = time_ns();
}

struct node *tree_add(struct node *folder, const char *name, enum node_kind kind)
{
    struct node *node = calloc(1, sizeof(*node));

    if (!node)
        return NULL;
    node->name = strndup(name, name_bytes(name));
    if (!node->name) {
        free(node);
        return NULL;
    }
    node->kind = kind;
    node->changed_ns = time_ns();
    append(folder, node);
    return node;
}

void tree_remove(struct node *node)
{
    struct node **at = &node->parent->children;

    while (*at != node)
        at = &(*at)->next;
    *at = node->next;
    node->parent->changed_ns = time_ns();
    node->parent = node->next = NULL;
}

int tree_put(struct node *folder, const char *name, struct node *node)
{
    char *own = strndup(name, name_bytes(name));

    if (!own)
        return -ENOMEM;
    free(node->name);
    node->name = own;
    append(folder, node);
    return 0;
}

void tree_release(struct node *node)
{
    if (node->users || node->parent || node == &top)
        return;
    if (node->room)
        free(node->bytes);
    free(node->name);
    free(node);
}

/* ---- the first files ---- */

/* The folders in front of the last name are made where there are none. */
static struct node *add_path(const char *path, enum node_kind kind)
{
    struct node *folder = &top;

    for (const char *name = skip_slashes(path);;) {
        const char *next = skip_slashes(name + name_bytes(name));
        struct node *child = tree_child(folder, name);

        if (!child)
            child = tree_add(folder, name, *next ? NODE_FOLDER : kind);
        if (!child || !*next)
            return child;
        folder = child;
        name = next;
    }
}

static int fill(void)
{
    static const struct { const char *path; enum node_kind kind; } always[] = {
        { "/dev/console", NODE_CONSOLE }, { "/dev/tty", NODE_CONSOLE }, { "/dev/null", NODE_NULL }, { "/tmp", NODE_FOLDER },
    };

    for (const struct linked_file *file = libc_linked_files; file < libc_linked_files_end; file++) {
        struct node *node = add_path(file->path, NODE_FILE);

        if (!node)
            return -ENOMEM;
        node->bytes = (uint8_t *)file->start;        /* room is 0: never written through */
        node->size = (size_t)(file->end - file->start);
    }
    for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
        if (!add_path(always[i].path, always[i].kind))
            return -ENOMEM;
    return 0;
}

/* At the first question; where there was no memory, the next question tries again. */
static int fill_once(void)
{
    static bool filled;
    int result = 0;

    if (!filled && (result = fill()) == 0)
        filled = true;
    return result;
}

/* ---- paths ---- */

/* One step. NULL: there is no such name. */
static struct node *step(struct node *folder, const char *name)
{
    if (is_special(name, "."))
        return folder;
    if (is_special(name, ".."))
        return folder->parent ? folder->parent : folder;
    return tree_child(folder, name);
}

/* Goes along path up to where it ends, or its last name begins. */
static int walk(struct node *at, const char *path, bool whole, struct node **out_node, const char **out_rest)
{
    const char *name = skip_slashes(path);

    if (strnlen(path, PATH_MAX) == PATH_MAX)
        return -ENAMETOOLONG;
    if (!*path)
        return -ENOENT;
    if (*path == '/' || !at)
        at = &top;
    while (*name) {
        const char *next = skip_slashes(name + name_bytes(name));

        if (at->kind != NODE_FOLDER)
            return -ENOTDIR;
        if (!whole && !*next)
            break;
        at = step(at, name);
        if (!at)
            return -ENOENT;
        if (at->kind != NODE_FOLDER && name[name_bytes(name)] == '/')
            return -ENOTDIR;
        name = next;
    }
    *out_node = at;
    *out_rest = name;
    return 0;
}

int tree_find(struct node *from, const char *path, struct node **out_node)
{
    const char *rest;
    int result = fill_once();

    return result ? result : walk(from, path, true, out_node, &rest);
}

int tree_find_folder(struct node *from, const char *path, struct node **out_folder, const char **out_name)
{
    int result = fill_once();

    if (result == 0)
        result = walk(from, path, false, out_folder, out_name);
    if (result == 0 && (!**out_name || is_special(*out_name, ".") || is_special(*out_name, "..")))
        *out_name = NULL;
    return result;
}

int tree_path(const struct node *node, char *to, size_t bytes)
{
    char path[PATH_MAX], *at = path + sizeof(path);

    *--at = 0;
    for (; node->parent; node = node->parent) {
        size_t length = strlen(node->name);

        if ((size_t)(at - path) <= length)
            return -ERANGE;
        at -= length;
        memcpy(at, node->name, length);
        *--at = '/';
    }
    if (node != &top)
        return -ENOENT;
    if (!*at)
        *--at = '/';
    if (strlen(at) + 1 > bytes)
        return -ERANGE;
    strcpy(to, at);
    return 0;
}

/* ---- contents ---- */

int tree_resize(struct node *file, size_t size)
{
    size_t room = file->room ? file->room : 256;
    uint8_t *bytes;

    file->changed_ns = time_ns();
    if (size > file->room || !file->room) {
        while (room < size)
            room += room / 2;            /* a file that grows byte by byte is copied a few times */
        bytes = file->room ? realloc(file->bytes, room) : malloc(room);
        if (!bytes)
            return -ENOSPC;
        if (!file->room && file->size)
            memcpy(bytes, file->bytes, file->size < size ? file->size : size);
        file->bytes = bytes;
        file->room = room;
    }
    if (size > file->size)
        memset(file->bytes + file->size, 0, size - file->size);
    file->size = size;
    return 0;
}
