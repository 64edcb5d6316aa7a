/* The watchdog that the firmware describes by its WDAT: actions, each a list of register reads and writes. Only what can be is done: every
 * entry is looked at first, and a table that lacks what is needed is refused as a whole.
 * Source: Microsoft, "Hardware Watchdog Timers Design Specification", watchdog action table and instruction entries. */
#include <ingot/acpi.h>
#include <ingot/error.h>
#include <ingot/lock.h>
#define LOG_SUBSYSTEM watchdog
#include <ingot/log.h>
#include <ingot/memory.h>
#include <ingot/mmio.h>
#include <ingot/port_io.h>
#include <ingot/watchdog.h>

#include <stdbool.h>
#include <stddef.h>

enum wdat_action {
    WDAT_KICK            = 0x01,
    WDAT_QUERY_COUNTDOWN = 0x05,         /* what SET_COUNTDOWN has set */
    WDAT_SET_COUNTDOWN   = 0x06,
    WDAT_QUERY_RUNNING   = 0x08,
    WDAT_SET_RUNNING     = 0x09,
    WDAT_SET_STOPPED     = 0x0b,
    WDAT_QUERY_REBOOT    = 0x10,         /* what expiry does: reset, or shut down */
    WDAT_SET_REBOOT      = 0x11,
    WDAT_QUERY_STATUS    = 0x20,         /* it has reset the machine */
    WDAT_SET_STATUS      = 0x21,         /* clears that */
    WDAT_ACTIONS         = 0x40,
};

enum wdat_instruction { READ_VALUE, READ_COUNT, WRITE_VALUE, WRITE_COUNT, INSTRUCTIONS };

enum {
    ENTRIES_MAX = 64,                    /* the longest table seen has 20 */
    IO_SPACE_END = 0x10000,
};

static struct acpi_watchdog_entry entries[ENTRIES_MAX];
static unsigned entry_count;
static uint64_t present, unusable;       /* actions: a bit each */
static uint32_t period_ms, count;
static struct lock wdat_lock = LOCK("WDAT");     /* some actions are an index and its data */

/* ---- registers ---- */

static unsigned width_of(const struct acpi_register *reg)
{
    unsigned bits = reg->bit_offset + reg->bits;

    return reg->access_bytes ? reg->access_bytes : bits <= 8 ? 1 : bits <= 16 ? 2 : 4;
}

static uint32_t reg_read(const struct acpi_register *reg)
{
    const void *at = (const void *)(uintptr_t)reg->address;
    uint16_t port = (uint16_t)reg->address;
    bool io = reg->space == ACPI_SPACE_IO;

    switch (width_of(reg)) {
    case 1:  return io ? port_read8(port) : mmio_read8(at);
    case 2:  return io ? port_read16(port) : mmio_read16(at);
    default: return io ? port_read32(port) : mmio_read32(at);
    }
}

static void reg_write(const struct acpi_register *reg, uint32_t value)
{
    void *at = (void *)(uintptr_t)reg->address;
    uint16_t port = (uint16_t)reg->address;
    bool io = reg->space == ACPI_SPACE_IO;

    switch (width_of(reg)) {
    case 1:  io ? port_write8(port, (uint8_t)value) : mmio_write8(at, (uint8_t)value); break;
    case 2:  io ? port_write16(port, (uint16_t)value) : mmio_write16(at, (uint16_t)value); break;
    default: io ? port_write32(port, value) : mmio_write32(at, value);
    }
}

/* ---- looking at entries ---- */

/* Whether such a register can be, and be mapped: below 4 GiB all device memory is. */
static bool place_can_be(const struct acpi_register *reg)
{
    unsigned bytes = width_of(reg);
    volatile void *pointer;

    if (bytes > 4 || reg->address == 0)
        return false;
    if (reg->space == ACPI_SPACE_IO)
        return reg->address <= IO_SPACE_END - bytes;
    return reg->space == ACPI_SPACE_MEMORY && reg->address % bytes == 0 &&
           mem_map_device(reg->address, bytes, MEM_UNCACHED, &pointer) == 0;
}

