/* Silence: after the firmware has gone, its timers and interrupt lines must not reach a CPU whose interrupt table is about to
 * change. What was found on is told to the core.
 * Sources: Intel SDM vol. 3A, "Advanced Programmable Interrupt Controller (APIC)"; Intel 82093AA (IOAPIC); Intel 8259A; IA-PC
 * HPET Specification 1.0a. */
#include "efi/cpu.h"
#include "efi/x86_64/features.h"

enum {                                      /* MSRs */
    MSR_APIC_BASE    = 0x1b,
    MSR_PAT          = 0x277,
    MSR_TSC_DEADLINE = 0x6e0,
    MSR_X2APIC       = 0x800,               /* plus the xAPIC offset / 16 */
    MSR_EFER         = 0xc0000080,
};
enum {                                      /* MSR_APIC_BASE */
    APIC_X2APIC = 1u << 10,
    APIC_ENABLE = 1u << 11,
};
#define APIC_ADDRESS 0x000ffffffffff000ull
enum {                                      /* local APIC, byte offsets */
    LAPIC_LVT_TIMER     = 0x320,
    LAPIC_TIMER_INITIAL = 0x380,            /* write 0: the timer stops */
    LAPIC_TIMER_CURRENT = 0x390,
};
enum {                                      /* LAPIC_LVT_TIMER */
    LVT_MASKED    = 1u << 16,
    LVT_MODE      = 3u << 17,
    LVT_DEADLINE  = 2u << 17,
};
enum {                                      /* 8259A: interrupt masks (OCW1), a bit a line */
    PIC1_MASKS = 0x21,
    PIC2_MASKS = 0xa1,
};
enum {                                      /* IOAPIC, byte offsets; then the registers that IOAPIC_SELECT names */
    IOAPIC_SELECT  = 0x00,
    IOAPIC_WINDOW  = 0x10,
    IOAPIC_VERSION = 1,                     /* [23:16] the highest redirection entry */
    IOAPIC_ENTRIES = 0x10,                  /* low word of entry n is register 0x10 + 2 * n */
    IOAPIC_HIGHEST = 239,                   /* 82093AA's register numbers end there */
    REDIRECTION_MASKED = 1u << 16,
};
enum {                                      /* HPET, byte offsets; low words only: some take no 64-bit access */
    HPET_CAPABILITIES = 0x00,               /* [12:8] the highest timer */
    HPET_PERIOD       = 0x04,               /* femtoseconds a tick, at most 100,000,000 */
    HPET_CONFIG       = 0x10,
    HPET_TIMERS       = 0x100,              /* plus 0x20 a timer: its configuration */
    HPET_PERIOD_MAX   = 100000000,
    HPET_CONFIG_LEGACY = 1u << 1,           /* timers 0 and 1 replace the PIT and the RTC */
    HPET_TIMER_INTERRUPT = 1u << 2,
};
enum { FLAGS_INTERRUPTS = 1u << 9 };

static struct handoff_x86_state state;

static uint32_t lapic_read(uint32_t reg)
{
    if (state.apic_base & APIC_X2APIC)
        return (uint32_t)io_msr_read(MSR_X2APIC + reg / 16);
    return io_read32((state.apic_base & APIC_ADDRESS) + reg);
}

static void lapic_write(uint32_t reg, uint32_t value)
{
    if (state.apic_base & APIC_X2APIC)
        io_msr_write(MSR_X2APIC + reg / 16, value);
    else
        io_write32((state.apic_base & APIC_ADDRESS) + reg, value);
}

static void quiet_lapic(void)
{
    if (!has_apic())
        return;
    state.apic_base = io_msr_read(MSR_APIC_BASE);
    if (!(state.apic_base & APIC_ENABLE))
        return;
    state.lvt_timer = lapic_read(LAPIC_LVT_TIMER);
    state.lapic_timer_count = lapic_read(LAPIC_TIMER_CURRENT);
    if (!(state.lvt_timer & LVT_MASKED) || state.lapic_timer_count)
        state.found |= HANDOFF_X86_LAPIC_TIMER;
    if (state.apic_base & APIC_X2APIC)
        state.found |= HANDOFF_X86_X2APIC;
    lapic_write(LAPIC_LVT_TIMER, state.lvt_timer | LVT_MASKED);
    lapic_write(LAPIC_TIMER_INITIAL, 0);
    if ((state.lvt_timer & LVT_MODE) == LVT_DEADLINE)
        io_msr_write(MSR_TSC_DEADLINE, 0);
}

