/* The loader's pure parts, each by itself: the command line, the core's ELF, the map's sweep, page tables, ACPI look-ups, text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "efi/config.h"
#include "efi/cpu.h"
#include "efi/elf.h"
#include "efi/map.h"
#include "efi/tables.h"
#include "efi/text.h"
#include "mock_efi.h"
#include "tests/host/fault_seen.h"

static unsigned long cases;

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static uint32_t random_32(void)
{
    static uint32_t state = 0x6b43a9b5u;

    state ^= state << 13, state ^= state >> 17, state ^= state << 5;
    return state;
}

/* ---- text ---- */

static void text_is_formatted_and_cut(void **unused)
{
    char to[32], expected[32];

    (void)unused;
    assert_int_equal(text_format(to, sizeof(to), "%s %u %lx%c%%", "a", 42u, 0xdeadbeef01ul, '!'), 17);
    assert_string_equal(to, "a 42 deadbeef01!%");
    for (size_t bytes = 1; bytes < sizeof(to); bytes++, cases++) {
        snprintf(expected, bytes, "%s-%lu", "abcdefgh", 18446744073709551615ul);
        text_format(to, bytes, "%s-%lu", "abcdefgh", 18446744073709551615ul);
        assert_string_equal(to, expected);
    }
}

static void numbers_are_read_whole(void **unused)
{
    static const struct { const char *text; uint64_t value; size_t used; } row[] = {
        { "0", 0, 1 }, { "42,", 42, 2 }, { "0x3F8", 0x3f8, 5 }, { "0xffffffffffffffff", ~0ull, 18 },
        { "18446744073709551615", ~0ull, 20 },
        { "18446744073709551616", 0, 0 }, { "0x10000000000000000", 0, 0 }, { "0x", 0, 0 }, { "", 0, 0 }, { "x1", 0, 0 },
        { "-1", 0, 0 },
    };

    (void)unused;
    for (unsigned i = 0; i < COUNT(row); i++, cases++) {
        const char *at = row[i].text;
        uint64_t value = 0;

        assert_int_equal(text_number(&at, &value), row[i].used != 0);
        assert_int_equal(value, row[i].value);
        assert_int_equal(at - row[i].text, row[i].used);
    }
}

static void utf8_is_told_from_rubbish(void **unused)
{
    static const char *const good[] = { "", "a\tb", "\u00e4\u20ac\U0001f600\U0010ffff", "~" };
    static const char *const bad[] = {
        "\x80", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82",
        "a\x01", "\x7f", "\xff\xfe",
    };

    (void)unused;
    for (unsigned i = 0; i < COUNT(good); i++, cases++)
        assert_true(text_is_utf8(good[i], strlen(good[i])));
    for (unsigned i = 0; i < COUNT(bad); i++, cases++)
        assert_false(text_is_utf8(bad[i], strlen(bad[i])));
}

/* ---- the command line ---- */

static struct words words;

static void config_files(void **unused)
{
    static const struct { const char *content; uint32_t left_out; const char *words; } row[] = {
        { "", 0, "" }, { "a", 0, "a" }, { "a b\nc", 0, "a b c" }, { "\xef\xbb\xbf" "a\r\n\r\n  b\t \r\n", 0, "a b" },
        { "# only this\n", 0, "" },
        { "a # b\nc#d\n", 0, "a c" }, { "a\x01" "b\nc", 1, "c" }, { "\xff\xfe" "a\nb", 1, "b" }, { "#\x01\nb", 0, "b" },
        { "a\rb\n", 1, "" }, { "a=\"b  c # d\ne\n", 0, "a=\"b  c \" e" },         /* an open quote ends with its line */
        { "name=\u00e4\u00f6\n", 0, "name=\u00e4\u00f6" },
    };

    (void)unused;
    for (unsigned i = 0; i < COUNT(row); i++, cases++) {
        char *exact = malloc(strlen(row[i].content) + 1);   /* ends where it ends: ASan sees a byte too many */
        size_t bytes = strlen(row[i].content);

        exact = realloc(exact, bytes ? bytes : 1);
        memcpy(exact, row[i].content, bytes);
        words_clear(&words);
        assert_int_equal(config_add_file(&words, exact, bytes), row[i].left_out);
        assert_string_equal(words.text, row[i].words);
        free(exact);
    }
}

#define ALL(text)  text, sizeof(text)                    /* with its NUL */
#define OPEN(text) text, sizeof(text) - sizeof(*(text))  /* without */

struct options { const void *bytes; uint32_t count; enum config_options kind; const char *words; };

/* A whole EFI_LOAD_OPTION: attributes, length of the device path, description, a path of one node and its end, optional data. */
#define WHOLE(attributes, path_bytes, data) \
    attributes "\0\0\0" path_bytes "\0" "D\0e\0l\0l\0\0\0" "\4\4\6\0x\0" "\x7f\xff\4\0" data

