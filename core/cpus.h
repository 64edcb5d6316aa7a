/* Processors between the portable part (core/cpus.c: who does which job) and the CPU folder (starting, waking and stopping them). */
#pragma once

#include <stdatomic.h>

#include "core/arch.h"

#include <ingot/cpu.h>

enum { CPUS_MAX = 1024 };

/* Starts all that the machine has and the command line allows. Boot CPU, once, interrupts on; after the clock and the log. */
void cpus_start(void);

/* A CPU that has been started comes here, with its interrupts on, when it has got its number, and does jobs for ever. */
_Noreturn void cpus_work(void);

/* An interrupt that somebody sent by arch_cpu_kick() came to this CPU. Interrupts off. */
void cpus_kicked(void);

/* Does run(argument) in an interrupt of every CPU, and here, and returns when all have done it. Not in interrupts; the caller holds no
 * lock, or those who wait for it could not answer. */
void cpus_interrupt_all(void (*run)(void *argument), void *argument);

/* Whether it sleeps for want of work. Any context. */
bool cpus_is_idle(uint32_t cpu);

/* Whether this CPU sleeps, and was interrupted in that, and still has nothing else to do. In interrupts. */
bool cpus_is_free(void);

/* ---- what the CPU folder provides ---- */

/* Starts up to max - 1 CPUs and returns how many run now, this one included; distance[n] is then set for all of them. */
uint32_t arch_cpus_start(uint32_t max, uintptr_t distance[CPUS_MAX]);

/* Raises an interrupt on a CPU that runs; cpus_kicked() is called there. Any context. */
void arch_cpu_kick(uint32_t cpu);

/* Sleeps until an interrupt has been served, or *word is no longer value, or for no reason. Interrupts off before, on afterwards. */
void arch_cpu_sleep(const _Atomic uint32_t *word, uint32_t value);

/* Whether a store to its word wakes a CPU from arch_cpu_sleep(), so that it need not be kicked. */
bool arch_store_wakes(void);

/* Holds all other CPUs that do not stand yet, wherever they are, and waits until they stand, but not for long. One CPU at a time, any
 * context. */
void arch_hold_others(void);

/* Lets a CPU go on that is held. The same caller. */
void arch_release(uint32_t cpu);

/* Has a CPU that is held do run(argument), with interrupts and NMIs off, and waits for it. False: it does not answer. The same caller. */
bool arch_held_run(uint32_t cpu, void (*run)(void *argument), void *argument);

/* Stops this CPU as if it were held, for good, at a place that arch_stopped_at() will tell. */
_Noreturn void arch_stop_here(const struct arch_place *place);

/* Stops all other CPUs for good: holds those that do not stand, and lets them sleep. Any context. */
void arch_stop_others(void);

/* Where a CPU was when it was held or stopped. False: it has not answered. */
bool arch_stopped_at(uint32_t cpu, struct arch_place *out_place);
