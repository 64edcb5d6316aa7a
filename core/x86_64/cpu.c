/* The processor itself: what it has, and switching it on for applications. */
#include "core/arch.h"
#include "core/machine.h"
#include "core/seed.h"
#include "core/x86_64/address.h"
#include "core/x86_64/cpu.h"
#include "core/x86_64/machine_check.h"

#define LOG_SUBSYSTEM cpu
#include <ingot/format.h>
#include <ingot/log.h>
#include <ingot/machine.h>
#include <ingot/pages.h>
#include <ingot/string.h>

LOG_SUBSYSTEM_DEFINE(cpu);

enum {                                        /* CPUID leaf 1 */
    LEAF1_ECX_XSAVE = 1u << 26, LEAF1_ECX_AVX = 1u << 28,
    LEAF7_EBX_AVX512F = 1u << 16, LEAF7_EBX_AVX2 = 1u << 5, LEAF7_EBX_SMEP = 1u << 7, LEAF7_EBX_SMAP = 1u << 20, LEAF7_ECX_UMIP = 1u << 2,
};

enum {                                        /* XCR0; SDM vol. 1, "XSAVE-Supported Features and State-Component Bitmaps" */
    XCR0_X87 = 1u << 0, XCR0_SSE = 1u << 1, XCR0_AVX = 1u << 2, XCR0_AVX512 = 7u << 5,
};

static struct ist_stack boot_ist_stacks[IST_COUNT] __attribute__((section(".noinit")));

struct cpuid cpuid_or_zero(uint32_t leaf, uint32_t subleaf)
{
    uint32_t highest = cpuid(leaf & 0x80000000, 0).eax;

    return leaf <= highest ? cpuid(leaf, subleaf) : (struct cpuid){ 0 };
}

static void xcr0_write(uint32_t value)
{
    __asm__ volatile("xsetbv" :: "c"(0), "a"(value), "d"(0));
}

/* Turns on the x87, SSE, AVX and AVX-512 state that the CPU has. Core and drivers are built without it; applications need it. */
static void vector_units_start(void)
{
    struct cpuid leaf1 = cpuid(1, 0), leaf7 = cpuid_or_zero(7, 0);

    cr0_write((cr0_read() & ~(uint64_t)(CR0_EM | CR0_TS)) | CR0_MP | CR0_NE);
    cr4_write(cr4_read() | CR4_OSFXSR | CR4_OSXMMEXCPT);
    if (leaf1.ecx & LEAF1_ECX_XSAVE) {
        uint32_t wanted = XCR0_X87 | XCR0_SSE;

        cr4_write(cr4_read() | CR4_OSXSAVE);
        if (leaf1.ecx & LEAF1_ECX_AVX)
            wanted |= XCR0_AVX;
        if (wanted & XCR0_AVX && leaf7.ebx & LEAF7_EBX_AVX512F)
            wanted |= XCR0_AVX512;
        wanted &= cpuid_or_zero(0xd, 0).eax;
        xcr0_write(wanted);
        if (wanted & XCR0_AVX && leaf7.ebx & LEAF7_EBX_AVX2)
            cpu_set_vectors_most(VECTORS_MAX);
    }
    __asm__ volatile("fninit");
    __asm__ volatile("ldmxcsr %0" :: "m"((uint32_t){ 0x1f80 }));    /* all SIMD exceptions masked: SDM vol. 1, "MXCSR" */
}

void cpu_units_start(void)
{
    vector_units_start();
    machine_check_start();
}

uint64_t canary_make(void)
{
    return seed_next() & ~0xffull;            /* text that runs over ends with the 0 */
}

/* Itself without one, as it comes back to another. */
__attribute__((no_stack_protector)) void arch_start_canary(void)
{
    cpu_area.canary = canary_make();
}

void arch_start_boot_cpu(void)
{
    descriptors_load(&cpu_area, boot_ist_stacks);
    cpu_units_start();
}

/* The guard page, then the stack; paging.c takes its place from cpu_area. */
static bool make_stack(uint64_t bytes)
{
    uint8_t *guard = pages_alloc(1 + bytes / PAGE_BYTES, 0, PAGES_ANYWHERE);

    if (!guard)
        return false;
    cpu_area.stack_base = (uint64_t)guard + PAGE_BYTES;
    cpu_area.stack_end = cpu_area.stack_base + bytes;
    return true;
}

_Noreturn void arch_start_stack(uint64_t bytes, void (*go_on)(void))
{
    uint64_t has = cpu_area.stack_end - cpu_area.stack_base;

    bytes = (bytes + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
    if (bytes > has && !make_stack(bytes)) {
        log_warn("no memory for a stack of %llu KiB: main has %llu", (unsigned long long)bytes >> 10, (unsigned long long)has >> 10);
        machine_degraded("stack");
        bytes = has;
    }
    if (bytes <= has) {
        go_on();
        __builtin_unreachable();
    }
    __asm__ volatile("movq %0, %%rsp\n\t"
                     "xorl %%ebp, %%ebp\n\t"           /* backtraces end here */
                     "call *%1\n\t"
                     "ud2" :: "r"(cpu_area.stack_end), "r"(go_on) : "memory");
    __builtin_unreachable();
}

static void brand(char *out)                  /* 49 bytes */
{
    uint32_t *word = (uint32_t *)out;

    out[0] = 0;
    if (cpuid(0x80000000, 0).eax < 0x80000004)
        return;
    for (uint32_t leaf = 0x80000002; leaf <= 0x80000004; leaf++) {
        struct cpuid r = cpuid(leaf, 0);

        *word++ = r.eax;
        *word++ = r.ebx;
        *word++ = r.ecx;
        *word++ = r.edx;
    }
    out[48] = 0;
}

void machine_cpu(char *out, uint32_t bytes)
{
    char name[52] __attribute__((aligned(4)));
    const char *start;
    uint32_t signature = cpuid(1, 0).eax, family = signature >> 8 & 0xf, model = signature >> 4 & 0xf;

    if (family == 6 || family == 15)          /* SDM vol. 2A, "CPUID": extended model and family */
        model |= signature >> 12 & 0xf0;
    if (family == 15)
        family += signature >> 20 & 0xff;
    brand(name);
    for (start = name; *start == ' '; start++)        /* some vendors pad in front */
        ;
    format(out, bytes, "%s, family %u model %u stepping %u", *start ? start : "unnamed CPU", family, model, signature & 0xf);
}

void arch_describe_cpu(void)
{
    char line[128];

    machine_cpu(line, sizeof(line));
    log_info("%s, APIC id %u", line, cpuid(1, 0).ebx >> 24);
}

const char arch_ticks_name[] = "TSC", arch_ticks_stated_by[] = "CPUID";

uint64_t arch_ticks_hz(bool *out_invariant)
{
    struct cpuid ratio = cpuid_or_zero(0x15, 0), mhz = cpuid_or_zero(0x16, 0);

    *out_invariant = cpuid_or_zero(0x80000007, 0).edx & 1u << 8;    /* SDM vol. 3B, "Invariant TSC" */
    if (ratio.eax && ratio.ebx && ratio.ecx)                        /* SDM vol. 2A, CPUID leaf 15H: crystal * EBX / EAX */
        return (uint64_t)ratio.ecx * ratio.ebx / ratio.eax;
    return (uint64_t)(mhz.eax & 0xffff) * 1000000;                  /* leaf 16H: base frequency */
}