static void load_options(void **unused)
{
    static const struct options row[] = {
        { NULL, 0, CONFIG_OPTIONS_NONE, "" },
        { NULL, 100, CONFIG_OPTIONS_NONE, "" },
        { "a", 1, CONFIG_OPTIONS_RUBBISH, "" },
        { ALL(L""), CONFIG_OPTIONS_NONE, "" },
        { ALL(L"a b"), CONFIG_OPTIONS_TEXT, "a b" },
        { OPEN(L"a b"), CONFIG_OPTIONS_TEXT, "a b" },                        /* no NUL */
        { L"a b", 7, CONFIG_OPTIONS_TEXT, "a b" },                        /* an odd length */
        { ALL(L"\xfeff" L"a b"), CONFIG_OPTIONS_TEXT, "a b" },             /* a byte order mark */
        { ALL(L"a\0rubbish\x1"), CONFIG_OPTIONS_TEXT, "a" },               /* what is behind the NUL is not looked at */
        { ALL(L"name=\xe4\x20ac\xd83d\xde00!!!"), CONFIG_OPTIONS_TEXT, "name=\u00e4\u20ac\U0001f600!!!" },
        { ALL(L"a\xd83d" L"b"), CONFIG_OPTIONS_RUBBISH, "" },               /* half a surrogate pair */
        { ALL(L"a\x1" L"b"), CONFIG_OPTIONS_RUBBISH, "" },
        { ALL(L"\x4eac\x0881\x9f11\x4d59\x0e85\x2152"), CONFIG_OPTIONS_RUBBISH, "" },    /* a GUID reads like far-off scripts */
        { "exit=halt x", 11, CONFIG_OPTIONS_TEXT, "exit=halt x" },        /* 8-bit text */
        { "exit=halt x", 12, CONFIG_OPTIONS_TEXT, "exit=halt x" },
        { ALL(L"FS0:\\EFI\\BOOT\\BOOTX64.EFI hello you"), CONFIG_OPTIONS_TEXT, "hello you" },     /* the shell's */
        { ALL(L"bootx64.efi"), CONFIG_OPTIONS_TEXT, "" },
        { ALL(L"BOOTX64 hello"), CONFIG_OPTIONS_TEXT, "hello" },            /* typed without what need not be typed */
        { ALL(L"bootx6 hello"), CONFIG_OPTIONS_TEXT, "bootx6 hello" },
        { ALL(L"\"a  b\"  \"c"), CONFIG_OPTIONS_TEXT, "\"a  b\" \"c\"" },   /* quotes keep spaces */
        { ALL(L"\"fs0:\\my files\\boot x.efi\" hello"), CONFIG_OPTIONS_TEXT, "hello" },
        { ALL(L"core=\\a.efi x"), CONFIG_OPTIONS_TEXT, "core=\\a.efi x" },
        { ALL(L".efi x"), CONFIG_OPTIONS_TEXT, ".efi x" },
        { WHOLE("\1", "\12", "h\0i\0\0\0"), 32, CONFIG_OPTIONS_WHOLE, "hi" },
        { WHOLE("\1", "\12", ""), 26, CONFIG_OPTIONS_WHOLE, "" },
        { WHOLE("\1", "\13", "h\0i\0\0\0"), 32, CONFIG_OPTIONS_RUBBISH, "" },       /* the path's length is wrong */
        { WHOLE("\1", "\377", "h\0i\0\0\0"), 32, CONFIG_OPTIONS_RUBBISH, "" },
        { WHOLE("\1", "\12", "\1\0\2\0"), 30, CONFIG_OPTIONS_RUBBISH, "" },         /* data that are no text */
    };

    (void)unused;
    for (unsigned i = 0; i < COUNT(row); i++, cases++) {
        uint8_t *exact = malloc(row[i].count ? row[i].count : 1);
        enum config_options kind;

        if (row[i].bytes)
            memcpy(exact, row[i].bytes, row[i].count);
        words_clear(&words);
        kind = config_add_options(&words, row[i].bytes ? exact : NULL, row[i].count, "BootX64");
        if (kind != row[i].kind || strcmp(words.text, row[i].words))
            print_error("row %u: %d \"%s\"\n", i, kind, words.text);
        assert_int_equal(kind, row[i].kind);
        assert_string_equal(words.text, row[i].words);
        free(exact);
    }
}

