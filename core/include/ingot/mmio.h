/* Device registers in memory, and the one rule of ordering.
 *
 * Accesses have exactly the width of their name: a compiler may merge, narrow, split or repeat plain ones.
 *
 * The rule. `volatile` orders only other volatile accesses of this CPU as the compiler sees them, and says nothing to other CPUs. So:
 *   CPU to CPU               _Atomic with release and acquire; never a volatile flag.
 *   memory, then a doorbell  dma_write_barrier() between the last store to the ring and the register write that tells the device.
 *   a flag, then its data    dma_read_barrier() between reading what the device wrote last and what it wrote before.
 *   write-combining memory   write_combining_flush() before anybody else may look (a framebuffer, before an interrupt is sent).
 * Uncached registers need no more than these accessors among themselves (Intel SDM vol. 3A, "Memory Ordering"; strong uncacheable
 * accesses are not reordered on x86).
 *
 * Any context, any CPU. The address must be mapped: below 4 GiB it is; for a BAR elsewhere, mem_map_device() first. */
#pragma once

#include <stdint.h>

/* What a register holds: one access of that width. */
static inline uint8_t mmio_read8(const volatile void *reg) { return *(const volatile uint8_t *)reg; }
static inline uint16_t mmio_read16(const volatile void *reg) { return *(const volatile uint16_t *)reg; }
static inline uint32_t mmio_read32(const volatile void *reg) { return *(const volatile uint32_t *)reg; }
static inline uint64_t mmio_read64(const volatile void *reg) { return *(const volatile uint64_t *)reg; }

/* Writes a register: one access of that width. */
static inline void mmio_write8(volatile void *reg, uint8_t value) { *(volatile uint8_t *)reg = value; }
static inline void mmio_write16(volatile void *reg, uint16_t value) { *(volatile uint16_t *)reg = value; }
static inline void mmio_write32(volatile void *reg, uint32_t value) { *(volatile uint32_t *)reg = value; }
static inline void mmio_write64(volatile void *reg, uint64_t value) { *(volatile uint64_t *)reg = value; }

/* The address of register offset_bytes behind base. */
static inline volatile void *mmio_at(volatile void *base, uint32_t offset_bytes) { return (volatile uint8_t *)base + offset_bytes; }

#include <ingot/cpu_barrier.h>    /* dma_write_barrier, dma_read_barrier, write_combining_flush, cache_write_back: the CPU's own */
