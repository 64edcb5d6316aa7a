/* Timers between the portable part and the CPU folder. */
#pragma once

#include <ingot/timer_device.h>    /* timer_interrupt */

/* ---- what the CPU folder provides ---- */

/* What timer= calls the CPU's own timer. */
extern const char arch_timer_name[];

/* Makes this CPU's timer ready: 0, or ERR_NOT_FOUND when it cannot interrupt. Interrupts off. */
int arch_timer_start(void);

/* Has timer_interrupt() called at deadline_ns or somewhat after, or earlier where the hardware does not reach that far; 0: not at
 * all. Interrupts off. */
void arch_timer_set(uint64_t deadline_ns, uint64_t now_ns);
