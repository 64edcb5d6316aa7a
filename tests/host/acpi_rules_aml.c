/* \_S5 in AML of our own. Opcodes: ACPI 6.5, "AML Byte Values" (20.3). */
#include "acpi_draft.h"

/* A block's bytes with their length in front, in the two-byte form. */
static void add_block(struct draft *aml, const void *bytes, size_t count)
{
    uint8_t length[2] = { (uint8_t)(0x40 | ((count + 2) & 0xf)), (uint8_t)((count + 2) >> 4) };

    add(aml, length, 2);
    add(aml, bytes, count);
}
#define ADD_BLOCK(draft, ...) add_block((draft), (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))

/* A machine with just these AML bytes in its DSDT. */
static int power_off_of(const struct draft *aml, struct acpi_power_off *out_power_off)
{
    struct draft fadt = new_fadt();

    machine_clear();
    place(&fadt, FADT_AT, "FACP", 6);
    place(aml, DSDT_AT, "DSDT", 2);
    machine_block[1].listed = false;
    assert_int_equal(machine_start(), 0);
    return acpi_get_power_off(out_power_off);
}

#define AML(name) struct draft name = { .bytes = ACPI_HEADER_BYTES }
#define S5_NAME '_', 'S', '5', '_'
#define S5_PACKAGE 0x12, 0x08, 0x04, 0x0a, 0x05, 0x0a, 0x06, 0x00, 0x00

static void assert_s5(const struct draft *aml, uint8_t type_a, uint8_t type_b)
{
    struct acpi_power_off off;

    assert_int_equal(power_off_of(aml, &off), 0);
    assert_int_equal(off.type_a, type_a);
    assert_int_equal(off.type_b, type_b);
}

static void s5_is_a_package_of_two_numbers_in_any_encoding(void **state)
{
    AML(bytes); AML(constants); AML(words); AML(wide); AML(packed);

    (void)state;
    ADD(&bytes, 0x08, S5_NAME, S5_PACKAGE);
    assert_s5(&bytes, 5, 6);
    ADD(&constants, 0x08, S5_NAME, 0x12, 0x06, 0x04, 0x00, 0x01, 0x00, 0x00);
    assert_s5(&constants, 0, 1);
    ADD(&words, 0x08, S5_NAME, 0x12, 0x0a, 0x02, 0x0b, 7, 0, 0x0c, 3, 0, 0, 0);
    assert_s5(&words, 7, 3);
    ADD(&wide, 0x08, S5_NAME, 0x12, 0x40 | 0xd, 0, 0x02, 0x0e, 4, 0, 0, 0, 0, 0, 0, 0, 0x01);
    assert_s5(&wide, 4, 1);
    ADD(&packed, 0x08, S5_NAME, 0x12, 0x07, 0x01, 0x0c, 5, 6, 0, 0);
    assert_s5(&packed, 5, 6);
}

static void s5_is_found_by_any_path_that_means_the_root(void **state)
{
    AML(root); AML(prefix); AML(parent); AML(deep); AML(conditional);

    (void)state;
    ADD(&root, 0x10);
    ADD_BLOCK(&root, 0x5c, 0x00, 0x08, S5_NAME, S5_PACKAGE);                     /* Scope (\) */
    assert_s5(&root, 5, 6);
    ADD(&prefix, 0x10);
    ADD_BLOCK(&prefix, '_', 'S', 'B', '_', 0x08, 0x5c, S5_NAME, S5_PACKAGE);     /* Scope (_SB) { Name (\_S5 ... */
    assert_s5(&prefix, 5, 6);
    ADD(&parent, 0x10);
    ADD_BLOCK(&parent, 0x5c, '_', 'S', 'B', '_', 0x08, 0x5e, S5_NAME, S5_PACKAGE);
    assert_s5(&parent, 5, 6);
    ADD(&deep, 0x10);
    ADD_BLOCK(&deep, 0x2e, '_', 'S', 'B', '_', 'P', 'C', 'I', '0', 0x08, 0x5e, 0x5e, S5_NAME, S5_PACKAGE);
    assert_s5(&deep, 5, 6);
    ADD(&conditional, 0xa0);
    ADD_BLOCK(&conditional, 0x93, 'A', 'B', 'C', 'D', 0x0a, 0x12, 0x08, S5_NAME, S5_PACKAGE);
    assert_s5(&conditional, 5, 6);
}