static bool mask_can_be(const struct acpi_watchdog_entry *entry)
{
    unsigned bits = width_of(&entry->reg) * 8, shift = entry->reg.bit_offset;

    return entry->mask != 0 && shift < bits && ((uint64_t)entry->mask << shift) >> bits == 0;
}

static bool entry_can_be(const struct acpi_watchdog_entry *entry)
{
    return entry->instruction < INSTRUCTIONS && place_can_be(&entry->reg) && mask_can_be(entry);
}

static bool usable(enum wdat_action action) { return present & ~unusable & 1ull << action; }

/* The last entry of the action with this instruction, if all of the action is usable. */
static const struct acpi_watchdog_entry *step(enum wdat_action action, enum wdat_instruction instruction)
{
    const struct acpi_watchdog_entry *found = NULL;

    for (unsigned i = 0; i < entry_count && usable(action); i++)
        if (entries[i].action == action && entries[i].instruction == instruction)
            found = &entries[i];
    return found;
}

/* An action of which one entry cannot be is not used at all: an index without its data is worse than nothing. */
static void load(unsigned total)
{
    struct acpi_watchdog_entry entry;

    entry_count = 0;
    present = unusable = 0;
    for (unsigned i = 0; i < total && acpi_get_watchdog_entry(i, &entry) == 0; i++) {
        bool known = entry.action < WDAT_ACTIONS, can_be = known && entry_can_be(&entry);

        present |= known ? 1ull << entry.action : 0;
        unusable |= known && !can_be ? 1ull << entry.action : 0;
        if (can_be)
            entries[entry_count++] = entry;
        else
            log_warn("WDAT entry %u (action %#x, instruction %u, mask %#x at %#llx in space %u) cannot be: action not used", i, entry.action,
                     entry.instruction, entry.mask, (unsigned long long)entry.reg.address, entry.reg.space);
    }
}

