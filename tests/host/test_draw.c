/* Drawing for applications against a second, simple way to do it, pixel by pixel, on displays of all depths. The framebuffers are blocks of
 * exactly the bytes that the display may use, under ASan; what lies behind a line's end must stay as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/display.h"
#include "core/font.h"

enum { ROUNDS = 3000, SIDE_MAX = 90, PADDING = 0x5a };

static struct font_glyph *glyphs;                /* what display_glyphs() gives */

const struct font_glyph *display_glyphs(void) { return glyphs; }

static uint64_t random_state = 0x9e3779b97f4a7c15ull;

static uint32_t below(uint32_t limit)
{
    random_state ^= random_state << 13, random_state ^= random_state >> 7, random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 16) % limit;
}

/* ---- a display, and what should be on it ---- */

struct stage {
    struct display display;
    uint32_t *wanted;
    uint32_t mask;                               /* the bits that a pixel has */
};

static struct stage open_stage(uint32_t bits, uint32_t width, uint32_t height, uint32_t padding)
{
    struct stage stage = { .display = { .width = width, .height = height, .bits_per_pixel = bits, .pitch_bytes = width * bits / 8 + padding } };

    stage.display.bytes = (uint64_t)stage.display.pitch_bytes * height;
    stage.display.pixels = malloc(stage.display.bytes);
    memset(stage.display.pixels, PADDING, stage.display.bytes);
    stage.mask = bits == 32 ? UINT32_MAX : (1u << bits) - 1;
    stage.wanted = malloc((size_t)width * height * sizeof(*stage.wanted));
    for (uint32_t i = 0; i < width * height; i++)
        stage.wanted[i] = PADDING * 0x01010101u & stage.mask;
    return stage;
}

static void close_stage(struct stage *stage)
{
    free(stage->display.pixels);
    free(stage->wanted);
}

static void want(struct stage *stage, uint64_t x, uint64_t y, uint32_t pixel)
{
    if (x < stage->display.width && y < stage->display.height)
        stage->wanted[y * stage->display.width + x] = pixel & stage->mask;
}

static void compare(const struct stage *stage)
{
    const struct display *d = &stage->display;
    uint32_t bytes = d->bits_per_pixel / 8;

    for (uint32_t y = 0; y < d->height; y++) {
        const uint8_t *line = d->pixels + y * d->pitch_bytes;

        for (uint32_t x = 0; x < d->width; x++) {
            uint32_t pixel = 0;

            memcpy(&pixel, line + x * bytes, bytes);
            if (pixel != stage->wanted[y * d->width + x])
                fail_msg("%u bits, pixel %u,%u is %x, not %x", d->bits_per_pixel, x, y, pixel, stage->wanted[y * d->width + x]);
        }
        for (uint32_t i = d->width * bytes; i < d->pitch_bytes; i++)
            assert_int_equal(line[i], PADDING);
    }
}

/* Mostly on the display, or just beside it; sometimes far out. */
static uint32_t place(uint32_t side) { return below(20) ? below(side + 10) : UINT32_MAX - below(3); }

/* ---- the three ways to draw, twice ---- */

static void draw_pixels(struct stage *stage)
{
    uint32_t x = place(stage->display.width), y = place(stage->display.height), count = below(SIDE_MAX), *pixels = malloc(count * 4 + 1);

    for (uint32_t i = 0; i < count; i++) {
        pixels[i] = below(UINT32_MAX);
        want(stage, (uint64_t)x + i, y, pixels[i]);
    }
    display_pixels(&stage->display, x, y, pixels, count);
    free(pixels);
}

static void draw_area(struct stage *stage)
{
    uint32_t x = place(stage->display.width), y = place(stage->display.height), pixel = below(UINT32_MAX);
    uint32_t width = below(SIDE_MAX), height = below(10) ? below(SIDE_MAX) : UINT32_MAX;

    for (uint64_t row = 0; row < height && row < SIDE_MAX; row++)
        for (uint64_t column = 0; column < width; column++)
            want(stage, x + column, y + row, pixel);
    display_fill(&stage->display, x, y, width, height, pixel);
}

static const uint8_t *rows_of(uint32_t character)
{
    for (unsigned i = 0; i < font_range_count; i++)
        if (character >= font_ranges[i].first && character <= font_ranges[i].last)
            return glyphs[font_ranges[i].glyph + character - font_ranges[i].first].row;
    return glyphs[font_replacement].row;
}

static void want_character(struct stage *stage, uint64_t x, uint64_t y, const struct display_text_look *look, uint32_t character)
{
    const uint8_t *rows = rows_of(character);

    for (uint32_t row = 0; row < FONT_HEIGHT * look->scale; row++)
        for (uint32_t column = 0; column < FONT_WIDTH * look->scale; column++)
            want(stage, x + column, y + row, rows[row / look->scale] >> (7 - column / look->scale) & 1 ? look->ink : look->paper);
}

static void draw_text(struct stage *stage)
{
    static const struct { const char *text; uint32_t character[4], count; } word[] = {
        { "", { 0 }, 0 }, { "Ag", { 'A', 'g' }, 2 }, { "\xc2\xb5s", { 0xb5, 's' }, 2 }, { "\xe2\x96\x88", { 0x2588 }, 1 },
        { "\xff!", { 0xfffd, '!' }, 2 }, { "\xf0\x9f\x98\x80.", { 0x1f600, '.' }, 2 },
    };
    const struct display_text_look look = { below(UINT32_MAX), below(UINT32_MAX), 1 + below(3) };
    uint32_t x = below(stage->display.width + 10), y = place(stage->display.height), n = below(sizeof(word) / sizeof(word[0]));
    uint64_t end = x;

    for (uint32_t i = 0; i < word[n].count; i++) {
        if (glyphs)
            want_character(stage, end, y, &look, word[n].character[i]);
        if (end < stage->display.width)
            end += FONT_WIDTH * look.scale;
    }
    assert_int_equal(display_text(&stage->display, x, y, &look, word[n].text), end);
}

/* ---- tests ---- */

static void draw_on(uint32_t bits)
{
    static void (*const ways[])(struct stage *stage) = { draw_pixels, draw_area, draw_text };

    for (int round = 0; round < ROUNDS; round++) {
        struct stage stage = open_stage(bits, 1 + below(SIDE_MAX), 1 + below(SIDE_MAX), below(3) * 4);

        for (int i = 0; i < 6; i++)
            ways[below(3)](&stage);
        compare(&stage);
        close_stage(&stage);
    }
}

static void draws_on_32_bits(void **state) { (void)state; draw_on(32); }
static void draws_on_24_bits(void **state) { (void)state; draw_on(24); }
static void draws_on_16_bits(void **state) { (void)state; draw_on(16); }

static void without_a_font_text_has_a_width_only(void **state)
{
    struct font_glyph *font = glyphs;

    (void)state;
    glyphs = NULL;
    draw_on(32);
    glyphs = font;
}

static int unpack(void **state)
{
    (void)state;
    glyphs = calloc(font_glyph_count, sizeof(*glyphs));
    font_unpack(font_packed, font_packed_bytes, glyphs, font_glyph_count);
    return 0;
}

static int forget(void **state)
{
    (void)state;
    free(glyphs);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_on_32_bits), cmocka_unit_test(draws_on_24_bits), cmocka_unit_test(draws_on_16_bits),
        cmocka_unit_test(without_a_font_text_has_a_width_only),
    };

    return cmocka_run_group_tests(tests, unpack, forget);
}
