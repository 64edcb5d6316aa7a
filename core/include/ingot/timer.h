/* Timers: a function called at a time, once or again and again, by the thousand. Nothing ticks: the hardware is set to the earliest.
 *
 * A timer lies in the caller's memory, starts zeroed with its handler set, and must stay alive while it is armed. It fires on the
 * CPU that armed it, in an interrupt: the handler follows the rules of <ingot/irq.h>, is declared IRQ_HANDLER, and may arm and cancel timers, its own too.
 * It is never early; how late, is the interrupt's latency. Deadlines are those of time_ns(). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ingot/irq.h>         /* IRQ_HANDLER */

struct timer {
    void (*handler)(struct timer *timer);
    void *argument;                      /* the owner's */
    uint32_t cpu;                        /* where it is armed; the core's */
    uint64_t entry[8];                   /* the core's */
};

/* Arms timer for deadline_ns (in the past: at once), then every period_ns if that is not 0. One that is armed is moved. Periods are
 * counted from the first deadline; those that pass while the CPU is busy are not made up for.
 * 0; ERR_NOT_FOUND: this machine has no timer that can interrupt; ERR_BUSY: it is armed on another CPU. Any context but NMI. */
int timer_arm(struct timer *timer, uint64_t deadline_ns, uint64_t period_ns);

/* Takes timer out. True when it was armed and will not fire (again); false when it has fired, was never armed, or belongs to another
 * CPU, where its handler may be running. Any context but NMI. */
bool timer_cancel(struct timer *timer);

/* Armed timers of this CPU. Any context. */
uint64_t timer_count(void);
