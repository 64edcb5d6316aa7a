/* Safe accesses that only x86 has. Include <ingot/probe.h>. */
#pragma once

#include <stdint.h>

/* Model-specific registers of the CPU that runs: 0, or ERR_FAULT when it has no such register (Intel SDM vol. 2B, "RDMSR": #GP). */
int msr_read_safe(uint32_t msr, uint64_t *out_value);
int msr_write_safe(uint32_t msr, uint64_t value);

/* I/O ports: 0; ERR_NOT_FOUND when all bits are ones, as when nobody answers (*out_value is written all the same); ERR_FAULT where a
 * hypervisor refuses the access. */
int port_probe8(uint16_t port, uint8_t *out_value);
int port_probe16(uint16_t port, uint16_t *out_value);
int port_probe32(uint16_t port, uint32_t *out_value);
