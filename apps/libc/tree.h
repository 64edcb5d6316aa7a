/* Files in memory: a tree of folders, which holds at first what the application's folder data/ held when it was built. What is written
 * lives until the end of the run. Callers hold the lock of files.c. Failures are -errno. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum node_kind { NODE_FILE, NODE_FOLDER, NODE_CONSOLE, NODE_NULL };

struct node {
    enum node_kind kind;
    char *name;                          /* without folders; empty for the topmost folder */
    struct node *parent;                 /* NULL: it has been removed, or it is the topmost */
    struct node *children, *next;        /* of a folder, in the order of their making; behind this one in its folder */
    uint8_t *bytes;                      /* of a file */
    size_t size, room;                   /* room 0: bytes are the program's image, which nobody writes to */
    uint64_t changed_ns;                 /* time_ns() */
    unsigned users;                      /* descriptors */
};

/* Files that are linked with the program (the application's data.S); the path begins at the topmost folder. */
struct linked_file {
    const char *path;
    const uint8_t *start, *end;
};
extern const struct linked_file libc_linked_files[], libc_linked_files_end[];

/* What path leads to from folder `from` (NULL: the topmost). 0; -ENOENT, -ENOTDIR, -ENAMETOOLONG, -ENOMEM. */
int tree_find(struct node *from, const char *path, struct node **out_node);

/* The folder in which path's last name lies, or would; *out_name points to that name in path, NULL when it is one of . .. and /. */
int tree_find_folder(struct node *from, const char *path, struct node **out_folder, const char **out_name);

/* Makes one; its name ends at a slash. The caller knows that there is none yet. NULL: no memory. */
struct node *tree_add(struct node *folder, const char *name, enum node_kind kind);

/* One of that name in a folder, or NULL. */
struct node *tree_child(struct node *folder, const char *name);

/* Takes it out of its folder; what still uses it may go on until tree_release(). */
void tree_remove(struct node *node);

/* Puts one that was taken out into a folder, with that name. 0 or -ENOMEM. */
int tree_put(struct node *folder, const char *name, struct node *node);

/* Frees one that has been removed and has no users. */
void tree_release(struct node *node);

/* Gives a file that size: cut, or filled with 0. 0, -ENOSPC. */
int tree_resize(struct node *file, size_t size);

/* Its path from the topmost folder. 0; -ERANGE; -ENOENT: it has been removed. */
int tree_path(const struct node *node, char *to, size_t bytes);
