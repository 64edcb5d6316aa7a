/* BGRT, FPDT, SRAT, SLIT. */
#include "acpi_draft.h"
#include "tests/host/fault_seen.h"

static void the_logo_is_a_bitmap_that_can_be_read(void **state)
{
    struct draft bgrt = { .bytes = 56 };
    uint8_t bitmap[64] = "BM";
    struct acpi_logo logo;

    (void)state;
    set(&bgrt, 38, 1 | 1 << 1, 1);
    set(&bgrt, 40, OTHER_AT + 0x1000, 8);
    set(&bgrt, 48, 100, 4);
    set(&bgrt, 52, 200, 4);
    store(bitmap + 2, 64, 4);
    place(&bgrt, OTHER_AT, "BGRT", 1);
    machine_put(OTHER_AT + 0x1000, bitmap, 64);
    assert_int_equal(machine_start(), 0);
    assert_int_equal(acpi_get_logo(&logo), 0);
    assert_int_equal(logo.bitmap.bytes, 64);
    assert_true(logo.displayed);
    assert_int_equal(logo.rotated_degrees, 90);
    assert_int_equal(logo.y, 200);
    for (uint32_t bytes = 0; bytes < 100; bytes++) {
        store(machine_block[1].bytes + 2, bytes == 64 ? 0x7fffffff : bytes, 4);
        assert_int_equal(acpi_get_logo(&logo), bytes >= 14 && bytes < 64 ? 0 : ERR_BAD_DATA);
    }
    assert_true(machine_warned("BGRT: no bitmap"));
    fault_seen("H5.logo", 'R', machine_said());
}

static void boot_times_come_through_two_tables(void **state)
{
    struct draft fpdt = { .bytes = 36 }, fbpt = { .bytes = 0 };
    struct acpi_boot_times times;

    (void)state;
    ADD(&fpdt, 1, 0, 16, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);         /* S3, not wanted */
    ADD(&fpdt, 0, 0, 16, 1, 0, 0, 0, 0);
    set(&fpdt, fpdt.bytes, OTHER_AT + 0x1000, 8);
    set(&fbpt, 0, 0x54504246, 4);        /* FBPT */
    set(&fbpt, 4, 56, 4);
    set(&fbpt, 8, 2 | 48 << 16, 4);
    for (uint64_t i = 0; i < 5; i++)
        set(&fbpt, 16 + i * 8, (i + 1) * 1000000000, 8);
    place(&fpdt, OTHER_AT, "FPDT", 1);
    machine_put(OTHER_AT + 0x1000, fbpt.table, fbpt.bytes);
    assert_int_equal(machine_start(), 0);
    assert_int_equal(acpi_get_boot_times(&times), 0);
    assert_int_equal(times.reset_end_ns, 1000000000);
    assert_int_equal(times.exit_end_ns, 5000000000);
    store(machine_block[1].bytes + 4, 57, 4);
    assert_int_equal(acpi_get_boot_times(&times), ERR_BAD_DATA);
    store(machine_block[1].bytes + 4, 55, 4);
    assert_int_equal(acpi_get_boot_times(&times), ERR_BAD_DATA);
    store(machine_block[1].bytes + 4, 56, 4);
    machine_block[1].bytes[10] = 47;     /* the record is too short for its last number */
    assert_int_equal(acpi_get_boot_times(&times), ERR_BAD_DATA);
    assert_int_equal(machine_warned_times("FPDT: no boot times"), 3);
}

static void affinity_records_in_use_are_given(void **state)
{
    struct draft srat = { .bytes = 48 };
    struct acpi_affinity affinity[4];
    uint32_t cursor = 0;

    (void)state;
    ADD(&srat, 0, 16, 1, 5, 1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0);
    ADD(&srat, 0, 16, 1, 6, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0);         /* not in use */
    set(&srat, 80, 1 | 40 << 8 | 3 << 16, 8);            /* memory, domain 3 */
    set(&srat, 88, 0x1000000, 8);
    set(&srat, 96, 0x40000000, 12);
    set(&srat, 108, 3, 12);
    ADD(&srat, 2, 24, 0, 0, 7, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    ADD(&srat, 9, 2);
    ADD(&srat, 2, 8, 0, 0, 7, 0, 0, 0);  /* too short to be in use */
    start_with_table(&srat, "SRAT", 3);
    for (unsigned i = 0; i < 3; i++)
        assert_true(acpi_next_affinity(&cursor, &affinity[i]));
    assert_false(acpi_next_affinity(&cursor, &affinity[3]));
    assert_int_equal(affinity[0].domain, 0x201);
    assert_int_equal(affinity[0].processor_id, 5);
    assert_true(affinity[1].is_memory && affinity[1].hot_pluggable && !affinity[1].nonvolatile);
    assert_int_equal(affinity[1].base, 0x1000000);
    assert_int_equal(affinity[1].bytes, 0x40000000);
    assert_int_equal(affinity[2].domain, 7);
    assert_int_equal(affinity[2].processor_id, 256);

    start_with_table(&srat, "SRAT", 1);  /* its upper domain bytes mean nothing */
    cursor = 0;
    assert_true(acpi_next_affinity(&cursor, &affinity[0]));
    assert_int_equal(affinity[0].domain, 1);
    cursor = UINT32_MAX;
    assert_false(acpi_next_affinity(&cursor, &affinity[0]));
}

static void distances_are_those_of_the_slit(void **state)
{
    struct draft slit = { .bytes = 0 };

    (void)state;
    assert_int_equal(acpi_init(0, machine_map), ERR_NOT_FOUND);
    assert_int_equal(acpi_get_distance(0, 0), ERR_NOT_FOUND);
    set(&slit, 36, 2, 8);
    ADD(&slit, 10, 21, 31);              /* the last is missing */
    start_with_table(&slit, "SLIT", 1);
    assert_int_equal(acpi_get_distance(0, 1), 21);
    assert_int_equal(acpi_get_distance(1, 0), 31);
    assert_int_equal(acpi_get_distance(1, 1), ERR_NOT_FOUND);
    assert_int_equal(acpi_get_distance(0, 2), ERR_NOT_FOUND);
    set(&slit, 36, UINT64_MAX, 8);
    start_with_table(&slit, "SLIT", 1);
    assert_int_equal(acpi_get_distance(0, 1), ERR_NOT_FOUND);
    assert_int_equal(acpi_get_distance(UINT32_MAX, UINT32_MAX), ERR_NOT_FOUND);
}

int run_info_rules(void)
{
    const struct CMUnitTest tests[] = {
        RULE(the_logo_is_a_bitmap_that_can_be_read),
        RULE(boot_times_come_through_two_tables),
        RULE(affinity_records_in_use_are_given),
        RULE(distances_are_those_of_the_slit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
