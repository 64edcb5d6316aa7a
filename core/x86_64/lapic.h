/* Local APIC: this CPU's interrupt controller and timer, in xAPIC or x2APIC mode.
 * Source: Intel SDM vol. 3A, "Advanced Programmable Interrupt Controller (APIC)" (chapter 10 in edition 253668-032). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum {                                   /* vectors that are ours, above those of devices */
    VECTOR_PIC_FIRST = 0x20,             /* [0x20, 0x30): the masked 8259s, which raise spurious ones all the same */
    VECTOR_DEVICE_FIRST = 0x30,
    VECTOR_DEVICE_END = 0xf0,
    VECTOR_TIMER = 0xf0,
    VECTOR_LAPIC_ERROR = 0xfe,
    VECTOR_SPURIOUS = 0xff,
};

/* The CPU's APIC into a known state: on, all local vectors masked but NMI and error. On each CPU, after ACPI on the first.
 * address: of the registers, from the MADT or IA32_APIC_BASE. False when the CPU has none. */
bool lapic_start(void);

/* Ends the interrupt that runs. */
void lapic_eoi(void);

uint32_t lapic_id(void);

/* VECTOR_LAPIC_ERROR came: says which errors, a few times. */
void lapic_tell_error(void);

bool lapic_in_service(unsigned vector);

/* Sends vector to this very CPU (for tests and self-measurement). Interrupts decide when it comes. */
void lapic_send_self(unsigned vector);
