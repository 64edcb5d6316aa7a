/* The MADT: processors, interrupt controllers, and records that cannot be. */
#include "acpi_draft.h"
#include "tests/host/fault_seen.h"

static struct draft new_madt(void)
{
    struct draft madt = { .bytes = 0 };

    set(&madt, 36, 0xfee00000, 4);
    set(&madt, 40, 1, 4);
    return madt;
}

static void start_with_madt(const struct draft *madt)
{
    struct draft fadt = new_fadt();

    machine_clear();
    place(&fadt, FADT_AT, "FACP", 6);
    place(madt, MADT_AT, "APIC", 5);
    assert_int_equal(machine_start(), 0);
    machine_clear_log();
}

static struct acpi_processor processors[8];

static struct acpi_processor_counts processors_of(const struct draft *madt, uint32_t max)
{
    struct acpi_processor_counts counts;

    start_with_madt(madt);
    assert_int_equal(acpi_get_processors(processors, max, &counts), 0);
    return counts;
}

static void add_processor(struct draft *madt, uint8_t uid, uint8_t id, uint8_t flags)
{
    ADD(madt, 0, 8, uid, id, flags, 0, 0, 0);
}

static void add_wide_processor(struct draft *madt, uint32_t uid, uint32_t id, uint32_t flags)
{
    uint8_t record[16] = { 9, 16 };

    store(record + 4, id, 4);
    store(record + 8, flags, 4);
    store(record + 12, uid, 4);
    add(madt, record, 16);
}

static void processors_are_sorted_by_what_may_be_started(void **state)
{
    struct draft madt = new_madt();

    (void)state;
    add_processor(&madt, 1, 4, 1);       /* the first need not be 0 */
    add_processor(&madt, 2, 0, 1);
    add_processor(&madt, 3, 0, 0);       /* disabled, with an id that is in use */
    add_processor(&madt, 4, 0xff, 0);
    add_processor(&madt, 5, 6, 2);       /* may come later */
    add_processor(&madt, 6, 8, 3);       /* enabled counts */
    add_processor(&madt, 7, 0xff, 1);    /* broadcast */
    add_wide_processor(&madt, 2, 0, 1);  /* again */
    add_wide_processor(&madt, 9, 0x12345678, 1);
    add_wide_processor(&madt, 10, 0xffffffff, 1);
    add_wide_processor(&madt, 11, 0x17161514, 0x1b1a1919);

    struct acpi_processor_counts counts = processors_of(&madt, 8);

    assert_int_equal(counts.usable, 4);
    assert_int_equal(processors[0].id, 4);
    assert_int_equal(processors[0].uid, 1);
    assert_int_equal(processors[1].id, 0);
    assert_int_equal(processors[2].id, 8);
    assert_int_equal(processors[3].id, 0x12345678);
    assert_int_equal(processors[3].uid, 9);
    assert_int_equal(counts.disabled, 2);
    assert_int_equal(counts.online_capable, 1);
    assert_int_equal(counts.repeated, 1);
    assert_int_equal(counts.ignored, 3);
    assert_int_equal(counts.more, 0);
    assert_true(machine_warned("CPU ignored=3"));
}

static void processors_that_do_not_fit_are_counted(void **state)
{
    struct draft madt = new_madt();

    (void)state;
    for (uint8_t id = 0; id < 8; id++)
        add_processor(&madt, id, id, 1);
    assert_int_equal(processors_of(&madt, 8).more, 0);
    assert_int_equal(processors_of(&madt, 3).more, 5);
    assert_true(machine_warned("CPU ignored=5"));
    assert_int_equal(processors_of(&madt, 0).usable, 0);
}

