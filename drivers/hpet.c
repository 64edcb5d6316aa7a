/* The high precision event timer: its main counter, and its timers for CPUs that have none of their own.
 * Source: Intel, "IA-PC HPET (High Precision Event Timers) Specification" 1.0a, section 2.3 (registers). */
#include <stdatomic.h>

#include <ingot/acpi.h>
#include <ingot/counter.h>
#include <ingot/driver.h>
#include <ingot/error.h>
#include <ingot/irq.h>
#define LOG_SUBSYSTEM hpet
#include <ingot/log.h>
#include <ingot/memory.h>
#include <ingot/mmio.h>
#include <ingot/time.h>
#include <ingot/timer_device.h>

LOG_SUBSYSTEM_DEFINE(hpet);

enum hpet_reg {                   /* byte offsets */
    HPET_CAPABILITIES = 0x00,     /* 64 bits; [63:32] period in femtoseconds, [15] can replace PIT and RTC, [12:8] the highest timer */
    HPET_CONFIG       = 0x10,     /* [0] counts, [1] timers 0 and 1 replace PIT and RTC */
    HPET_STATUS       = 0x20,     /* a bit a timer, of those that hold their line until it is written with 1 */
    HPET_COUNTER      = 0xf0,     /* 32-bit reads of the low half are good on every implementation */
    HPET_TIMER        = 0x100,    /* 0x20 a timer: its configuration; [63:32] lines that it can lead to */
    HPET_COMPARATOR   = 0x108,
    HPET_MESSAGE      = 0x110,    /* [63:32] address, [31:0] data */
};

enum { CONFIG_ENABLE = 1u << 0, CONFIG_LEGACY = 1u << 1, CAPABILITY_LEGACY = 1u << 15, REGISTERS_BYTES = 0x400 };

static const uint64_t FEMTOSECONDS = 1000000000000000, PERIOD_MAX_FS = 100000000;    /* 2.3.4: at most 100 ns */

static volatile void *reg(const struct counter *c, enum hpet_reg offset) { return mmio_at((volatile void *)(uintptr_t)c->address, offset); }

/* Only the low half: reading both of a running counter on a 32-bit bus can tear, and 32 bits are enough to measure by. */
static uint64_t hpet_read(const struct counter *c) { return mmio_read32(reg(c, HPET_COUNTER)); }

static int hpet_run(struct counter *c)
{
    mmio_write32(reg(c, HPET_CONFIG), mmio_read32(reg(c, HPET_CONFIG)) | CONFIG_ENABLE);
    return 0;
}

static struct counter hpet = { .name = "HPET", .bits = 32, .start = hpet_run, .read = hpet_read };

static int hpet_start(void)
{
    struct acpi_hpet where;
    int error = acpi_get_hpet(&where);
    volatile void *pointer;
    uint32_t period_fs;

    if (error)
        return error;
    if (mem_map_device(where.address, REGISTERS_BYTES, MEM_UNCACHED, &pointer)) {
        log_warn("at %#llx: no device can be there, left alone", (unsigned long long)where.address);
        return ERR_NOT_FOUND;
    }
    hpet.address = where.address;
    period_fs = mmio_read32(mmio_at(reg(&hpet, HPET_CAPABILITIES), 4));
    if (period_fs == 0 || period_fs > PERIOD_MAX_FS) {
        log_warn("at %#llx: a period of %u fs cannot be, left alone", (unsigned long long)where.address, period_fs);
        return ERR_NOT_FOUND;
    }
    hpet.hz = (FEMTOSECONDS + period_fs / 2) / period_fs;
    return counter_register(&hpet);
}

DRIVER(hpet, DRIVER_COUNTER, hpet_start);

/* ---- timers ---- */

