/* The x86_64 side of the core: what its files share. Not for drivers or applications. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arch.h"

#include <ingot/cpu.h>

#include "core/x86_64/cpu_local.h"

/* Segment selectors of our GDT. */
enum { SELECTOR_CODE = 0x08, SELECTOR_DATA = 0x10, SELECTOR_TSS = 0x18 };

/* Interrupt stack table slots (1 to 7; 0 means: stay on the stack that runs). Intel SDM vol. 3A, "Interrupt Stack Table". */
enum ist { IST_DOUBLE_FAULT = 1, IST_NMI, IST_MACHINE_CHECK, IST_COUNT = IST_MACHINE_CHECK };
enum { IST_STACK_BYTES = 8192, GUARD_BYTES = 4096 };

/* Each emergency stack with the page below it that is never mapped: overflowing one must not reach the next. */
struct ist_stack {
    uint8_t guard[GUARD_BYTES];
    uint8_t stack[IST_STACK_BYTES];
} __attribute__((aligned(4096)));

struct tss {                                  /* SDM vol. 3A, "64-Bit Mode Task Segment" */
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];                          /* IST1 is ist[0] */
    uint64_t reserved2;
    uint16_t reserved3, io_map_base;
} __attribute__((packed));
_Static_assert(sizeof(struct tss) == 104, "the TSS is 104 bytes");

/* What vectors.S leaves on the stack, lowest address first. */
struct trap_frame {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t vector, error;                   /* error is 0 where the CPU pushes none */
    uint64_t rip, cs, rflags, rsp, ss;        /* pushed by the CPU */
};
_Static_assert(sizeof(struct trap_frame) == 22 * 8, "vectors.S pushes 22 words");

enum { FEATURES = 5 };                        /* words of CPUID that CPUs are compared by */

/* One processor's own area, in its per-CPU variables. GS points to it. */
struct cpu {
    struct cpu *self;                         /* offset CPU_LOCAL_SELF */
    uint32_t id;                              /* offset CPU_LOCAL_ID */
    uint32_t apic_id;
    uint64_t canary;                          /* offset CPU_LOCAL_CANARY: what functions guard their frames with */
    uintptr_t distance;                       /* offset CPU_LOCAL_DISTANCE: from the boot CPU's variables to this one's */
    struct trap_frame panic_frame;            /* offset CPU_PANIC_FRAME: what panic.S noted */
    uint64_t vectors_most;                    /* offset CPU_LOCAL_VECTORS: the most bytes for which mem.S may use vectors here and now */
    uint64_t stack_base, stack_end;           /* where its program runs; the guard page lies below */
    struct ist_stack *ist_stacks;             /* IST_COUNT of them */
    struct tss tss;
    uint64_t gdt[5];                          /* null, code, data, TSS (two slots) */
    uint32_t uid;                             /* as ACPI calls it */
    uint32_t came_to;                         /* enum start_step, when starting was over */
    struct cpu_place place;
    uint32_t feature[FEATURES];
    struct trap_frame *frame;                 /* of the exception that it is in, or panic_frame; NULL: of none */
    struct arch_place stopped_at;             /* once held is set */
    _Atomic bool hold, held, asked;           /* it is to stand; it stands; an NMI of ours is on its way */
    void (*_Atomic errand)(void *argument);   /* what it is to do while it stands */
    void *errand_argument;
};
_Static_assert(offsetof(struct cpu, self) == CPU_LOCAL_SELF && offsetof(struct cpu, id) == CPU_LOCAL_ID &&
               offsetof(struct cpu, canary) == CPU_LOCAL_CANARY && offsetof(struct cpu, distance) == CPU_LOCAL_DISTANCE,
               "ingot/cpu_inline.h and core.mk name these offsets");

enum { CPU_PANIC_FRAME = 32 };
_Static_assert(offsetof(struct cpu, panic_frame) == CPU_PANIC_FRAME && offsetof(struct trap_frame, rax) == 112 &&
               offsetof(struct trap_frame, rbp) == 64 && offsetof(struct trap_frame, rip) == 136 &&
               offsetof(struct trap_frame, ss) == 168, "panic.S writes it by offsets");
_Static_assert(offsetof(struct cpu, vectors_most) == CPU_LOCAL_VECTORS, "mem.S, vectors.S and panic.S read and write it");