static bool has_needed(void)
{
    static const struct { uint8_t action, instruction; } needed[] = {
        { WDAT_SET_COUNTDOWN, WRITE_COUNT }, { WDAT_QUERY_RUNNING, READ_VALUE }, { WDAT_SET_RUNNING, WRITE_VALUE },
        { WDAT_SET_STOPPED, WRITE_VALUE },
    };

    for (unsigned i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
        if (!step(needed[i].action, needed[i].instruction)) {
            log_warn("WDAT: it cannot do action %#x; not used", needed[i].action);
            return false;
        }
    if (!step(WDAT_KICK, WRITE_VALUE) && !step(WDAT_KICK, WRITE_COUNT)) {
        log_warn("WDAT: it cannot be kicked; not used");
        return false;
    }
    return true;
}

/* ---- actions ---- */

static void do_entry(const struct acpi_watchdog_entry *entry, uint32_t *result)
{
    bool counts = entry->instruction == READ_COUNT || entry->instruction == WRITE_COUNT;
    unsigned shift = entry->reg.bit_offset;
    uint32_t value = counts ? count : entry->value, old = 0;

    if (entry->instruction == READ_VALUE || entry->instruction == READ_COUNT) {
        value = reg_read(&entry->reg) >> shift & entry->mask;
        *result = counts ? value : value == entry->value;
        return;
    }
    if (entry->preserve)
        old = reg_read(&entry->reg) & ~(entry->mask << shift);
    reg_write(&entry->reg, old | (value & entry->mask) << shift);
}

/* All of an action, in the table's order; what the last of its reads gave. Nothing if it is not usable. */
static uint32_t act(enum wdat_action action)
{
    uint64_t flags = lock_take_irq(&wdat_lock);
    uint32_t result = 0;

    for (unsigned i = 0; i < entry_count; i++)
        if (entries[i].action == action && usable(action))
            do_entry(&entries[i], &result);
    lock_give_irq(&wdat_lock, flags);
    return result;
}

/* ---- the driver ---- */

static int set_range(const struct acpi_watchdog *table, struct watchdog_info *out_info)
{
    uint32_t mask = step(WDAT_SET_COUNTDOWN, WRITE_COUNT)->mask;
    uint64_t min = table->min_count ? table->min_count : 1, max = table->max_count < mask ? table->max_count : mask;

    if (min > max || min * table->period_ms > UINT32_MAX) {
        log_warn("WDAT: %u to %u counts of %u ms do not fit its register; not used", table->min_count, table->max_count, table->period_ms);
        return ERR_BAD_DATA;
    }
    if (max > UINT32_MAX / table->period_ms)
        max = UINT32_MAX / table->period_ms;
    period_ms = table->period_ms;
    *out_info = (struct watchdog_info){
        .name = "WDAT", .resolution_ms = period_ms, .min_ms = (uint32_t)min * period_ms, .max_ms = (uint32_t)max * period_ms,
    };
    return 0;
}

/* A register that reads all ones is nobody's. */
static bool answers(void)
{
    const struct acpi_register *reg = &step(WDAT_QUERY_RUNNING, READ_VALUE)->reg;

    if (reg_read(reg) != UINT32_MAX >> (32 - 8 * width_of(reg)))
        return true;
    log_warn("WDAT: its register at %#llx reads all ones; not used", (unsigned long long)reg->address);
    return false;
}

static void read_last_reset(struct watchdog_info *out_info)
{
    if (!step(WDAT_QUERY_STATUS, READ_VALUE))
        return;
    out_info->last_reset = act(WDAT_QUERY_STATUS) ? WATCHDOG_RESET_YES : WATCHDOG_RESET_NO;
    if (out_info->last_reset == WATCHDOG_RESET_YES)
        act(WDAT_SET_STATUS);
}

static int wdat_find(struct watchdog_info *out_info)
{
    struct acpi_watchdog table;
    int error = acpi_get_watchdog(&table);

    if (error)
        return error;
    if (!table.enabled) {
        log_info("WDAT: the firmware has it switched off");
        return ERR_NOT_FOUND;
    }
    if (table.entries > ENTRIES_MAX) {
        log_warn("WDAT: %u entries, more than %d; not used", table.entries, ENTRIES_MAX);
        return ERR_BAD_DATA;
    }
    load(table.entries);
    if (!has_needed() || set_range(&table, out_info))
        return ERR_BAD_DATA;
    if (!answers())
        return ERR_FAULT;
    read_last_reset(out_info);
    return 0;
}

static int stop(void)
{
    act(WDAT_SET_STOPPED);
    if (!act(WDAT_QUERY_RUNNING))
        return 0;
    log_warn("WDAT: it was stopped, and says that it runs");
    return ERR_FAULT;
}

/* Why it will not expire in time, or NULL. */
static const char *start(void)
{
    act(WDAT_SET_COUNTDOWN);
    if (step(WDAT_QUERY_COUNTDOWN, READ_COUNT) && act(WDAT_QUERY_COUNTDOWN) != count)
        return "does not take the timeout";
    act(WDAT_KICK);
    act(WDAT_SET_RUNNING);
    if (!act(WDAT_QUERY_RUNNING))
        return "does not run";
    act(WDAT_KICK);                      /* some load the count only while they run */
    return NULL;
}

static int wdat_start(uint32_t timeout_ms, uint32_t *out_timeout_ms)
{
    int error = stop();
    const char *why;

    if (error)
        return error;
    act(WDAT_SET_REBOOT);
    if (step(WDAT_QUERY_REBOOT, READ_VALUE) && !act(WDAT_QUERY_REBOOT)) {
        log_warn("WDAT: it is kept from resetting the machine; not started");
        return ERR_UNSUPPORTED;
    }
    count = timeout_ms / period_ms + (timeout_ms % period_ms != 0);
    why = start();
    if (why) {
        log_warn("WDAT: it was told to start, but %s; stopped", why);
        stop();
        return ERR_FAULT;
    }
    *out_timeout_ms = count * period_ms;
    return 0;
}

static void wdat_kick(void) { act(WDAT_KICK); }

WATCHDOG_DRIVER(wdat, .find = wdat_find, .start = wdat_start, .kick = wdat_kick, .stop = stop);
