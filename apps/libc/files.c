/* Descriptors: what is open, and the calls that take paths and descriptors. One lock for all: each call is short, but for the console's,
 * which are made without it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "calls.h"
#include "mutex.h"
#include "terminal.h"
#include "tree.h"

enum { DESCRIPTORS = 64, BLOCK_BYTES = 4096, BLOCK_UNIT = 512 };

/* One open file; descriptors that dup() made share it. */
struct open_file {
    struct node *node;
    off_t offset;
    long flags;                          /* as open() got them */
    unsigned descriptors;
};

static struct node console = { .kind = NODE_CONSOLE };
static struct open_file console_file = { .node = &console, .flags = O_RDWR, .descriptors = 3 };
static struct open_file *table[DESCRIPTORS] = { &console_file, &console_file, &console_file };
static struct node *working_folder;
static struct mutex lock;

/* ---- descriptors ---- */

static struct open_file *opened(long fd)
{
    return fd >= 0 && fd < DESCRIPTORS ? table[fd] : NULL;
}

static bool may(const struct open_file *file, int access)
{
    return (file->flags & O_ACCMODE) == O_RDWR || (file->flags & O_ACCMODE) == access;
}

static long free_descriptor(long from)
{
    for (long fd = from; fd < DESCRIPTORS; fd++)
        if (!table[fd])
            return fd;
    return -EMFILE;
}

static long use_descriptor(long fd, struct open_file *file)
{
    table[fd] = file;
    file->descriptors++;
    return fd;
}

static void close_descriptor(long fd)
{
    struct open_file *file = table[fd];

    table[fd] = NULL;
    if (--file->descriptors || file == &console_file)
        return;
    file->node->users--;
    tree_release(file->node);
    free(file);
}

/* ---- opening ---- */

static long find_or_make(struct node *from, const char *path, long flags, struct node **out_node)
{
    struct node *folder;
    const char *name;
    long result = tree_find(from, path, out_node);

    if (result == 0)
        return flags & O_CREAT && flags & O_EXCL ? -EEXIST : 0;
    if (result != -ENOENT || !(flags & O_CREAT))
        return result;
    result = tree_find_folder(from, path, &folder, &name);
    if (result)
        return result;
    if (!name || strchr(name, '/'))
        return -EISDIR;
    *out_node = tree_add(folder, name, NODE_FILE);
    return *out_node ? 0 : -ENOSPC;
}

static long open_node(struct node *node, long flags)
{
    struct open_file *file;
    long fd = free_descriptor(0);

    if (fd < 0)
        return fd;
    if (node->kind == NODE_FOLDER && (flags & O_ACCMODE) != O_RDONLY)
        return -EISDIR;
    if (node->kind != NODE_FOLDER && flags & O_DIRECTORY)
        return -ENOTDIR;
    if (node->kind == NODE_FILE && flags & O_TRUNC && (flags & O_ACCMODE) != O_RDONLY && tree_resize(node, 0))
        return -ENOSPC;
    file = malloc(sizeof(*file));
    if (!file)
        return -ENOMEM;
    *file = (struct open_file){ .node = node, .flags = flags };
    node->users++;
    return use_descriptor(fd, file);
}

static long open_from(struct node *from, const char *path, long flags)
{
    struct node *node;
    long result;

    mutex_take(&lock);
    result = find_or_make(from, path, flags, &node);
    if (result == 0)
        result = open_node(node, flags);
    mutex_give(&lock);
    return result;
}

long call_open(const char *path, long flags, long mode)
{
    (void)mode;
    return open_from(working_folder, path, flags);
}

long call_openat(long folder, const char *path, long flags, long mode)
{
    struct open_file *from = opened(folder);

    (void)mode;
    if (folder != AT_FDCWD && !from)
        return -EBADF;
    return open_from(folder == AT_FDCWD ? working_folder : from->node, path, flags);
}

long call_close(long fd)
{
    long result = -EBADF;

    mutex_take(&lock);
    if (opened(fd)) {
        close_descriptor(fd);
        result = 0;
    }
    mutex_give(&lock);
    return result;
}

