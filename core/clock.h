/* The clock's inside, for the core's own files. Applications see <ingot/time.h>. */
#pragma once

#include <stdint.h>

/* Chooses the clock and measures its speed. Takes CLOCK_WINDOW_US when counters work, and is bounded when they do not.
 * Boot CPU, after the drivers of phase DRIVER_COUNTER. */
void clock_start(void);

/* A moment, cheaply, to be turned into time later. Any context. */
uint64_t clock_stamp(void);

/* Nanoseconds since power-on of such a stamp, or of a value of cpu_ticks() from the loader. */
uint64_t clock_stamp_ns(uint64_t stamp);

enum { CLOCK_WINDOW_US = 500 };
