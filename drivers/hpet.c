/* The high precision event timer's main counter.
 * Source: Intel, "IA-PC HPET (High Precision Event Timers) Specification" 1.0a, section 2.3 (registers). */
#include <ingot/acpi.h>
#include <ingot/counter.h>
#include <ingot/driver.h>
#include <ingot/error.h>
#define LOG_SUBSYSTEM hpet
#include <ingot/log.h>
#include <ingot/memory.h>
#include <ingot/mmio.h>

LOG_SUBSYSTEM_DEFINE(hpet);

enum hpet_reg {                   /* byte offsets */
    HPET_CAPABILITIES = 0x00,     /* 64 bits; [63:32] period in femtoseconds, [13] the counter has 64 bits, [7:0] revision */
    HPET_CONFIG       = 0x10,     /* [0] counts, [1] legacy interrupt routing */
    HPET_COUNTER      = 0xf0,     /* 32-bit reads of the low half are good on every implementation */
};

enum { CONFIG_ENABLE = 1u << 0, REGISTERS_BYTES = 0x400 };

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
