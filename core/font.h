/* The console's font: tables that tools/font.py makes at build time from a font of the build machine. Read-only; any context. */
#pragma once

#include <stdint.h>

enum { FONT_WIDTH = 8, FONT_HEIGHT = 16 };            /* dots */

struct font_range {
    uint16_t first, last;                             /* characters [first, last], in Unicode */
    uint16_t glyph;                                   /* of first; the others follow it */
};

extern const uint8_t font_glyphs[][FONT_HEIGHT];      /* a byte a row, from the top; bit 7 is the leftmost dot. Glyph 0 is the space */
extern const struct font_range font_ranges[];         /* ascending; they do not overlap. The first begins with the space */
extern const uint16_t font_range_count;
extern const uint16_t font_replacement;               /* the glyph for what the font does not have */
