/* Unpacking the font against a second, simple way to do it, on any bytes, in blocks of exactly their size under ASan; and what the built
 * tables promise. That they show what the font shows: tests/tools/test_font.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/font.h"
#include "tests/host/fault_seen.h"

enum { HEADER_BYTES = 3, ROUNDS = 20000, COUNT_MAX = 600 };

/* ---- row by row ---- */

static size_t unpack_rows(const uint8_t *packed, size_t at, size_t bytes, uint16_t rows, uint8_t *glyph)
{
    for (unsigned row = 0; row < FONT_HEIGHT; row++) {
        if (!(rows >> row & 1) || at >= bytes)
            continue;
        for (unsigned below = row; below < FONT_HEIGHT; below++)
            glyph[below] ^= packed[at];
        at++;
    }
    return at;
}

static size_t unpack_simply(const uint8_t *packed, size_t bytes, struct font_glyph *glyphs, unsigned count)
{
    size_t at = 0;

    for (unsigned i = 0; i < count; i++) {
        memset(&glyphs[i], 0, sizeof(glyphs[i]));
        if (at + HEADER_BYTES > bytes)
            continue;
        if (packed[at] <= i && packed[at] > 0)
            glyphs[i] = glyphs[i - packed[at]];
        at = unpack_rows(packed, at + HEADER_BYTES, bytes, (uint16_t)(packed[at + 1] | packed[at + 2] << 8), glyphs[i].row);
    }
    return at;
}

/* The unpacked glyphs, compared; the caller frees them. Also tells how many bytes were needed. */
static struct font_glyph *unpack(const uint8_t *packed, size_t bytes, unsigned count, size_t *out_used)
{
    uint8_t *exact = malloc(bytes);
    struct font_glyph *glyphs = malloc(count * sizeof(*glyphs)), *simple = malloc(count * sizeof(*simple));

    memcpy(exact, packed, bytes);
    memset(glyphs, 0xa5, count * sizeof(*glyphs));
    font_unpack(exact, bytes, glyphs, count);
    *out_used = unpack_simply(exact, bytes, simple, count);
    assert_memory_equal(glyphs, simple, count * sizeof(*glyphs));
    free(exact);
    free(simple);
    return glyphs;
}

/* ---- tests ---- */

static void any_bytes_unpack_within_their_bounds(void **unused)
{
    uint8_t packed[1024];
    size_t used;

    (void)unused;
    srand(1);
    for (unsigned round = 0; round < ROUNDS; round++) {
        size_t bytes = (size_t)rand() % sizeof(packed);

        for (size_t i = 0; i < bytes; i++)
            packed[i] = (uint8_t)(rand() >> 8 & (round % 2 ? 0xff : 0x11));      /* every second time: short distances, few rows */
        free(unpack(packed, bytes, 1 + (unsigned)rand() % COUNT_MAX, &used));
    }
    print_message("ran %d fonts of random bytes\n", ROUNDS);
    fault_seen("H5.font", 'R', "");
}

static void a_cut_font_loses_only_what_is_cut(void **unused)
{
    size_t used;
    struct font_glyph *whole = unpack(font_packed, font_packed_bytes, font_glyph_count, &used);

    (void)unused;
    for (size_t bytes = 0; bytes < font_packed_bytes; bytes++) {
        struct font_glyph *glyphs = unpack(font_packed, bytes, font_glyph_count, &used);
        unsigned same = 0;

        assert_true(used <= bytes);
        while (same < font_glyph_count && memcmp(&glyphs[same], &whole[same], sizeof(*whole)) == 0)
            same++;
        assert_true(same < font_glyph_count && (same + 1) * (HEADER_BYTES + FONT_HEIGHT) > bytes);
        free(glyphs);
    }
    free(whole);
    fault_seen("H5.font", 'R', "");
}

static void the_built_tables_keep_their_promises(void **unused)
{
    static const struct font_glyph space;
    size_t used;
    struct font_glyph *glyphs = unpack(font_packed, font_packed_bytes, font_glyph_count, &used);

    (void)unused;
    assert_int_equal(used, font_packed_bytes);
    assert_memory_equal(&glyphs[0], &space, sizeof(space));
    assert_memory_not_equal(&glyphs[font_replacement], &space, sizeof(space));
    assert_true(font_replacement < font_glyph_count);
    assert_int_equal(font_ranges[0].first, ' ');
    assert_true(font_ranges[0].last >= '~');
    assert_int_equal(font_ranges[0].glyph, 0);
    for (unsigned i = 0; i < font_range_count; i++) {
        assert_true(font_ranges[i].first <= font_ranges[i].last && (i == 0 || font_ranges[i].first > font_ranges[i - 1].last));
        assert_true(font_ranges[i].glyph + (font_ranges[i].last - font_ranges[i].first) < font_glyph_count);
    }
    free(glyphs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_bytes_unpack_within_their_bounds),
        cmocka_unit_test(a_cut_font_loses_only_what_is_cut),
        cmocka_unit_test(the_built_tables_keep_their_promises),
    };

    return cmocka_run_group_tests_name("font", tests, NULL, NULL);
}