/* ---- reading and writing ---- */

static long read_file(struct node *node, void *to, size_t bytes, off_t offset)
{
    if (node->kind == NODE_FOLDER)
        return -EISDIR;
    if (node->kind != NODE_FILE || (size_t)offset >= node->size)
        return 0;
    if (bytes > node->size - (size_t)offset)
        bytes = node->size - (size_t)offset;
    memcpy(to, node->bytes + offset, bytes);
    return (long)bytes;
}

static long write_file(struct node *node, const void *from, size_t bytes, off_t offset)
{
    size_t end = (size_t)offset + bytes;
    int result = 0;

    if (node->kind != NODE_FILE || bytes == 0)
        return (long)bytes;              /* /dev/null */
    if (end < bytes || end > SSIZE_MAX)
        return -EFBIG;
    if (end > node->size || !node->room)
        result = tree_resize(node, end > node->size ? end : node->size);
    if (result)
        return result;
    memcpy(node->bytes + offset, from, bytes);
    return (long)bytes;
}

/* A piece at the file's own place. */
static long transfer(struct open_file *file, const struct iovec *piece, int access)
{
    long moved;

    if (access == O_WRONLY && file->flags & O_APPEND)
        file->offset = (off_t)file->node->size;
    moved = access == O_RDONLY ? read_file(file->node, piece->iov_base, piece->iov_len, file->offset)
                               : write_file(file->node, piece->iov_base, piece->iov_len, file->offset);
    if (moved > 0)
        file->offset += moved;
    return moved;
}

/* What has been moved when a piece fails counts. */
static long transfer_pieces(struct open_file *file, const struct iovec *vector, long count, int access)
{
    long all = 0;

    for (long i = 0; i < count; i++) {
        long moved = transfer(file, &vector[i], access);

        if (moved < 0)
            return all ? all : moved;
        all += moved;
        if ((size_t)moved < vector[i].iov_len)
            break;
    }
    return all;
}

static long transfer_all(long fd, const struct iovec *vector, long count, int access)
{
    struct open_file *file = opened(fd);
    long all;

    if (!file || !may(file, access))
        return -EBADF;
    if (file->node->kind == NODE_CONSOLE)
        return access == O_RDONLY ? terminal_read(vector, count) : terminal_write(vector, count);
    mutex_take(&lock);
    all = transfer_pieces(file, vector, count, access);
    mutex_give(&lock);
    return all;
}

long call_readv(long fd, const struct iovec *vector, long count) { return transfer_all(fd, vector, count, O_RDONLY); }
long call_writev(long fd, const struct iovec *vector, long count) { return transfer_all(fd, vector, count, O_WRONLY); }

long call_read(long fd, void *to, size_t bytes)
{
    return transfer_all(fd, &(struct iovec){ to, bytes }, 1, O_RDONLY);
}

long call_write(long fd, const void *from, size_t bytes)
{
    return transfer_all(fd, &(struct iovec){ (void *)from, bytes }, 1, O_WRONLY);
}

/* A file that is open with this access, or NULL. */
static struct open_file *file_for(long fd, int access)
{
    struct open_file *file = opened(fd);

    return file && may(file, access) ? file : NULL;
}

long call_pread64(long fd, void *to, size_t bytes, long offset)
{
    struct open_file *file = file_for(fd, O_RDONLY);
    long read;

    if (!file || offset < 0)
        return file ? -EINVAL : -EBADF;
    if (file->node->kind == NODE_CONSOLE)
        return -ESPIPE;
    mutex_take(&lock);
    read = read_file(file->node, to, bytes, offset);
    mutex_give(&lock);
    return read;
}

long call_pwrite64(long fd, const void *from, size_t bytes, long offset)
{
    struct open_file *file = file_for(fd, O_WRONLY);
    long written;

    if (!file || offset < 0)
        return file ? -EINVAL : -EBADF;
    if (file->node->kind == NODE_CONSOLE)
        return -ESPIPE;
    mutex_take(&lock);
    written = write_file(file->node, from, bytes, offset);
    mutex_give(&lock);
    return written;
}

