#include "tests/host/model_counters.h"

#include <stddef.h>

/* The count that `since_ps` of device time gave. */
static uint64_t count(struct model_counter *c, uint64_t since_ps)
{
    uint64_t now = model_device_ps(), percent = c->fault.speed_percent ? c->fault.speed_percent : 100;

    c->reads++;
    if (c->fault.kind == COUNTER_FROZEN)
        return c->fault.start & c->mask;
    if (c->fault.freezes_at_ps && now > c->fault.freezes_at_ps)
        now = c->fault.freezes_at_ps > since_ps ? c->fault.freezes_at_ps : since_ps;
    return (c->fault.start + model_ticks(c->hz * percent / 100, now - since_ps)) & c->mask;
}

/* True when *value is what a dead device answers. */
static bool is_dead(const struct model_counter *c, uint64_t *value)
{
    *value = c->fault.kind == COUNTER_ALL_ONES ? UINT64_MAX : 0;
    return c->fault.kind == COUNTER_ALL_ZEROS || c->fault.kind == COUNTER_ALL_ONES;
}

static void add(struct model_counter *c, struct model_device device, uint64_t hz, uint64_t mask)
{
    c->device = device;
    c->hz = hz;
    c->mask = mask;
    if (c->fault.kind != COUNTER_ABSENT)
        model_bus_add(&c->device);
}

/* ---- HPET ---- */

static uint64_t hpet_count(struct model_hpet *hpet)
{
    return hpet->config & 1 ? count(&hpet->counter, hpet->on_since_ps) : hpet->counter.fault.start;
}

/* 1.0a, "Timer N Configuration and Capabilities": what is written to a bit that is not there does not stay. */
static uint32_t timer_config(const struct model_hpet_timer *timer, uint32_t value)
{
    uint32_t line = value >> 9 & 31, fixed = 1u << 4 | 1u << 5 | 1u << 15;

    if (!(timer->lines >> line & 1))
        value &= ~(31u << 9);
    if (!(timer->config & 1u << 15))
        value &= ~(1u << 14);
    return (value & ~fixed) | (timer->config & fixed);
}

/* The time of the next match: when the counter is equal to the comparator, and that one counts by then. */
static void timer_aim(struct model_hpet *hpet, struct model_hpet_timer *timer, uint64_t latch_ps)
{
    uint64_t from_ps = model_device_ps() + latch_ps;
    uint32_t from = (uint32_t)(hpet->counter.fault.start + model_ticks(hpet->counter.hz, from_ps - hpet->on_since_ps));

    if (timer->due_ps && timer->due_ps <= model_device_ps())
        timer->matches++;
    timer->due_ps = from_ps + (uint64_t)(((unsigned __int128)(uint32_t)(timer->comparator - from - 1) + 1) * 1000000000000 / hpet->counter.hz) + 1;
}

static uint64_t timer_read(struct model_hpet_timer *timer, uint64_t offset)
{
    return offset == 0 ? timer->config : offset == 4 ? timer->lines : offset == 8 ? timer->comparator : 0;
}

static void timer_write(struct model_hpet *hpet, struct model_hpet_timer *timer, uint64_t offset, uint64_t value)
{
    if (offset == 0) {
        timer->config = timer_config(timer, (uint32_t)value);
    } else if (offset == 8) {
        timer->comparator = (uint32_t)value;
        timer_aim(hpet, timer, hpet->latch_ps);
    } else if (offset == 0x10) {
        timer->message_data = (uint32_t)value;
    } else if (offset == 0x14) {
        timer->message_address = (uint32_t)value;
    } else {
        model_bus.stray_writes++;
    }
}

static struct model_hpet_timer *timer_at(struct model_hpet *hpet, uint64_t offset)
{
    return offset >= 0x100 && offset < 0x100 + MODEL_HPET_TIMERS * 0x20 ? &hpet->timer[(offset - 0x100) / 0x20] : NULL;
}

static uint64_t hpet_read(struct model_device *device, uint64_t offset)
{
    struct model_hpet *hpet = (struct model_hpet *)device;
    uint64_t dead;

    if (offset == 4)                             /* capabilities stay readable when the counter is broken */
        return hpet->period_fs;
    if (offset == 0)
        return hpet->capabilities;
    if (is_dead(&hpet->counter, &dead) && offset == 0xf0)
        return dead;
    if (offset == 0x10)
        return hpet->config;
    if (offset == 0x20)
        return hpet->status;
    if (timer_at(hpet, offset))
        return timer_read(timer_at(hpet, offset), offset % 0x20);
    return offset == 0xf0 ? hpet_count(hpet) : 0;
}

static void hpet_write(struct model_device *device, uint64_t offset, uint64_t value)
{
    struct model_hpet *hpet = (struct model_hpet *)device;

    if (offset == 0x10) {
        if (value & ~hpet->config & 1)
            hpet->on_since_ps = model_device_ps();
        hpet->config = (uint32_t)value;
    } else if (offset == 0x20) {
        hpet->status &= ~(uint32_t)value;
    } else if (timer_at(hpet, offset)) {
        timer_write(hpet, timer_at(hpet, offset), offset % 0x20, value);
    } else {
        model_bus.stray_writes++;
    }
}

