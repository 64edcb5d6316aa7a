#include <ingot/smbios.h>

#include "core/machine.h"
#include "core/memory.h"

#include <ingot/byteorder.h>
#include <ingot/string.h>

enum { HEADER_BYTES = 4, TYPE_END = 127 };

/* DSP0134 5.2.1 "SMBIOS 2.1 (32-bit) entry point" and 5.2.2 "SMBIOS 3.0 (64-bit) entry point". */
enum { SMBIOS2_BYTES = 0x1f, SMBIOS2_TABLE_BYTES = 0x16, SMBIOS2_TABLE = 0x18, SMBIOS3_BYTES = 0x18, SMBIOS3_TABLE_BYTES = 0x0c, SMBIOS3_TABLE = 0x10 };

static bool adds_up(const uint8_t *from, unsigned bytes)
{
    uint8_t sum = 0;

    while (bytes--)
        sum = (uint8_t)(sum + *from++);
    return sum == 0;
}

/* The structures' bytes, or NULL. */
static const uint8_t *find_table(uint32_t *out_bytes)
{
    const struct handoff_roots *roots = machine_roots();
    const uint8_t *entry = roots && roots->smbios3 ? memory_readable(roots->smbios3, SMBIOS3_BYTES) : NULL;

    if (entry && !memcmp(entry, "_SM3_", 5) && adds_up(entry, SMBIOS3_BYTES)) {
        *out_bytes = load_le32(entry + SMBIOS3_TABLE_BYTES);
        return *out_bytes ? memory_readable(load_le64(entry + SMBIOS3_TABLE), *out_bytes) : NULL;
    }
    entry = roots && roots->smbios ? memory_readable(roots->smbios, SMBIOS2_BYTES) : NULL;
    if (!entry || memcmp(entry, "_SM_", 4) || !adds_up(entry, SMBIOS2_BYTES))
        return NULL;
    *out_bytes = load_le16(entry + SMBIOS2_TABLE_BYTES);
    return *out_bytes ? memory_readable(load_le32(entry + SMBIOS2_TABLE), *out_bytes) : NULL;
}

/* Counts the strings from at on. Returns where the next structure begins: behind the empty string, or behind two NULs where there is no
 * string at all; 0 when the table ends before. */
static uint32_t pass_strings(const uint8_t *table, uint32_t at, uint32_t end, uint32_t *out_count)
{
    *out_count = 0;
    if (at + 1 < end && table[at] == 0 && table[at + 1] == 0)
        return at + 2;
    while (at < end && table[at]) {
        const uint8_t *nul = memchr(table + at, 0, end - at);

        if (!nul)
            return 0;
        at = (uint32_t)(nul - table) + 1;
        (*out_count)++;
    }
    return at < end && *out_count ? at + 1 : 0;
}

bool smbios_next(uint32_t *cursor, struct smbios_structure *out)
{
    uint32_t bytes = 0, at = *cursor, next;
    const uint8_t *table = find_table(&bytes);

    if (!table || at >= bytes || bytes - at < HEADER_BYTES || table[at] == TYPE_END || table[at + 1] < HEADER_BYTES ||
        table[at + 1] > bytes - at)
        return false;
    *out = (struct smbios_structure){
        .start = table + at, .bytes = table[at + 1], .strings = (const char *)table + at + table[at + 1], .type = table[at],
    };
    next = pass_strings(table, at + table[at + 1], bytes, &out->string_count);
    *cursor = next;
    return next != 0;
}

uint64_t smbios_number(const struct smbios_structure *structure, uint32_t offset, uint32_t bytes)
{
    uint64_t value = 0;

    if (offset + bytes <= structure->bytes)
        while (bytes--)
            value = value << 8 | structure->start[offset + bytes];
    return value;
}

const char *smbios_string(const struct smbios_structure *structure, uint32_t offset)
{
    uint64_t number = smbios_number(structure, offset, 1);
    const char *at = structure->strings;

    if (number == 0 || number > structure->string_count)
        return NULL;
    while (--number)
        at += strlen(at) + 1;
    return at;
}