static void other_places_and_other_things_are_no_s5(void **state)
{
    AML(scope); AML(parent); AML(method); AML(buffer); AML(text); AML(alias); AML(path); AML(nameless);
    struct acpi_power_off off;

    (void)state;
    ADD(&scope, 0x10);
    ADD_BLOCK(&scope, '_', 'S', 'B', '_', 0x08, S5_NAME, S5_PACKAGE);            /* \_SB._S5 */
    assert_int_equal(power_off_of(&scope, &off), ERR_NOT_FOUND);
    ADD(&parent, 0x08, 0x5e, S5_NAME, S5_PACKAGE);                               /* above the root */
    assert_int_equal(power_off_of(&parent, &off), ERR_NOT_FOUND);
    ADD(&method, 0x14);
    ADD_BLOCK(&method, 'M', 'M', 'M', 'M', 0, 0x08, 0x5c, S5_NAME, S5_PACKAGE);
    assert_int_equal(power_off_of(&method, &off), ERR_NOT_FOUND);
    ADD(&buffer, 0x08, 'B', 'B', 'B', 'B', 0x11);
    ADD_BLOCK(&buffer, 0x0a, 0x0e, 0x08, S5_NAME, S5_PACKAGE);
    assert_int_equal(power_off_of(&buffer, &off), ERR_NOT_FOUND);
    ADD(&text, 0x08, 'T', 'T', 'T', 'T', 0x0d, 0x08, S5_NAME, 0x12, 0x08, 0x04, 0x0a, 0x05, 0x0a, 0x06, 0x00);
    assert_int_equal(power_off_of(&text, &off), ERR_NOT_FOUND);
    ADD(&alias, 0x06, S5_NAME, 'A', 'A', 'A', 'A');
    assert_int_equal(power_off_of(&alias, &off), ERR_NOT_FOUND);
    ADD(&path, 0x08, 0x2e, '_', 'S', 'B', '_', S5_NAME, S5_PACKAGE);
    assert_int_equal(power_off_of(&path, &off), ERR_NOT_FOUND);
    ADD(&nameless, 0x10);
    ADD_BLOCK(&nameless, 0x2e, '_', 'S', 'B', '_', 'P', 'C', 'I', '0', 0x08, 0x5e, 0x00, S5_NAME, S5_PACKAGE);
    assert_int_equal(power_off_of(&nameless, &off), ERR_NOT_FOUND);
    assert_int_equal(machine_warnings, 0);
}

