/* Time: nanoseconds since power-on, on one clock that all CPUs share and that never goes back.
 * 64 bits of nanoseconds last 584 years. Any context, any CPU, from the core's first instruction on; before the clock has found out
 * how fast its counter runs (start.c) it runs on the slow side, so that bounds are kept longer rather than shorter. */
#pragma once

#include <stdint.h>

uint64_t time_ns(void);

/* Waits at least that long, with interrupts as they are. */
void delay_ns(uint64_t ns);
void delay_us(uint32_t us);