static void quiet_pic(void)
{
    state.pic_masks = io_in8(PIC1_MASKS) | (uint32_t)io_in8(PIC2_MASKS) << 8;
    if (state.pic_masks != 0xffff)
        state.found |= HANDOFF_X86_PIC;
    io_out8(PIC1_MASKS, 0xff);
    io_out8(PIC2_MASKS, 0xff);
}

static uint32_t ioapic_read(uint64_t base, uint32_t reg)
{
    io_write32(base + IOAPIC_SELECT, reg);
    return io_read32(base + IOAPIC_WINDOW);
}

static void quiet_ioapic(uint64_t base)
{
    uint32_t version = ioapic_read(base, IOAPIC_VERSION), highest = version >> 16 & 0xff;

    if (version == 0 || version == 0xffffffff || highest > IOAPIC_HIGHEST)
        return;                             /* nobody there */
    state.ioapics++;
    for (uint32_t entry = 0; entry <= highest; entry++) {
        uint32_t low = ioapic_read(base, IOAPIC_ENTRIES + 2 * entry);

        if (low & REDIRECTION_MASKED)
            continue;
        state.found |= HANDOFF_X86_IOAPIC;
        state.ioapic_unmasked++;
        io_write32(base + IOAPIC_WINDOW, low | REDIRECTION_MASKED);
    }
}

static void quiet_hpet(uint64_t base)
{
    uint32_t capabilities, period;

    if (!base)
        return;
    capabilities = io_read32(base + HPET_CAPABILITIES);
    period = io_read32(base + HPET_PERIOD);
    if (period == 0 || period > HPET_PERIOD_MAX)
        return;                             /* nobody there */
    state.hpet_config = io_read32(base + HPET_CONFIG);
    if (state.hpet_config & HPET_CONFIG_LEGACY) {
        state.found |= HANDOFF_X86_HPET;
        io_write32(base + HPET_CONFIG, (uint32_t)state.hpet_config & ~HPET_CONFIG_LEGACY);
    }
    for (uint32_t timer = 0; timer <= (capabilities >> 8 & 0x1f); timer++) {
        uint64_t reg = base + HPET_TIMERS + timer * 0x20;
        uint32_t config = io_read32(reg);

        if (config & HPET_TIMER_INTERRUPT) {
            state.found |= HANDOFF_X86_HPET;
            io_write32(reg, config & ~HPET_TIMER_INTERRUPT);
        }
    }
}

void cpu_quiet(const struct cpu_devices *devices)
{
    state = (struct handoff_x86_state){ .rflags = io_flags(), .cr0 = io_cr0(), .cr3 = io_cr3(), .cr4 = io_cr4() };
    io_interrupts_off();
    state.efer = io_msr_read(MSR_EFER);
    state.pat = io_msr_read(MSR_PAT);
    state.found = (state.rflags & FLAGS_INTERRUPTS ? HANDOFF_X86_INTERRUPTS_ON : 0) |
                  (state.cr4 & CR4_LA57 ? HANDOFF_X86_LA57 : 0) | (has_nx() ? 0 : HANDOFF_X86_NO_NX);
    quiet_hpet(devices->hpet);
    quiet_lapic();
    quiet_pic();
    for (uint32_t i = 0; i < devices->interrupt_controllers; i++)
        quiet_ioapic(devices->interrupt_controller[i]);
}

uint32_t cpu_write_record(void *to)
{
    _Static_assert(sizeof(state) <= CPU_RECORD_BYTES_MAX, "the record has room");
    state.record = (struct handoff_record){ HANDOFF_X86_STATE, sizeof(state) };
    __builtin_memcpy(to, &state, sizeof(state));
    return sizeof(state);
}