static void an_s5_that_cannot_be_is_told(void **state)
{
    AML(number); AML(large); AML(short_package); AML(half_number); AML(reference); AML(cut);
    struct acpi_power_off off;

    (void)state;
    ADD(&number, 0x08, S5_NAME, 0x0a, 0x05);
    assert_int_equal(power_off_of(&number, &off), ERR_UNSUPPORTED);
    ADD(&large, 0x08, S5_NAME, 0x12, 0x06, 0x02, 0x0a, 0x08, 0x00, 0x00);
    assert_int_equal(power_off_of(&large, &off), ERR_BAD_DATA);
    assert_true(machine_warned("\\_S5 in DSDT 0"));
    ADD(&short_package, 0x08, S5_NAME, 0x12, 0x04, 0x02, 0x0a, 0x05, 0x0a, 0x06);    /* the second lies behind its end */
    assert_int_equal(power_off_of(&short_package, &off), ERR_BAD_DATA);
    ADD(&half_number, 0x08, S5_NAME, 0x12, 0x05, 0x02, 0x0a, 0x05, 0x0a, 0x06);
    assert_int_equal(power_off_of(&half_number, &off), ERR_BAD_DATA);
    ADD(&reference, 0x08, S5_NAME, 0x12, 0x0a, 0x02, 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H');
    assert_int_equal(power_off_of(&reference, &off), ERR_BAD_DATA);
    ADD(&cut, 0x08, S5_NAME, 0x12, 0x3f, 0x04, 0x0a, 0x05);
    assert_int_equal(power_off_of(&cut, &off), ERR_BAD_DATA);
}

/* Puts what the draft holds into so many blocks, one in the other. */
static void nest(struct draft *inner, unsigned depth)
{
    for (unsigned i = 0; i < depth; i++) {
        struct draft outer = { .bytes = 0 };

        ADD(&outer, 0xa0);
        add_block(&outer, inner->table, inner->bytes);
        *inner = outer;
    }
}

static void a_block_that_cannot_be_followed_does_not_hide_what_comes_after(void **state)
{
    AML(lost); AML(nested);
    struct draft inner = { .bytes = 0 };

    (void)state;
    ADD(&lost, 0x10);
    ADD_BLOCK(&lost, '_', 'S', 'B', '_', 0x07, 0xaa, 0xaa);      /* no opcode is 07 */
    ADD(&lost, 0x08, S5_NAME, S5_PACKAGE);
    assert_s5(&lost, 5, 6);

    nest(&inner, 100);
    add(&nested, inner.table, inner.bytes);
    ADD(&nested, 0x08, S5_NAME, S5_PACKAGE);
    assert_s5(&nested, 5, 6);
}

static void blocks_are_followed_to_a_bounded_depth(void **state)
{
    struct acpi_power_off off;

    (void)state;
    for (unsigned depth = 1; depth < 100; depth++) {
        AML(aml);
        struct draft inner = { .bytes = 0 };

        ADD(&inner, 0x08, S5_NAME, S5_PACKAGE);
        nest(&inner, depth);
        add(&aml, inner.table, inner.bytes);
        assert_int_equal(power_off_of(&aml, &off), depth <= 10 ? 0 : ERR_NOT_FOUND);
        assert_int_equal(machine_warned("DSDT 0: 1 blocks could not be followed"), depth > 10);
    }
}

static void a_length_that_cannot_be_ends_the_walk_and_is_told(void **state)
{
    static const uint8_t lengths[][4] = { { 0x00 }, { 0x40 }, { 0x41, 0x00 }, { 0xc0 }, { 0xcf, 0xff, 0xff, 0xff }, { 0x3f }, { 0x12 } };

    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        AML(aml);
        struct acpi_power_off off;

        ADD(&aml, 0xa0);
        add(&aml, lengths[i], (size_t)(lengths[i][0] >> 6) + 1);
        ADD(&aml, 0x08, S5_NAME, S5_PACKAGE);
        assert_int_equal(power_off_of(&aml, &off), ERR_NOT_FOUND);
        assert_true(machine_warned("DSDT 0: 1 blocks could not be followed"));
    }
}

static void s5_may_lie_behind_everything_that_a_table_can_hold(void **state)
{
    AML(aml);

    (void)state;
    ADD(&aml, 0x15, 0x5c, 0x2f, 3, '_', 'S', 'B', '_', 'P', 'C', 'I', '0', 'L', 'P', 'C', 'B', 0x08, 0x07);     /* External */
    ADD(&aml, 0x06, 'A', 'L', 'I', '1', 'A', 'L', 'I', '2');
    ADD(&aml, 0x08, 'N', 'U', 'M', '1', 0x0c, 0x08, 0x5f, 0x53, 0x35);           /* a constant that looks like a name */
    ADD(&aml, 0x08, 'N', 'U', 'M', '2', 0x0e, 1, 2, 3, 4, 5, 6, 7, 8, 0x08, 'N', 'U', 'M', '3', 0xff);
    ADD(&aml, 0x08, 'S', 'T', 'R', '1', 0x0d, 'H', 'i', 0x10, 0x14, 0x00);
    ADD(&aml, 0x5b, 0x80, 'R', 'E', 'G', '1', 0x07, 0x72, 'B', 'A', 'S', 'E', 0x0a, 0x10, 0x00, 0x0b, 0x00, 0x01);   /* OperationRegion */
    ADD(&aml, 0x5b, 0x81);
    ADD_BLOCK(&aml, 'R', 'E', 'G', '1', 0x01, 'F', 'L', 'D', '1', 0x07);         /* Field */
    ADD(&aml, 0x5b, 0x01, 'M', 'T', 'X', '1', 0x07, 0x5b, 0x02, 'E', 'V', 'T', '1');
    ADD(&aml, 0x8a, 'B', 'U', 'F', '1', 0x0a, 0x04, 'D', 'W', 'F', '1');         /* CreateDWordField */
    ADD(&aml, 0x5b, 0x82);
    ADD_BLOCK(&aml, 'D', 'E', 'V', '1', 0x07, 0x07, 0x07);                       /* Device, stepped over */
    ADD(&aml, 0xa0);
    ADD_BLOCK(&aml, 0x5b, 0x12, 0x5c, 0x2e, '_', 'S', 'B', '_', 'X', 'X', 'X', 'X', 0x60, 0x70, 0x01, 0x60);     /* If (CondRefOf ... */
    ADD(&aml, 0xa1);
    ADD_BLOCK(&aml, 'M', 'E', 'T', 'H', 0x0a, 0x07, 0x0d, 'x', 0x00);            /* Else: a call with two arguments */
    ADD(&aml, 0x5b, 0x88, 'D', 'R', 'E', 'G', 0x0d, 'A', 0, 0x0d, 0, 0x0d, 0);
    ADD(&aml, 0x89, 'P', 'A', 'C', 'K', 0x02, 0x01, 0x05, 0x00, 0x00);           /* Match, with its raw bytes */
    ADD(&aml, 0x08, S5_NAME, S5_PACKAGE);
    assert_s5(&aml, 5, 6);
}

