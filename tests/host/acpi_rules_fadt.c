/* The FADT: lengths, revisions, fields that there are twice. */
#include "acpi_draft.h"
#include "tests/host/fault_seen.h"

static const struct acpi_fadt *fadt_of(const struct draft *draft, uint8_t revision)
{
    machine_clear();
    place(draft, FADT_AT, "FACP", revision);
    assert_int_equal(machine_start(), 0);
    return acpi_get_fadt();
}

static void a_short_fadt_has_what_it_has(void **state)
{
    (void)state;
    for (size_t bytes = 44; bytes <= 300; bytes++) {
        struct draft draft = new_fadt();
        const struct acpi_fadt *fadt;
        struct acpi_pm_timer timer;

        draft.bytes = bytes;
        fadt = fadt_of(&draft, 6);
        assert_non_null(fadt);
        assert_int_equal(fadt->dsdt, DSDT_AT);
        assert_int_equal(fadt->sci_interrupt, bytes >= 48 ? 9 : 0);
        assert_int_equal(fadt->pm1a_control.address, bytes >= 90 ? 0x1804 : 0);
        assert_int_equal(acpi_get_pm_timer(&timer), bytes >= 92 ? 0 : ERR_NOT_FOUND);
        assert_int_equal(fadt->has_8042, bytes < 111);
        machine_ask_everything();
    }
    fault_seen("C14.host", 'R', machine_said());
}

static void a_fadt_too_short_for_a_dsdt_is_not_used(void **state)
{
    struct draft draft = { .bytes = 43 };

    (void)state;
    assert_null(fadt_of(&draft, 1));
    assert_true(machine_warned("ACPI-LEN FACP"));
}

static void old_fadts_have_a_keyboard_controller_and_new_ones_say(void **state)
{
    struct draft draft = new_fadt();

    (void)state;
    assert_true(fadt_of(&draft, 1)->has_8042);
    assert_true(fadt_of(&draft, 2)->has_legacy_devices);
    assert_false(fadt_of(&draft, 3)->has_8042);
    set(&draft, 109, 0x2f, 2);
    assert_false(fadt_of(&draft, 1)->no_vga);

    const struct acpi_fadt *fadt = fadt_of(&draft, 3);

    assert_true(fadt->has_8042 && fadt->has_legacy_devices && fadt->no_vga && fadt->no_msi && fadt->no_rtc);
}

static void the_wide_field_wins_and_a_difference_is_told(void **state)
{
    struct draft draft = new_fadt();

    (void)state;
    set_register(&draft, 172, ACPI_SPACE_IO, 16, 2, 0x1804);
    assert_int_equal(fadt_of(&draft, 6)->pm1a_control.address, 0x1804);
    assert_false(machine_warned("PM1a control"));

    set_register(&draft, 172, ACPI_SPACE_MEMORY, 32, 3, 0xfed80804);
    assert_int_equal(fadt_of(&draft, 6)->pm1a_control.address, 0xfed80804);
    assert_int_equal(acpi_get_fadt()->pm1a_control.access_bytes, 4);
    assert_true(machine_warned("PM1a control is at 0xfed80804, space 0, in its 64-bit field and at 0x1804 in the other; the first"));

    set_register(&draft, 172, 0x55, 16, 2, 0x1804);
    assert_int_equal(fadt_of(&draft, 6)->pm1a_control.space, ACPI_SPACE_IO);
    assert_true(machine_warned("the second is used"));

    set(&draft, 36, 0x1000, 4);
    set(&draft, 132, 0x2000, 8);
    assert_int_equal(fadt_of(&draft, 6)->facs, 0x2000);
    assert_true(machine_warned("the FACS"));
    fault_seen("C14.host", 'R', machine_said());
}

static void the_dsdt_is_found_where_either_field_has_it(void **state)
{
    struct draft draft = new_fadt(), dsdt = { .bytes = 40 };
    struct acpi_window table;

    (void)state;
    set(&draft, 140, 0x123456000, 8);
    for (unsigned wide_is_right = 0; wide_is_right < 2; wide_is_right++) {
        machine_clear();
        place(&draft, FADT_AT, "FACP", 6);
        place(&dsdt, wide_is_right ? 0x123456000 : DSDT_AT, "DSDT", 2);
        machine_block[1].listed = false;
        assert_int_equal(machine_start(), 0);
        assert_int_equal(acpi_find("DSDT", 0, &table), 0);
        assert_int_equal(acpi_get_fadt()->dsdt, machine_block[1].address);
        assert_true(machine_warned("FADT: the DSDT is at 0x123456000"));
    }
    machine_clear();
    place(&draft, FADT_AT, "FACP", 6);
    place(&dsdt, DSDT_AT + 0x1000, "DSDT", 2);           /* in the XSDT, where it does not belong */
    assert_int_equal(machine_start(), 0);
    assert_int_equal(acpi_find("DSDT", 0, &table), ERR_NOT_FOUND);
    assert_true(machine_warned("no DSDT at"));
}

