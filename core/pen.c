#include "core/pen.h"

#include "core/arch.h"

#include <ingot/byteorder.h>
#include <ingot/string.h>
#include <stdbool.h>

/* The colours of the first PCs' text mode. */
static const uint8_t palette[PEN_COLORS][3] = {
    { 0x00, 0x00, 0x00 }, { 0xaa, 0x00, 0x00 }, { 0x00, 0xaa, 0x00 }, { 0xaa, 0x55, 0x00 },
    { 0x00, 0x00, 0xaa }, { 0xaa, 0x00, 0xaa }, { 0x00, 0xaa, 0xaa }, { 0xaa, 0xaa, 0xaa },
    { 0x55, 0x55, 0x55 }, { 0xff, 0x55, 0x55 }, { 0x55, 0xff, 0x55 }, { 0xff, 0xff, 0x55 },
    { 0x55, 0x55, 0xff }, { 0xff, 0x55, 0xff }, { 0x55, 0xff, 0xff }, { 0xff, 0xff, 0xff },
};

static inline unsigned cell_glyph(screen_cell cell) { return cell & CELL_GLYPH; }
static inline unsigned cell_ink(screen_cell cell) { return (cell >> CELL_INK_SHIFT & 15) ^ PEN_DEFAULT_INK; }
static inline unsigned cell_paper(screen_cell cell) { return cell >> CELL_PAPER_SHIFT & 15; }

/* ---- four dots as pixels ---- */

static uint8_t *put_pixel(uint8_t *to, unsigned bytes, uint32_t pixel)
{
    if (bytes == 4) {
        store_le32(to, pixel);
    } else {
        store_le16(to, (uint16_t)pixel);
        if (bytes == 3)
            to[2] = (uint8_t)(pixel >> 16);
    }
    return to + bytes;
}

/* Fills strip: entry n shows the four bits of n, the highest one on the left. */
static void make_strips(struct pen *pen, screen_cell colors)
{
    const uint32_t pixel[2] = { pen->color[cell_paper(colors)], pen->color[cell_ink(colors)] };
    uint8_t *to = pen->strip;

    for (unsigned dots = 0; dots < 16; dots++) {
        for (unsigned bit = 4; bit-- > 0;) {
            for (unsigned i = 0; i < pen->scale; i++)
                to = put_pixel(to, pen->pixel_bytes, pixel[dots >> bit & 1]);
        }
    }
    pen->strip_colors = colors;
}

/* ---- a glyph ---- */

/* Whether places that have the same dots look the same: in equal colours, or where one of them has no ink. */
static bool is_comparable(screen_cell wanted, screen_cell shown)
{
    screen_cell difference = wanted ^ shown;

    return (difference & CELL_COLORS) == 0 ||
           ((difference & CELL_PAPER) == 0 && (cell_glyph(wanted) == 0 || cell_glyph(shown) == 0));
}

/* One row of dots, as scale lines of pixels. With numbers that the compiler knows, a copy is a few moves. */
static inline __attribute__((always_inline))
void put_row(uint8_t *to, size_t pitch, const uint8_t *strip, unsigned dots, size_t strip_bytes, unsigned scale)
{
    for (unsigned i = 0; i < scale; i++, to += pitch) {
        __builtin_memcpy(to, strip + (dots >> 4) * strip_bytes, strip_bytes);
        __builtin_memcpy(to + strip_bytes, strip + (dots & 15) * strip_bytes, strip_bytes);
    }
}

static unsigned put_rows_any(const struct pen *pen, uint8_t *to, const uint8_t *wanted, const uint8_t *shown)
{
    size_t pitch = pen->display->pitch_bytes;
    unsigned drawn = 0;

    for (unsigned row = 0; row < FONT_HEIGHT; row++, to += pitch * pen->scale) {
        if (wanted[row] != shown[row]) {
            put_row(to, pitch, pen->strip, wanted[row], pen->strip_bytes, pen->scale);
            drawn++;
        }
    }
    return drawn;
}

