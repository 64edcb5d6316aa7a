/* Local APIC: this CPU's interrupt controller, in xAPIC or x2APIC mode.
 * Source: Intel SDM vol. 3A, "Advanced Programmable Interrupt Controller (APIC)" (chapter 10 in edition 253668-032). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {                                   /* vectors that are ours, above those of devices */
    VECTOR_PIC_FIRST = 0x20,             /* [0x20, 0x30): the masked 8259s, which raise spurious ones all the same */
    VECTOR_DEVICE_FIRST = 0x30,
    VECTOR_DEVICE_END = 0xf0,
    VECTOR_TIMER = 0xf0,
    VECTOR_CALL = 0xf1,                  /* another CPU wants something */
    VECTOR_DRAIN = 0xf2,                 /* there is something in the log */
    VECTOR_LAPIC_ERROR = 0xfe,
    VECTOR_SPURIOUS = 0xff,
};

enum lapic_reg {                         /* byte offset; the x2APIC MSR is 0x800 + offset / 16 */
    LAPIC_ID          = 0x020,
    LAPIC_VERSION     = 0x030,
    LAPIC_TPR         = 0x080,
    LAPIC_EOI         = 0x0b0,           /* write 0 to end the interrupt */
    LAPIC_SVR         = 0x0f0,
    LAPIC_ISR         = 0x100,           /* eight words, 16 bytes apart */
    LAPIC_IRR         = 0x200,           /* likewise */
    LAPIC_ESR         = 0x280,
    LAPIC_LVT_CMCI    = 0x2f0,
    LAPIC_ICR_LOW     = 0x300,           /* in x2APIC mode one register of 64 bits */
    LAPIC_ICR_HIGH    = 0x310,
    LAPIC_LVT_TIMER   = 0x320,
    LAPIC_LVT_THERMAL = 0x330,
    LAPIC_LVT_PERF    = 0x340,
    LAPIC_LVT_LINT0   = 0x350,
    LAPIC_LVT_LINT1   = 0x360,
    LAPIC_LVT_ERROR   = 0x370,
    LAPIC_TIMER_INIT  = 0x380,
    LAPIC_TIMER_COUNT = 0x390,
    LAPIC_TIMER_DIV   = 0x3e0,
};
enum { LAPIC_LVT_MASKED = 1u << 16 };    /* of every LVT register */

/* The boot CPU's APIC into a known state: on, all local vectors masked but NMI and error. After ACPI. False when the CPU has none. */
bool lapic_start(void);
bool lapic_is_on(void);

/* The same on any other CPU, in the boot CPU's mode. */
void lapic_start_here(void);

/* x2APIC mode, for ids above 254: switches it on if it is not. Boot CPU, before others start. False: the CPU does not have it. */
bool lapic_use_32_bit_ids(void);

/* Ends the interrupt that runs. */
void lapic_eoi(void);

uint32_t lapic_id(void);

/* VECTOR_LAPIC_ERROR came: says which errors, a few times. */
void lapic_tell_error(void);

/* The vector runs on this CPU; or it was raised and waits until interrupts are on. */
bool lapic_in_service(unsigned vector);
bool lapic_is_requested(unsigned vector);

/* Sends an interrupt to a CPU: command is the lower half of the ICR, a vector and perhaps a delivery mode. Any context but NMI. */
void lapic_send(uint32_t apic_id, uint32_t command);

/* The same where an NMI may have come into one that was being sent: that one goes on as it was. */
void lapic_send_between(uint32_t apic_id, uint32_t command);

/* Sends vector to this very CPU (for tests and self-measurement). Interrupts decide when it comes. */
void lapic_send_self(unsigned vector);

/* Registers of this CPU's, after lapic_start(). Any context. */
uint32_t lapic_read(enum lapic_reg reg);
void lapic_write(enum lapic_reg reg, uint32_t value);

/* lapic_timer.c: has the boot CPU's timer count, masked, so that its speed is known for nothing when somebody wants it. From
 * lapic_start(), on each CPU. */
void lapic_timer_prepare(void);
