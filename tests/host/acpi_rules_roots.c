/* RSDP, RSDT, XSDT, and how each table is judged. */
#include "acpi_draft.h"
#include "tests/host/fault_seen.h"

static struct machine_block *block_at(uint64_t address)
{
    for (unsigned i = 0; i < machine_blocks; i++)
        if (machine_block[i].address == address)
            return &machine_block[i];
    return NULL;
}

static void put_one_table(void)
{
    struct draft body = { .bytes = 40 };

    place(&body, OTHER_AT, "WAET", 1);
}

static void no_rsdp_is_told_and_answers_nothing(void **state)
{
    struct acpi_window table;
    struct acpi_processor_counts counts;

    (void)state;
    assert_int_equal(acpi_init(0, machine_map), ERR_NOT_FOUND);
    assert_int_equal(machine_warnings, 1);
    assert_int_equal(acpi_find("APIC", 0, &table), ERR_NOT_FOUND);
    assert_int_equal(acpi_get_processors(NULL, 0, &counts), ERR_NOT_FOUND);
    assert_null(acpi_get_fadt());
    machine_ask_everything();
    fault_seen("C1.host", 'D', machine_said());
}

static void an_rsdp_that_is_none_or_cannot_be_read_is_refused(void **state)
{
    (void)state;
    assert_int_equal(acpi_init(MACHINE_RSDP, machine_map), ERR_BAD_DATA);
    machine_put(MACHINE_RSDP, "RSD PTR?............................", 36);
    assert_int_equal(acpi_init(MACHINE_RSDP, machine_map), ERR_BAD_DATA);
    assert_true(machine_warned("no RSDP at 0xe0010"));
    fault_seen("C1.host", 'D', machine_said());
}

static void revision_2_uses_the_xsdt_without_a_warning(void **state)
{
    struct acpi_window table;

    (void)state;
    put_one_table();
    assert_int_equal(machine_start(), 0);
    assert_int_equal(machine_warnings, 0);
    assert_int_equal(acpi_find("WAET", 0, &table), 0);
    assert_int_equal(table.bytes, 40);
    assert_int_equal(acpi_find("WAET", 1, &table), ERR_NOT_FOUND);
}

static void revision_0_uses_the_rsdt_and_is_told(void **state)
{
    struct acpi_window table;

    (void)state;
    put_one_table();
    machine_make_roots(2);
    block_at(MACHINE_RSDP)->bytes[15] = 0;           /* what follows the first 20 bytes is not its */
    block_at(MACHINE_RSDP)->bytes[8] += 2;
    assert_int_equal(acpi_init(MACHINE_RSDP, machine_map), 0);
    assert_true(machine_warned("RSDP rev 0: no XSDT, the 32-bit RSDT is used"));
    assert_int_equal(machine_warnings, 1);
    assert_int_equal(acpi_find("WAET", 0, &table), 0);
    fault_seen("C2.host", 'R', machine_said());
}

/* One number of a block changed before the reader starts: what it says, and whether the table is still found. */
static int start_with(uint64_t block, size_t offset, uint64_t value, size_t bytes)
{
    struct acpi_window table;

    machine_clear();
    put_one_table();
    machine_make_roots(2);
    store(block_at(block)->bytes + offset, value, bytes);
    if (acpi_init(MACHINE_RSDP, machine_map) != 0)
        return ERR_BAD_DATA;
    return acpi_find("WAET", 0, &table);
}