static void an_ssdt_may_hold_s5(void **state)
{
    AML(dsdt); AML(ssdt);
    struct draft fadt = new_fadt();
    struct acpi_power_off off;

    (void)state;
    ADD(&dsdt, 0x08, 'X', 'X', 'X', 'X', 0x00);
    ADD(&ssdt, 0x08, S5_NAME, S5_PACKAGE);
    place(&dsdt, DSDT_AT, "DSDT", 2);
    machine_block[0].listed = false;
    place(&dsdt, OTHER_AT, "SSDT", 2);
    place(&ssdt, OTHER_AT + 0x1000, "SSDT", 2);
    place(&fadt, FADT_AT, "FACP", 6);
    assert_int_equal(machine_start(), 0);
    assert_int_equal(acpi_get_power_off(&off), 0);
    assert_int_equal(off.type_b, 6);
    assert_int_equal(off.control_a.address, 0x1804);
    assert_int_equal(off.smi_command, 0xb2);
    assert_int_equal(off.acpi_enable, 0xa0);
}

static void closing_keeps_what_must_outlive_the_tables(void **state)
{
    AML(dsdt);
    struct draft fadt = new_fadt();
    struct acpi_power_off off;
    struct acpi_window table;

    (void)state;
    ADD(&dsdt, 0x08, S5_NAME, S5_PACKAGE);
    place(&dsdt, DSDT_AT, "DSDT", 2);
    machine_block[0].listed = false;
    place(&fadt, FADT_AT, "FACP", 6);
    assert_int_equal(machine_start(), 0);
    acpi_close();
    machine_clear();                     /* a read of a table would now be a use after free */
    assert_int_equal(acpi_get_power_off(&off), 0);
    assert_int_equal(off.type_a, 5);
    assert_int_equal(acpi_get_fadt()->sci_interrupt, 9);
    assert_int_equal(acpi_find("FACP", 0, &table), ERR_NOT_FOUND);
    machine_ask_everything();
}

int run_aml_rules(void)
{
    const struct CMUnitTest tests[] = {
        RULE(s5_is_a_package_of_two_numbers_in_any_encoding),
        RULE(s5_is_found_by_any_path_that_means_the_root),
        RULE(other_places_and_other_things_are_no_s5),
        RULE(an_s5_that_cannot_be_is_told),
        RULE(a_block_that_cannot_be_followed_does_not_hide_what_comes_after),
        RULE(blocks_are_followed_to_a_bounded_depth),
        RULE(a_length_that_cannot_be_ends_the_walk_and_is_told),
        RULE(s5_may_lie_behind_everything_that_a_table_can_hold),
        RULE(an_ssdt_may_hold_s5),
        RULE(closing_keeps_what_must_outlive_the_tables),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
