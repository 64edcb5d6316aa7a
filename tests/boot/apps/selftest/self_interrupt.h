/* The local APIC asked to interrupt its own CPU. Source: Intel SDM vol. 3A, "Interrupt Command Register (ICR)". */
#pragma once

#include <ingot/mmio.h>
#include <ingot/probe.h>

enum { SELF_MSR_APIC_BASE = 0x1b, SELF_X2APIC = 1u << 10, SELF_MSR_ICR = 0x830, SELF_ICR = 0x300, SELF_SHORTHAND = 1u << 18 };

static inline void interrupt_self(uint32_t vector)
{
    uint64_t base = 0;

    msr_read_safe(SELF_MSR_APIC_BASE, &base);
    if (base & SELF_X2APIC) {
        __asm__ volatile("mfence; lfence" ::: "memory");
        msr_write_safe(SELF_MSR_ICR, SELF_SHORTHAND | vector);
    } else {
        mmio_write32((volatile void *)((base & 0x000ffffffffff000) + SELF_ICR), SELF_SHORTHAND | vector);
    }
}
