/* The ACPI power management timer: 3.58 MHz, 24 or 32 bits, on nearly every PC.
 * Source: ACPI Specification 6.5, "Power Management Timer" (4.8.2.1). */
#include <ingot/acpi.h>
#include <ingot/counter.h>
#include <ingot/driver.h>
#include <ingot/error.h>
#include <ingot/mmio.h>
#include <ingot/port_io.h>

static uint64_t read_port(const struct counter *c) { return port_read32((uint16_t)c->address) & ((1ull << c->bits) - 1); }

static uint64_t read_memory(const struct counter *c)
{
    return mmio_read32((const volatile void *)(uintptr_t)c->address) & ((1ull << c->bits) - 1);
}

static struct counter pm_timer = { .name = "PM timer", .hz = 3579545 };

static int pm_timer_start(void)
{
    struct acpi_pm_timer where;
    int error = acpi_get_pm_timer(&where);

    if (error)
        return error;
    if (where.counter.space != ACPI_SPACE_IO && where.counter.space != ACPI_SPACE_MEMORY)
        return ERR_UNSUPPORTED;
    pm_timer.bits = where.bits;
    pm_timer.address = where.counter.address;
    pm_timer.read = where.counter.space == ACPI_SPACE_IO ? read_port : read_memory;
    return counter_register(&pm_timer);
}

DRIVER(pm_timer, DRIVER_COUNTER, pm_timer_start);