static void the_own_name_comes_from_the_device_path(void **unused)
{
    static const struct { const char *path; uint32_t bytes; const char *name; } row[] = {
        { "\x7f\xff\4\0", 4, "" },
        { "\4\1\10\0disk" "\4\4\20\0\\\0a\0\\\0B\0.\0x\0" "\x7f\xff\4\0", 28, "B.x" },
        { "\4\4\12\0\\\0e\0\0\0" "\4\4\24\0\\\0b\0o\0.\0E\0f\0I\0\0\0" "\x7f\xff\4\0", 34, "bo" },
        { "\4\4\3\0", 4, "" },                            /* a node shorter than its header */
        { "\4\4\xff\xff", 4, "" },                         /* and one longer than any path */
    };

    (void)unused;
    config_file_name(NULL, (char[8]){ 0 }, 8);
    for (unsigned i = 0; i < COUNT(row); i++, cases++) {
        uint8_t *exact = malloc(row[i].bytes);
        char name[8];

        memcpy(exact, row[i].path, row[i].bytes);
        config_file_name(exact, name, sizeof(name));
        assert_string_equal(name, row[i].name);
        free(exact);
    }
}

static void options_of_noise_are_bounded(void **unused)
{
    (void)unused;
    for (unsigned i = 0; i < 20000; i++, cases++) {
        uint32_t bytes = random_32() % 300;
        uint8_t *exact = malloc(bytes ? bytes : 1);

        for (uint32_t at = 0; at < bytes; at++)
            exact[at] = random_32() % 4 ? (uint8_t)(random_32() % 3 ? 'a' + at % 26 : 0) : (uint8_t)random_32();
        if (i % 3 == 0 && bytes > 6)
            memcpy(exact, "\1\0\0\0", 4);
        words_clear(&words);
        config_add_options(&words, exact, bytes, "a");
        assert_int_equal(strlen(words.text), words.length);
        assert_true(text_is_utf8(words.text, words.length));
        free(exact);
    }
}

static void words_are_found(void **unused)
{
    static const char text[] = "serial=io:1 mode=1x1 noserial=2 \"a mode=3x3\" serial=mmio:3 mode=22x22 serial= -- mode=4x4 serial=4";
    const char *value;
    char to[8];

    (void)unused;
    words_clear(&words);
    config_add_file(&words, text, sizeof(text) - 1);
    value = words_next(&words, "serial=", NULL);
    assert_memory_equal(value, "io:1 ", 5);
    value = words_next(&words, "serial=", value);
    assert_memory_equal(value, "mmio:3 ", 7);
    value = words_next(&words, "serial=", value);
    assert_memory_equal(value, " -- ", 4);
    assert_null(words_next(&words, "serial=", value));
    assert_true(words_last(&words, "mode=", to, sizeof(to)));
    assert_string_equal(to, "22x22");
    assert_false(words_last(&words, "mode=", to, 5));
    assert_false(words_last(&words, "none=", to, sizeof(to)));
    cases++;
}

static void too_many_words_are_cut_between_words(void **unused)
{
    (void)unused;
    words_clear(&words);
    for (unsigned i = 0; i < 1000; i++)
        config_add_file(&words, "abcdefg", 7);
    assert_true(words.cut);
    assert_int_equal(words.length, 2047);
    assert_int_equal(strlen(words.text), 2047);
    assert_string_equal(words.text + 2040, "abcdefg");
    cases++;
}

/* ---- the core's ELF ---- */

enum { H = 0, P0 = 64, P1 = 120, P2 = 176, P3 = 232, DYN = 0x1040, REL = DYN + 80 };

