/* The command line's words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/option.h"
#include "tests/host/model_log.h"

static char **words;
static int count;

static bool start(const char *text)
{
    bool whole;

    log_forget();
    whole = option_start(text, "apps/hello");
    words = option_arguments(&count);
    assert_null(words[count]);
    assert_string_equal(words[0], "apps/hello");
    return whole;
}

/* The words behind argv[0], with | between them, are these. */
static void expect_words(const char *text, const char *expected)
{
    char joined[COMMAND_LINE_BYTES] = "";

    assert_true(start(text));
    for (int i = 1; i < count; i++) {
        strcat(joined, i > 1 ? "|" : "");
        strcat(joined, words[i]);
    }
    assert_string_equal(joined, expected);
    assert_int_equal(model_log->lines, 0);
}

static void expect_option(const char *text, const char *name, const char *expected)
{
    assert_true(start(text));
    if (!expected)
        assert_null(option(name));
    else
        assert_string_equal(option(name), expected);
}

static void words_are_split_at_white_space(void **state)
{
    (void)state;
    expect_words("", "");
    expect_words(" \t\r\n ", "");
    expect_words("one", "one");
    expect_words("one two\tthree\r\nfour", "one|two|three|four");
    expect_words("  one   two  ", "one|two");
    expect_words("na\xc3\xafve \xff\x01", "na\xc3\xafve|\xff\x01");
}

static void quotes_hold_a_word_together(void **state)
{
    (void)state;
    expect_words("\"one two\" three", "one two|three");
    expect_words("a\"b c\"d e", "ab cd|e");
    expect_words("\"\" x", "|x");
    assert_int_equal(count, 3);
    expect_words("\"\"", "");
    assert_int_equal(count, 2);
    expect_words("\"open to the end", "open to the end");
    expect_words("x \"", "x|");
    expect_option("core=\"\\my cores\\a.elf\" x", "core", "\\my cores\\a.elf");
    expect_option("\"core=a b\"", "core", "a b");
}

static void known_names_are_options_and_others_are_arguments(void **state)
{
    static const char *const name[] = { "exit", "panic", "log", "mode", "serial", "core", "timer" };

    (void)state;
    for (unsigned i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
        char text[32];

        snprintf(text, sizeof(text), "a %s=value b", name[i]);
        expect_option(text, name[i], "value");
        assert_int_equal(count, 3);
        expect_option("a b", name[i], NULL);
    }
    expect_option("exit=qemu exit=halt", "exit", "halt");        /* the last of a name holds */
    expect_option("exit=", "exit", "");
    expect_option("exit==", "exit", "=");
    expect_words("exit", "exit");
    expect_words("exits=1 ex=2 =3 EXIT=4 xexit=5", "exits=1|ex=2|=3|EXIT=4|xexit=5");
    expect_option("exits=1", "exit", NULL);
    expect_option("exit=1", "colour", NULL);
}

static void all_behind_two_dashes_is_the_applications(void **state)
{
    (void)state;
    expect_words("a -- exit=qemu -- b", "a|exit=qemu|--|b");
    assert_null(option("exit"));
    expect_option("exit=halt -- exit=qemu", "exit", "halt");
    expect_words("---  --x", "---|--x");
    expect_words("--", "");
}

static void a_second_start_forgets_the_first(void **state)
{
    (void)state;
    expect_option("exit=qemu a b", "exit", "qemu");
    expect_option("c", "exit", NULL);
    assert_int_equal(count, 2);
}

static void too_many_words_are_left_out_and_told(void **state)
{
    char text[COMMAND_LINE_BYTES] = "";

    (void)state;
    for (int i = 1; i < ARGUMENTS_MAX; i++)
        sprintf(text + strlen(text), "w%d ", i);
    assert_true(start(text));
    assert_int_equal(count, ARGUMENTS_MAX);
    strcat(text, "more exit=qemu");
    assert_false(start(text));
    assert_int_equal(count, ARGUMENTS_MAX);
    assert_string_equal(words[ARGUMENTS_MAX - 1], "w63");
    assert_string_equal(option("exit"), "qemu");                 /* an option needs no room */
    assert_int_equal(log_told("warn option: the command line has more than 63 words or 2047 bytes: the rest is left out"), 1);
}

static void a_line_that_just_fits_is_whole(void **state)
{
    char text[COMMAND_LINE_BYTES];

    (void)state;
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = 0;
    assert_true(start(text));
    assert_int_equal(strlen(words[1]), COMMAND_LINE_BYTES - 1);
}

static void half_a_word_is_not_taken(void **state)
{
    char text[COMMAND_LINE_BYTES + 64];

    (void)state;
    memset(text, ' ', sizeof(text));
    memcpy(text, "first", 5);
    strcpy(text + COMMAND_LINE_BYTES - 9, "exit=poweroff");      /* 8 bytes of it fit: exit=pow */
    assert_false(start(text));
    assert_int_equal(count, 2);
    assert_null(option("exit"));
    assert_int_equal(log_told("the rest is left out"), 1);
}

static void a_long_application_name_is_cut(void **state)
{
    (void)state;
    assert_true(option_start("", "a/very/long/path/to/the/folder/of/an/application"));
    words = option_arguments(&count);
    assert_string_equal(words[0], "a/very/long/path/to/the/folder/");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_split_at_white_space),
        cmocka_unit_test(quotes_hold_a_word_together),
        cmocka_unit_test(known_names_are_options_and_others_are_arguments),
        cmocka_unit_test(all_behind_two_dashes_is_the_applications),
        cmocka_unit_test(a_second_start_forgets_the_first),
        cmocka_unit_test(too_many_words_are_left_out_and_told),
        cmocka_unit_test(a_line_that_just_fits_is_whole),
        cmocka_unit_test(half_a_word_is_not_taken),
        cmocka_unit_test(a_long_application_name_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
