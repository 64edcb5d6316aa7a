#include "core/x86_64/lapic.h"

#include "core/x86_64/cpu.h"

#include <ingot/acpi.h>
#define LOG_SUBSYSTEM lapic
#include <ingot/log.h>
#include <ingot/mmio.h>

LOG_SUBSYSTEM_DEFINE(lapic);

enum {                                   /* LVT registers */
    LVT_NMI    = 4u << 8,                /* [10:8] delivery mode */
    SVR_ENABLE = 1u << 8,
    ICR_SELF   = 1u << 18,               /* [19:18] destination shorthand */
    ICR_PENDING = 1u << 12,
};

enum { APIC_BASE_X2APIC = 1u << 10, APIC_BASE_ENABLE = 1u << 11, ICR_BOUND_READS = 100000, ERRORS_TOLD = 8 };

static volatile uint8_t *registers;      /* NULL: x2APIC, by MSR */
static bool x2apic;

uint32_t lapic_read(enum lapic_reg reg)
{
    return x2apic ? (uint32_t)msr_read(0x800 + reg / 16) : mmio_read32(registers + reg);
}

void lapic_write(enum lapic_reg reg, uint32_t value)
{
    if (x2apic)
        msr_write(0x800 + reg / 16, value);
    else
        mmio_write32(registers + reg, value);
}

uint32_t lapic_id(void)
{
    return x2apic ? lapic_read(LAPIC_ID) : lapic_read(LAPIC_ID) >> 24;
}

void lapic_eoi(void)
{
    lapic_write(LAPIC_EOI, 0);
}

void lapic_tell_error(void)
{
    static _Atomic uint32_t told;
    uint32_t errors;

    lapic_write(LAPIC_ESR, 0);
    errors = lapic_read(LAPIC_ESR);
    if (told++ < ERRORS_TOLD)
        log_warn("the local APIC of cpu %u reports errors %#x (SDM vol. 3A, \"Error Status Register\")", cpu_id(), errors);
}

bool lapic_in_service(unsigned vector)
{
    return lapic_read((enum lapic_reg)(LAPIC_ISR + vector / 32 * 16)) >> (vector % 32) & 1;
}

void lapic_send_self(unsigned vector)
{
    /* WRMSR to an x2APIC register is not serialising (SDM vol. 3A, "MSR Access in x2APIC Mode"). */
    if (x2apic) {
        __asm__ volatile("mfence; lfence" ::: "memory");
        msr_write(0x800 + LAPIC_ICR_LOW / 16, ICR_SELF | vector);
        return;
    }
    for (unsigned reads = 0; lapic_read(LAPIC_ICR_LOW) & ICR_PENDING; reads++)
        if (reads == ICR_BOUND_READS) {
            log_error("the last IPI is still not delivered after %u reads: vector %u is not sent", reads, vector);
            return;
        }
    lapic_write(LAPIC_ICR_LOW, ICR_SELF | vector);
}

/* Which input is the NMI: LINT1 on every machine that says nothing else. */
static void connect_nmi(void)
{
    struct acpi_local_nmi nmi;
    enum lapic_reg input = LAPIC_LVT_LINT1;

    if (acpi_get_local_nmi(0, &nmi) == 0 && nmi.lint == 0)
        input = LAPIC_LVT_LINT0;
    lapic_write(input, LVT_NMI);
}

static void find_registers(void)
{
    uint64_t base = msr_read(MSR_APIC_BASE);

    x2apic = base & APIC_BASE_X2APIC;
    if (!(base & APIC_BASE_ENABLE))
        msr_write(MSR_APIC_BASE, base | APIC_BASE_ENABLE);
    registers = (volatile uint8_t *)(uintptr_t)(base & 0x000ffffffffff000);
}

bool lapic_start(void)
{
    if (!(cpuid(1, 0).edx & 1u << 9))        /* SDM vol. 2A, "CPUID": APIC on chip */
        return false;
    find_registers();
    lapic_write(LAPIC_SVR, SVR_ENABLE | VECTOR_SPURIOUS);
    lapic_write(LAPIC_TPR, 0);
    lapic_write(LAPIC_LVT_TIMER, LAPIC_LVT_MASKED);
    lapic_write(LAPIC_LVT_LINT0, LAPIC_LVT_MASKED);
    lapic_write(LAPIC_LVT_LINT1, LAPIC_LVT_MASKED);
    lapic_write(LAPIC_LVT_ERROR, VECTOR_LAPIC_ERROR);
    connect_nmi();
    /* Write before reading: the write latches the errors seen since the last one; x2APIC takes only 0 (SDM vol. 3A, "Error Handling"). */
    lapic_write(LAPIC_ESR, 0);
    lapic_timer_prepare();
    boot_cpu.apic_id = lapic_id();
    return true;
}
