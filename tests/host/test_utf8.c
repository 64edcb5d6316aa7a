/* UTF-8: every character goes there and back; what is malformed is replaced part by part, as the Unicode Standard says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <ingot/utf8.h>

static unsigned long cases;

/* ---- a second opinion: by the definition, not by the table ---- */

static bool is_scalar(uint32_t value) { return value <= 0x10ffff && (value < 0xd800 || value > 0xdfff); }

/* The value of exactly length bytes, or UINT32_MAX if they are not the shortest way to write a character. */
static uint32_t slow_value(const uint8_t *at, size_t length)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    static const uint8_t mark[] = { 0, 0x00, 0xc0, 0xe0, 0xf0 }, mask[] = { 0, 0x80, 0xe0, 0xf0, 0xf8 };
    uint32_t value = at[0] & (uint8_t)~mask[length];

    if ((at[0] & mask[length]) != mark[length])
        return UINT32_MAX;
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return UINT32_MAX;
        value = value << 6 | (at[i] & 0x3f);
    }
    return value >= least[length] && is_scalar(value) ? value : UINT32_MAX;
}

/* Whether some bytes behind these would make a character of length. Where any would, one of the limits does. */
static bool could_go_on(const uint8_t *at, size_t have, size_t length)
{
    static const uint8_t limits[] = { 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf };
    uint8_t whole[UTF8_MAX_BYTES];

    if (have == length)
        return slow_value(at, length) != UINT32_MAX;
    memcpy(whole, at, have);
    for (size_t i = 0; i < sizeof(limits); i++) {
        whole[have] = limits[i];
        if (could_go_on(whole, have + 1, length))
            return true;
    }
    return false;
}

static size_t slow_decode(const uint8_t *at, size_t bytes, uint32_t *out_character)
{
    size_t part = 1;

    *out_character = UTF8_REPLACEMENT;
    for (size_t length = 1; length <= UTF8_MAX_BYTES; length++) {
        if (length <= bytes && slow_value(at, length) != UINT32_MAX) {
            *out_character = slow_value(at, length);
            return length;
        }
        for (size_t have = 2; have < length && have <= bytes; have++) {
            if (have > part && could_go_on(at, have, length))
                part = have;
        }
    }
    return part;
}

static void check(const uint8_t *text, size_t bytes)
{
    uint32_t ours = 0, theirs = 1;

    assert_int_equal(utf8_decode((const char *)text, bytes, &ours), slow_decode(text, bytes, &theirs));
    assert_int_equal(ours, theirs);
    cases++;
}

static void every_character_goes_there_and_back(void **unused)
{
    (void)unused;
    for (uint32_t character = 0; character < 0x110400; character++, cases++) {
        uint32_t expected = is_scalar(character) ? character : UTF8_REPLACEMENT, back = 0;
        char text[UTF8_MAX_BYTES];
        size_t bytes = utf8_encode(character, text);

        assert_int_equal(slow_value((const uint8_t *)text, bytes), expected);
        assert_int_equal(utf8_decode(text, bytes, &back), bytes);
        assert_int_equal(back, expected);
    }
}

static void malformed_text_is_replaced_part_by_part(void **unused)
{
    static const uint8_t edges[] = { 0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1,
                                     0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff };
    enum { N = sizeof(edges) };

    (void)unused;
    for (unsigned i = 0; i < 0x10000; i++)
        check((const uint8_t[]){ (uint8_t)(i >> 8), (uint8_t)i }, 2);
    for (unsigned i = 0; i < N * N * N * N; i += 3) {
        const uint8_t text[] = { edges[i % N], edges[i / N % N], edges[i / N / N % N], edges[i / N / N / N] };

        check(text, 1 + i % 4);
        check(text, 4);
    }
}

static void a_stream_in_pieces_gives_the_same(void **unused)
{
    static const char text[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xe2\x82|\xff\xed\xa0\x80\xf4\x90\xc3";
    struct utf8_decoder decoder = { 0 };
    uint32_t character, expected;
    size_t at = 0;

    (void)unused;
    for (size_t i = 0; i < sizeof(text); i++, cases++) {
        enum utf8_result result;

        do {
            result = utf8_feed(&decoder, (uint8_t)text[i], &character);
            if (result != UTF8_MORE) {
                at += utf8_decode(text + at, sizeof(text) - at, &expected);
                assert_int_equal(character, expected);
            }
        } while (result == UTF8_AGAIN);
    }
    assert_int_equal(at, sizeof(text));
}

static int tell_cases(void **unused)
{
    (void)unused;
    print_message("utf8: %lu cases\n", cases);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_character_goes_there_and_back),
        cmocka_unit_test(malformed_text_is_replaced_part_by_part),
        cmocka_unit_test(a_stream_in_pieces_gives_the_same),
    };

    return cmocka_run_group_tests_name("utf8", tests, NULL, tell_cases);
}
