/* Interrupt lines through the IOAPIC: the PIT's, the RTC's, and a level-triggered one of the HPET's.
 * Sources: Intel 8254 data sheet; Motorola MC146818 data sheet; IA-PC HPET Specification 1.0a, "Register Definitions" (2.3). */
#include "selftest.h"

#include <ingot/acpi.h>
#include <ingot/cpu.h>
#include <ingot/irq.h>
#include <ingot/mmio.h>
#include <ingot/port_io.h>
#include <ingot/string.h>
#include <ingot/time.h>

static volatile uint32_t came;

static IRQ_HANDLER enum irq_answer note(void *argument)
{
    (void)argument;
    came++;
    return IRQ_MINE;
}

enum { PIT_CHANNEL_0 = 0x40, PIT_COMMAND = 0x43, PIT_RATE = 0x34, PIT_TERMINAL_COUNT = 0x30, PIT_DIVISOR = 1193 };

static enum verdict pit(char *figures)
{
    uint32_t line = irq_isa_line(0);
    struct irq *irq;
    int error = irq_attach(line, &(struct irq_wish){ .name = "pit", .handler = note }, &irq);
    bool arrived;

    if (error)
        return SAY(ABSENT, "no interrupt controller has line %u", line);
    came = 0;
    port_write8(PIT_COMMAND, PIT_RATE);
    port_write8(PIT_CHANNEL_0, PIT_DIVISOR & 0xff);
    port_write8(PIT_CHANNEL_0, PIT_DIVISOR >> 8);
    arrived = wait_for(&came, 20, 2000000);
    port_write8(PIT_COMMAND, PIT_TERMINAL_COUNT);        /* waits for a count that is never written */
    irq_detach(irq);
    MUST(arrived);
    came = 0;
    delay_us(5000);
    MUST(came == 0);
    return SAY(OK, "line %u at 1 kHz: 20 edges, none after it was detached", line);
}

enum { CMOS_INDEX = 0x70, CMOS_DATA = 0x71, RTC_B = 0x8b, RTC_C = 0x8c, RTC_PERIODIC = 1u << 6 };

static uint8_t cmos_read(uint8_t index)
{
    port_write8(CMOS_INDEX, index);
    return port_read8(CMOS_DATA);
}

static void cmos_write(uint8_t index, uint8_t value)
{
    port_write8(CMOS_INDEX, index);
    port_write8(CMOS_DATA, value);
}

static IRQ_HANDLER enum irq_answer note_rtc(void *argument)
{
    (void)argument;
    if (!(cmos_read(RTC_C) & RTC_PERIODIC))
        return IRQ_NOT_MINE;
    came++;
    return IRQ_MINE;
}

static enum verdict rtc(char *figures)
{
    uint32_t line = irq_isa_line(8);
    struct irq *irq;
    int error = irq_attach(line, &(struct irq_wish){ .name = "rtc", .handler = note_rtc }, &irq);
    uint64_t flags;
    bool arrived;

    if (error)
        return SAY(ABSENT, "no interrupt controller has line %u", line);
    came = 0;
    flags = cpu_interrupts_off();                        /* the handler uses the same index register */
    cmos_write(RTC_B, cmos_read(RTC_B) | RTC_PERIODIC);
    cmos_read(RTC_C);
    cpu_interrupts_restore(flags);
    arrived = wait_for(&came, 20, 2000000);
    flags = cpu_interrupts_off();
    cmos_write(RTC_B, cmos_read(RTC_B) & (uint8_t)~RTC_PERIODIC);
    cpu_interrupts_restore(flags);
    irq_detach(irq);
    MUST(arrived);
    return SAY(OK, "line %u: 20 periodic interrupts", line);
}

/* ---- a line of the HPET ---- */

enum {
    HPET_CAPABILITIES = 0x000, HPET_CONFIG = 0x010, HPET_STATUS = 0x020, HPET_COUNTER = 0x0f0, HPET_TIMER = 0x100, HPET_TIMER_STEP = 0x20,
    HPET_COMPARATOR = 0x08, CONFIG_ENABLE = 1u << 0, TIMER_LEVEL = 1u << 1, TIMER_ENABLE = 1u << 2, TIMER_ROUTE_SHIFT = 9,
};

static volatile uint8_t *hpet;
static uint32_t hpet_line, hpet_timer;
static volatile uint32_t asked_first, asked_second;
static bool clears;

static volatile uint8_t *timer_register(uint32_t offset) { return hpet + HPET_TIMER + hpet_timer * HPET_TIMER_STEP + offset; }

/* A timer other than the first two, which have habits of their own, and a line that is not an ISA one. */
static bool find_hpet(void)
{
    struct acpi_hpet found;

    if (acpi_get_hpet(&found))
        return false;
    hpet = (volatile uint8_t *)found.address;
    hpet_timer = (uint32_t)(mmio_read32(hpet + HPET_CAPABILITIES) >> 8 & 0x1f);
    for (hpet_line = 16; hpet_line < 24; hpet_line++)
        if (mmio_read32(timer_register(4)) >> hpet_line & 1)
            return hpet_timer >= 2;
    return false;
}

static void hpet_fire(void)
{
    mmio_write32(hpet + HPET_CONFIG, mmio_read32(hpet + HPET_CONFIG) | CONFIG_ENABLE);
    mmio_write32(timer_register(0), TIMER_LEVEL | TIMER_ENABLE | hpet_line << TIMER_ROUTE_SHIFT);
    mmio_write32(timer_register(HPET_COMPARATOR), mmio_read32(hpet + HPET_COUNTER) + 100000);        /* a millisecond, at the usual 100 MHz */
}

