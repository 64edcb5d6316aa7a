/* Drawing for applications: rows of pixels, and on them areas and text. All is cut to the display here, at one place. */
#include "core/display.h"
#include "core/font.h"

#include <ingot/byteorder.h>
#include <ingot/string.h>
#include <ingot/utf8.h>

enum { SCALE_MAX = 8 };

static uint32_t at_most(uint32_t value, uint32_t limit) { return value < limit ? value : limit; }

static void store_pixel(uint8_t *to, uint32_t bytes, uint32_t pixel)
{
    if (bytes == 4) {
        store_le32(to, pixel);
        return;
    }
    store_le16(to, (uint16_t)pixel);
    if (bytes == 3)
        to[2] = (uint8_t)(pixel >> 16);
}

static uint8_t *address_of(const struct display *d, uint32_t x, uint32_t y)
{
    return d->pixels + (size_t)y * d->pitch_bytes + (size_t)x * (d->bits_per_pixel / 8);
}

void display_pixels(const struct display *d, uint32_t x, uint32_t y, const uint32_t *pixels, uint32_t count)
{
    uint32_t bytes = d->bits_per_pixel / 8;
    uint8_t *to;

    if (x >= d->width || y >= d->height)
        return;
    to = address_of(d, x, y);
    count = at_most(count, d->width - x);
    if (bytes == 4)
        memcpy(to, pixels, (size_t)count * 4);
    else
        for (; count; count--, to += bytes)
            store_pixel(to, bytes, *pixels++);
}

void display_fill(const struct display *d, uint32_t x, uint32_t y, uint32_t width, uint32_t height, uint32_t pixel)
{
    uint32_t bytes = d->bits_per_pixel / 8;

    if (x >= d->width || y >= d->height)
        return;
    width = at_most(width, d->width - x);
    height = at_most(height, d->height - y);
    for (; height; height--, y++) {
        uint8_t *to = address_of(d, x, y);

        for (uint32_t i = 0; i < width; i++, to += bytes)
            store_pixel(to, bytes, pixel);
    }
}

static void draw_glyph(const struct display *d, uint32_t x, uint32_t y, const struct display_text_look *look, const struct font_glyph *glyph)
{
    uint32_t scale = at_most(look->scale, SCALE_MAX), row[FONT_WIDTH * SCALE_MAX];

    for (uint32_t line = 0; line < FONT_HEIGHT * scale; line++) {
        uint8_t dots = glyph->row[line / scale];

        for (uint32_t i = 0; i < FONT_WIDTH * scale; i++)
            row[i] = dots << i / scale & 0x80 ? look->ink : look->paper;
        display_pixels(d, x, y + line, row, FONT_WIDTH * scale);
    }
}

uint32_t display_text(const struct display *d, uint32_t x, uint32_t y, const struct display_text_look *look, const char *text)
{
    const struct font_glyph *glyphs = display_glyphs();
    size_t bytes = strlen(text);
    uint32_t character;

    while (bytes > 0 && x < d->width) {
        size_t taken = utf8_decode(text, bytes, &character);

        text += taken;
        bytes -= taken;
        if (glyphs && y < d->height)
            draw_glyph(d, x, y, look, &glyphs[font_find(character)]);
        x += FONT_WIDTH * at_most(look->scale, SCALE_MAX);
    }
    return x;
}
