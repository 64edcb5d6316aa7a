/* Exceptions arrive here from vectors.S. */
#include "core/arch.h"
#include "core/x86_64/trap.h"

#include <ingot/probe.h>

struct fixup {
    int32_t fault, resume;                     /* each relative to its own place, so that nothing has to be relocated */
};

extern const struct fixup fixups_start[], fixups_end[];
extern const uint8_t arch_clear_end[];         /* clear.S */

/* An instruction that was expected to fault goes on where its author said. */
static bool resume_at_fixup(struct trap_frame *frame)
{
    for (const struct fixup *fixup = fixups_start; fixup < fixups_end; fixup++) {
        if ((uint64_t)&fixup->fault + (int64_t)fixup->fault != frame->rip)
            continue;
        frame->rip = (uint64_t)&fixup->resume + (int64_t)fixup->resume;
        return true;
    }
    return false;
}

/* In a debug build the vector unit is off while a handler runs. What arch_clear() uses of it, it puts back: it may go on. */
static bool resume_clearing(const struct trap_frame *frame)
{
    if (!INGOT_DEBUG || frame->vector != VECTOR_NO_FPU || frame->rip < (uint64_t)arch_clear || frame->rip >= (uint64_t)arch_clear_end)
        return false;
    cr0_write(cr0_read() & ~(uint64_t)CR0_TS);
    return true;
}

void trap(struct trap_frame *frame)
{
    if (resume_clearing(frame))
        return;
    if ((frame->vector == VECTOR_PAGE_FAULT || frame->vector == VECTOR_GENERAL_PROTECTION) && resume_at_fixup(frame))
        return;
    exception(frame);
}

/* The instruction at 1 may fault; then *ok is left 0. */
#define PROBE(instruction, ...) \
    __asm__ volatile("1: " instruction "\n\t" \
                     "movl $1, %k[ok]\n" \
                     "2:\n\t" \
                     ".pushsection .fixups, \"a\"\n\t" \
                     ".long 1b - ., 2b - .\n\t" \
                     ".popsection" __VA_ARGS__)

int msr_read_safe(uint32_t msr, uint64_t *out_value)
{
    uint32_t low = 0, high = 0, ok = 0;

    PROBE("rdmsr", : [ok] "+r"(ok), "+a"(low), "+d"(high) : "c"(msr) : "memory");
    if (!ok)
        return ERR_FAULT;
    *out_value = (uint64_t)high << 32 | low;
    return 0;
}

int msr_write_safe(uint32_t msr, uint64_t value)
{
    uint32_t ok = 0;

    PROBE("wrmsr", : [ok] "+r"(ok) : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
    return ok ? 0 : ERR_FAULT;
}

#define MMIO_PROBE(bits, move) \
    int mmio_probe##bits(const volatile void *reg, uint##bits##_t *out_value) \
    { \
        uint##bits##_t value = 0; \
        uint32_t ok = 0; \
        PROBE(move " %[from], %[value]", \
              : [ok] "+r"(ok), [value] "+r"(value) : [from] "m"(*(const volatile uint##bits##_t *)reg) : "memory"); \
        if (!ok) \
            return ERR_FAULT; \
        *out_value = value; \
        return 0; \
    }
MMIO_PROBE(8, "movb")
MMIO_PROBE(16, "movw")
MMIO_PROBE(32, "movl")
MMIO_PROBE(64, "movq")

#define MMIO_TRY_WRITE(bits, move) \
    int mmio_try_write##bits(volatile void *reg, uint##bits##_t value) \
    { \
        uint32_t ok = 0; \
        PROBE(move " %[value], %[to]", : [ok] "+r"(ok), [to] "=m"(*(volatile uint##bits##_t *)reg) : [value] "r"(value) : "memory"); \
        return ok ? 0 : ERR_FAULT; \
    }
MMIO_TRY_WRITE(8, "movb")
MMIO_TRY_WRITE(16, "movw")
MMIO_TRY_WRITE(32, "movl")
MMIO_TRY_WRITE(64, "movq")

#define PORT_PROBE(bits, in) \
    int port_probe##bits(uint16_t port, uint##bits##_t *out_value) \
    { \
        uint##bits##_t value = 0; \
        uint32_t ok = 0; \
        PROBE(in, : [ok] "+r"(ok), "+a"(value) : "d"(port) : "memory"); \
        if (!ok) \
            return ERR_FAULT; \
        *out_value = value; \
        return value == (uint##bits##_t)~0u ? ERR_NOT_FOUND : 0; \
    }
PORT_PROBE(8, "inb %%dx, %%al")
PORT_PROBE(16, "inw %%dx, %%ax")
PORT_PROBE(32, "inl %%dx, %%eax")

bool memory_read_safe(uint64_t address, uint64_t *out_value)
{
    return mmio_probe64((const volatile void *)address, out_value) == 0;
}
