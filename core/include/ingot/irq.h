/* Interrupts: a handler is attached to a line of the machine, or to messages (MSI) that a device sends.
 *
 *     static IRQ_HANDLER enum irq_answer tick(void *device) { ...; return IRQ_MINE; }
 *     irq_attach(irq_isa_line(4), &(struct irq_wish){ .name = "com1", .handler = tick, .argument = &uart }, &irq);
 *
 * A handler runs on one CPU with interrupts off, on the stack that ran. It may call what says "any context" or "interrupts", must not
 * wait. It returns; the end of interrupt is sent for it and cannot be forgotten. With .nests, interrupts of a higher class may come in
 * between.
 *
 * Floating-point and vector registers are the interrupted program's: nobody saves them. A compiler uses them unasked, to copy a struct
 * for example, so a handler and the program's own functions that it calls are declared IRQ_HANDLER, which forbids that. Who forgets it
 * is found by a debug build (make DEBUG=1): there the units are off in handlers, and the first such instruction ends in PANIC NO-FPU.
 *
 * What is out of order is told, once: a vector that nobody attached to, a line whose handlers all say IRQ_NOT_MINE (17 times in a row, where
 * one has claimed it before: an edge may come for what was served already), and a storm (more than IRQ_STORM_PER_MS interrupts a millisecond
 * of one kind for IRQ_STORM_MS): such a line is masked, so that the machine goes on.
 *
 * Source: Intel SDM vol. 3A, "Advanced Programmable Interrupt Controller (APIC)"; Intel 82093AA I/O APIC data sheet; PCI Local Bus 3.0, 6.8 (MSI). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum irq_answer { IRQ_NOT_MINE, IRQ_MINE };
typedef enum irq_answer (*irq_handler)(void *argument);

enum { IRQ_STORM_PER_MS = 200, IRQ_STORM_MS = 20 };

struct irq_wish {
    const char *name;                    /* for logs and statistics; valid as long as attached */
    irq_handler handler;
    void *argument;
    uint32_t cpu;                        /* where it is to run */
    bool nests;                          /* run with interrupts on, for those of a higher class */
};

struct irq;                              /* an attached handler */

/* Attaches to a line of the interrupt controllers (PC: a GSI, see irq_isa_line()), unmasked when this returns. Several may share a
 * line; each is asked at each interrupt. Trigger and polarity are those of the firmware's tables.
 * 0; ERR_NOT_FOUND: no controller has this line; ERR_FULL: no vector is left on that CPU; ERR_NO_MEMORY; ERR_BAD_VALUE: no such CPU;
 * ERR_UNSUPPORTED: that CPU's APIC id is above 254, where no line reaches.
 * Any CPU, not in interrupts. */
int irq_attach(uint32_t line, const struct irq_wish *wish, struct irq **out_irq);

/* A message that a device sends to raise an interrupt: written into its MSI or MSI-X registers. */
struct irq_message {
    uint64_t address;
    uint32_t data;
};

/* Attaches to messages. Same callers as irq_attach(), and same errors, ERR_NOT_FOUND where the CPU takes none; irq_mask() has no
 * effect on it: mask the device. */
int irq_attach_message(const struct irq_wish *wish, struct irq **out_irq, struct irq_message *out_message);

/* Ends an attachment; when it returns its handler runs no more, on any CPU (one with .nests may still be, on another). Not in
 * interrupts. NULL is ignored. */
void irq_detach(struct irq *irq);

/* Masks and unmasks the line of an attachment, for all who share it. Any context. Unmasking also forgives a storm. */
void irq_mask(struct irq *irq);
void irq_unmask(struct irq *irq);

/* It was raised on this CPU, and its handler waits until interrupts are on. Any context, on the attachment's CPU. */
bool irq_is_pending(const struct irq *irq);

/* Moves an attachment, and all who share its line, to another CPU. ERR_BAD_VALUE, ERR_FULL; ERR_UNSUPPORTED for messages, whose device
 * has to be told: detach and attach. Not in interrupts. */
int irq_set_cpu(struct irq *irq, uint32_t cpu);

/* Statistics of attachment number index, in no order. False past the last. Not in interrupts. */
struct irq_stats {
    const char *name;
    uint32_t line;                       /* UINT32_MAX for messages */
    uint32_t cpu, vector;
    uint64_t count, not_mine;
    bool masked_by_storm;
};
bool irq_stats(unsigned index, struct irq_stats *out_stats);

/* Interrupts that belonged to nobody, on all CPUs. Any context. */
uint64_t irq_spurious(void);
uint64_t irq_unclaimed(void);

#include <ingot/cpu_irq.h>    /* IRQ_HANDLER, irq_isa_line: the CPU's own */
