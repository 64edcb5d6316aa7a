/* Timers between the portable part and the CPU folder. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ingot/timer_device.h>    /* timer_interrupt */

/* One timer more for this CPU, in a few instructions: handler is called in its interrupt, delay_ns from now_ns, which is time_ns() or shortly
 * before. False: this CPU has no timers. timer_call_soon() after that, any context but NMI. */
bool timer_start_soon(void (*handler)(void));
void timer_call_soon(uint64_t now_ns, uint64_t delay_ns);

/* ---- what the CPU folder provides ---- */

/* What timer= calls the CPU's own timer. */
extern const char arch_timer_name[];

/* Makes this CPU's timer ready: 0, or ERR_NOT_FOUND when it cannot interrupt. Interrupts off. */
int arch_timer_start(void);

/* Has timer_interrupt() called at deadline_ns or somewhat after, or earlier where the hardware does not reach that far; 0: not at
 * all. Interrupts off. */
void arch_timer_set(uint64_t deadline_ns, uint64_t now_ns);