long call_lseek(long fd, long offset, long whence)
{
    struct open_file *file = opened(fd);
    long from;

    if (!file)
        return -EBADF;
    if (file->node->kind == NODE_CONSOLE)
        return -ESPIPE;
    from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? file->offset : whence == SEEK_END ? (long)file->node->size : -1;
    if (from < 0 || __builtin_add_overflow(from, offset, &from) || from < 0)
        return -EINVAL;
    return file->offset = from;
}

static long resize(struct node *node, long bytes)
{
    if (bytes < 0 || node->kind != NODE_FILE)
        return node->kind == NODE_FOLDER ? -EISDIR : -EINVAL;
    return tree_resize(node, (size_t)bytes);
}

long call_ftruncate(long fd, long bytes)
{
    struct open_file *file = file_for(fd, O_WRONLY);
    long result;

    if (!file)
        return -EBADF;
    mutex_take(&lock);
    result = resize(file->node, bytes);
    mutex_give(&lock);
    return result;
}

/* ---- paths: each finds its node and does one thing with it, under the lock ---- */

static long with_node(const char *path, long (*act)(struct node *node, void *argument), void *argument)
{
    struct node *node;
    long result;

    mutex_take(&lock);
    result = tree_find(working_folder, path, &node);
    if (result == 0)
        result = act(node, argument);
    mutex_give(&lock);
    return result;
}

static long resize_to(struct node *node, void *bytes) { return resize(node, *(long *)bytes); }
long call_truncate(const char *path, long bytes) { return with_node(path, resize_to, &bytes); }

static long fill_stat(struct node *node, void *argument)
{
    static const mode_t mode[] = {
        [NODE_FILE] = S_IFREG | 0644, [NODE_FOLDER] = S_IFDIR | 0755, [NODE_CONSOLE] = S_IFCHR | 0666, [NODE_NULL] = S_IFCHR | 0666,
    };
    struct stat *stat = argument;
    struct timespec power_on, now;

    *stat = (struct stat){
        .st_dev = 1, .st_ino = (ino_t)node, .st_nlink = 1, .st_mode = mode[node->kind], .st_size = (off_t)node->size,
        .st_blksize = BLOCK_BYTES, .st_blocks = (blkcnt_t)((node->size + BLOCK_UNIT - 1) / BLOCK_UNIT),
    };
    call_clock_gettime(CLOCK_REALTIME, &now);
    call_clock_gettime(CLOCK_MONOTONIC, &power_on);
    stat->st_mtim.tv_sec = now.tv_sec - power_on.tv_sec + (time_t)(node->changed_ns / 1000000000);
    stat->st_atim = stat->st_ctim = stat->st_mtim;
    return 0;
}

long call_stat(const char *path, struct stat *out_stat) { return with_node(path, fill_stat, out_stat); }
long call_lstat(const char *path, struct stat *out_stat) { return call_stat(path, out_stat); }

long call_fstat(long fd, struct stat *out_stat)
{
    struct open_file *file = opened(fd);

    return file ? fill_stat(file->node, out_stat) : -EBADF;
}

long call_newfstatat(long folder, const char *path, struct stat *out_stat, long flags)
{
    if (flags & AT_EMPTY_PATH && !*path)
        return call_fstat(folder, out_stat);
    return folder == AT_FDCWD || *path == '/' ? call_stat(path, out_stat) : -ENOTSUP;
}

static long nothing(struct node *node, void *argument)
{
    (void)node;
    (void)argument;
    return 0;
}

/* Everything may be read, written and searched; nothing is a program. */
static long may_access(struct node *node, void *mode)
{
    return *(long *)mode & X_OK && node->kind != NODE_FOLDER ? -EACCES : 0;
}

long call_access(const char *path, long mode) { return with_node(path, may_access, &mode); }

long call_chmod(const char *path, long mode)
{
    (void)mode;
    return with_node(path, nothing, NULL);
}