static void a_bad_xsdt_leads_to_the_rsdt(void **state)
{
    static const struct {
        uint64_t block;
        size_t offset, bytes;
        uint64_t value;
        const char *warning;
    } cases[] = {
        { MACHINE_RSDP, 24, 8, 0, "ACPI-SUM RSDP" },
        { MACHINE_RSDP, 24, 8, 0, "RSDP rev 2: no XSDT, the 32-bit RSDT is used" },
        { MACHINE_RSDP, 24, 8, 0x123456789, "no XSDT at 0x123456789" },
        { MACHINE_RSDP, 24, 8, UINT64_MAX - 3, "no XSDT at 0xfffffffffffffffc" },
        { MACHINE_RSDP, 24, 8, OTHER_AT, "no XSDT at 0x70300000" },
        { MACHINE_XSDT, 0, 1, 'Y', "no XSDT at" },
        { MACHINE_XSDT, 4, 4, 0, "ACPI-LEN XSDT" },
        { MACHINE_XSDT, 4, 4, 8, "ACPI-LEN XSDT" },
        { MACHINE_XSDT, 4, 4, 36, "ACPI-SUM XSDT" },
        { MACHINE_XSDT, 4, 4, 0x7fffffff, "ACPI-LEN XSDT" },
        { MACHINE_XSDT, 4, 4, 0xffffffff, "ACPI-LEN XSDT" },
        { MACHINE_XSDT, 36, 8, 0, "1 are null" },
        { MACHINE_XSDT, 36, 8, MACHINE_XSDT, "1 not what belongs there" },
        { MACHINE_XSDT, 36, 8, 0x1234, "1 not readable" },
        { MACHINE_RSDP, 20, 4, 8, "ACPI-LEN RSDP" },
        { MACHINE_RSDP, 20, 4, 0x7fffffff, "ACPI-LEN RSDP" },
        { MACHINE_RSDP, 8, 1, 0x55, "ACPI-SUM RSDP" },
        { MACHINE_RSDP, 32, 1, 0x55, "used if it leads to an XSDT" },
        { MACHINE_XSDT, 9, 1, 0x55, "ACPI-SUM XSDT" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(start_with(cases[i].block, cases[i].offset, cases[i].value, cases[i].bytes), 0);
        assert_true(machine_warned(cases[i].warning));
    }
    fault_seen("C2.xsdt", 'R', machine_said());
}

static void roots_that_lead_nowhere_are_told(void **state)
{
    (void)state;
    machine_make_roots(2);               /* no table is listed */
    assert_int_equal(acpi_init(MACHINE_RSDP, machine_map), ERR_BAD_DATA);
    assert_true(machine_warned("leads to no table"));
}

static void put_xsdt(const uint64_t *entries, size_t count)
{
    size_t bytes = ACPI_HEADER_BYTES + count * 8;
    uint8_t *xsdt = test_calloc(1, bytes);

    memcpy(xsdt, "XSDT", 4);
    store(xsdt + 4, bytes, 4);
    for (size_t i = 0; i < count; i++)
        store(xsdt + ACPI_HEADER_BYTES + i * 8, entries[i], 8);
    machine_fix_sum(xsdt, bytes);
    machine_make_roots(2);
    machine_resize(block_at(MACHINE_XSDT), xsdt, bytes);
    test_free(xsdt);
}

static void null_repeated_self_and_unaligned_pointers_are_sorted_out(void **state)
{
    struct draft body = { .bytes = 40 };
    uint64_t entries[] = { 0, OTHER_AT, OTHER_AT, MACHINE_XSDT, MACHINE_RSDT, OTHER_AT + 0x1003, OTHER_AT, 0x77777777, UINT64_MAX };
    struct acpi_window table;

    (void)state;
    place(&body, OTHER_AT, "WAET", 1);
    place(&body, OTHER_AT + 0x1003, "MSDM", 1);
    put_xsdt(entries, 9);
    assert_int_equal(acpi_init(MACHINE_RSDP, machine_map), 0);
    assert_true(machine_warned("of 9 entries 1 are null, 2 repeated, 2 not readable, 2 not what belongs there, 0 more than fit"));
    assert_int_equal(machine_warnings, 1);
    assert_int_equal(acpi_find("MSDM", 0, &table), 0);
    assert_int_equal(acpi_find("WAET", 0, &table), 0);
    assert_int_equal(acpi_find("WAET", 1, &table), ERR_NOT_FOUND);
    fault_seen("C5.host", 'R', machine_said());
}

static void ten_thousand_entries_are_looked_at_and_no_more(void **state)
{
    static uint64_t entries[20000];
    struct draft body = { .bytes = 40 };
    struct acpi_window table;

    (void)state;
    place(&body, OTHER_AT, "WAET", 1);
    place(&body, OTHER_AT + 0x1000, "MSDM", 1);
    for (size_t i = 0; i < 20000; i++)
        entries[i] = OTHER_AT;
    entries[9999] = OTHER_AT + 0x1000;
    put_xsdt(entries, 10000);
    assert_int_equal(acpi_init(MACHINE_RSDP, machine_map), 0);
    assert_int_equal(acpi_find("MSDM", 0, &table), 0);

    machine_clear();
    place(&body, OTHER_AT, "WAET", 1);
    place(&body, OTHER_AT + 0x1000, "MSDM", 1);
    entries[9999] = OTHER_AT;
    entries[10000] = OTHER_AT + 0x1000;
    put_xsdt(entries, 20000);
    assert_int_equal(acpi_init(MACHINE_RSDP, machine_map), 0);
    assert_int_equal(acpi_find("MSDM", 0, &table), ERR_NOT_FOUND);
    assert_true(machine_warned("9999 repeated, 0 not readable, 0 not what belongs there, 10000 more than fit"));
    fault_seen("C5.many", 'R', machine_said());
}

static void more_tables_than_fit_are_told(void **state)
{
    struct draft body = { .bytes = 37 };
    struct acpi_window table;

    (void)state;
    for (unsigned i = 0; i < ACPI_TABLES_MAX + 44; i++)
        place(&body, OTHER_AT + i * 64, "SSDT", 1);
    assert_int_equal(machine_start(), 0);
    assert_true(machine_warned("44 more than fit"));
    assert_int_equal(acpi_find("SSDT", ACPI_TABLES_MAX - 1, &table), 0);
    assert_int_equal(acpi_find("SSDT", ACPI_TABLES_MAX, &table), ERR_NOT_FOUND);
}

/* ---- judging ---- */

static void a_bad_sum_is_told_once_and_the_table_used(void **state)
{
    struct acpi_window table;

    (void)state;
    put_one_table();
    machine_block[0].bytes[39] ^= 1;
    assert_int_equal(machine_start(), 0);
    assert_int_equal(machine_warnings, 0);       /* nobody asked for it yet */
    for (int i = 0; i < 3; i++)
        assert_int_equal(acpi_find("WAET", 0, &table), 0);
    assert_true(machine_warned("ACPI-SUM WAET"));
    assert_int_equal(machine_warnings, 1);
    fault_seen("C3.host", 'R', machine_said());
}

static void impossible_lengths_are_told_and_the_next_table_is_used(void **state)
{
    static const uint32_t lengths[] = { 0, 8, 35, 39, 41, 0x7fffffff, 0xffffffff };

    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct draft good = { .bytes = 44 };
        struct acpi_window table;

        machine_clear();
        put_one_table();
        store(machine_block[0].bytes + 4, lengths[i], 4);
        place(&good, OTHER_AT + 0x1000, "WAET", 1);
        assert_int_equal(machine_start(), 0);
        assert_int_equal(acpi_find("WAET", 0, &table), 0);
        assert_int_equal(table.bytes, 44);
        assert_true(machine_warned("ACPI-LEN WAET at 0x70300000"));
    }
    fault_seen("C4.host", 'R', machine_said());
}

