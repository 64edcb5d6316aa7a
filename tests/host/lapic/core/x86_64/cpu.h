/* In place of core/x86_64/cpu.h, for a local APIC that is a model: what core/x86_64/lapic_timer.c asks of the CPU. */
#pragma once

#include <stdint.h>

#include <ingot/cpu.h>

enum msr { MSR_TSC_DEADLINE = 0x6e0 };

struct cpuid {
    uint32_t eax, ebx, ecx, edx;
};

struct cpuid cpuid(uint32_t leaf, uint32_t subleaf);
void msr_write(uint32_t msr, uint64_t value);
