/* x86 I/O ports. There is no such thing on other CPUs, and no such header: what includes it is a driver for a PC.
 * A port that nobody answers reads all ones. Any context, any CPU.
 * Source: Intel SDM vol. 1, "Input/Output". */
#pragma once

#include <stdint.h>

/* What a port gives: one access of 1 byte. */
static inline uint8_t port_read8(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

/* The same of 2 bytes. */
static inline uint16_t port_read16(uint16_t port)
{
    uint16_t value;
    __asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

/* The same of 4 bytes. */
static inline uint32_t port_read32(uint16_t port)
{
    uint32_t value;
    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

/* Writes to a port: one access of 1, 2 or 4 bytes. */
static inline void port_write8(uint16_t port, uint8_t value) { __asm__ volatile("outb %0, %1" :: "a"(value), "Nd"(port) : "memory"); }
static inline void port_write16(uint16_t port, uint16_t value) { __asm__ volatile("outw %0, %1" :: "a"(value), "Nd"(port) : "memory"); }
static inline void port_write32(uint16_t port, uint32_t value) { __asm__ volatile("outl %0, %1" :: "a"(value), "Nd"(port) : "memory"); }

/* Bytes to one port, one after the other, as fast as the bus takes them. */
static inline void port_write8_many(uint16_t port, const void *from, uint32_t bytes)
{
    __asm__ volatile("rep outsb" : "+S"(from), "+c"(bytes) : "d"(port) : "memory");
}
