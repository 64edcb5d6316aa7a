/* This CPU, in one or two instructions (x86_64). Include <ingot/cpu.h>. Any context. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Offsets in struct cpu, which GS points to; asserted in core/x86_64/cpu.h. The compiler itself reads the canary. */
enum { CPU_LOCAL_SELF = 0, CPU_LOCAL_ID = 8, CPU_LOCAL_CANARY = 16, CPU_LOCAL_DISTANCE = 24 };

/* This CPU's number. Holds until the caller lets itself be moved, which nothing here does. */
static inline uint32_t cpu_id(void)
{
    uint32_t id;
    __asm__ volatile("movl %%gs:%c1, %0" : "=r"(id) : "i"(CPU_LOCAL_ID));
    return id;
}

/* How far this CPU's own variables lie behind CPU 0's: for per_cpu(). */
static inline uintptr_t cpu_local_distance(void)
{
    uintptr_t distance;
    __asm__ volatile("movq %%gs:%c1, %0" : "=r"(distance) : "i"(CPU_LOCAL_DISTANCE));
    return distance;
}

/* The CPU's own counter (TSC), which starts at 0 with power-on. Not ordered against other instructions. */
static inline uint64_t cpu_ticks(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

/* The same, after all that stands before it has been executed (Intel SDM vol. 2B, "RDTSC": LFENCE before it). */
static inline uint64_t cpu_ticks_ordered(void)
{
    __asm__ volatile("lfence" ::: "memory");
    return cpu_ticks();
}

/* Masks interrupts on this CPU; returns what cpu_interrupts_restore() takes. */
static inline uint64_t cpu_interrupts_off(void)
{
    uint64_t flags;
    __asm__ volatile("pushfq; popq %0; cli" : "=r"(flags) :: "memory");
    return flags;
}

/* Lets interrupts in again, if they were when cpu_interrupts_off() gave flags. */
static inline void cpu_interrupts_restore(uint64_t flags)
{
    if (flags & 1u << 9)                          /* RFLAGS.IF */
        __asm__ volatile("sti" ::: "memory");
}

/* Lets interrupts in. */
static inline void cpu_interrupts_on(void) { __asm__ volatile("sti" ::: "memory"); }

/* Whether interrupts are let in. */
static inline bool cpu_interrupts_are_on(void)
{
    uint64_t flags;
    __asm__ volatile("pushfq; popq %0" : "=r"(flags));
    return flags & 1u << 9;
}

/* In a loop that waits for another CPU or a device. */
static inline void cpu_relax(void) { __asm__ volatile("pause" ::: "memory"); }

/* Sleeps until the next interrupt. Interrupts are on when it returns; call with interrupts off, so that one that came between the
 * caller's last look and the sleep still wakes (STI holds interrupts back for one instruction: SDM vol. 2B, "STI"). */
static inline void cpu_wait(void) { __asm__ volatile("sti; hlt" ::: "memory"); }
