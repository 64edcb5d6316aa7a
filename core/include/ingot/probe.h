/* Accesses that may go wrong: an address that is not mapped, or does not exist, gives ERR_FAULT instead of a panic.
 * The CPU makes one access of just the stated width. What the bus answers with (all ones where no device claims the address) is
 * not a fault and comes back as data. Any context, any CPU. */
#pragma once

#include <stdint.h>

#include <ingot/error.h>

/* Each returns 0, or ERR_FAULT and leaves *out_value alone. */
int mmio_probe8(const volatile void *reg, uint8_t *out_value);
int mmio_probe16(const volatile void *reg, uint16_t *out_value);
int mmio_probe32(const volatile void *reg, uint32_t *out_value);
int mmio_probe64(const volatile void *reg, uint64_t *out_value);

/* Writes likewise: 0, or ERR_FAULT when the address is not mapped, or may not be written. */
int mmio_try_write8(volatile void *reg, uint8_t value);
int mmio_try_write16(volatile void *reg, uint16_t value);
int mmio_try_write32(volatile void *reg, uint32_t value);
int mmio_try_write64(volatile void *reg, uint64_t value);

#include <ingot/cpu_probe.h>    /* msr_read_safe, port_probe8 ...: what only this CPU has */