static void each_fault_of_a_core_has_its_own_name(void **unused)
{
    static const struct { uint32_t at; uint64_t value; uint32_t bytes; enum elf_fault fault; } row[] = {
        { H + 0, 'X', 1, ELF_MAGIC }, { H + 4, 1, 1, ELF_CLASS }, { H + 5, 2, 1, ELF_CLASS }, { H + 6, 0, 1, ELF_CLASS },
        { H + 20, 2, 4, ELF_CLASS },
        { H + 18, 183, 2, ELF_MACHINE }, { H + 16, 1, 2, ELF_TYPE }, { H + 16, 4, 2, ELF_TYPE }, { H + 54, 57, 2, ELF_HEADERS },
        { H + 56, 0, 2, ELF_HEADERS },
        { H + 56, 65535, 2, ELF_HEADERS }, { H + 32, 65, 8, ELF_HEADERS }, { H + 32, 0xfffffffffffffff8, 8, ELF_TRUNCATED },
        { H + 32, 0x2000, 8, ELF_TRUNCATED },
        { H + 24, 0x2000040, 8, ELF_ENTRY }, { H + 24, 0x1ffffff, 8, ELF_ENTRY }, { H + 24, 0x2002000, 8, ELF_ENTRY },
        { H + 24, 0x2001000, 8, ELF_ENTRY },
        { P0 + 0, 3, 4, ELF_INTERPRETER }, { P0 + 0, 0, 4, ELF_ENTRY }, { P0 + 4, 7, 4, ELF_RIGHTS },
        { P0 + 4, 3, 4, ELF_RIGHTS }, { P0 + 4, 1, 4, ELF_RIGHTS },
        { P2 + 4, 2, 4, ELF_RIGHTS }, { P0 + 8, 0x10000, 8, ELF_TRUNCATED }, { P0 + 8, 0xfffffffffffffff0, 8, ELF_TRUNCATED },
        { P0 + 16, 0x2000800, 8, ELF_ALIGNMENT },
        { P0 + 48, 0x200000, 8, ELF_ALIGNMENT }, { P0 + 48, 24, 8, ELF_ALIGNMENT }, { P0 + 8, 0x1008, 8, ELF_ALIGNMENT },
        { P0 + 32, 65, 8, ELF_SIZE },
        { P2 + 40, 1ull << 63, 8, ELF_SIZE }, { P2 + 40, 0xffffffffffffffff, 8, ELF_SIZE },
        { P2 + 40, (1ull << 30) - 0x1000, 8, ELF_SIZE },
        { P2 + 16, 0xfffffffffffff000, 8, ELF_SIZE }, { P1 + 16, 0x2000000, 8, ELF_OVERLAP },
        { P2 + 16, 0x1000000, 8, ELF_OVERLAP },
        { P0 + 40, 0x1001, 8, ELF_OVERLAP }, { P3 + 8, 0x1044, 8, ELF_DYNAMIC }, { P3 + 8, 0x10000, 8, ELF_DYNAMIC },
        { P3 + 32, 64, 8, ELF_DYNAMIC },
        { P3 + 32, 0x100000, 8, ELF_DYNAMIC }, { DYN + 0, 17, 8, ELF_DYNAMIC }, { DYN + 0, 1, 8, ELF_DYNAMIC },
        { DYN + 0, 22, 8, ELF_DYNAMIC }, { DYN + 0, 36, 8, ELF_RELOCATION_TABLE },
        { P2 + 0, 2, 4, ELF_DYNAMIC }, { DYN + 8, 0x2001000 + 81, 8, ELF_RELOCATION_TABLE },
        { DYN + 8, 0x3000000, 8, ELF_RELOCATION_TABLE },
        { DYN + 24, 145, 8, ELF_RELOCATION_TABLE }, { DYN + 24, 24000, 8, ELF_RELOCATION_TABLE },
        { DYN + 40, 16, 8, ELF_RELOCATION_TABLE },
        { REL + 8, 1, 4, ELF_RELOCATION_TYPE }, { REL + 12, 1, 4, ELF_RELOCATION_TYPE },
        { REL + 0, 0x2000000, 8, ELF_RELOCATION_PLACE },
        { REL + 0, 0x2002040 - 7, 8, ELF_RELOCATION_PLACE }, { REL + 0, 0x2002048, 8, ELF_RELOCATION_PLACE },
        { REL + 0, 0xffffffffffffffff, 8, ELF_RELOCATION_PLACE },
        { REL + 24, 0x1fffff9, 8, ELF_RELOCATION_PLACE }, { P0 + 40, 0x1000, 8, ELF_OK }, { H + 16, 2, 2, ELF_OK },
        { P3 + 0, 4, 4, ELF_OK },
        { REL + 0, 0x2002040 - 8, 8, ELF_OK }, { P2 + 40, 0x100000, 8, ELF_OK },
    };
    bool seen[ELF_FAULTS] = { false };
    uint64_t bytes;
    const void *good = mock_core(&bytes);

    (void)unused;
    for (unsigned i = 0; i < COUNT(row); i++, cases++) {
        uint8_t *bad = malloc(bytes);
        struct elf_image image;
        enum elf_fault fault;

        memcpy(bad, good, bytes);
        memcpy(bad + row[i].at, &row[i].value, row[i].bytes);
        fault = elf_verify(bad, bytes, &cpu_elf_target, &image);
        if (fault != row[i].fault)
            print_error("row %u: %s, not %s\n", i, elf_fault_code(fault), elf_fault_code(row[i].fault));
        assert_int_equal(fault, row[i].fault);
        seen[fault] = true;
        free(bad);
    }
    {   /* a fixed program calls itself so, and says nothing of PIE; one with nothing to load */
        uint8_t *bad = malloc(bytes);
        struct elf_image image;

        memcpy(bad, good, bytes);
        bad[H + 16] = 2;
        memset(bad + DYN + 48, 0, 16);
        assert_int_equal(elf_verify(bad, bytes, &cpu_elf_target, &image), ELF_TYPE);
        memcpy(bad, good, bytes);
        bad[P0] = bad[P1] = bad[P2] = 4;
        assert_int_equal(elf_verify(bad, bytes, &cpu_elf_target, &image), ELF_NO_SEGMENT);
        seen[ELF_NO_SEGMENT] = true;
        free(bad);
    }
    for (int fault = 0; fault < ELF_FAULTS; fault++) {
        assert_true(seen[fault] || fault == ELF_OK);
        for (int other = 0; other < fault; other++) {
            assert_string_not_equal(elf_fault_code(fault), elf_fault_code(other));
            assert_string_not_equal(elf_fault_text(fault), elf_fault_text(other));
        }
    }
    fault_seen("H4.elf", 'X', "");
}

