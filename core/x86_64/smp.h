/* Starting and stopping CPUs on a PC, between smp.c and its neighbours. */
#pragma once

#include "core/x86_64/cpu.h"

enum { CPU_STACK_BYTES = 64 << 10 };

/* What a CPU beside the boot CPU stands on: whole pages, one block behind the other. Its area and the other per-CPU variables follow. */
struct cpu_block {
    uint8_t guard[GUARD_BYTES];
    uint8_t stack[CPU_STACK_BYTES];
    struct ist_stack ist_stacks[IST_COUNT];
    uint8_t variables[];
};

extern uint8_t core_per_cpu_start[], core_per_cpu_end[];    /* link.ld */

/* A block's own copy of a per-CPU variable. */
#define per_cpu_in(variable, block) \
    ((__typeof__(variable))((block)->variables + ((uintptr_t)(variable) - (uintptr_t)core_per_cpu_start)))

enum start_step {                             /* trampoline.S knows the first three */
    STEP_NONE, STEP_REAL_MODE, STEP_LONG_MODE, STEP_SETTING_UP, STEP_ONLINE, STEP_GIVEN_UP,
};

struct start_slot {
    uint32_t apic_id;
    _Atomic uint32_t step;                    /* enum start_step; the CPU moves it on, by one, unless it was given up */
};

/* The page behind the code of trampoline.S. */
struct trampoline {
    uint16_t unused, gdt_limit;
    uint32_t gdt_base;
    uint32_t protected_offset, protected_selector;
    uint32_t long_offset, long_selector;
    uint64_t gdt[4];
    uint64_t cr0, cr3, cr4, efer;
    uint64_t stack_end, stack_step;
    uint64_t entry;
    uint32_t count, unused2;
    struct start_slot slot[];
};
_Static_assert(offsetof(struct trampoline, gdt) == 24 && offsetof(struct trampoline, cr0) == 56 &&
               offsetof(struct trampoline, stack_end) == 88 && offsetof(struct trampoline, count) == 112 &&
               offsetof(struct trampoline, slot) == 120 && sizeof(struct start_slot) == 8, "trampoline.S reads it by these offsets");

/* NMIs come here first. When another CPU holds us, notes where this one was, and returns when it is let go. False: nobody does. */
bool smp_stand_here(struct trap_frame *frame);

/* mtrr.c: takes note of the boot CPU's memory types; makes this CPU's the same, and returns whether they differed. */
void mtrr_note(void);
bool mtrr_match(void);

/* topology.c: where this CPU sits, by what it says itself. */
void topology_read(struct cpu_place *out_place);