/* The line first: a timer that is off has none to take down. */
static void hpet_quiet(void)
{
    mmio_write32(hpet + HPET_STATUS, 1u << hpet_timer);
    mmio_write32(timer_register(0), 0);
}

static IRQ_HANDLER enum irq_answer first_handler(void *argument)
{
    (void)argument;
    asked_first++;
    return IRQ_NOT_MINE;
}

static IRQ_HANDLER enum irq_answer second_handler(void *argument)
{
    (void)argument;
    asked_second++;
    if (clears)
        mmio_write32(hpet + HPET_STATUS, 1u << hpet_timer);
    return IRQ_MINE;
}

static const struct irq_wish second_wish = { .name = "hpet", .handler = second_handler };

static bool stats_of(const char *name, struct irq_stats *out)
{
    for (unsigned i = 0; irq_stats(i, out); i++)
        if (!strcmp(out->name, name))
            return true;
    return false;
}

#define HPET_OR_ABSENT(irq) \
    if (!find_hpet() || irq_attach(hpet_line, &second_wish, &(irq))) \
        return SAY(ABSENT, "no HPET with a line for three timers")

static enum verdict shared(char *figures)
{
    struct irq *first, *second;
    struct irq_stats stats;
    bool ok;

    HPET_OR_ABSENT(second);
    MUST(irq_attach(hpet_line, &(struct irq_wish){ .name = "neighbour", .handler = first_handler }, &first) == 0);
    asked_first = asked_second = 0;
    clears = true;
    for (uint32_t i = 1; i <= 10; i++) {
        hpet_fire();
        if (!wait_for(&asked_second, i, 2000000))
            return SAY(FAILED, "interrupt %u of line %u did not come", i, hpet_line);
    }
    ok = asked_first == asked_second && stats_of("neighbour", &stats) && stats.not_mine == asked_first && stats.count == asked_first &&
         stats.line == hpet_line && stats_of("hpet", &stats) && stats.not_mine == 0;
    irq_detach(first);
    hpet_fire();
    ok &= wait_for(&asked_second, asked_first + 1, 2000000);      /* the other one's detaching has not masked it */
    hpet_quiet();
    irq_detach(second);
    MUST(ok);
    return SAY(OK, "line %u, level: both handlers asked %u times", hpet_line, asked_first);
}

static enum verdict masking(char *figures)
{
    struct irq *irq;
    bool came_masked, came_after;

    HPET_OR_ABSENT(irq);
    asked_second = 0;
    clears = true;
    irq_mask(irq);
    hpet_fire();
    delay_us(10000);
    came_masked = asked_second != 0;
    irq_unmask(irq);
    came_after = wait_for(&asked_second, 1, 2000000);
    hpet_quiet();
    irq_detach(irq);
    MUST(!came_masked && came_after);
    return SAY(OK, "line %u held back while masked, delivered after", hpet_line);
}

/* The handler does not silence its device: the line stays up, and comes again and again. */
static enum verdict storm(char *figures)
{
    uint64_t start_ns, took_us;
    struct irq_stats stats;
    struct irq *irq;
    bool goes_on;

    HPET_OR_ABSENT(irq);
    asked_second = 0;
    clears = false;
    start_ns = time_ns();
    hpet_fire();
    do
        stats_of("hpet", &stats);
    while (!stats.masked_by_storm && time_ns() - start_ns < 1000000000);
    took_us = (time_ns() - start_ns) / 1000;
    if (!stats.masked_by_storm) {
        hpet_quiet();
        return SAY(ABSENT, "this machine is too slow for a storm: %u interrupts in a second", asked_second);
    }
    clears = true;
    hpet_quiet();
    irq_unmask(irq);
    stats_of("hpet", &stats);
    asked_second = 0;
    hpet_fire();
    goes_on = wait_for(&asked_second, 1, 2000000);
    hpet_quiet();
    irq_detach(irq);
    MUST(goes_on && !stats.masked_by_storm);
    return SAY(OK, "line %u masked after %llu interrupts, %llu us; works again after irq_unmask()", hpet_line,
               (unsigned long long)stats.count, (unsigned long long)took_us);
}

/* Nobody wants it: told once, and if it goes on, masked. */
static enum verdict nobody(char *figures)
{
    struct irq *second, *first;

    HPET_OR_ABSENT(second);
    irq_detach(second);
    MUST(irq_attach(hpet_line, &(struct irq_wish){ .name = "not this one", .handler = first_handler }, &first) == 0);
    asked_first = 0;
    hpet_fire();
    delay_us(100000);
    hpet_quiet();
    irq_detach(first);
    MUST(asked_first > 0);
    return SAY(OK, "line %u, whose only handler answered %u times that it is not his", hpet_line, asked_first);
}

static enum verdict refusals(char *figures)
{
    struct irq *irq;

    MUST(irq_attach(5000, &second_wish, &irq) == -1);                    /* ERR_NOT_FOUND */
    irq_detach(NULL);
    return SAY(OK, "line 5000 is nobody's");
}

const struct check line_checks[] = {
    { "line-pit", pit }, { "line-rtc", rtc }, { "line-shared", shared }, { "line-masked", masking }, { "line-storm", storm },
    { "line-nobody", nobody }, { "line-refused", refusals }, { 0 },
};