long call_umask(long mask)
{
    (void)mask;
    return 022;
}

/* There are no links. */
static long not_a_link(struct node *node, void *argument)
{
    (void)node;
    (void)argument;
    return -EINVAL;
}

long call_readlink(const char *path, char *to, size_t bytes)
{
    (void)to;
    (void)bytes;
    return with_node(path, not_a_link, NULL);
}

static long remove_file(struct node *node, void *argument)
{
    (void)argument;
    if (node->kind == NODE_FOLDER)
        return -EISDIR;
    tree_remove(node);
    tree_release(node);
    return 0;
}

static long remove_folder(struct node *node, void *argument)
{
    (void)argument;
    if (node->kind != NODE_FOLDER)
        return -ENOTDIR;
    if (node->children)
        return -ENOTEMPTY;
    if (node == working_folder || !node->parent)
        return -EBUSY;
    tree_remove(node);
    tree_release(node);
    return 0;
}

long call_unlink(const char *path) { return with_node(path, remove_file, NULL); }
long call_rmdir(const char *path) { return with_node(path, remove_folder, NULL); }

static long make_folder(const char *path)
{
    struct node *folder;
    const char *name;
    long result = tree_find_folder(working_folder, path, &folder, &name);

    if (result)
        return result;
    if (!name || tree_child(folder, name))
        return -EEXIST;
    return tree_add(folder, name, NODE_FOLDER) ? 0 : -ENOSPC;
}

long call_mkdir(const char *path, long mode)
{
    long result;

    (void)mode;
    mutex_take(&lock);
    result = make_folder(path);
    mutex_give(&lock);
    return result;
}

static bool lies_in(const struct node *node, const struct node *folder)
{
    while (node && node != folder)
        node = node->parent;
    return node;
}

/* What bears the new name already goes, if it is of the same kind and no folder that holds something. */
static long make_way(struct node *old, const struct node *node)
{
    if ((old->kind == NODE_FOLDER) != (node->kind == NODE_FOLDER))
        return old->kind == NODE_FOLDER ? -EISDIR : -ENOTDIR;
    return old->kind == NODE_FOLDER ? remove_folder(old, NULL) : remove_file(old, NULL);
}

static long move_node(struct node *node, void *path)
{
    struct node *folder, *old, *from = node->parent;
    const char *name;
    long result = tree_find_folder(working_folder, path, &folder, &name);

    if (result)
        return result;
    if (!name || !from || lies_in(folder, node))
        return -EINVAL;
    old = tree_child(folder, name);
    if (old == node)
        return 0;
    if (old && (result = make_way(old, node)))
        return result;
    tree_remove(node);
    result = tree_put(folder, name, node);
    if (result)
        tree_put(from, node->name, node);
    return result;
}

long call_rename(const char *from, const char *to) { return with_node(from, move_node, (void *)to); }

static long go_into(struct node *node, void *argument)
{
    (void)argument;
    if (node->kind != NODE_FOLDER)
        return -ENOTDIR;
    working_folder = node;
    return 0;
}

long call_chdir(const char *path) { return with_node(path, go_into, NULL); }

static long tell_path(struct node *node, void *argument)
{
    struct iovec *to = argument;
    int result = tree_path(node, to->iov_base, to->iov_len);

    return result ? result : (long)strlen(to->iov_base) + 1;
}

long call_getcwd(char *to, size_t bytes) { return with_node(".", tell_path, &(struct iovec){ to, bytes }); }

/* ---- other calls on descriptors ---- */

long call_fsync(long fd) { return opened(fd) ? 0 : -EBADF; }
long call_fdatasync(long fd) { return call_fsync(fd); }

static long duplicate(long fd, long from)
{
    long to = -EBADF;

    mutex_take(&lock);
    if (opened(fd))
        to = from < 0 || from >= DESCRIPTORS ? -EINVAL : free_descriptor(from);
    if (to >= 0)
        use_descriptor(to, table[fd]);
    mutex_give(&lock);
    return to;
}

long call_dup(long fd) { return duplicate(fd, 0); }

