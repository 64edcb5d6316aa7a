/* Who drains the log behind the backs of those who write it: a CPU that has nothing to do; else the boot CPU, in an interrupt somewhat later.
 * Nothing ticks while nobody logs. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* From now on drain_call() has somebody come. Boot CPU, once, when interrupts, timers and all CPUs are there. */
void drain_start(void);

/* There is something to drain, and time_ns() is, or was shortly before, now_ns: somebody comes. False when nobody does, or has not come
 * although he was called a while ago: then the caller drains. Any context, NMI too. */
bool drain_call(uint64_t now_ns);

/* Called by the CPU folder where arch_drain_call() has led to: in an interrupt whose end was sent, with interrupts on. */
void drain_interrupt(void);

/* ---- what the CPU folder provides ---- */

/* Raises an interrupt on a CPU that runs, this one too. Any context, NMI too. */
void arch_drain_call(uint32_t cpu);
