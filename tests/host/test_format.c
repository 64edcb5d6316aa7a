/* format() against the C library's snprintf: every conversion, flag, width, precision and length, and every size of buffer. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ingot/error.h>
#include <ingot/format.h>

enum { TEXT_MAX = 512 };

static unsigned long cases;
static char *buffer;             /* TEXT_MAX bytes; what is given to format() ends where they end, so ASan sees a byte too many */

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static uint32_t random_32(void)
{
    static uint32_t state = 0x9e3779b9u;

    state ^= state << 13, state ^= state >> 17, state ^= state << 5;
    return state;
}

__attribute__((format(gnu_printf, 1, 0)))
static void check_cut(const char *pattern, va_list args, const char *expected, int length)
{
    size_t bytes = random_32() % ((size_t)length + 3);
    char *to = buffer + TEXT_MAX - bytes;

    assert_int_equal(format_va(to, bytes, pattern, args), length);
    if (bytes) {
        size_t kept = bytes - 1 < (size_t)length ? bytes - 1 : (size_t)length;

        assert_memory_equal(to, expected, kept);
        assert_int_equal(to[kept], 0);
    }
}

__attribute__((format(gnu_printf, 1, 2)))
static void check(const char *pattern, ...)
{
    static char expected[TEXT_MAX];
    va_list args, again, cut;

    va_start(args, pattern);
    va_copy(again, args);
    va_copy(cut, args);
    int length = vsnprintf(expected, sizeof(expected), pattern, args);

    if (format_va(buffer, TEXT_MAX, pattern, again) != length || memcmp(buffer, expected, (size_t)length + 1) != 0)
        fail_msg("format(\"%s\") gives \"%s\", the C library \"%s\"", pattern, buffer, expected);
    check_cut(pattern, cut, expected, length);
    va_end(cut);
    va_end(again);
    va_end(args);
    cases++;
}

#pragma GCC diagnostic ignored "-Wformat-nonliteral"    /* patterns are generated from here on */

/* ---- generated patterns ---- */

static const char *const widths[] = { "", "1", "7", "40", "*" };
static const char *const precisions[] = { "", ".", ".0", ".1", ".9", ".70", ".*" };

/* %, the flags that the bits of flags name, width, precision, length, conversion. */
static void make_pattern(char *to, unsigned flags, const char *width, const char *precision, const char *length, char conversion)
{
    *to++ = '%';
    for (unsigned i = 0; i < 5; i++) {
        if (flags >> i & 1)
            *to++ = "-+ #0"[i];
    }
    sprintf(to, "%s%s%s%c|", width, precision, length, conversion);
}

static void check_integer(const char *pattern, unsigned long long value, bool is_long)
{
    const char *star = strchr(pattern, '*');
    int first = (int)(random_32() % 41) - 20, second = (int)(random_32() % 41) - 20;

    if (!star && is_long)
        check(pattern, value);
    else if (!star)
        check(pattern, (unsigned)value);
    else if (!strchr(star + 1, '*') && is_long)
        check(pattern, first, value);
    else if (!strchr(star + 1, '*'))
        check(pattern, first, (unsigned)value);
    else if (is_long)
        check(pattern, first, second, value);
    else
        check(pattern, first, second, (unsigned)value);
}

static void check_values(const char *pattern, bool is_long)
{
    static const unsigned long long values[] = { 0, 1, 10, 0x7f, 0x80, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff,
                                                 0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff };

    for (size_t i = 0; i < COUNT(values); i++)
        check_integer(pattern, values[i], is_long);
    check_integer(pattern, (unsigned long long)random_32() << 32 >> random_32() % 64, is_long);
}

static void check_lengths(unsigned flags, const char *width, const char *precision, char conversion)
{
    static const char *const lengths[] = { "", "hh", "h", "l", "ll", "z", "j", "t" };

    for (size_t i = 0; i < COUNT(lengths); i++) {
        char pattern[40];

        make_pattern(pattern, flags, width, precision, lengths[i], conversion);
        check_values(pattern, i >= 3);
    }
}

static void integers_come_out_as_from_the_c_library(void **unused)
{
    (void)unused;
    for (const char *conversion = "diuxXob"; *conversion; conversion++) {
        for (unsigned flags = 0; flags < 32; flags++) {
            for (size_t i = 0; i < COUNT(widths) * COUNT(precisions); i++)
                check_lengths(flags, widths[i % COUNT(widths)], precisions[i / COUNT(widths)], *conversion);
        }
    }
}

static void check_string(const char *pattern, const char *text)
{
    const char *star = strchr(pattern, '*');
    int first = (int)(random_32() % 41) - 20, second = (int)(random_32() % 41) - 20;

    if (!star)
        check(pattern, text);
    else if (!strchr(star + 1, '*'))
        check(pattern, first, text);
    else
        check(pattern, first, second, text);
}

/* With a precision, %s takes a text that has no end: it must not look further. */
static void check_unended(void)
{
    char *text = malloc(5), to[16];

    memcpy(text, "abcde", 5);
    assert_int_equal(format(to, sizeof(to), "%.5s", text), 5);
    assert_string_equal(to, "abcde");
    free(text);
    cases++;
}