static void records_stop_at_one_that_cannot_be(void **state)
{
    static const uint8_t lengths[] = { 0, 1, 9, 0xff };

    (void)state;
    for (size_t i = 0; i < sizeof(lengths); i++) {
        struct draft madt = new_madt();

        add_processor(&madt, 1, 1, 1);
        ADD(&madt, 0, lengths[i], 2, 2, 1, 0, 0, 0);
        assert_int_equal(processors_of(&madt, 8).usable, 1);
        assert_true(machine_warned("APIC stop@52: no record fits there; its last 8 bytes are not used"));
        machine_ask_everything();
        assert_int_equal(machine_warned_times("stop@"), 1);
    }
    fault_seen("C6.host", 'R', machine_said());
}

static void a_bad_sum_and_a_bad_record_are_too_much(void **state)
{
    struct draft madt = new_madt();
    struct acpi_processor_counts counts;

    (void)state;
    add_processor(&madt, 1, 1, 1);
    start_with_madt(&madt);
    machine_block[1].bytes[9] ^= 1;
    assert_int_equal(acpi_get_processors(processors, 8, &counts), 0);
    assert_true(machine_warned("ACPI-SUM APIC at 0x70200000: its bytes do not add up to 0; used"));

    ADD(&madt, 0);                       /* half a record's head */
    start_with_madt(&madt);
    machine_block[1].bytes[9] ^= 1;
    assert_int_equal(acpi_get_processors(processors, 8, &counts), ERR_NOT_FOUND);
    assert_true(machine_warned("ACPI-SUM APIC at 0x70200000: its bytes do not add up to 0; not used"));
}

static void records_too_short_for_their_type_say_nothing(void **state)
{
    struct draft madt = new_madt();
    struct acpi_interrupts found;

    (void)state;
    ADD(&madt, 0, 5, 1, 1, 1);           /* the flags' first byte is there */
    ADD(&madt, 1, 8, 0, 0, 0, 0, 0xc0, 0xfe);
    ADD(&madt, 5, 4, 0, 0);
    ADD(&madt, 0x7f, 2);                 /* an unknown type may be short */
    assert_int_equal(processors_of(&madt, 8).ignored, 1);
    assert_int_equal(acpi_get_interrupts(&found), 0);
    assert_int_equal(found.ioapics, 0);
    assert_int_equal(found.local_address, 0xfee00000);
    assert_true(machine_warned("3 records are too short"));
}

static void interrupt_controllers_and_lines_are_read(void **state)
{
    struct draft madt = new_madt();
    struct acpi_interrupts found;

    (void)state;
    ADD(&madt, 1, 12, 2, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0);
    ADD(&madt, 1, 12, 3, 0, 0, 0x10, 0xc0, 0xfe, 24, 0, 0, 0);
    ADD(&madt, 1, 12, 4, 0, 0, 0x10, 0xc0, 0xfe, 48, 0, 0, 0);   /* the same registers again */
    ADD(&madt, 1, 12, 5, 0, 0, 0, 0, 0, 72, 0, 0, 0);            /* none */
    ADD(&madt, 2, 10, 0, 0, 2, 0, 0, 0, 0, 0);
    ADD(&madt, 2, 10, 0, 9, 9, 0, 0, 0, 0, 0);                   /* the SCI, as the bus has it */
    ADD(&madt, 2, 10, 0, 10, 20, 0, 0, 0, 0x0f, 0);
    ADD(&madt, 3, 8, 0x05, 0, 23, 0, 0, 0);
    ADD(&madt, 5, 12, 0, 0, 0, 0, 0xe0, 0xfe, 1, 0, 0, 0);
    start_with_madt(&madt);
    assert_int_equal(acpi_get_interrupts(&found), 0);
    assert_int_equal(found.local_address, 0x1fee00000);
    assert_true(found.legacy_pics);
    assert_int_equal(found.ioapics, 2);
    assert_int_equal(found.ioapic[1].address, 0xfec01000);
    assert_int_equal(found.ioapic[1].gsi_base, 24);
    assert_int_equal(found.ioapic[1].id, 3);
    assert_true(machine_warned("a second I/O APIC at 0xfec01000"));
    assert_true(machine_warned("I/O APIC 5 at address 0"));
    assert_int_equal(found.overrides, 3);
    assert_int_equal(found.override[0].gsi, 2);
    assert_false(found.override[0].line.active_low || found.override[0].line.level);
    assert_true(found.override[1].line.active_low && found.override[1].line.level);
    assert_true(found.override[2].line.active_low && found.override[2].line.level);
    assert_int_equal(found.override[2].isa_line, 10);
    assert_int_equal(found.nmis, 1);
    assert_int_equal(found.nmi[0].gsi, 23);
    assert_false(found.nmi[0].line.level);
    fault_seen("C12.host", 'R', machine_said());
}

