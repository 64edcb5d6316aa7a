/* The ACPI power management timer: 3.58 MHz, 24 or 32 bits, on nearly every PC.
 * Source: ACPI Specification 6.5, "Power Management Timer" (4.8.2.1); Microsoft, "Windows ACPI Emulated Devices Table", "ACPI PM
 * timer good": where that is not said, a value may be one that was caught while it changed. */
#include <ingot/acpi.h>
#include <ingot/counter.h>
#include <ingot/driver.h>
#include <ingot/error.h>
#include <ingot/memory.h>
#include <ingot/mmio.h>
#include <ingot/port_io.h>

enum {
    STABLE_TICKS = 64,            /* two good reads are not further apart: 18 us */
    STABLE_TRIES = 4,
};

static uint64_t read_port(const struct counter *c) { return port_read32((uint16_t)c->address) & ((1ull << c->bits) - 1); }

static uint64_t read_memory(const struct counter *c)
{
    return mmio_read32((const volatile void *)(uintptr_t)c->address) & ((1ull << c->bits) - 1);
}

static uint64_t (*read_once)(const struct counter *c) = read_port;

static uint64_t read_stable(const struct counter *c)
{
    uint64_t value = read_once(c);

    for (unsigned i = 0; i < STABLE_TRIES; i++) {
        uint64_t before = value;

        value = read_once(c);
        if (counter_distance(c, before, value) <= STABLE_TICKS)
            break;
    }
    return value;
}

static struct counter pm_timer = { .name = "PM timer", .hz = 3579545 };

static int pm_timer_start(void)
{
    struct acpi_pm_timer where;
    int error = acpi_get_pm_timer(&where);
    volatile void *pointer;

    if (error)
        return error;
    if (where.counter.space != ACPI_SPACE_IO && where.counter.space != ACPI_SPACE_MEMORY)
        return ERR_UNSUPPORTED;
    if (where.counter.space == ACPI_SPACE_MEMORY && mem_map_device(where.counter.address, 4, MEM_UNCACHED, &pointer))
        return ERR_BAD_DATA;
    pm_timer.bits = where.bits;
    pm_timer.address = where.counter.address;
    read_once = where.counter.space == ACPI_SPACE_IO ? read_port : read_memory;
    pm_timer.read = where.reads_once ? read_once : read_stable;
    return counter_register(&pm_timer);
}

DRIVER(pm_timer, DRIVER_COUNTER, pm_timer_start);