static void each_truncation_of_a_core_is_refused(void **unused)
{
    uint64_t bytes;
    const void *good = mock_core(&bytes);

    (void)unused;
    for (uint64_t kept = 0; kept < bytes; kept++, cases++) {
        uint8_t *exact = malloc(kept ? kept : 1);
        struct elf_image image;

        memcpy(exact, good, kept);
        assert_int_equal(elf_verify(exact, kept, &cpu_elf_target, &image), ELF_TRUNCATED);
        free(exact);
    }
    fault_seen("H4.elf", 'X', "");
}

static void a_core_is_placed_and_moved(void **unused)
{
    uint64_t bytes;
    const void *good = mock_core(&bytes);
    struct elf_image image;
    uint8_t *base;

    (void)unused;
    assert_int_equal(elf_verify(good, bytes, &cpu_elf_target, &image), ELF_OK);
    assert_int_equal(image.start, 0x2000000);
    assert_int_equal(image.end, 0x2007000);
    assert_int_equal(image.entry, 0x2000010);
    assert_int_equal(image.segments, 3);
    assert_int_equal(image.relocations, 6);
    base = aligned_alloc(4096, image.end - image.start);
    memset(base, 0x77, image.end - image.start);
    elf_place(good, &image, base);
    assert_int_equal(((uint64_t *)(base + 0x2000))[5], (uintptr_t)base + 20);
    assert_int_equal(((uint64_t *)(base + 0x1000))[28], (uintptr_t)base);
    assert_int_equal(base[0x2040], 0x77);               /* beyond the file's bytes: the core's to clear */
    free(base);
    cases++;
}

/* The same core with its table packed: a place, then a map of words behind it. */
static enum elf_fault verify_packed(uint8_t *core, uint64_t bytes, uint64_t first, uint64_t map, struct elf_image *out_image)
{
    const uint64_t dynamic[] = { 36, 0x2001000 + (REL - DYN), 35, 16, 37, 8 };

    memcpy(core + DYN, dynamic, sizeof(dynamic));
    memcpy(core + REL, &first, 8);
    memcpy(core + REL + 8, &map, 8);
    return elf_verify(core, bytes, &cpu_elf_target, out_image);
}

/* Maps follow each other by 63 words even where their last bits, or all, are clear. */
static void maps_of_a_packed_core_do_not_shift(void **unused)
{
    enum { CONSTANT = 0x20010e0, MAPS = 8, BIT = 43 };
    uint64_t bytes, addend = 0x2000020, table[1 + MAPS] = { CONSTANT };
    const uint64_t dynamic[] = { 36, 0x2001000 + (REL - DYN), 35, sizeof(table), 37, 8 };
    const void *good = mock_core(&bytes);
    struct elf_image image;
    uint8_t *core, *base;

    (void)unused;
    core = aligned_alloc(8, (bytes + 7) & ~7ull);
    memcpy(core, good, bytes);
    for (unsigned i = 1; i <= MAPS; i++)
        table[i] = 1;                                       /* none of these 63 words */
    table[1] |= 1 << 3;                                     /* the third behind the place */
    table[MAPS] |= 1ull << (BIT + 1);                       /* CONSTANT + 8 * (1 + 7 * 63 + 43) is word 1 of the data */
    memcpy(core + DYN, dynamic, sizeof(dynamic));
    memcpy(core + REL, table, sizeof(table));
    assert_int_equal(elf_verify(core, bytes, &cpu_elf_target, &image), ELF_OK);
    for (unsigned word = 0; word < 8; word++) {
        memcpy(core + image.segment[1].file_offset + 0xe0 + word * 8, &addend, 8);
        memcpy(core + image.segment[2].file_offset + word * 8, &addend, 8);
    }
    base = aligned_alloc(4096, image.end - image.start);
    elf_place(core, &image, base);
    for (unsigned word = 0; word < 8; word++) {
        uint64_t moved = addend + (uintptr_t)base - image.start;

        assert_int_equal(((uint64_t *)(base + 0x10e0))[word], word == 0 || word == 3 ? moved : addend);
        assert_int_equal(((uint64_t *)(base + 0x2000))[word], word == 1 ? moved : addend);
    }
    free(core), free(base);
    cases++;
}

