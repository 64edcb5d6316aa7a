/* The clock's inside, for the core's own files. Applications see <ingot/time.h>. */
#pragma once

#include <stdint.h>

/* Looks at the counters, so that clock_start() has less to wait for: the more of the boot lies between, the better. Up to twice. Boot
 * CPU, after the drivers of phase DRIVER_COUNTER. */
void clock_look(void);

/* Chooses the clock and measures its speed, over CLOCK_WINDOW_US from the first look on at least; bounded when counters do not work.
 * Boot CPU, after the drivers of phase DRIVER_COUNTER. */
void clock_start(void);

/* The CPUs' counters do not agree, so they cannot be the clock: another counter takes over, if there is one. Boot CPU, while the
 * others wait. */
void clock_distrust_ticks(void);

/* A moment, cheaply, to be turned into time later. Any context. */
uint64_t clock_stamp(void);

/* Nanoseconds since power-on of such a stamp, or of a value of cpu_ticks() from the loader. */
uint64_t clock_stamp_ns(uint64_t stamp);

enum { CLOCK_WINDOW_US = 500 };