static void what_does_not_fit_is_told(void **state)
{
    struct draft madt = new_madt();
    struct acpi_interrupts found;

    (void)state;
    for (uint8_t i = 0; i < ACPI_IOAPICS_MAX + 3; i++)
        ADD(&madt, 1, 12, i, 0, 0, i, 0xc0, 0xfe, i, 0, 0, 0);
    for (uint8_t i = 0; i < ACPI_OVERRIDES_MAX + 2; i++)
        ADD(&madt, 2, 10, 0, i, i, 0, 0, 0, 0, 0);
    for (uint8_t i = 0; i < ACPI_NMIS_MAX + 1; i++)
        ADD(&madt, 3, 8, 0, 0, i, 0, 0, 0);
    start_with_madt(&madt);
    assert_int_equal(acpi_get_interrupts(&found), 0);
    assert_int_equal(found.ioapics, ACPI_IOAPICS_MAX);
    assert_int_equal(found.overrides, ACPI_OVERRIDES_MAX);
    assert_int_equal(found.nmis, ACPI_NMIS_MAX);
    assert_true(machine_warned("MADT: 0 records are too short for their type, 6 are more than fit"));
}

static void local_nmis_name_one_processor_or_all(void **state)
{
    struct draft madt = new_madt();
    struct acpi_local_nmi nmi;

    (void)state;
    ADD(&madt, 4, 6, 3, 0x0d, 0, 1);
    ADD(&madt, 10, 12, 0x05, 0, 0, 1, 0, 0, 0, 0, 0, 0);         /* uid 256, LINT 0 */
    start_with_madt(&madt);
    assert_int_equal(acpi_get_local_nmi(3, &nmi), 0);
    assert_int_equal(nmi.lint, 1);
    assert_true(nmi.line.level);
    assert_int_equal(acpi_get_local_nmi(256, &nmi), 0);
    assert_int_equal(nmi.lint, 0);
    assert_int_equal(acpi_get_local_nmi(4, &nmi), ERR_NOT_FOUND);
    ADD(&madt, 4, 6, 0xff, 0, 0, 1);
    start_with_madt(&madt);
    assert_int_equal(acpi_get_local_nmi(4, &nmi), 0);
    assert_int_equal(nmi.lint, 1);
}

static void the_first_of_two_is_used_and_the_second_told(void **state)
{
    struct draft first = new_madt(), second = new_madt();
    struct acpi_interrupts found;

    (void)state;
    set(&second, 36, 0x12340000, 4);
    place(&first, MADT_AT, "APIC", 3);
    place(&second, MADT_AT + 0x1000, "APIC", 3);
    assert_int_equal(machine_start(), 0);
    assert_true(machine_warned("a second APIC at 0x70201000"));
    assert_int_equal(acpi_get_interrupts(&found), 0);
    assert_int_equal(found.local_address, 0xfee00000);
    fault_seen("C11.host", 'R', machine_said());
}

int run_madt_rules(void)
{
    const struct CMUnitTest tests[] = {
        RULE(processors_are_sorted_by_what_may_be_started),
        RULE(processors_that_do_not_fit_are_counted),
        RULE(records_stop_at_one_that_cannot_be),
        RULE(a_bad_sum_and_a_bad_record_are_too_much),
        RULE(records_too_short_for_their_type_say_nothing),
        RULE(interrupt_controllers_and_lines_are_read),
        RULE(what_does_not_fit_is_told),
        RULE(local_nmis_name_one_processor_or_all),
        RULE(the_first_of_two_is_used_and_the_second_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