static void a_packed_core_is_placed_and_moved(void **unused)
{
    uint64_t bytes, addend = 0x2000020;
    const void *good = mock_core(&bytes);
    struct elf_image image;
    uint8_t *core, *base;

    (void)unused;
    core = aligned_alloc(8, (bytes + 7) & ~7ull);
    memcpy(core, good, bytes);
    assert_int_equal(verify_packed(core, bytes, 0x2002000, 1 | 1 << 1 | 1 << 3, &image), ELF_OK);    /* words 0, 1 and 3 */
    assert_int_equal(image.packed, 2);
    for (unsigned word = 0; word < 5; word++)
        memcpy(core + image.segment[2].file_offset + word * 8, &addend, 8);
    base = aligned_alloc(4096, image.end - image.start);
    elf_place(core, &image, base);
    for (unsigned word = 0; word < 5; word++)
        assert_int_equal(((uint64_t *)(base + 0x2000))[word],
                         word == 2 || word == 4 ? addend : addend + (uintptr_t)base - image.start);
    free(base);
    assert_int_equal(verify_packed(core, bytes, 0x2002000, 1ull << 63 | 1, &image), ELF_RELOCATION_PLACE);
    assert_int_equal(verify_packed(core, bytes, 0x2000000, 1, &image), ELF_RELOCATION_PLACE);        /* text */
    assert_int_equal(verify_packed(core, bytes, 0xfffffffffffffff8, 3, &image), ELF_RELOCATION_PLACE);
    assert_int_equal(verify_packed(core, bytes, 0x2002039, 1, &image), ELF_RELOCATION_PLACE);        /* a map with nothing before it */
    free(core);
    cases += 5;
}

/* ---- the map ---- */

enum { ORACLE_PAGES = 64 };

/* The sweep against counting each page by hand. */
static void the_sweep_is_right_for_random_ranges(void **unused)
{
    (void)unused;
    for (unsigned round = 0; round < 20000; round++, cases++) {
        uint32_t count = random_32() % 24, best[ORACLE_PAGES] = { 0 }, found, overlaps = 0;
        struct handoff_region *range = malloc((count + 1) * sizeof(*range)), *out = malloc((2 * count + 1) * sizeof(*out));
        uint64_t *end = malloc((count + 1) * sizeof(*end)), at = 0;
        uint8_t covered[ORACLE_PAGES] = { 0 };

        for (uint32_t i = 0; i < count; i++) {
            uint32_t start = random_32() % ORACLE_PAGES, length = 1 + random_32() % (round % 2 ? 4 : ORACLE_PAGES);
            uint32_t type = 1 + random_32() % 12;

            range[i] = (struct handoff_region){ start * 4096ull, (start + length) * 4096ull, type, type };
            for (uint32_t page = start; page < start + length && page < ORACLE_PAGES; page++) {
                if (type > best[page])
                    best[page] = type;
                covered[page]++;
            }
        }
        overlaps = map_sort(range, count);
        found = map_sweep(range, count, end, out);
        for (uint32_t i = 0; i < found; i++) {
            assert_true(out[i].start >= at && out[i].start < out[i].end);
            assert_true(i == 0 || out[i].start > out[i - 1].end || out[i].type != out[i - 1].type);
            assert_int_equal(out[i].firmware_type, out[i].type);
            at = out[i].end;
            for (uint64_t page = out[i].start / 4096; page < out[i].end / 4096 && page < ORACLE_PAGES; page++) {
                assert_int_equal(best[page], out[i].type);
                best[page] = 0;
            }
        }
        for (uint32_t page = 0; page < ORACLE_PAGES; page++) {
            assert_int_equal(best[page], 0);            /* each page was in a range once */
            assert_true(covered[page] < 2 || overlaps);
        }
        free(range), free(out), free(end);
    }
}

static void ranges_are_put_in_among_others(void **unused)
{
    (void)unused;
    for (unsigned round = 0; round < 2000; round++, cases++) {
        uint32_t count = random_32() % 10, others = random_32() % 10, from_others = 0;
        struct handoff_region *range = malloc((count + others + 1) * sizeof(*range)), other[10];

        for (uint32_t i = 0; i < count; i++)
            range[i] = (struct handoff_region){ random_32() % 50, 100, 1, 0 };
        for (uint32_t i = 0; i < others; i++)
            other[i] = (struct handoff_region){ random_32() % 50, 100, 2, 0 };
        map_sort(range, count);
        map_sort(other, others);
        map_insert(range, count, other, others);
        for (uint32_t i = 0; i < count + others; i++) {
            assert_true(i == 0 || range[i - 1].start <= range[i].start);
            from_others += range[i].type == 2;
        }
        assert_int_equal(from_others, others);
        free(range);
    }
}

