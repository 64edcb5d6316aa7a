/* What musl's system calls lead to here, each a function of the call's name: arguments as Linux has them, the result or -errno (Linux man
 * pages, section 2). The glue between them and Ingot is in the files beside this one. */
#pragma once

#include <stddef.h>

/* start.c */
_Noreturn long call_exit_group(long status);
_Noreturn long call_exit(long status);

/* wait.c */
long call_futex(long word, long operation, long value);

/* signal.c */
long call_rt_sigaction(long signal, const void *action, void *old, size_t bytes);
long call_rt_sigprocmask(long how, const void *set, void *old, size_t bytes);
long call_rt_sigpending(void *set, size_t bytes);
long call_tkill(long thread, long signal);
long call_kill(long process, long signal);

/* time.c */
struct timespec;
struct timeval;
long call_clock_gettime(long clock, struct timespec *out_time);
long call_clock_getres(long clock, struct timespec *out_resolution);
long call_gettimeofday(struct timeval *out_time, void *zone);
long call_nanosleep(const struct timespec *wanted, struct timespec *rest);
long call_clock_nanosleep(long clock, long flags, const struct timespec *wanted, struct timespec *rest);

/* files.c */
struct iovec;
struct stat;
long call_open(const char *path, long flags, long mode);
long call_openat(long folder, const char *path, long flags, long mode);
long call_close(long fd);
long call_read(long fd, void *to, size_t bytes);
long call_readv(long fd, const struct iovec *vector, long count);
long call_write(long fd, const void *from, size_t bytes);
long call_writev(long fd, const struct iovec *vector, long count);
long call_pread64(long fd, void *to, size_t bytes, long offset);
long call_pwrite64(long fd, const void *from, size_t bytes, long offset);
long call_lseek(long fd, long offset, long whence);
long call_ftruncate(long fd, long bytes);
long call_truncate(const char *path, long bytes);
long call_fsync(long fd);
long call_fdatasync(long fd);
long call_fcntl(long fd, long command, long argument);
long call_ioctl(long fd, long request, void *argument);
long call_dup(long fd);
long call_dup2(long fd, long to);
long call_dup3(long fd, long to, long flags);
long call_stat(const char *path, struct stat *out_stat);
long call_lstat(const char *path, struct stat *out_stat);
long call_fstat(long fd, struct stat *out_stat);
long call_newfstatat(long folder, const char *path, struct stat *out_stat, long flags);
long call_access(const char *path, long mode);
long call_readlink(const char *path, char *to, size_t bytes);
long call_unlink(const char *path);
long call_rmdir(const char *path);
long call_rename(const char *from, const char *to);
long call_mkdir(const char *path, long mode);
long call_chmod(const char *path, long mode);
long call_umask(long mask);
long call_chdir(const char *path);
long call_getcwd(char *to, size_t bytes);
long call_getdents64(long fd, void *to, size_t bytes);

/* who.c */
struct utsname;
long call_uname(struct utsname *out_name);
long call_getpid(void);
long call_getuid(void);
long call_geteuid(void);
long call_getgid(void);
long call_getegid(void);
