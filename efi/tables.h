/* ACPI tables, as far as a loader needs them: found by signature, every read within the bounds that the tables give, checksums
 * required. Pure, but for following the pointers: the firmware maps what it points to.
 * Source: ACPI 6.5, "ACPI System Description Tables" (5.2). */
#pragma once

#include <stdint.h>

#include "efi/cpu.h"
#include "efi/serial.h"

enum { ACPI_HEADER_BYTES = 36, ACPI_TABLE_BYTES_MAX = 1 << 20, ACPI_TABLES_MAX = 1024 };

/* The first table with this signature whose checksum is right, or NULL; out_bytes gets its length, at least ACPI_HEADER_BYTES.
 * rsdp is an address or 0. */
const uint8_t *acpi_find(uint64_t rsdp, const char signature[4], uint32_t *out_bytes);

/* Places of serial ports that SPCR and DBG2 name, at most max of them: 16550s, but nobody has looked whether they can be. Returns how many. */
unsigned acpi_find_ports(uint64_t rsdp, struct serial_port *out_place, unsigned max);

/* Interrupt controllers from the MADT and the HPET: addresses below CPU_DEVICE_LIMIT only. */
void acpi_find_devices(uint64_t rsdp, struct cpu_devices *out_devices);