long call_dup3(long fd, long to, long flags)
{
    (void)flags;
    if (!opened(fd) || to < 0 || to >= DESCRIPTORS)
        return -EBADF;
    if (fd == to)
        return -EINVAL;
    mutex_take(&lock);
    if (table[to])
        close_descriptor(to);
    use_descriptor(to, table[fd]);
    mutex_give(&lock);
    return to;
}

long call_dup2(long fd, long to)
{
    return fd == to && opened(fd) ? fd : call_dup3(fd, to, 0);
}

long call_fcntl(long fd, long command, long argument)
{
    const long changeable = O_APPEND | O_NONBLOCK;
    struct open_file *file = opened(fd);

    if (!file)
        return -EBADF;
    switch (command) {
    case F_DUPFD: case F_DUPFD_CLOEXEC:
        return duplicate(fd, argument);
    case F_GETFD: case F_SETFD: case F_SETLK: case F_SETLKW:
        return 0;                        /* no other program runs, or locks anything */
    case F_GETFL:
        return file->flags;
    case F_SETFL:
        file->flags = (file->flags & ~changeable) | (argument & changeable);
        return 0;
    }
    return -EINVAL;
}

long call_ioctl(long fd, long request, void *argument)
{
    struct open_file *file = opened(fd);

    if (!file)
        return -EBADF;
    return file->node->kind == NODE_CONSOLE ? terminal_control(request, argument) : -ENOTTY;
}

/* A folder's offset counts its names; . and .. come first. */
static struct node *entry_at(struct node *folder, off_t offset, const char **out_name)
{
    struct node *node = offset == 0 ? folder : folder->parent ? folder->parent : folder;

    *out_name = offset == 0 ? "." : "..";
    if (offset < 2)
        return node;
    for (node = folder->children; node && offset > 2; offset--)
        node = node->next;
    if (node)
        *out_name = node->name;
    return node;
}

/* One name behind the others in a buffer of room bytes; returns its bytes, 0 when there is no room or no name. */
static long list_one(struct open_file *file, char *to, size_t room)
{
    const char *name;
    struct node *node = entry_at(file->node, file->offset, &name);
    struct dirent *entry = (struct dirent *)to;
    size_t bytes;

    if (!node || strlen(name) > NAME_MAX)
        return 0;
    bytes = (offsetof(struct dirent, d_name) + strlen(name) + 1 + 7) & ~(size_t)7;
    if (bytes > room)
        return 0;
    entry->d_ino = (ino_t)node;
    entry->d_off = ++file->offset;
    entry->d_reclen = (unsigned short)bytes;
    entry->d_type = node->kind == NODE_FOLDER ? DT_DIR : node->kind == NODE_FILE ? DT_REG : DT_CHR;
    strcpy(entry->d_name, name);
    return (long)bytes;
}

long call_getdents64(long fd, void *to, size_t bytes)
{
    struct open_file *file = opened(fd);
    long all = 0, one;

    if (!file || file->node->kind != NODE_FOLDER)
        return file ? -ENOTDIR : -EBADF;
    mutex_take(&lock);
    while ((one = list_one(file, (char *)to + all, bytes - (size_t)all)))
        all += one;
    mutex_give(&lock);
    return all;
}

/* For the library's own files, such as those of time zones: a file lies in memory anyway. It must not be written to afterwards. */
void *__mmap(void *start, size_t bytes, int rights, int flags, int fd, off_t offset);
int __munmap(void *start, size_t bytes);

void *__mmap(void *start, size_t bytes, int rights, int flags, int fd, off_t offset)
{
    struct open_file *file = file_for(fd, O_RDONLY);

    (void)start;
    (void)flags;
    if (!file || file->node->kind != NODE_FILE || rights != PROT_READ || offset || bytes > file->node->size) {
        errno = ENODEV;
        return MAP_FAILED;
    }
    return file->node->bytes;
}

int __munmap(void *start, size_t bytes)
{
    (void)start;
    (void)bytes;
    return 0;
}
