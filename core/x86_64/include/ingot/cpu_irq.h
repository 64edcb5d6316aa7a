/* Interrupt handlers, and lines as PCs number them. Include <ingot/irq.h>. */
#pragma once

#include <stdint.h>

/* Declares a function that runs in interrupts: static IRQ_HANDLER void tick(struct timer *timer). */
#define IRQ_HANDLER __attribute__((target("general-regs-only")))

/* The line (GSI) of an ISA interrupt 0 to 15: the same number, unless the MADT overrides it. Any context, after the core has started. */
uint32_t irq_isa_line(uint8_t isa);
