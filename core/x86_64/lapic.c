#include "core/x86_64/lapic.h"

#include "core/mul_div.h"
#include "core/timer.h"
#include "core/x86_64/cpu.h"

#include <ingot/acpi.h>
#include <ingot/error.h>
#define LOG_SUBSYSTEM lapic
#include <ingot/log.h>
#include <ingot/mmio.h>
#include <ingot/time.h>

LOG_SUBSYSTEM_DEFINE(lapic);

enum lapic_reg {                         /* byte offset; the x2APIC MSR is 0x800 + offset / 16 */
    LAPIC_ID          = 0x020,
    LAPIC_VERSION     = 0x030,
    LAPIC_TPR         = 0x080,
    LAPIC_EOI         = 0x0b0,           /* write 0 to end the interrupt */
    LAPIC_SVR         = 0x0f0,
    LAPIC_ISR         = 0x100,           /* eight words, 16 bytes apart */
    LAPIC_ESR         = 0x280,
    LAPIC_LVT_CMCI    = 0x2f0,
    LAPIC_ICR_LOW     = 0x300,           /* in x2APIC mode one register of 64 bits */
    LAPIC_ICR_HIGH    = 0x310,
    LAPIC_LVT_TIMER   = 0x320,
    LAPIC_LVT_THERMAL = 0x330,
    LAPIC_LVT_PERF    = 0x340,
    LAPIC_LVT_LINT0   = 0x350,
    LAPIC_LVT_LINT1   = 0x360,
    LAPIC_LVT_ERROR   = 0x370,
    LAPIC_TIMER_INIT  = 0x380,
    LAPIC_TIMER_COUNT = 0x390,
    LAPIC_TIMER_DIV   = 0x3e0,
};

enum {                                   /* LVT registers */
    LVT_MASKED = 1u << 16,
    LVT_NMI    = 4u << 8,                /* [10:8] delivery mode */
    LVT_DEADLINE = 2u << 17,             /* [18:17] timer mode: TSC deadline */
    SVR_ENABLE = 1u << 8,
    TIMER_DIV_1 = 0xb,
    ICR_SELF   = 1u << 18,               /* [19:18] destination shorthand */
    ICR_PENDING = 1u << 12,
};

enum { APIC_BASE_X2APIC = 1u << 10, APIC_BASE_ENABLE = 1u << 11, CALIBRATE_US = 200, FAR_NS = 1000000000, ICR_BOUND_READS = 100000, ERRORS_TOLD = 8 };

static volatile uint8_t *registers;      /* NULL: x2APIC, by MSR */
static bool x2apic, present;
static bool deadline_mode;
static uint64_t ticks_per_ns;                   /* fixed point, 32 bits behind the point */

static uint32_t lapic_read(enum lapic_reg reg)
{
    return x2apic ? (uint32_t)msr_read(0x800 + reg / 16) : mmio_read32(registers + reg);
}

static void lapic_write(enum lapic_reg reg, uint32_t value)
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

/* The timer counts down, masked, from the start on, so that its speed is known for nothing when somebody wants it. */
static uint64_t counting_since_ns;
static uint32_t counted_from;

static void timer_start_counting(void)
{
    lapic_write(LAPIC_TIMER_DIV, TIMER_DIV_1);
    lapic_write(LAPIC_TIMER_INIT, UINT32_MAX);
    for (unsigned i = 0; i < 2; i++) {         /* the first time is slow */
        counting_since_ns = time_ns();         /* before the count is read: taken for too slow, a timer comes early and is set again; */
        counted_from = lapic_read(LAPIC_TIMER_COUNT);    /* taken for too fast, it would come late */
    }
}

bool lapic_start(void)
{
    present = cpuid(1, 0).edx & 1u << 9;     /* SDM vol. 2A, "CPUID": APIC on chip */
    if (!present)
        return false;
    find_registers();
    lapic_write(LAPIC_SVR, SVR_ENABLE | VECTOR_SPURIOUS);
    lapic_write(LAPIC_TPR, 0);
    lapic_write(LAPIC_LVT_TIMER, LVT_MASKED);
    lapic_write(LAPIC_LVT_LINT0, LVT_MASKED);
    lapic_write(LAPIC_LVT_LINT1, LVT_MASKED);
    lapic_write(LAPIC_LVT_ERROR, VECTOR_LAPIC_ERROR);
    connect_nmi();
    /* Write before reading: the write latches the errors seen since the last one; x2APIC takes only 0 (SDM vol. 3A, "Error Handling"). */
    lapic_write(LAPIC_ESR, 0);
    timer_start_counting();
    boot_cpu.apic_id = lapic_id();
    return true;
}

static void set_speed(uint64_t hz)
{
    ticks_per_ns = mul_div(hz, 1ull << 32, 1000000000) + 1;
}

/* CPUID leaf 1, ECX 24: the timer can wait for a value of the TSC, if that is the clock. */
static bool start_deadline_mode(void)
{
    struct time_source source;

    time_source(&source);
    if (!(cpuid(1, 0).ecx & 1u << 24) || source.name[0] != 'T')
        return false;
    set_speed(source.hz);
    lapic_write(LAPIC_LVT_TIMER, LVT_DEADLINE | VECTOR_TIMER);
    __asm__ volatile("mfence" ::: "memory");   /* SDM vol. 3A, "TSC-Deadline Mode": before the first WRMSR, in xAPIC mode */
    return true;
}

static int measure_timer(void)
{
    uint64_t passed_ns, hz;
    uint32_t counted;

    if (lapic_read(LAPIC_TIMER_COUNT) == 0)    /* it has run out since */
        timer_start_counting();
    passed_ns = time_ns() - counting_since_ns;
    if (passed_ns < CALIBRATE_US * 1000)
        delay_ns(CALIBRATE_US * 1000 - passed_ns);
    counted = counted_from - lapic_read(LAPIC_TIMER_COUNT);
    passed_ns = time_ns() - counting_since_ns;
    lapic_write(LAPIC_TIMER_INIT, 0);
    if (counted == 0) {
        log_warn("the timer does not count: there are no timers on cpu %u", cpu_id());
        return ERR_NOT_FOUND;
    }
    hz = mul_div(counted, 1000000000, passed_ns);
    set_speed(hz);
    lapic_write(LAPIC_LVT_TIMER, VECTOR_TIMER);
    log_info("timer at %llu.%03llu MHz", (unsigned long long)(hz / 1000000), (unsigned long long)(hz / 1000 % 1000));
    return 0;
}

int arch_timer_start(void)
{
    if (!present)
        return ERR_NOT_FOUND;
    deadline_mode = start_deadline_mode();
    return deadline_mode ? 0 : measure_timer();
}

void arch_timer_set(uint64_t deadline_ns, uint64_t now_ns)
{
    uint64_t wait_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0, ticks = 0;

    if (deadline_ns)                           /* rounded up: never early */
        ticks = wait_ns > FAR_NS ? UINT32_MAX : (uint64_t)((unsigned __int128)wait_ns * ticks_per_ns >> 32) + 1;
    if (deadline_mode) {
        __asm__ volatile("mfence; lfence" ::: "memory");   /* WRMSR to it is not serialising */
        msr_write(MSR_TSC_DEADLINE, ticks ? cpu_ticks() + ticks : 0);
    } else {
        lapic_write(LAPIC_TIMER_INIT, ticks > UINT32_MAX ? UINT32_MAX : (uint32_t)ticks);
    }
}