/* 32 bits a pixel, one pixel a dot: what most screens are at boot. A glyph takes about 240 instructions; with all rows unrolled it would
 * be 30 less, and 1 KiB more code. */
static unsigned put_rows_32(const struct pen *pen, uint8_t *to, const uint8_t *wanted, const uint8_t *shown)
{
    size_t pitch = pen->display->pitch_bytes;
    unsigned drawn = 0;

#pragma GCC unroll 2
    for (unsigned row = 0; row < FONT_HEIGHT; row++, to += pitch) {
        if (wanted[row] != shown[row]) {
            put_row(to, pitch, pen->strip, wanted[row], 16, 1);
            drawn++;
        }
    }
    return drawn;
}

/* The same with dots of 2 x 2 pixels: dense screens. */
static unsigned put_rows_32_double(const struct pen *pen, uint8_t *to, const uint8_t *wanted, const uint8_t *shown)
{
    size_t pitch = pen->display->pitch_bytes;
    unsigned drawn = 0;

    for (unsigned row = 0; row < FONT_HEIGHT; row++, to += 2 * pitch) {
        if (wanted[row] != shown[row]) {
            put_row(to, pitch, pen->strip, wanted[row], 32, 2);
            drawn++;
        }
    }
    return drawn;
}

static void put_place(struct pen *pen, uint8_t *to, screen_cell wanted, screen_cell shown)
{
    const uint8_t *rows = pen->glyphs[cell_glyph(wanted)].row, *rows_shown = pen->glyphs[cell_glyph(shown)].row;
    uint8_t other[FONT_HEIGHT];

    if (!is_comparable(wanted, shown)) {         /* every row differs */
        for (unsigned row = 0; row < FONT_HEIGHT; row++)
            other[row] = (uint8_t)~rows[row];
        rows_shown = other;
    }
    if ((wanted & CELL_COLORS) != pen->strip_colors)
        make_strips(pen, wanted & CELL_COLORS);
    pen->rows_drawn += pen->put_rows(pen, to, rows, rows_shown);
}

/* ---- public ---- */

__attribute__((cold)) void pen_init(struct pen *pen, const struct display *display, const struct font_glyph *glyphs, unsigned scale)
{
    pen->display = display;
    pen->glyphs = glyphs;
    pen->scale = scale;
    pen->pixel_bytes = display->bits_per_pixel / 8;
    pen->strip_bytes = 4 * scale * pen->pixel_bytes;
    pen->bytes_cleared = pen->rows_drawn = 0;
    pen->put_rows = pen->strip_bytes == 16 && scale == 1 ? put_rows_32 : pen->strip_bytes == 32 && scale == 2 ? put_rows_32_double
                    : put_rows_any;
    for (unsigned i = 0; i < PEN_COLORS; i++)
        pen->color[i] = display_color(display, palette[i][0], palette[i][1], palette[i][2]);
    make_strips(pen, 0);
}

void pen_clear(struct pen *pen)
{
    const struct display *display = pen->display;
    size_t line_bytes = (size_t)display->width * pen->pixel_bytes;

    for (uint32_t line = 0; line < display->height; line++)
        arch_clear(display->pixels + (size_t)line * display->pitch_bytes, line_bytes);
    pen->bytes_cleared += line_bytes * display->height;
}

void pen_draw(struct pen *pen, unsigned row, unsigned column, const screen_cell *wanted, screen_cell *shown, unsigned count)
{
    size_t place_bytes = 2 * (size_t)pen->strip_bytes;
    uint8_t *to = pen->display->pixels + row * FONT_HEIGHT * pen->scale * (size_t)pen->display->pitch_bytes + column * place_bytes;

    for (unsigned i = 0; i < count; i++, to += place_bytes) {
        if (wanted[i] != shown[i]) {
            put_place(pen, to, wanted[i], shown[i]);
            shown[i] = wanted[i];
        }
    }
}

uint64_t pen_bytes_written(const struct pen *pen)
{
    return pen->bytes_cleared + pen->rows_drawn * pen->scale * 2 * pen->strip_bytes;
}