enum {                            /* HPET_TIMER, low word */
    TIMER_LEVEL = 1u << 1, TIMER_INTERRUPTS = 1u << 2, TIMER_PERIODIC = 1u << 3, TIMER_32_BITS = 1u << 8, TIMER_LINE = 31u << 9,
    TIMER_MESSAGE = 1u << 14, TIMER_HAS_MESSAGE = 1u << 15, TIMER_LINE_SHIFT = 9,
};

/* A comparator matches when the counter is equal to it, so one that is written too late waits for a whole round of the counter. Chipsets
 * take a while until a written value counts: a distance of so many ticks, seen after the write, is safe. */
enum { SAFE_TICKS = 128, TRIES = 10 };
enum { FAR_NS = 1000000000, NEAR_NS = 2 * 1000000 / IRQ_STORM_PER_MS, LOOK_US = 20, PROOF_US = 100000 };    /* nearer ones could be taken for a storm */
enum { TIMERS_MAX = 32, LINES = 32, ISA_LINES = 16 };

static struct hpet_timer {
    uint32_t config;              /* with interrupts on */
    bool on;
    struct irq *irq;
} timers[TIMERS_MAX];
static _Atomic uint32_t timers_tried;

static volatile void *timer_reg(unsigned number, enum hpet_reg offset)
{
    return mmio_at(reg(&hpet, offset), number * 0x20);
}

static void hpet_switch(unsigned number, bool on)
{
    if (timers[number].on == on)
        return;
    timers[number].on = on;
    mmio_write32(timer_reg(number, HPET_TIMER), on ? timers[number].config : timers[number].config & ~(uint32_t)TIMER_INTERRUPTS);
}

static void hpet_set(unsigned number, uint64_t wait_ns)
{
    uint64_t near_ns = wait_ns < NEAR_NS ? NEAR_NS : wait_ns;
    uint32_t ticks = (uint32_t)((near_ns < FAR_NS ? near_ns : FAR_NS) * hpet.hz / 1000000000) + 1, from, passed;

    hpet_switch(number, wait_ns != UINT64_MAX);
    if (wait_ns == UINT64_MAX)
        return;
    for (unsigned i = 0; i < TRIES; i++, ticks = 2 * (passed + SAFE_TICKS)) {
        from = mmio_read32(reg(&hpet, HPET_COUNTER));
        mmio_write32(timer_reg(number, HPET_COMPARATOR), from + ticks);
        passed = mmio_read32(reg(&hpet, HPET_COUNTER)) - from;
        if (passed + SAFE_TICKS <= ticks)
            return;
    }
}

static enum irq_answer hpet_expired(void *argument)
{
    unsigned number = (unsigned)((struct hpet_timer *)argument - timers);

    if (timers[number].config & TIMER_LEVEL) {
        if (!(mmio_read32(reg(&hpet, HPET_STATUS)) >> number & 1))
            return IRQ_NOT_MINE;
        mmio_write32(reg(&hpet, HPET_STATUS), 1u << number);
    }
    timer_interrupt();
    return IRQ_MINE;
}

/* Interrupts are off, so the first one waits, and finds nothing due later. */
static bool interrupts(unsigned number)
{
    hpet_set(number, 0);
    for (uint32_t us = 0; us < PROOF_US; us += LOOK_US) {
        if (irq_is_pending(timers[number].irq))
            return true;
        delay_us(LOOK_US);
    }
    log_warn("timer %u was set, and does not interrupt by %s", number, timers[number].config & TIMER_MESSAGE ? "messages" : "its line");
    hpet_set(number, UINT64_MAX);
    irq_detach(timers[number].irq);
    return false;
}

static bool try_message(unsigned number, uint32_t config, const struct irq_wish *wish)
{
    struct irq_message message;

    if (!(config & TIMER_HAS_MESSAGE) || irq_attach_message(wish, &timers[number].irq, &message))
        return false;
    if (message.address > UINT32_MAX) {
        irq_detach(timers[number].irq);
        return false;
    }
    mmio_write32(timer_reg(number, HPET_MESSAGE), message.data);
    mmio_write32(mmio_at(timer_reg(number, HPET_MESSAGE), 4), (uint32_t)message.address);
    timers[number].config = config | TIMER_MESSAGE;
    return interrupts(number);
}

