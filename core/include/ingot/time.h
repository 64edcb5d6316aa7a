/* Time: nanoseconds since power-on, on one clock that all CPUs share and that never goes back.
 *
 * The clock is the CPU's own counter (x86: TSC) when that runs at one speed, else the first counter that works. How fast it runs is
 * measured at start against two independent counters; the log says by which, and how far they disagree. 64 bits of nanoseconds
 * last 584 years. Any context, any CPU, from the core's first instruction on; before the measurement the clock runs on the slow
 * side, so that bounds are kept longer rather than shorter. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Nanoseconds since power-on. */
uint64_t time_ns(void);

/* Waits at least that long, with interrupts as they are. */
void delay_ns(uint64_t ns);
void delay_us(uint32_t us);

/* What the clock is, for reports. */
struct time_source {
    const char *name;                    /* "TSC", "HPET" ... */
    bool is_cpu_ticks;                   /* the clock is cpu_ticks(), and hz its measured speed */
    uint64_t hz;
    const char *measured_by;             /* "CPUID", "HPET" ..., or "nothing": then hz is a guess */
    const char *checked_by;              /* a second source, or NULL */
    int64_t disagreement_ppm;            /* between those two; 0 without a second */
    bool invariant;                      /* the CPU promises one speed in all power states */
};
void time_source(struct time_source *out_source);
