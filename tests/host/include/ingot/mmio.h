/* Device registers in memory, on the host: calls that lead to register models (tests/host/model_bus.h). */
#pragma once

#include <stdint.h>

uint8_t mmio_read8(const volatile void *reg);
uint16_t mmio_read16(const volatile void *reg);
uint32_t mmio_read32(const volatile void *reg);
uint64_t mmio_read64(const volatile void *reg);
void mmio_write8(volatile void *reg, uint8_t value);
void mmio_write16(volatile void *reg, uint16_t value);
void mmio_write32(volatile void *reg, uint32_t value);
void mmio_write64(volatile void *reg, uint64_t value);

/* A model's address is no pointer's: arithmetic on numbers. */
static inline volatile void *mmio_at(volatile void *base, uint32_t offset_bytes)
{
    return (volatile void *)((uintptr_t)base + offset_bytes);
}

#include <ingot/cpu_barrier.h>
