/* The core's memcpy and memset against the C library's, from 1 byte to 64 MiB: nanoseconds a call, the best of several rounds, and
 * the ratio of speeds (above 1 the core's is the faster one). Both areas are aligned to a page, or moved by a few bytes. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "renamed_string.h"

enum { AREA = 64 << 20, SLACK = 8192, ROUNDS_MAX = 601 };

enum job { COPY, SET };

struct contest {
    enum job job;
    void *(*copy)(void *restrict, const void *restrict, size_t);
    void *(*set)(void *, int, size_t);
};

static uint8_t *to_area, *from_area;

static double now_ns(void)
{
    struct timespec time;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static double one_round_ns(const struct contest *contest, size_t to, size_t from, size_t bytes, long calls)
{
    double start = now_ns();

    for (long i = 0; i < calls; i++) {
        if (contest->job == COPY)
            contest->copy(to_area + to, from_area + from, bytes);
        else
            contest->set(to_area + to, (int)i, bytes);
    }
    return (now_ns() - start) / (double)calls;
}

static int by_value(const void *a, const void *b)
{
    return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

/* The rounds of both take turns, so that whatever else the machine does hits both; the middle one of their ratios is the ratio. */
static double compare(enum job job, size_t to, size_t from, size_t bytes)
{
    const struct contest ours = { job, ingot_memcpy, ingot_memset }, theirs = { job, memcpy, memset };
    long calls = 1 + (long)((1 << 17) / (bytes + 32)), rounds = bytes < 1 << 16 ? ROUNDS_MAX : 21 + (1 << 25) / (long)bytes;
    double best_ours = 1e18, best_theirs = 1e18, ratio[ROUNDS_MAX];

    for (long i = 0; i < rounds; i++) {
        double ours_ns = one_round_ns(&ours, to, from, bytes, calls), theirs_ns = one_round_ns(&theirs, to, from, bytes, calls);

        best_ours = ours_ns < best_ours ? ours_ns : best_ours;
        best_theirs = theirs_ns < best_theirs ? theirs_ns : best_theirs;
        ratio[i] = theirs_ns / ours_ns;
    }
    qsort(ratio, (size_t)rounds, sizeof(ratio[0]), by_value);
    printf(" %11.1f %11.1f %6.2f", best_ours, best_theirs, ratio[rounds / 2]);
    return ratio[rounds / 2];
}

static void line(size_t bytes)
{
    printf("%9zu", bytes);
    compare(COPY, 0, 0, bytes);
    compare(COPY, 5, 2051, bytes);
    compare(SET, 0, 0, bytes);
    compare(SET, 5, 0, bytes);
    printf("\n");
}

int main(void)
{
    to_area = aligned_alloc(4096, AREA + SLACK);
    from_area = aligned_alloc(4096, AREA + SLACK);
    if (!to_area || !from_area)
        return 1;
    memset(to_area, 1, AREA + SLACK);
    memset(from_area, 2, AREA + SLACK);
    printf("          %30s %31s %31s %31s\n", "memcpy, aligned", "memcpy, +5 from +2051", "memset, aligned", "memset, +5");
    printf("    bytes");
    for (int i = 0; i < 4; i++)
        printf("    ingot ns    glibc ns  ratio");
    printf("\n");
    for (size_t bytes = 1; bytes < 64; bytes += bytes < 8 ? 1 : 8)
        line(bytes);
    for (size_t bytes = 64; bytes <= AREA; bytes *= 2) {
        line(bytes);
        if (bytes < 8192)
            line(bytes + bytes / 2);
    }
    return 0;
}