static bool is_used(uint32_t line)
{
    struct irq_stats stats;

    for (unsigned i = 0; irq_stats(i, &stats); i++)
        if (stats.line == line)
            return true;
    return false;
}

/* ISA lines carry edges; the others are PCI's as well, and level-triggered. A timer that does not take the line shows another one. */
static bool try_line(unsigned number, uint32_t config, const struct irq_wish *wish, uint32_t line)
{
    config |= line << TIMER_LINE_SHIFT | (line < ISA_LINES ? 0 : TIMER_LEVEL);
    mmio_write32(timer_reg(number, HPET_TIMER), config & ~(uint32_t)TIMER_INTERRUPTS);
    if ((mmio_read32(timer_reg(number, HPET_TIMER)) & TIMER_LINE) >> TIMER_LINE_SHIFT != line || irq_attach(line, wish, &timers[number].irq))
        return false;
    timers[number].config = config;
    return interrupts(number);
}

/* Where nothing else is left: timer 0 takes the PIT's line. */
static bool try_legacy(unsigned number, uint32_t config, const struct irq_wish *wish)
{
    volatile void *all = reg(&hpet, HPET_CONFIG);

    if (number != 0 || !(mmio_read32(reg(&hpet, HPET_CAPABILITIES)) & CAPABILITY_LEGACY) ||
        irq_attach(irq_isa_line(0), wish, &timers[0].irq))
        return false;
    mmio_write32(all, mmio_read32(all) | CONFIG_LEGACY);
    timers[0].config = config;
    if (interrupts(0))
        return true;
    mmio_write32(all, mmio_read32(all) & ~(uint32_t)CONFIG_LEGACY);
    return false;
}

static bool lead_to(unsigned number, const struct irq_wish *wish)
{
    uint32_t config = mmio_read32(timer_reg(number, HPET_TIMER)), lines = mmio_read32(mmio_at(timer_reg(number, HPET_TIMER), 4));

    config &= ~(uint32_t)(TIMER_LEVEL | TIMER_PERIODIC | TIMER_LINE | TIMER_MESSAGE);
    config |= TIMER_32_BITS | TIMER_INTERRUPTS;
    if (try_message(number, config, wish))
        return true;
    for (uint32_t i = 0; i < LINES; i++) {
        uint32_t line = (i + ISA_LINES) % LINES;

        if (lines >> line & 1 && !is_used(line) && try_line(number, config, wish, line))
            return true;
    }
    return try_legacy(number, config, wish);
}

/* Also slow by far counts as stopped. */
static bool hpet_counts(void)
{
    uint64_t from = hpet_read(&hpet);

    delay_us(LOOK_US);
    return counter_distance(&hpet, from, hpet_read(&hpet)) >= hpet.hz * LOOK_US / 1000000 / 2;
}

static int hpet_timer_start(uint32_t cpu)
{
    uint32_t number, count;

    if (hpet.hz == 0 || !hpet_counts()) {
        log_warn("%s: no timers", hpet.hz ? "does not count" : "there is none");
        return ERR_NOT_FOUND;
    }
    count = (mmio_read32(reg(&hpet, HPET_CAPABILITIES)) >> 8 & 31) + 1;
    while ((number = timers_tried++) < count) {
        if (!lead_to(number, &(struct irq_wish){ .name = "hpet timer", .handler = hpet_expired, .argument = &timers[number], .cpu = cpu }))
            continue;
        log_info("timer %u is cpu %u's, by %s", number, cpu, timers[number].config & TIMER_MESSAGE ? "messages" : "a line");
        return (int)number;
    }
    log_warn("none of %u timers is left for cpu %u", count, cpu);
    return ERR_NOT_FOUND;
}

TIMER_DEVICE(hpet) = { "hpet", hpet_timer_start, hpet_set };