bool model_hpet_wait(struct model_hpet *hpet, unsigned number)
{
    struct model_hpet_timer *timer = &hpet->timer[number];

    if (timer->due_ps > model_device_ps() && timer->matches == 0)
        model_bus.now_ps += timer->due_ps - model_device_ps();
    if (timer->due_ps <= model_device_ps()) {
        timer->matches++;
        timer->due_ps = UINT64_MAX;
    }
    timer->matches = 0;
    if (!(timer->config & 1u << 2))
        return false;
    if (timer->config & 1u << 1)
        hpet->status |= 1u << number;
    return true;
}

void model_hpet_add(struct model_hpet *hpet, struct model_fault fault)
{
    *hpet = (struct model_hpet){ .counter.fault = fault, .period_fs = 69841279, .capabilities = 0x8086a201 };
    for (unsigned i = 0; i < MODEL_HPET_TIMERS; i++)
        hpet->timer[i] = (struct model_hpet_timer){ .config = 1u << 5, .lines = 0x00f00000 };
    add(&hpet->counter, (struct model_device){ MODEL_MEMORY, MODEL_HPET_BASE, MODEL_HPET_BASE + 0x400, 4 | 8, hpet_read, hpet_write },
        14318180, UINT32_MAX);
}

/* ---- PM timer ---- */

/* Every tenth value is one that was caught while it changed. */
static uint64_t pm_read(struct model_device *device, uint64_t offset)
{
    struct model_counter *c = (struct model_counter *)device;
    uint64_t value;

    (void)offset;
    if (is_dead(c, &value))
        return value;
    value = count(c, 0);
    return c->fault.kind == COUNTER_GLITCHES && c->reads % 10 == 3 ? value ^ 0x8000 : value;
}

static void pm_write(struct model_device *device, uint64_t offset, uint64_t value)
{
    (void)device, (void)offset, (void)value;
    model_bus.stray_writes++;                    /* nobody writes to it */
}

void model_pm_timer_add(struct model_counter *timer, struct model_fault fault, enum model_space space, uint64_t address, unsigned bits)
{
    *timer = (struct model_counter){ .fault = fault };
    add(timer, (struct model_device){ space, address, address + 4, 4, pm_read, pm_write }, 3579545, (1ull << bits) - 1);
}

/* ---- PIT. Intel, "8254 Programmable Interval Timer": modes, latch, two-byte reads ---- */

enum { PIT_GATE_ON = 1 };

static uint16_t pit_count(struct model_pit *pit)
{
    uint64_t period = pit->load[0] | pit->load[1] << 8;

    if (period == 0)
        period = 65536;
    if (!pit->loaded || !(pit->gate & PIT_GATE_ON))
        return (uint16_t)period;
    return (uint16_t)(period - count(&pit->counter, pit->loaded_ps) % period);
}

static uint64_t pit_read(struct model_device *device, uint64_t offset)
{
    struct model_pit *pit = (struct model_pit *)device;
    uint64_t dead;
    uint16_t value;

    if (is_dead(&pit->counter, &dead))
        return dead;
    if (offset != 0)
        return 0xff;                             /* the control word cannot be read */
    value = pit->is_latched ? pit->latched : pit_count(pit);
    pit->read_high = !pit->read_high;
    if (!pit->read_high)
        pit->is_latched = false;
    return pit->read_high ? value & 0xff : value >> 8;
}

static void pit_control(struct model_pit *pit, uint8_t value)
{
    if (value >> 6 != 2) {
        model_bus.stray_writes++;                /* another channel's, or a read-back: not ours to touch */
    } else if ((value >> 4 & 3) == 0) {
        if (!pit->is_latched)
            pit->latched = pit_count(pit);
        pit->is_latched = true;
    } else {
        pit->control = value;
        pit->write_high = pit->read_high = pit->is_latched = pit->loaded = false;
    }
}

static void pit_write(struct model_device *device, uint64_t offset, uint64_t value)
{
    struct model_pit *pit = (struct model_pit *)device;

    if (offset == 1) {
        pit_control(pit, (uint8_t)value);
        return;
    }
    pit->load[pit->write_high] = (uint8_t)value;
    pit->loaded |= pit->write_high;
    pit->loaded_ps = model_device_ps();
    pit->write_high = !pit->write_high;
}

static struct model_pit *pit_of(struct model_device *gate)
{
    return (struct model_pit *)((char *)gate - offsetof(struct model_pit, gate_device));
}

static uint64_t gate_read(struct model_device *device, uint64_t offset)
{
    (void)offset;
    return pit_of(device)->gate | 0x20;          /* status bits above, which must not be written back */
}

static void gate_write(struct model_device *device, uint64_t offset, uint64_t value)
{
    (void)offset;
    if (value & 0xf2)                            /* status bits, or the speaker */
        model_bus.stray_writes++;
    pit_of(device)->gate = (uint8_t)value;
}

void model_pit_add(struct model_pit *pit, struct model_fault fault)
{
    *pit = (struct model_pit){ .counter.fault = fault, .gate = 0x0c };
    add(&pit->counter, (struct model_device){ MODEL_PORT, 0x42, 0x44, 1, pit_read, pit_write }, 1193182, UINT64_MAX);
    pit->gate_device = (struct model_device){ MODEL_PORT, 0x61, 0x62, 1, gate_read, gate_write };
    if (fault.kind != COUNTER_ABSENT)
        model_bus_add(&pit->gate_device);
}