static void texts_and_characters_come_out_as_from_the_c_library(void **unused)
{
    static const char *const texts[] = { "", "a", "seven77", "a text of some forty characters, no less" };

    (void)unused;
    for (size_t i = 0; i < COUNT(widths) * COUNT(precisions) * 2; i++) {
        const char *width = widths[i / 2 % COUNT(widths)], *precision = precisions[i / 2 / COUNT(widths)];
        char pattern[40];

        make_pattern(pattern, i & 1, width, precision, "", 's');
        for (size_t j = 0; j < COUNT(texts); j++)
            check_string(pattern, texts[j]);
    }
    for (int i = 0; i < 256; i++) {
        check("%c|%-3c|%3c", i, i, i);
        check("%*c%%", i % 20 - 10, i);
    }
    check_unended();
}

static void pointers_are_0x_and_the_address(void **unused)
{
    char to[32];

    (void)unused;
    for (int i = 0; i < 1000; i++) {
        void *pointer = (void *)(uintptr_t)(((uint64_t)random_32() << 32 | random_32()) >> random_32() % 63 | 1);

        check("%p", pointer);
        check("%30p|%-30p|", pointer, pointer);
    }
    format(to, sizeof(to), "%p", NULL);
    assert_string_equal(to, "0x0");
}

static void many_conversions_share_a_pattern(void **unused)
{
    (void)unused;
    for (int i = 0; i < 2000; i++)
        check("%s: %u of %-5d%c %#llx %hhd%% %08X\n", "smp", random_32(), (int)random_32(), 'x',
              (unsigned long long)random_32() << 9, (int)random_32(), random_32());
}

/* ---- what the C library does otherwise, or leaves open ---- */

static void what_is_no_conversion_stands_as_it_is(void **unused)
{
    static const char *const patterns[] = { "%", "%5", "%-08.3", "%q %y", "100% !", "%ls", "%lp", "%5.2f", "%n", "%l", "%#hhk" };
    const char *goes_on = "%k %d";

    (void)unused;
    for (size_t i = 0; i < COUNT(patterns); i++, cases++) {
        assert_int_equal(format(buffer, TEXT_MAX, patterns[i], 1, 2, 3), strlen(patterns[i]));
        assert_string_equal(buffer, patterns[i]);
    }
    format(buffer, TEXT_MAX, goes_on, 5);
    assert_string_equal(buffer, "%k 5");
    format(buffer, TEXT_MAX, "%s %.3s", (char *)NULL, (char *)NULL);
    assert_string_equal(buffer, "(null) (nu");
}

static void an_enormous_width_costs_nothing_and_is_told_as_int_max(void **unused)
{
    char to[4];

    (void)unused;
    assert_int_equal(format(to, sizeof(to), "%2147483647d%2147483647d", 1, 2), INT_MAX);
    assert_string_equal(to, "   ");
    assert_int_equal(format(to, sizeof(to), "%99999999999999999999d", 1), INT_MAX);
    assert_int_equal(format(to, sizeof(to), "%*d", INT_MIN, 1), INT_MAX);
    assert_string_equal(to, "1  ");
    assert_int_equal(format(to, sizeof(to), "%.2147483647x", 1), INT_MAX);
    assert_string_equal(to, "000");
    assert_int_equal(format(NULL, 0, "%d", 100), 3);
    cases += 5;
}

/* ---- parse_number ---- */

static void check_number(const char *text, unsigned long long expected)
{
    unsigned long long value = expected + 1;

    assert_int_equal(parse_number(text, &value), 0);
    assert_true(value == expected);
    cases++;
}

static void numbers_are_read_as_c_writes_them(void **unused)
{
    static const char *const bad[] = { "", "0x", "0b", "-1", "+1", " 1", "1 ", "08", "0b2", "12a", "0xg", "18446744073709551616",
                                       "0x10000000000000000", "02000000000000000000000", "99999999999999999999", "/", ":", "a" };

    (void)unused;
    check_number("0", 0);
    check_number("00", 0);
    check_number("017", 15);
    check_number("0x1fF", 0x1ff);
    check_number("0B101", 5);
    check_number("18446744073709551615", ULLONG_MAX);
    check_number("0xffffffffffffffff", ULLONG_MAX);
    for (int i = 0; i < 20000; i++) {
        unsigned long long value = ((unsigned long long)random_32() << 32 | random_32()) >> random_32() % 64;

        snprintf(buffer, TEXT_MAX, (const char *const[]){ "%llu", "%#llx", "%#llX", "%#llo", "%#llb" }[i % 5], value);
        check_number(buffer, value);
    }
    for (size_t i = 0; i < COUNT(bad); i++, cases++) {
        unsigned long long value = 77;

        assert_int_equal(parse_number(bad[i], &value), ERR_BAD_VALUE);
        assert_true(value == 77);
    }
}

static int start(void **unused)
{
    (void)unused;
    buffer = malloc(TEXT_MAX);
    return buffer ? 0 : -1;
}

static int tell_cases(void **unused)
{
    (void)unused;
    print_message("format: %lu cases\n", cases);
    free(buffer);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_come_out_as_from_the_c_library),
        cmocka_unit_test(texts_and_characters_come_out_as_from_the_c_library),
        cmocka_unit_test(pointers_are_0x_and_the_address),
        cmocka_unit_test(many_conversions_share_a_pattern),
        cmocka_unit_test(what_is_no_conversion_stands_as_it_is),
        cmocka_unit_test(an_enormous_width_costs_nothing_and_is_told_as_int_max),
        cmocka_unit_test(numbers_are_read_as_c_writes_them),
    };

    return cmocka_run_group_tests_name("format", tests, start, tell_cases);
}
