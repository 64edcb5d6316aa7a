/* MMIO: a device's registers as a struct, as its data sheet draws them. The device is the HPET, a counter that nearly every PC has.
 *
 *     make run APP=apps/examples/hpet
 *
 * What you will see:
 *
 *     app: HPET at 0xfed00000: vendor 8086, 3 timers, 10000000 fs a tick
 *     app: in 100 ms it counted ... ticks, which are ... ms
 *
 * Source: Intel, "IA-PC HPET (High Precision Event Timers) Specification" 1.0a, "Register Overview" (2.3.1). */
#include <stddef.h>

#include <ingot/acpi.h>
#include <ingot/error.h>
#include <ingot/log.h>
#include <ingot/memory.h>
#include <ingot/mmio.h>
#include <ingot/time.h>

/* A pointer is a physical address, so a pointer to this struct is the device. The assertions say what the data sheet says. */
struct hpet_registers {
    uint32_t capabilities;               /* [31:16] vendor, [12:8] number of the last timer */
    uint32_t tick_fs;                    /* femtoseconds a tick */
    uint32_t reserved_008[2];
    uint32_t configuration;
    uint32_t reserved_014[55];
    uint32_t counter;                    /* its low half */
};
_Static_assert(offsetof(struct hpet_registers, configuration) == 0x010, "General Configuration Register");
_Static_assert(offsetof(struct hpet_registers, counter) == 0x0f0, "Main Counter Value Register");

enum { CONFIGURATION_ON = 1u << 0, WAIT_MS = 100 };

int main(void)
{
    struct acpi_hpet table;
    volatile void *mapped;
    int error = acpi_get_hpet(&table);                   /* where it is, the firmware's tables say */

    if (!error)
        error = mem_map_device(table.address, sizeof(struct hpet_registers), MEM_UNCACHED, &mapped);
    if (error) {
        log_error("HPET: %s", error_name(error));
        return 1;
    }

    /* Each access is an accessor's, which has exactly its width: of a plain `hpet->counter` the compiler might make anything. */
    volatile struct hpet_registers *hpet = mapped;
    uint32_t capabilities = mmio_read32(&hpet->capabilities), tick_fs = mmio_read32(&hpet->tick_fs);

    log_info("HPET at %p: vendor %04x, %u timers, %u fs a tick", (void *)hpet, capabilities >> 16, (capabilities >> 8 & 31) + 1, tick_fs);
    if (!(mmio_read32(&hpet->configuration) & CONFIGURATION_ON)) {
        log_error("HPET: it stands still");
        return 1;
    }

    uint32_t start = mmio_read32(&hpet->counter);

    delay_ns(WAIT_MS * 1000000ull);

    uint32_t ticks = mmio_read32(&hpet->counter) - start;          /* unsigned: right even if it wrapped meanwhile */

    log_info("in %u ms it counted %u ticks, which are %llu ms", WAIT_MS, ticks, (unsigned long long)ticks * tick_fs / 1000000000000);
    return 0;
}
