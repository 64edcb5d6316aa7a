/* SMBIOS: what the firmware says of the machine in words: makers, models, serial numbers, slots, memory modules.
 *
 * Every byte may be wrong. The walk ends at the table's end, at its end structure, or before a structure that does not fit; a string that is
 * not there is NULL. Numbers beyond a structure's end are 0. Borrowed: all of it lies in the firmware's tables, until mem_reclaim().
 *
 * Any CPU, any context, after the core has started. Source: DMTF DSP0134 (SMBIOS) 3.7, 5.2 "Table convention", 6.1 "Structure standards". */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct smbios_structure {
    const uint8_t *start;
    uint32_t bytes;                      /* of its formatted part, header included */
    const char *strings;                 /* its first one; each ends in a NUL, which is inside the table */
    uint32_t string_count;
    uint8_t type;                        /* 0 firmware, 1 system, 2 board, 3 chassis, 4 processor, 9 slot, 17 memory module ... */
};

/* The next structure. *cursor starts at 0. False at the end, and where there is no SMBIOS. */
bool smbios_next(uint32_t *cursor, struct smbios_structure *out);

/* A little-endian number of 1 to 8 bytes. */
uint64_t smbios_number(const struct smbios_structure *structure, uint32_t offset, uint32_t bytes);

/* The string whose number the byte at offset is. */
const char *smbios_string(const struct smbios_structure *structure, uint32_t offset);
