/* Calls that SQLite makes of a system with users, and that mean nothing without any: files here have neither owners nor rights. */
#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <ingot/time.h>

int fchmod(int file, mode_t mode) { (void)file; (void)mode; return 0; }
int fchown(int file, uid_t owner, gid_t group) { (void)file; (void)owner; (void)group; return 0; }
int utimes(const char *path, const struct timeval times[2]) { (void)path; (void)times; return 0; }

struct passwd *getpwuid(uid_t user)
{
    static struct passwd nobody = { .pw_name = "nobody", .pw_dir = "/" };      /* .sqliterc would lie there */

    (void)user;
    return &nobody;
}

int symlink(const char *target, const char *path)
{
    (void)target;
    (void)path;
    errno = ENOSYS;
    return -1;
}

/* For .timer: one program runs, so all time is its own. */
int getrusage(int who, struct rusage *out_usage)
{
    uint64_t us = time_ns() / 1000;

    (void)who;
    memset(out_usage, 0, sizeof(*out_usage));
    out_usage->ru_utime.tv_sec = (time_t)(us / 1000000);
    out_usage->ru_utime.tv_usec = (suseconds_t)(us % 1000000);
    return 0;
}
