/* Exceptions that single instructions and single accesses raise. */
#include "faults.h"

#include <ingot/cpu.h>
#include <ingot/string.h>

/* In assembly, so that the compiler neither sees what is coming nor moves it out of the function's frame. */
static inline void read_at(uint64_t address) { __asm__ volatile("movl (%0), %%eax" :: "r"(address) : "eax", "memory"); }
static inline void write_at(uint64_t address) { __asm__ volatile("movb $0, (%0)" :: "r"(address) : "memory"); }
static inline void call_at(uint64_t address) { __asm__ volatile("call *%0" :: "r"(address) : "memory"); }

static uint8_t data[64] __attribute__((aligned(64))) = { 0xc3 };
static const uint64_t constant = 1;

static PRESS divide(void) { __asm__ volatile("xorl %%ecx, %%ecx; movl $1, %%eax; cltd; idivl %%ecx" ::: "eax", "ecx", "edx", "memory"); }
static PRESS debug_trap(void) { __asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq; nop; nop" ::: "memory"); }
static PRESS breakpoint(void) { __asm__ volatile("int3" ::: "memory"); }
static PRESS undefined(void) { __asm__ volatile("ud2" ::: "memory"); }

/* CR0.TS: the next vector instruction finds its unit off. */
static PRESS no_fpu(void)
{
    __asm__ volatile("mov %%cr0, %%rax; or $8, %%rax; mov %%rax, %%cr0; addps %%xmm0, %%xmm0" ::: "rax", "xmm0", "memory");
}

static PRESS x87(void)
{
    uint16_t control = 0x37b;                   /* division by zero unmasked */

    __asm__ volatile("fninit; fldcw %0; fldz; fld1; fdiv %%st(1), %%st; fwait" :: "m"(control) : "memory");
}

/* On emulators that raise no SIMD exceptions it comes back. */
static PRESS simd(void)
{
    uint32_t control = 0x1f80 & ~(1u << 9), one = 0x3f800000;     /* division by zero unmasked */

    __asm__ volatile("ldmxcsr %0; xorps %%xmm0, %%xmm0; movss %1, %%xmm1; divss %%xmm0, %%xmm1"
                     :: "m"(control), "m"(one) : "xmm0", "xmm1", "memory");
}

static PRESS sse_misaligned(void) { __asm__ volatile("movaps (%0), %%xmm0" :: "r"(data + 1) : "xmm0", "memory"); }
static PRESS avx_misaligned(void) { __asm__ volatile("vmovaps (%0), %%ymm0" :: "r"(data + 16) : "xmm0", "memory"); }

static PRESS read_msr(void) { __asm__ volatile("rdmsr" :: "c"(0x4b564dff) : "eax", "edx", "memory"); }

/* IA32_PKRS has 32 bits: all others must be 0. */
static PRESS write_msr(void) { __asm__ volatile("wrmsr" :: "c"(0x6e1), "a"(0), "d"(1) : "memory"); }

static PRESS read_null(void) { read_at(0x10); }
static PRESS write_null(void) { write_at(0x10); }
static PRESS call_null(void) { call_at(0); }
static PRESS copy_from_null(void) { memcpy(data, (const void *)(uintptr_t)(data[32] + 0x20), sizeof(data)); __asm__ volatile("" ::: "memory"); }
static PRESS fill_text(void) { memset((void *)(uintptr_t)fill_text, 0, 2000); __asm__ volatile("" ::: "memory"); }
static PRESS write_text(void) { write_at((uint64_t)write_text); }
static PRESS write_constant(void) { write_at((uint64_t)&constant); }
static PRESS jump_to_data(void) { call_at((uint64_t)data); }
static PRESS jump_to_nowhere(void) { call_at(1ull << 40); }
static PRESS read_unmapped(void) { read_at(1ull << 40); }
static PRESS write_hole(void) { write_at(1ull << 33); }             /* above the RAM of a small machine */
static PRESS read_not_canonical(void) { read_at(1ull << 60); }
static PRESS call_not_canonical(void) { call_at(1ull << 60); }

static PRESS jump_to_stack(void)
{
    uint8_t code[16] = { 0xc3 };

    call_at((uint64_t)code);
}

/* Nothing can be pushed there, so the exception's own delivery fails. */
static PRESS stack_not_canonical(void) { __asm__ volatile("mov %0, %%rsp; push %%rax" :: "r"(1ull << 60) : "memory"); }

/* A program's own INT instruction. Where the CPU would push an error code, INT does not. */
#define INT(n) static PRESS int_##n(void) { __asm__ volatile("int $" #n ::: "memory"); }
INT(4) INT(5) INT(9) INT(10) INT(13) INT(14) INT(15) INT(16) INT(19) INT(20) INT(22) INT(28) INT(31) INT(77) INT(255)

static PRESS wait(void)
{
    for (;;)
        cpu_wait();
}

const struct button cpu_buttons[] = {
    { "divide", divide }, { "debug-trap", debug_trap }, { "breakpoint", breakpoint },
    { "undefined", undefined }, { "no-fpu", no_fpu }, { "x87", x87 }, { "simd", simd },
    { "sse-misaligned", sse_misaligned }, { "avx-misaligned", avx_misaligned }, { "read-msr", read_msr }, { "write-msr", write_msr },
    { "read-null", read_null }, { "write-null", write_null }, { "call-null", call_null }, { "copy-from-null", copy_from_null },
    { "fill-text", fill_text }, { "write-text", write_text }, { "write-constant", write_constant }, { "jump-to-data", jump_to_data },
    { "jump-to-stack", jump_to_stack }, { "jump-to-nowhere", jump_to_nowhere }, { "read-unmapped", read_unmapped },
    { "write-hole", write_hole }, { "read-not-canonical", read_not_canonical }, { "call-not-canonical", call_not_canonical },
    { "stack-not-canonical", stack_not_canonical },
    { "int-4", int_4 }, { "int-5", int_5 }, { "int-9", int_9 }, { "int-10", int_10 }, { "int-13", int_13 }, { "int-14", int_14 }, { "int-15", int_15 },
    { "int-16", int_16 }, { "int-19", int_19 }, { "int-20", int_20 }, { "int-22", int_22 }, { "int-28", int_28 }, { "int-31", int_31 },
    { "int-77", int_77 }, { "int-255", int_255 }, { "wait", wait }, { 0 },
};
