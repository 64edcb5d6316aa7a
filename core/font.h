/* The console's font: tables that tools/font.py makes at build time from a font of the build machine, and how to unpack them.
 * Read-only; any context.
 *
 * The glyphs are packed one after the other, each as what it does not have in common with an earlier one:
 *   1 byte    how many glyphs back that one lies; 0: an empty glyph serves
 *   2 bytes   which rows change, low byte first; bit 0 is the top row
 *   a byte for each such row, from the top: this row and all below it are XORed with it */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { FONT_WIDTH = 8, FONT_HEIGHT = 16 };            /* dots */

/* A glyph as it is drawn: a byte a row, from the top; bit 7 is the leftmost dot. */
struct font_glyph { uint8_t row[FONT_HEIGHT]; };

struct font_range {
    uint16_t first, last;                             /* characters [first, last], in Unicode */
    uint16_t glyph;                                   /* of first; the others follow it */
};

extern const uint8_t font_packed[];
extern const uint16_t font_packed_bytes;
extern const uint16_t font_glyph_count;               /* glyph 0 is the space */
extern const struct font_range font_ranges[];         /* ascending; they do not overlap. The first begins with the space */
extern const uint16_t font_range_count;
extern const uint16_t font_replacement;               /* the glyph for what the font does not have */

/* Writes count glyphs and reads no more than bytes, whatever the packed data says: a change that is missing is none, a glyph that is
 * missing is empty. Takes about 100 instructions a glyph. */
void font_unpack(const uint8_t *packed, size_t bytes, struct font_glyph *out_glyphs, unsigned count);

/* The glyph of a character, or font_replacement. */
unsigned font_find(uint32_t character);