extern PER_CPU(struct cpu, cpu_area);         /* without per_cpu(): the boot CPU's */

static inline struct cpu *cpu_area_of(uint32_t id) { return per_cpu_of(&cpu_area, id); }

/* A canary for one CPU, to be in its struct cpu before it runs any C. Any context, after seed_start(). */
uint64_t canary_make(void);

/* The APIC id of CPU number id. Any context. */
static inline uint32_t cpu_apic_id(uint32_t id) { return cpu_area_of(id)->apic_id; }

/* Vector units and machine checks on, on the CPU that runs. */
void cpu_units_start(void);

/* Lets mem.S use this CPU's vector registers up to so many bytes; 0: not at all. */
static inline void cpu_set_vectors_most(uint64_t bytes)
{
    __asm__ volatile("movq %0, %%gs:%c1" :: "r"(bytes), "i"(CPU_LOCAL_VECTORS) : "memory");
}

/* ---- registers ---- */

enum msr {
    MSR_APIC_BASE    = 0x01b,
    MSR_TSC_ADJUST   = 0x03b,
    MSR_MTRR_CAP     = 0x0fe,
    MSR_MISC_ENABLE  = 0x1a0,
    MSR_PAT          = 0x277,
    MSR_MTRR_DEFAULT = 0x2ff,
    MSR_TSC_DEADLINE = 0x6e0,
    MSR_EFER         = 0xc0000080,
    MSR_FS_BASE      = 0xc0000100,
    MSR_GS_BASE      = 0xc0000101,
    MSR_KERNEL_GS    = 0xc0000102,
};

enum {                                        /* CR0 */
    CR0_MP = 1u << 1,                         /* WAIT faults when TS is set */
    CR0_EM = 1u << 2,                         /* no FPU */
    CR0_TS = 1u << 3,                         /* task switched: next FP instruction faults */
    CR0_NE = 1u << 5,                         /* FP errors by #MF, not by IRQ 13 */
    CR0_WP = 1u << 16,                        /* read-only pages hold for us too */
};

enum {                                        /* CR4 */
    CR4_PAE        = 1u << 5,
    CR4_OSFXSR     = 1u << 9,
    CR4_OSXMMEXCPT = 1u << 10,
    CR4_UMIP       = 1u << 11,
    CR4_LA57       = 1u << 12,
    CR4_OSXSAVE    = 1u << 18,
    CR4_SMEP       = 1u << 20,
    CR4_SMAP       = 1u << 21,
};

enum { EFER_LME = 1u << 8, EFER_NXE = 1u << 11 };

static inline uint64_t msr_read(uint32_t msr)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr) : "memory");
    return (uint64_t)high << 32 | low;
}

static inline void msr_write(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr" :: "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
}

#define CPU_CONTROL_REGISTER(name) \
    static inline uint64_t name##_read(void) \
    { \
        uint64_t value; \
        __asm__ volatile("mov %%" #name ", %0" : "=r"(value) :: "memory"); \
        return value; \
    } \
    static inline void name##_write(uint64_t value) { __asm__ volatile("mov %0, %%" #name :: "r"(value) : "memory"); }
CPU_CONTROL_REGISTER(cr0)
CPU_CONTROL_REGISTER(cr2)
CPU_CONTROL_REGISTER(cr3)
CPU_CONTROL_REGISTER(cr4)

struct cpuid {
    uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid cpuid(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid r;
    __asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(subleaf));
    return r;
}

/* The leaf, or zeros where the CPU does not have it. */
struct cpuid cpuid_or_zero(uint32_t leaf, uint32_t subleaf);

/* ---- traps: exceptions and interrupts ---- */

enum vector {
    VECTOR_NMI = 2, VECTOR_NO_FPU = 7, VECTOR_DOUBLE_FAULT = 8, VECTOR_GENERAL_PROTECTION = 13, VECTOR_PAGE_FAULT = 14, VECTOR_MACHINE_CHECK = 18,
    VECTOR_FIRST_INTERRUPT = 32, VECTORS = 256,
};

/* Loads GDT, TSS and IDT of cpu on the CPU that runs, and points GS to it. */
void descriptors_load(struct cpu *cpu, struct ist_stack *ist_stacks);

/* Reads 8 bytes of memory at an address that may not be mapped. False when it is not. */
bool memory_read_safe(uint64_t address, uint64_t *out_value);
