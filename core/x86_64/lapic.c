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

enum { APIC_BASE_BOOT_CPU = 1u << 8, APIC_BASE_X2APIC = 1u << 10, APIC_BASE_ENABLE = 1u << 11 };
#define APIC_BASE_ADDRESS 0x000ffffffffff000ull
enum { ICR_BOUND_READS = 100000, ERRORS_TOLD = 8 };

static volatile uint8_t *registers;      /* NULL: x2APIC, by MSR */
static bool x2apic;
static uint64_t boot_base;               /* IA32_APIC_BASE: where the registers are, and the mode, on all CPUs; 0: there is no APIC */

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

static bool is_set(enum lapic_reg first, unsigned vector)
{
    return lapic_read((enum lapic_reg)(first + vector / 32 * 16)) >> (vector % 32) & 1;
}

bool lapic_in_service(unsigned vector) { return is_set(LAPIC_ISR, vector); }
bool lapic_is_requested(unsigned vector) { return is_set(LAPIC_IRR, vector); }

/* In x2APIC mode, where nothing is waited for. WRMSR is not serialising there (SDM vol. 3A, "MSR Access in x2APIC Mode"). */
static void send_by_msr(uint32_t high, uint32_t low)
{
    __asm__ volatile("mfence; lfence" ::: "memory");
    msr_write(0x800 + LAPIC_ICR_LOW / 16, (uint64_t)high << 32 | low);
}

static bool is_sent(void)
{
    for (unsigned reads = 0; lapic_read(LAPIC_ICR_LOW) & ICR_PENDING; reads++)
        if (reads == ICR_BOUND_READS)
            return false;
    return true;
}

/* The two halves of the ICR; the upper one holds the destination, unless the lower one has a shorthand. */
static void send(uint32_t high, uint32_t low)
{
    uint64_t flags;

    if (x2apic)
        return send_by_msr(high, low);
    flags = cpu_interrupts_off();            /* a handler that sends must not come between the halves */
    if (is_sent()) {
        lapic_write(LAPIC_ICR_HIGH, high);
        lapic_write(LAPIC_ICR_LOW, low);
    } else {
        log_error("the last IPI is still not delivered after %u reads: command %#x is not sent", ICR_BOUND_READS, low);
    }
    cpu_interrupts_restore(flags);
}

/* No log line in here: the log sends by this one. */
void lapic_send_between(uint32_t apic_id, uint32_t command)
{
    uint64_t flags;
    uint32_t high;

    if (x2apic)
        return send_by_msr(apic_id, command);
    flags = cpu_interrupts_off();
    high = lapic_read(LAPIC_ICR_HIGH);
    if (is_sent()) {
        lapic_write(LAPIC_ICR_HIGH, apic_id << 24);
        lapic_write(LAPIC_ICR_LOW, command);
        is_sent();
        lapic_write(LAPIC_ICR_HIGH, high);
    }
    cpu_interrupts_restore(flags);
}

void lapic_send(uint32_t apic_id, uint32_t command)
{
    send(x2apic ? apic_id : apic_id << 24, command);
}

void lapic_send_self(unsigned vector)
{
    send(0, ICR_SELF | vector);
}

/* Which input is the NMI: LINT1 on every machine that says nothing else. Most say it for all CPUs at once, which is looked up once. */
static void connect_nmi(void)
{
    static bool found_for_all;
    static struct acpi_local_nmi for_all;
    struct acpi_local_nmi nmi;

    if (cpu_id() == 0)
        found_for_all = acpi_get_local_nmi(UINT32_MAX, &for_all) == 0;
    if (found_for_all)
        nmi = for_all;
    else if (acpi_get_local_nmi(per_cpu(&cpu_area)->uid, &nmi))
        nmi.lint = 1;
    lapic_write(nmi.lint == 0 ? LAPIC_LVT_LINT0 : LAPIC_LVT_LINT1, LVT_NMI);
}

/* Modes change only by these steps: off, xAPIC, x2APIC, off (SDM vol. 3A, "x2APIC States"). */
static void set_mode(uint64_t base)
{
    uint64_t now = msr_read(MSR_APIC_BASE), address = base & APIC_BASE_ADDRESS, rest = now & APIC_BASE_BOOT_CPU;

    if (now & APIC_BASE_X2APIC && !(base & APIC_BASE_X2APIC))
        msr_write(MSR_APIC_BASE, now = address | rest);
    if (!(now & APIC_BASE_X2APIC))
        msr_write(MSR_APIC_BASE, address | rest | APIC_BASE_ENABLE);
    if (base & APIC_BASE_X2APIC)
        msr_write(MSR_APIC_BASE, address | rest | APIC_BASE_ENABLE | APIC_BASE_X2APIC);
}

void lapic_start_here(void)
{
    set_mode(boot_base);
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
}

bool lapic_is_on(void) { return boot_base != 0; }

bool lapic_start(void)
{
    if (!(cpuid(1, 0).edx & 1u << 9))        /* SDM vol. 2A, "CPUID": APIC on chip */
        return false;
    boot_base = msr_read(MSR_APIC_BASE);
    x2apic = boot_base & APIC_BASE_X2APIC;
    registers = (volatile uint8_t *)(uintptr_t)(boot_base & APIC_BASE_ADDRESS);
    lapic_start_here();
    cpu_area.apic_id = lapic_id();
    return true;
}

bool lapic_use_32_bit_ids(void)
{
    if (x2apic)
        return true;
    if (!(cpuid(1, 0).ecx & 1u << 21))       /* SDM vol. 2A, "CPUID": x2APIC */
        return false;
    boot_base |= APIC_BASE_X2APIC;
    set_mode(boot_base);
    x2apic = true;
    return true;
}
