#include "core/font.h"

#include <ingot/byteorder.h>

enum { HEADER_BYTES = 3, HALF = FONT_HEIGHT / 2 };
static const uint64_t EVERY_ROW = 0x0101010101010101;

/* Glyphs are handled as two words of eight rows, the upper row in the lower byte: a change of many rows is then one multiplication. */
struct rows { uint64_t upper, lower; };

static struct rows load_rows(const struct font_glyph *glyph)
{
    return (struct rows){ load_le64(glyph->row), load_le64(glyph->row + HALF) };
}

static void change_rows(struct rows *rows, unsigned from, uint8_t change)
{
    uint64_t changes = change * EVERY_ROW;

    if (from < HALF) {
        rows->upper ^= changes << 8 * from;
        rows->lower ^= changes;
    } else {
        rows->lower ^= changes << 8 * (from - HALF);
    }
}

void font_unpack(const uint8_t *packed, size_t bytes, struct font_glyph *out_glyphs, unsigned count)
{
    const uint8_t *end = packed + bytes;

    for (unsigned i = 0; i < count; i++) {
        struct rows rows = { 0, 0 };

        if (end - packed >= HEADER_BYTES) {
            unsigned distance = packed[0], changed = load_le16(packed + 1);

            if (distance > 0 && distance <= i)
                rows = load_rows(&out_glyphs[i - distance]);
            for (packed += HEADER_BYTES; changed && packed < end; changed &= changed - 1)
                change_rows(&rows, (unsigned)__builtin_ctz(changed), *packed++);
        }
        store_le64(out_glyphs[i].row, rows.upper);
        store_le64(out_glyphs[i].row + HALF, rows.lower);
    }
}

unsigned font_find(uint32_t character)
{
    unsigned low = 0, high = font_range_count;

    while (low < high) {
        unsigned middle = (low + high) / 2;
        const struct font_range *range = &font_ranges[middle];

        if (character > range->last)
            low = middle + 1;
        else if (character < range->first)
            high = middle;
        else
            return range->glyph + (character - range->first);
    }
    return font_replacement;
}
