/* SMBIOS tables, good ones and any bytes at all, each in a block of just its size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/machine.h"
#include "core/memory.h"
#include "tests/host/fault_seen.h"

#include <ingot/byteorder.h>
#include <ingot/smbios.h>

enum { ENTRY_AT = 0x1000, TABLE_AT = 0x2000, RANDOM_TABLES = 200000, TABLE_MAX = 200 };

static struct handoff_roots roots;
static uint8_t *entry, *table;
static size_t entry_bytes, table_bytes;

const struct handoff_roots *machine_roots(void) { return &roots; }

const void *memory_readable(uint64_t start, uint64_t bytes)
{
    if (start == ENTRY_AT && bytes <= entry_bytes)
        return entry;
    return start == TABLE_AT && bytes <= table_bytes ? table : NULL;
}

static void balance(uint8_t *from, size_t bytes, size_t at)
{
    uint8_t sum = 0;

    from[at] = 0;
    for (size_t i = 0; i < bytes; i++)
        sum = (uint8_t)(sum + from[i]);
    from[at] = (uint8_t)-sum;
}

static void lend(const void *bytes, size_t count)
{
    free(table);
    table = malloc(count ? count : 1);
    table_bytes = count;
    memcpy(table, bytes, count);
}

/* A 64-bit entry point for the table that is lent. */
static void enter_64(void)
{
    free(entry);
    entry = calloc(1, entry_bytes = 0x18);
    memcpy(entry, "_SM3_", 5);
    store_le32(entry + 0x0c, (uint32_t)table_bytes);
    store_le64(entry + 0x10, TABLE_AT);
    balance(entry, entry_bytes, 5);
    roots = (struct handoff_roots){ .smbios3 = ENTRY_AT };
}

static void enter_32(void)
{
    free(entry);
    entry = calloc(1, entry_bytes = 0x1f);
    memcpy(entry, "_SM_", 4);
    store_le16(entry + 0x16, (uint16_t)table_bytes);
    store_le32(entry + 0x18, TABLE_AT);
    balance(entry, entry_bytes, 4);
    roots = (struct handoff_roots){ .smbios = ENTRY_AT };
}

static const char good[] = "\x01\x08\x00\x01\x01\x02\x00\x09" "maker\0product\0\0"     /* the third string number is 0, the fourth is not there */
                           "\x20\x05\x01\x00\x7f" "\0\0"                              /* no strings */
                           "\x7f\x04\x02\x00" "\0\0"
                           "\x01\x04\x03\x00" "\0\0";                                /* behind the end */

static void expect_good(void)
{
    struct smbios_structure s;
    uint32_t cursor = 0;

    assert_true(smbios_next(&cursor, &s));
    assert_int_equal(s.type, 1);
    assert_int_equal(s.string_count, 2);
    assert_string_equal(smbios_string(&s, 4), "maker");
    assert_string_equal(smbios_string(&s, 5), "product");
    assert_null(smbios_string(&s, 6));
    assert_null(smbios_string(&s, 7));
    assert_null(smbios_string(&s, 8));
    assert_int_equal(smbios_number(&s, 2, 2), 0x100);
    assert_int_equal(smbios_number(&s, 7, 2), 0);
    assert_true(smbios_next(&cursor, &s));
    assert_int_equal(s.type, 32);
    assert_int_equal(s.string_count, 0);
    assert_int_equal(smbios_number(&s, 4, 1), 0x7f);
    assert_false(smbios_next(&cursor, &s));
}

static void both_entry_points_lead_to_the_table(void **state)
{
    (void)state;
    lend(good, sizeof(good) - 1);
    enter_64();
    expect_good();
    enter_32();
    expect_good();
}

static void what_cannot_be_an_entry_point_is_not_used(void **state)
{
    struct smbios_structure s;
    uint32_t cursor = 0;

    (void)state;
    lend(good, sizeof(good) - 1);
    enter_64();
    entry[5]++;
    assert_false(smbios_next(&cursor, &s));
    enter_64();
    entry[0] = 'X';
    balance(entry, entry_bytes, 5);
    assert_false(smbios_next(&cursor, &s));
    enter_64();
    store_le32(entry + 0x0c, (uint32_t)table_bytes + 1);       /* more than there is memory for */
    balance(entry, entry_bytes, 5);
    assert_false(smbios_next(&cursor, &s));
    roots = (struct handoff_roots){ 0 };
    assert_false(smbios_next(&cursor, &s));
}

/* Cut anywhere, a table gives what lies whole in front of the cut. */
static void a_table_that_is_cut_ends_there(void **state)
{
    (void)state;
    for (size_t bytes = 1; bytes < sizeof(good) - 1; bytes++) {
        struct smbios_structure s;
        uint32_t cursor = 0, found = 0;

        lend(good, bytes);
        enter_64();
        while (smbios_next(&cursor, &s))
            found++;
        assert_int_equal(found, bytes >= 30 ? 2 : bytes >= 23 ? 1 : 0);
    }
    fault_seen("C19.host", 'R', "");
}

static uint32_t random_state = 1;

static uint32_t random_number(void)
{
    random_state = random_state * 1664525 + 1013904223;
    return random_state >> 8;
}

/* All strings and numbers of whatever is there; the walk always gets on. */
static unsigned read_all(void)
{
    struct smbios_structure s;
    uint32_t cursor = 0, last = 0;
    unsigned found = 0;

    for (; smbios_next(&cursor, &s); last = cursor, found++) {
        assert_true(cursor > last);
        for (uint32_t i = 0; i < 260; i++) {
            const char *text = smbios_string(&s, i);

            assert_true(!text || ((const uint8_t *)text >= table && (const uint8_t *)text + strlen(text) < table + table_bytes));
            smbios_number(&s, i, 8);
        }
    }
    return found;
}

static void any_bytes_are_survived(void **state)
{
    uint8_t bytes[TABLE_MAX];
    unsigned found = 0;

    (void)state;
    for (unsigned i = 0; i < RANDOM_TABLES; i++) {
        size_t count = random_number() % TABLE_MAX;

        for (size_t k = 0; k < count; k++)
            bytes[k] = (uint8_t)(random_number() % 3 ? random_number() % 12 : random_number());
        if (i % 2) {
            count = sizeof(good) - 1;
            memcpy(bytes, good, count);
            for (unsigned k = random_number() % 4; k < 4; k++)
                bytes[random_number() % count] = (uint8_t)random_number();
        }
        lend(bytes, count);
        if (i % 4 < 2)
            enter_64();
        else
            enter_32();
        found += read_all();
    }
    printf("ran %u tables with %u structures\n", RANDOM_TABLES, found);
    assert_true(found > RANDOM_TABLES / 2);
    fault_seen("C19.host", 'R', "");
}

static int free_all(void **state)
{
    (void)state;
    free(table);
    free(entry);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_entry_points_lead_to_the_table),
        cmocka_unit_test(what_cannot_be_an_entry_point_is_not_used),
        cmocka_unit_test(a_table_that_is_cut_ends_there),
        cmocka_unit_test(any_bytes_are_survived),
    };

    return cmocka_run_group_tests(tests, NULL, free_all);
}
