/* The console font's packed glyphs, from any bytes: each leans on an earlier one. The first byte says how many there are to be. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/font.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes);

/* What font_find() looks in: here the glyphs matter. */
const struct font_range font_ranges[1];
const uint16_t font_range_count, font_replacement;

/* As core/font.h says it, a bit at a time. */
static uint8_t row_of(const struct font_glyph *glyphs, const uint8_t *packed, unsigned index, unsigned row)
{
    uint8_t value = packed[0] && packed[0] <= index ? glyphs[index - packed[0]].row[row] : 0;
    unsigned change = 3;

    for (unsigned at = 0; at <= row; at++)
        if ((packed[1] | packed[2] << 8) >> at & 1)
            value ^= packed[change++];
    return value;
}

/* The last one that is there as a whole. */
static void check(const struct font_glyph *glyphs, unsigned count, const uint8_t *packed, size_t bytes)
{
    for (unsigned index = 0; index < count && bytes >= 3; index++) {
        size_t taken = 3 + (size_t)__builtin_popcount(packed[1] | packed[2] << 8);

        if (taken > bytes)
            return;
        for (unsigned row = 0; row < FONT_HEIGHT; row++)
            if (glyphs[index].row[row] != row_of(glyphs, packed, index, row))
                abort();
        packed += taken;
        bytes -= taken;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes)
{
    struct font_glyph *glyphs;
    uint8_t *packed;

    if (bytes < 2)
        return 0;
    packed = malloc(bytes - 1);
    memcpy(packed, input + 1, bytes - 1);
    glyphs = malloc((size_t)(input[0] + 1) * sizeof(*glyphs));
    font_unpack(packed, bytes - 1, glyphs, input[0]);
    check(glyphs, input[0], packed, bytes - 1);
    free(glyphs);
    free(packed);
    return 0;
}