/* ---- page tables ---- */

static uint64_t rights_of(uint32_t mapping)
{
    uint64_t nx = 1ull << 63;

    switch (mapping) {
    case CPU_MAP_NOTHING:     return 0;
    case CPU_MAP_DEVICE:      return 0x1b | nx;
    case CPU_MAP_FRAMEBUFFER: return 0x83 | nx;
    case CPU_MAP_CONSTANT:    return 0x01 | nx;
    case CPU_MAP_CODE:        return 0x01;
    default:                  return 0x03 | nx;
    }
}

static void check_at(uint64_t root, uint64_t address, uint32_t mapping)
{
    uint64_t entry = mock_walk(root, address) & ~0x60ull, wanted = rights_of(mapping);

    assert_int_equal(entry, wanted ? (address & ~0xfffull) | wanted : 0);
}

static uint64_t random_length(void)
{
    static const unsigned shift[] = { 12, 13, 16, 21, 21, 22, 30, 30, 33 };

    uint64_t more = random_32() % 3 ? 0 : (random_32() % 1000) * 4096ull;

    return ((uint64_t)1 << shift[random_32() % COUNT(shift)]) * (1 + random_32() % 3) + more;
}

/* Tables for random plans map each span as asked, nothing beside, and take exactly the memory that was foretold (ASan watches its
 * end). */
static void tables_map_the_plan_and_take_what_was_foretold(void **unused)
{
    (void)unused;
    for (unsigned round = 0; round < 1500; round++, cases++) {
        struct handoff_region span[16];
        uint32_t spans = 0;
        uint64_t at = random_32() % 2 ? 0 : (random_32() % 5000) * 4096ull, bytes, root;
        uint8_t *pool;

        mock_cpu_reset();
        mock_cpu.no_1g = round & 1;
        mock_cpu.la57 = round & 2;
        mock_cpu.address_bits = round % 7 ? 48 : 36;
        for (uint32_t wanted = random_32() % 16; spans < wanted; spans++) {
            at += random_32() % 3 ? 0 : random_length();
            span[spans] = (struct handoff_region){ at, at + random_length(), 1 + random_32() % 7, 0 };
            at = span[spans].end;
        }
        bytes = cpu_tables_bytes(span, spans);
        pool = aligned_alloc(4096, bytes);
        memset(pool, 0xa5, bytes);
        root = cpu_tables_build(span, spans, (uintptr_t)pool);
        assert_int_not_equal(*(uint64_t *)(pool + bytes - 4096), 0xa5a5a5a5a5a5a5a5);     /* the last table was needed */
        for (uint32_t i = 0; i < spans; i++) {
            uint64_t limit = cpu_address_limit(), middle = (span[i].start + (span[i].end - span[i].start) / 2) & ~0xfffull;

            check_at(root, span[i].start, span[i].start < limit ? span[i].type : CPU_MAP_NOTHING);
            check_at(root, span[i].end - 1, span[i].end <= limit ? span[i].type : CPU_MAP_NOTHING);
            check_at(root, middle, middle < limit ? span[i].type : CPU_MAP_NOTHING);
            if (i + 1 == spans || span[i + 1].start != span[i].end)
                check_at(root, span[i].end, CPU_MAP_NOTHING);
            if (span[i].start && (i == 0 || span[i - 1].end != span[i].start))
                check_at(root, span[i].start - 1, CPU_MAP_NOTHING);
        }
        free(pool);
    }
}

/* ---- ACPI ---- */

static void seal(uint8_t *table, uint32_t bytes, unsigned at)
{
    uint8_t sum = 0;

    table[at] = 0;
    for (uint32_t i = 0; i < bytes; i++)
        sum += table[i];
    table[at] = (uint8_t)-sum;
}

static uint8_t *make_table(const char *signature, uint32_t bytes)
{
    uint8_t *table = calloc(1, bytes);

    memcpy(table, signature, 4);
    memcpy(table + 4, &bytes, 4);
    return table;
}

static uint64_t make_rsdp(const uint8_t *xsdt)
{
    static uint8_t rsdp[36];
    uint64_t address = (uintptr_t)xsdt;

    memcpy(rsdp, "RSD PTR \0INGOT \2", 16);
    memcpy(rsdp + 24, &address, 8);
    seal(rsdp, 20, 8);
    return (uintptr_t)rsdp;
}

