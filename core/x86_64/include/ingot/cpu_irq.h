/* Interrupt lines as PCs number them. Include <ingot/irq.h>. */
#pragma once

#include <stdint.h>

/* The line (GSI) of an ISA interrupt 0 to 15: the same number, unless the MADT overrides it. Any context, after the core has started. */
uint32_t irq_isa_line(uint8_t isa);
