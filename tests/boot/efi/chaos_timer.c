/* Timers that a firmware forgot to stop: running, their interrupts on, one probably pending already.
 *
 * Source: Intel SDM vol. 3A, "APIC Timer"; IA-PC HPET specification 1.0a, "Register Definitions"; Intel 8259A and 8254 data sheets. */
#include "chaos.h"

enum { LAPIC = 0xfee00000, LVT_TIMER = 0x320, TIMER_INITIAL = 0x380, TIMER_DIVIDE = 0x3e0, PERIODIC = 1 << 17, STALE_VECTOR = 0x69 };
enum { HPET = 0xfed00000, HPET_CONFIG = 0x10, HPET_COUNTER = 0xf0, HPET_TIMER_0 = 0x100, HPET_COMPARATOR_0 = 0x108, PERIOD_TICKS = 10000 };
enum { PIC_MASK = 0x21, PIT_CONTROL = 0x43, PIT_CHANNEL_0 = 0x40 };

static void write32(uint64_t address, uint32_t value) { *(volatile uint32_t *)address = value; }
static void port_write8(uint16_t port, uint8_t value) { __asm__ volatile("outb %0, %1" :: "a"(value), "Nd"(port)); }

static uint8_t port_read8(uint16_t port)
{
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static void start_lapic(void)
{
    write32(LAPIC + TIMER_DIVIDE, 0x3);
    write32(LAPIC + LVT_TIMER, PERIODIC | STALE_VECTOR);
    write32(LAPIC + TIMER_INITIAL, 1000);
}

/* A rate generator at its fastest, through the first interrupt controller, whose line it has. */
static void start_pit(void)
{
    port_write8(PIT_CONTROL, 0x34);
    port_write8(PIT_CHANNEL_0, 0xff);
    port_write8(PIT_CHANNEL_0, 0);
    port_write8(PIC_MASK, port_read8(PIC_MASK) & 0xfe);
}

/* Timer 0, periodic, in the place of the PIT. */
static void start_hpet(void)
{
    write32(HPET + HPET_CONFIG, 0);
    write32(HPET + HPET_COUNTER, 0);
    write32(HPET + HPET_TIMER_0, 1 << 2 | 1 << 3 | 1 << 6);
    write32(HPET + HPET_COMPARATOR_0, PERIOD_TICKS);
    write32(HPET + HPET_COMPARATOR_0, PERIOD_TICKS);
    write32(HPET + HPET_CONFIG, 3);
    port_write8(PIC_MASK, port_read8(PIC_MASK) & 0xfe);
}

EFI_STATUS timer_left(const char *kind)
{
    __asm__ volatile("cli");             /* nobody is there who would take it */
    if (starts_with(kind, "lapic"))
        start_lapic();
    else if (starts_with(kind, "pit"))
        start_pit();
    else if (starts_with(kind, "hpet"))
        start_hpet();
    else
        return EFI_INVALID_PARAMETER;
    return EFI_SUCCESS;
}
