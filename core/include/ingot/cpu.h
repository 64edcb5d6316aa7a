/* Processors, as an application sees them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ingot/cpu_inline.h>    /* cpu_id, cpu_ticks, cpu_interrupts_off, cpu_interrupts_restore, cpu_relax, cpu_wait: the CPU's own */

/* How many CPUs run for us: at least 1. Their numbers are 0 to cpu_count() - 1, and 0 is the one that booted. Any context. */
uint32_t cpu_count(void);
