/* I/O ports, on the host: calls that lead to register models (tests/host/model_bus.h). */
#pragma once

#include <stdint.h>

uint8_t port_read8(uint16_t port);
uint16_t port_read16(uint16_t port);
uint32_t port_read32(uint16_t port);
void port_write8(uint16_t port, uint8_t value);
void port_write16(uint16_t port, uint16_t value);
void port_write32(uint16_t port, uint32_t value);

static inline void port_write8_many(uint16_t port, const void *from, uint32_t bytes)
{
    for (const uint8_t *at = from; bytes; bytes--)
        port_write8(port, *at++);
}