static void windows_end_where_they_end(void **state)
{
    const uint8_t bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    struct acpi_window window = { bytes, 8 }, part = acpi_part(&window, 6, 2);

    (void)state;
    assert_int_equal(acpi_read64(&window, 0), 0x0807060504030201);
    assert_int_equal(acpi_read64(&window, 1), 0);
    assert_int_equal(acpi_read16(&window, 6), 0x0807);
    assert_int_equal(acpi_read16(&window, 7), 0);
    assert_int_equal(acpi_read8(&window, 8), 0);
    assert_int_equal(acpi_read32(&window, UINT32_MAX), 0);
    assert_int_equal(part.bytes, 2);
    assert_int_equal(acpi_read8(&part, 1), 8);
    assert_int_equal(acpi_part(&window, 6, 3).bytes, 0);
    assert_int_equal(acpi_part(&window, 9, 0).bytes, 0);
    assert_int_equal(acpi_part(&window, 4, UINT32_MAX).bytes, 0);
}

int run_root_rules(void)
{
    const struct CMUnitTest tests[] = {
        RULE(no_rsdp_is_told_and_answers_nothing),
        RULE(an_rsdp_that_is_none_or_cannot_be_read_is_refused),
        RULE(revision_2_uses_the_xsdt_without_a_warning),
        RULE(revision_0_uses_the_rsdt_and_is_told),
        RULE(a_bad_xsdt_leads_to_the_rsdt),
        RULE(roots_that_lead_nowhere_are_told),
        RULE(null_repeated_self_and_unaligned_pointers_are_sorted_out),
        RULE(ten_thousand_entries_are_looked_at_and_no_more),
        RULE(more_tables_than_fit_are_told),
        RULE(a_bad_sum_is_told_once_and_the_table_used),
        RULE(impossible_lengths_are_told_and_the_next_table_is_used),
        RULE(windows_end_where_they_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
