/* What this machine is, for programs that report it. Any context, after the core has started; text is valid for ever. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The firmware's vendor, its UEFI revision (major in the upper 16 bits, minor * 10 in the lower) and its own; NULL when not told. */
const char *machine_firmware(uint32_t *out_uefi_revision, uint32_t *out_firmware_revision);

enum { MACHINE_BUILD_BYTES = 20 };

/* Bytes that tell this build from others, as a panic shows them. */
const uint8_t *machine_build(void);

/* The firmware checked signatures when it started the loader. */
bool machine_secure_boot(void);

/* Region number index of the memory map, by address; false past the last. [start, end). */
struct machine_region {
    uint64_t start, end;
    const char *type;                    /* in words: "usable", "boot services", "ACPI tables" ... */
};
bool machine_region(unsigned index, struct machine_region *out_region);

/* Stage number index of the boot, in order: its name, and when it ended, in nanoseconds since power-on. False past the last. */
bool machine_boot_stage(unsigned index, const char **out_name, uint64_t *out_ns);

/* One line about the boot CPU into out: brand, family, model, stepping. */
void machine_cpu(char *out, uint32_t bytes);
