/* Timer devices: hardware beside the CPUs' own timers that interrupts a CPU once, at a time that is set. <ingot/timer.h> takes one for a
 * CPU whose own timer cannot be used, or where `timer=` names it. A program that arms no timer has no timer device linked either. */
#pragma once

#include <stdint.h>

struct timer_device {
    const char *name;                                /* as timer= has it */

    /* Has a timer that nobody uses interrupt the CPU that calls; once a CPU. Its number, 0 or more, or ERR_NOT_FOUND, which is told.
     * Interrupts off, any context but NMI. */
    int (*start)(uint32_t cpu);

    /* Has timer_interrupt() called on its CPU wait_ns from now or somewhat after, or earlier where the hardware does not reach that far;
     * UINT64_MAX: not at all. Called on that CPU, interrupts off. */
    void (*set)(unsigned number, uint64_t wait_ns);
};

/* This CPU's timer interrupt came. Interrupts off. */
void timer_interrupt(void);

/* The section's name lets the linker leave it out where core/timer.c is not asked for. */
#define TIMER_DEVICE(device) \
    static const struct timer_device timer_device_##device __attribute__((used, aligned(8), section("timer_devices")))
