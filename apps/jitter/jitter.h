/* Jitter: what takes time away from a CPU that does nothing but look at its counter.
 *
 * Each CPU goes round a short loop that reads the counter. A step from one reading to the next that takes GAP_NS longer than usual is
 * a gap: something else had the CPU. What is lost is the step less the usual one. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { GAP_NS = 100, BINS = 19, WORST_MAX = 4 };
enum phase { INTERRUPTS_ON, INTERRUPTS_OFF, PHASES };

struct gap {
    uint64_t lost_ns;                    /* 0: there is none */
    uint64_t at_ns;                      /* when it began, as the log counts */
    uint32_t cpu;
};

struct tally {                           /* of a CPU, or of several, in one phase */
    uint64_t loops, watched_ns, lost_ns;
    uint64_t gaps, bin[BINS];            /* by how much was lost: from bin_from_ns[n] on; the last one has no end */
    uint64_t step_min_ps, step_median_ps;
    uint64_t smi;                        /* system management interrupts that the CPU counted */
    bool counts_smi;                     /* it does count them */
    struct gap worst[WORST_MAX];         /* the worst first */
};

extern const uint32_t bin_from_ns[BINS];
extern const char *const phase_name[PHASES];    /* "on", "off" */

/* ---- watch.c ---- */

/* Measures the counter; once, on CPU 0. Returns its Hz. */
uint64_t watch_start(void);

/* Empties the tallies of a phase and learns each CPU's usual step. */
void watch_learn(enum phase phase);

/* All CPUs watch for so long. */
void watch_slice(enum phase phase, uint32_t ms);

/* Adds a CPU's tally to *total, which starts as zeros. */
void watch_add(struct tally *total, enum phase phase, uint32_t cpu);

/* All CPUs' tallies. */
struct tally watch_total(enum phase phase);

/* ---- smi.c ---- */

/* How many system management interrupts this CPU has counted. False: it does not count them. */
bool smi_count(uint64_t *out_count);

/* ---- report.c ---- */

/* The tables, for people and for programs: see there. */
void report(enum phase phase);

enum { DURATION_BYTES = 16 };

/* A time as people say it, such as "12.3 us". */
const char *duration(char to[DURATION_BYTES], uint64_t ns);

/* ---- picture.c ---- */

struct progress {
    enum phase phase;
    uint32_t done_ms, of_ms;             /* of this phase */
    uint64_t counter_hz;
};

/* Takes the displays and draws all that does not change. */
void picture_start(void);

/* Draws what is known by now, on all displays. */
void picture_draw(const struct progress *progress);