static void reset_needs_its_flag_its_bytes_and_an_address(void **state)
{
    struct draft draft = new_fadt();
    struct acpi_reset reset;

    (void)state;
    set_register(&draft, 116, ACPI_SPACE_IO, 8, 1, 0xcf9);
    set(&draft, 128, 6, 1);
    fadt_of(&draft, 6);
    assert_int_equal(acpi_get_reset(&reset), ERR_NOT_FOUND);

    set(&draft, 112, 1 << 10, 4);
    fadt_of(&draft, 2);
    assert_int_equal(acpi_get_reset(&reset), 0);
    assert_int_equal(reset.reg.address, 0xcf9);
    assert_int_equal(reset.value, 6);

    draft.bytes = 128;
    fadt_of(&draft, 6);
    assert_int_equal(acpi_get_reset(&reset), ERR_NOT_FOUND);

    draft.bytes = 276;
    set_register(&draft, 116, ACPI_SPACE_IO, 8, 1, 0);
    fadt_of(&draft, 6);
    assert_int_equal(acpi_get_reset(&reset), ERR_NOT_FOUND);
    assert_true(machine_warned("reset register"));

    set_register(&draft, 116, ACPI_SPACE_PCI, 8, 1, 0);
    fadt_of(&draft, 6);
    assert_int_equal(acpi_get_reset(&reset), 0);
    assert_int_equal(reset.reg.space, ACPI_SPACE_PCI);
}

static void the_pm_timer_has_24_or_32_bits_or_is_not_there(void **state)
{
    struct draft draft = new_fadt(), waet = { .bytes = 40 };
    struct acpi_pm_timer timer;

    (void)state;
    fadt_of(&draft, 6);
    assert_int_equal(acpi_get_pm_timer(&timer), 0);
    assert_int_equal(timer.bits, 24);
    assert_int_equal(timer.counter.space, ACPI_SPACE_IO);
    assert_false(timer.reads_once);

    set(&draft, 112, 1 << 8, 4);
    set(&waet, 36, 2, 4);
    machine_clear();
    place(&waet, OTHER_AT, "WAET", 1);
    place(&draft, FADT_AT, "FACP", 6);
    assert_int_equal(machine_start(), 0);
    assert_int_equal(acpi_get_pm_timer(&timer), 0);
    assert_int_equal(timer.bits, 32);
    assert_true(timer.reads_once);

    set(&draft, 91, 0, 1);
    fadt_of(&draft, 6);
    assert_int_equal(acpi_get_pm_timer(&timer), ERR_NOT_FOUND);
}

static void hardware_reduced_machines_sleep_through_other_registers(void **state)
{
    struct draft draft = new_fadt();
    struct acpi_pm_timer timer;

    (void)state;
    set(&draft, 112, 1 << 20, 4);
    assert_false(fadt_of(&draft, 4)->hardware_reduced);
    set_register(&draft, 244, ACPI_SPACE_IO, 8, 1, 0x405);

    const struct acpi_fadt *fadt = fadt_of(&draft, 5);

    assert_true(fadt->hardware_reduced);
    assert_int_equal(fadt->pm1a_control.address, 0);
    assert_int_equal(fadt->smi_command, 0);
    assert_int_equal(fadt->sleep_control.address, 0x405);
    assert_int_equal(acpi_get_pm_timer(&timer), ERR_NOT_FOUND);
    fault_seen("C14.host", 'R', machine_said());
}

int run_fadt_rules(void)
{
    const struct CMUnitTest tests[] = {
        RULE(a_short_fadt_has_what_it_has),
        RULE(a_fadt_too_short_for_a_dsdt_is_not_used),
        RULE(old_fadts_have_a_keyboard_controller_and_new_ones_say),
        RULE(the_wide_field_wins_and_a_difference_is_told),
        RULE(the_dsdt_is_found_where_either_field_has_it),
        RULE(reset_needs_its_flag_its_bytes_and_an_address),
        RULE(the_pm_timer_has_24_or_32_bits_or_is_not_there),
        RULE(hardware_reduced_machines_sleep_through_other_registers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