static void acpi_is_read_within_bounds(void **unused)
{
    (void)unused;
    mock_cpu_reset();
    for (unsigned round = 0; round < 20000; round++, cases++) {
        uint32_t madt_bytes = 36 + random_32() % 80, bytes;
        uint8_t *xsdt = make_table("XSDT", 36 + 4 * 8), *madt = make_table("APIC", madt_bytes);
        uint64_t pointer[4] = { 0, (uintptr_t)madt, (uintptr_t)xsdt, random_32() % 2 };
        struct cpu_devices devices;

        for (uint32_t i = 44; i < madt_bytes; i++)
            madt[i] = (uint8_t)(random_32() % 3 ? random_32() % 14 : random_32());
        memcpy(xsdt + 36, pointer, sizeof(pointer));
        pointer[3] = 0;
        memcpy(xsdt + 36, pointer, sizeof(pointer));
        seal(madt, madt_bytes, 9);
        acpi_find_devices(make_rsdp(xsdt), &devices);
        assert_true(devices.interrupt_controllers <= CPU_INTERRUPT_CONTROLLERS_MAX);
        assert_ptr_equal(acpi_find(make_rsdp(xsdt), "APIC", &bytes), madt);
        assert_int_equal(bytes, madt_bytes);
        madt[10]++;                                     /* a checksum that is wrong: not believed */
        assert_null(acpi_find(make_rsdp(xsdt), "APIC", &bytes));
        free(xsdt), free(madt);
    }
    assert_null(acpi_find(0, "APIC", &(uint32_t){ 0 }));
    {
        uint8_t *xsdt = make_table("XSDT", 36);
        uint64_t rsdp = make_rsdp(xsdt);
        static const uint32_t lengths[] = { 0, 8, 35, 0x7fffffff, 0xffffffff };

        for (unsigned i = 0; i < COUNT(lengths); i++, cases++) {
            memcpy(xsdt + 4, &lengths[i], 4);
            assert_null(acpi_find(rsdp, "APIC", &(uint32_t){ 0 }));
        }
        free(xsdt);
    }
}

static void ports_in_acpi_are_read_within_bounds(void **unused)
{
    struct serial_port place[4];

    (void)unused;
    mock_cpu_reset();
    for (unsigned round = 0; round < 20000; round++, cases++) {
        uint32_t spcr_bytes = 36 + random_32() % 60, dbg2_bytes = 36 + random_32() % 120;
        uint8_t *xsdt = make_table("XSDT", 36 + 2 * 8), *spcr = make_table("SPCR", spcr_bytes), *dbg2 = make_table("DBG2", dbg2_bytes);
        uint64_t pointer[2] = { (uintptr_t)spcr, (uintptr_t)dbg2 };

        memcpy(xsdt + 36, pointer, sizeof(pointer));
        for (uint32_t i = 36; i < spcr_bytes; i++)
            spcr[i] = (uint8_t)(random_32() % 2 ? 0 : random_32());
        for (uint32_t i = 36; i < dbg2_bytes; i++)
            dbg2[i] = (uint8_t)(random_32() % 2 ? 0 : random_32() % 4 ? random_32() % 48 : random_32());
        for (uint32_t i = 44; i + 16 < dbg2_bytes; i += 38) {    /* mostly devices that could be */
            dbg2[i + 1] = 38, dbg2[i + 2] = 0;
            dbg2[i + 12] = 0, dbg2[i + 13] = 0x80, dbg2[i + 14] = dbg2[i + 15] = 0;
        }
        seal(spcr, spcr_bytes, 9), seal(dbg2, dbg2_bytes, 9);
        for (unsigned max = 0; max <= COUNT(place); max++)
            assert_true(acpi_find_ports(make_rsdp(xsdt), place, max) <= max);
        free(xsdt), free(spcr), free(dbg2);
    }
    assert_int_equal(acpi_find_ports(0, place, COUNT(place)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_formatted_and_cut),
        cmocka_unit_test(numbers_are_read_whole),
        cmocka_unit_test(utf8_is_told_from_rubbish),
        cmocka_unit_test(config_files),
        cmocka_unit_test(load_options),
        cmocka_unit_test(the_own_name_comes_from_the_device_path),
        cmocka_unit_test(options_of_noise_are_bounded),
        cmocka_unit_test(words_are_found),
        cmocka_unit_test(too_many_words_are_cut_between_words),
        cmocka_unit_test(each_fault_of_a_core_has_its_own_name),
        cmocka_unit_test(each_truncation_of_a_core_is_refused),
        cmocka_unit_test(a_core_is_placed_and_moved),
        cmocka_unit_test(a_packed_core_is_placed_and_moved),
        cmocka_unit_test(maps_of_a_packed_core_do_not_shift),
        cmocka_unit_test(the_sweep_is_right_for_random_ranges),
        cmocka_unit_test(ranges_are_put_in_among_others),
        cmocka_unit_test(tables_map_the_plan_and_take_what_was_foretold),
        cmocka_unit_test(acpi_is_read_within_bounds),
        cmocka_unit_test(ports_in_acpi_are_read_within_bounds),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    print_message("loader parts: %lu cases\n", cases);
    return failed;
}
