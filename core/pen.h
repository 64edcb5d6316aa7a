/* The pen: draws characters on a display, of any depth and pixel format, in whole multiples of the font's dots. It never reads what
 * it wrote: framebuffers are slow to read.
 *
 * For core/screen.c. One pen a display; its owner sees to it that one CPU uses it at a time. */
#pragma once

#include "core/font.h"

#include <ingot/display.h>
#include <stdint.h>

/* A character place: which glyph, in which colours. 0 is a space in the default colours. A space differs from another by its paper. */
typedef uint32_t screen_cell;
enum {
    CELL_GLYPH       = 0xffff,        /* [15:0]  number in the font */
    CELL_INK_SHIFT   = 16,            /* [19:16] ANSI colour, exclusive-or PEN_DEFAULT_INK */
    CELL_PAPER_SHIFT = 24,            /* [27:24] ANSI colour */
    CELL_PAPER       = 15 << CELL_PAPER_SHIFT,
    CELL_COLORS      = 15 << CELL_INK_SHIFT | CELL_PAPER,
};

enum { PEN_COLORS = 16, PEN_DEFAULT_INK = 7 };
enum {
    PEN_SCALE_MAX = 8,
    PEN_STRIP_MAX = 4 * PEN_SCALE_MAX * 4,    /* bytes of four dots: half a row of a glyph */
};

struct pen {
    const struct display *display;
    const struct font_glyph *glyphs;
    unsigned scale;                   /* pixels a dot, each way */
    unsigned pixel_bytes, strip_bytes;
    uint32_t color[PEN_COLORS];       /* pixel values */
    /* For these sizes: draws the rows of dots that differ in wanted and shown, and returns how many. */
    unsigned (*put_rows)(const struct pen *pen, uint8_t *to, const uint8_t *wanted, const uint8_t *shown);
    uint64_t bytes_cleared, rows_drawn;       /* since pen_init() */
    screen_cell strip_colors;         /* what strip was made for */
    uint8_t strip[16 * PEN_STRIP_MAX] __attribute__((aligned(16)));    /* every four dots as pixels */
};

/* display and glyphs, the unpacked font, outlive the pen. scale is 1 to PEN_SCALE_MAX. */
void pen_init(struct pen *pen, const struct display *display, const struct font_glyph *glyphs, unsigned scale);

/* Makes the display black. */
void pen_clear(struct pen *pen);

/* Draws count places of a row, from a column on: of those that differ in wanted and shown, the rows of dots that differ. shown is what is seen
 * now, and becomes wanted. */
void pen_draw(struct pen *pen, unsigned row, unsigned column, const screen_cell *wanted, screen_cell *shown, unsigned count);

/* Bytes written to the framebuffer since pen_init(). */
uint64_t pen_bytes_written(const struct pen *pen);
