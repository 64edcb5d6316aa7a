/* Interrupts between the portable part (core/irq.c: who is attached) and the CPU folder (how a line reaches a vector). */
#pragma once

#include <ingot/irq.h>

enum { IRQ_VECTORS = 256 };

/* Called by the CPU folder for each interrupt of a device, interrupts off; it sends the end of interrupt afterwards. False when nobody
 * is attached to the vector. */
bool irq_dispatch(uint32_t cpu, unsigned vector);
void irq_count_spurious(void);

/* ---- what the CPU folder provides ---- */

/* Vectors that devices may have: [first, end), none where nothing can interrupt. */
unsigned arch_irq_first_vector(void);
unsigned arch_irq_end_vector(void);

/* Leads a line to a vector on a CPU, masked. ERR_NOT_FOUND: nobody has this line. */
int arch_irq_route(uint32_t line, uint32_t cpu, unsigned vector);
void arch_irq_set_masked(uint32_t line, bool masked);
bool arch_irq_is_pending(unsigned vector);
void arch_irq_message(uint32_t cpu, unsigned vector, struct irq_message *out_message);

/* Interrupt controllers into a known state: everything masked. Boot CPU, after ACPI. */
void arch_irq_start(void);
