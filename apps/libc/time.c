#include <errno.h>
#include <stdatomic.h>
#include <sys/time.h>
#include <time.h>

#include <ingot/cpu.h>
#include <ingot/time.h>
#include <ingot/wall_clock.h>

#include "calls.h"

enum { NS_PER_S = 1000000000, NS_PER_US = 1000 };

/* The machine's clock is read once; a machine without one begins at 1970. Nanoseconds from 1970 to power-on, 0: not read yet. */
static int64_t power_on_ns(void)
{
    static _Atomic int64_t kept;
    struct wall_time now;
    int64_t ns = atomic_load(&kept);

    if (ns == 0) {
        uint64_t since_ns = time_ns();

        ns = wall_time_read(&now) ? 1 : wall_time_seconds(&now) * NS_PER_S - (int64_t)since_ns;
        atomic_store(&kept, ns);
    }
    return ns;
}

static struct timespec timespec_of(uint64_t ns)
{
    return (struct timespec){ .tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S) };
}

/* Processes and threads have had all the time that there was. */
static int64_t clock_ns(long clock)
{
    switch (clock) {
    case CLOCK_REALTIME: case CLOCK_REALTIME_COARSE: case CLOCK_TAI:
        return power_on_ns() + (int64_t)time_ns();
    case CLOCK_MONOTONIC: case CLOCK_MONOTONIC_RAW: case CLOCK_MONOTONIC_COARSE: case CLOCK_BOOTTIME:
    case CLOCK_PROCESS_CPUTIME_ID: case CLOCK_THREAD_CPUTIME_ID:
        return (int64_t)time_ns();
    }
    return -1;
}

long call_clock_gettime(long clock, struct timespec *out_time)
{
    int64_t ns = clock_ns(clock);

    if (ns < 0)
        return -EINVAL;
    *out_time = timespec_of((uint64_t)ns);
    return 0;
}

long call_clock_getres(long clock, struct timespec *out_resolution)
{
    if (clock_ns(clock) < 0)
        return -EINVAL;
    if (out_resolution)
        *out_resolution = (struct timespec){ .tv_nsec = 1 };
    return 0;
}

long call_gettimeofday(struct timeval *out_time, void *zone)
{
    int64_t ns = clock_ns(CLOCK_REALTIME);

    (void)zone;
    *out_time = (struct timeval){ .tv_sec = ns / NS_PER_S, .tv_usec = ns % NS_PER_S / NS_PER_US };
    return 0;
}

/* In nanoseconds, as far as they go; -1 when it is no time. */
static int64_t ns_of(const struct timespec *time)
{
    int64_t ns;

    if (time->tv_sec < 0 || time->tv_nsec < 0 || time->tv_nsec >= NS_PER_S)
        return -1;
    return __builtin_mul_overflow(time->tv_sec, (int64_t)NS_PER_S, &ns) || __builtin_add_overflow(ns, time->tv_nsec, &ns) ? INT64_MAX : ns;
}

/* Nothing wakes it early, so there is never a rest. */
long call_nanosleep(const struct timespec *wanted, struct timespec *rest)
{
    int64_t ns = ns_of(wanted);

    (void)rest;
    if (ns < 0)
        return -EINVAL;
    cpu_sleep_until(time_ns() + (uint64_t)ns);
    return 0;
}

long call_clock_nanosleep(long clock, long flags, const struct timespec *wanted, struct timespec *rest)
{
    int64_t now_ns = clock_ns(clock), ns = ns_of(wanted);

    if (now_ns < 0 || ns < 0)
        return -EINVAL;
    if (!(flags & TIMER_ABSTIME))
        return call_nanosleep(wanted, rest);
    if (ns > now_ns)
        cpu_sleep_until(time_ns() + (uint64_t)(ns - now_ns));
    return 0;
}
