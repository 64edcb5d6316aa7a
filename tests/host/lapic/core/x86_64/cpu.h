/* In place of core/x86_64/cpu.h, for a local APIC that is a model: what lapic.c, lapic_timer.c and interrupt.c ask of the CPU. */
#pragma once

#include <stdint.h>

#include "core/arch.h"

#include <ingot/cpu.h>

enum msr { MSR_APIC_BASE = 0x1b, MSR_TSC_DEADLINE = 0x6e0 };
enum { CR0_TS = 1u << 3 };

struct cpuid {
    uint32_t eax, ebx, ecx, edx;
};

struct cpu {
    uint32_t apic_id, uid;
};
extern struct cpu cpu_area;

struct trap_frame;

struct cpuid cpuid(uint32_t leaf, uint32_t subleaf);
uint64_t msr_read(uint32_t msr);
void msr_write(uint32_t msr, uint64_t value);
uint32_t cpu_apic_id(uint32_t cpu);
static inline uint64_t cr0_read(void) { return 0; }
static inline void cr0_write(uint64_t value) { (void)value; }
