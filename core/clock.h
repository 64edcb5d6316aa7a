/* The clock's inside, for the core's own files. Applications see <ingot/time.h>. */
#pragma once

#include <stdint.h>

/* Finds out how fast the CPU's counter runs, by what the CPU says and by the counters that drivers have registered.
 * Boot CPU, after the drivers of phase DRIVER_COUNTER. */
void clock_start(void);

/* Nanoseconds since power-on for a value of cpu_ticks(). Before clock_start() a guess on the slow side. Any context. */
uint64_t clock_ticks_to_ns(uint64_t ticks);
