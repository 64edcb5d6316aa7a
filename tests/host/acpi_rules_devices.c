/* HPET, MCFG, WDAT, SPCR and DBG2: places that can be, and those that cannot. */
#include "acpi_draft.h"
#include "tests/host/fault_seen.h"

static void the_hpet_lies_in_memory_or_nowhere(void **state)
{
    struct draft draft = { .bytes = 56 };
    struct acpi_hpet hpet;

    (void)state;
    set(&draft, 36, 0x8086a201, 4);
    set(&draft, 53, 0x80, 2);
    set_register(&draft, 40, ACPI_SPACE_MEMORY, 64, 0, 0xfed00000);
    start_with_table(&draft, "HPET", 1);
    assert_int_equal(acpi_get_hpet(&hpet), 0);
    assert_int_equal(hpet.address, 0xfed00000);
    assert_int_equal(hpet.block_id, 0x8086a201);
    assert_int_equal(hpet.min_tick, 0x80);
    set_register(&draft, 40, ACPI_SPACE_IO, 64, 0, 0xfed00000);
    start_with_table(&draft, "HPET", 1);
    assert_int_equal(acpi_get_hpet(&hpet), ERR_BAD_DATA);
    set_register(&draft, 40, ACPI_SPACE_MEMORY, 64, 0, 0);
    start_with_table(&draft, "HPET", 1);
    assert_int_equal(acpi_get_hpet(&hpet), ERR_BAD_DATA);
    assert_int_equal(machine_warnings, 1);
    draft.bytes = 55;
    start_with_table(&draft, "HPET", 1);
    assert_int_equal(acpi_get_hpet(&hpet), ERR_NOT_FOUND);
}

static void add_ecam(struct draft *draft, uint64_t base, uint16_t segment, uint8_t start_bus, uint8_t end_bus)
{
    set(draft, draft->bytes, base, 8);
    set(draft, draft->bytes, segment, 2);
    set(draft, draft->bytes, start_bus, 1);
    set(draft, draft->bytes, end_bus, 5);
}

static void every_ecam_range_that_can_be_is_given(void **state)
{
    struct draft draft = { .bytes = 44 };
    struct acpi_ecam ecam;

    (void)state;
    add_ecam(&draft, 0xe0000000, 0, 0, 0x3f);
    add_ecam(&draft, 0, 1, 0, 255);
    add_ecam(&draft, 0x1000000000, 2, 8, 7);
    add_ecam(&draft, UINT64_MAX - 0xfffff, 3, 0, 1);
    add_ecam(&draft, 0x1000000000, 4, 16, 255);
    ADD(&draft, 1, 2, 3);                /* not a whole one */
    start_with_table(&draft, "MCFG", 1);
    assert_int_equal(acpi_get_ecam(0, &ecam), 0);
    assert_int_equal(ecam.base, 0xe0000000);
    assert_int_equal(ecam.end_bus, 0x3f);
    assert_int_equal(acpi_get_ecam(1, &ecam), 0);
    assert_int_equal(ecam.segment, 4);
    assert_int_equal(ecam.start_bus, 16);
    assert_int_equal(acpi_get_ecam(2, &ecam), ERR_NOT_FOUND);
    assert_int_equal(machine_warned_times("MCFG: "), 3);         /* each bad one once, by who looks at all */
    fault_seen("C16.host", 'R', machine_said());
}

static struct draft new_wdat(uint32_t entries)
{
    struct draft wdat = { .bytes = 68 };

    set(&wdat, 36, 32, 4);
    set(&wdat, 48, 600, 4);
    set(&wdat, 52, 1023, 4);
    set(&wdat, 56, 2, 4);
    set(&wdat, 60, 0x81, 1);
    set(&wdat, 64, entries, 4);
    for (uint32_t at = 68; at < 68 + entries * 24; at += 24) {
        set(&wdat, at, 6, 1);
        set(&wdat, at + 1, 0x83, 3);
        set_register(&wdat, at + 4, ACPI_SPACE_IO, 10, 3, 0x470);
        set(&wdat, at + 6, 16, 1);
        set(&wdat, at + 16, 0x1ff, 4);
        set(&wdat, at + 20, 0x3ff, 4);
    }
    return wdat;
}

static void a_watchdog_is_its_range_and_its_entries(void **state)
{
    struct draft wdat = new_wdat(2);
    struct acpi_watchdog watchdog;
    struct acpi_watchdog_entry entry;

    (void)state;
    start_with_table(&wdat, "WDAT", 1);
    assert_int_equal(acpi_get_watchdog(&watchdog), 0);
    assert_int_equal(watchdog.period_ms, 600);
    assert_int_equal(watchdog.min_count, 2);
    assert_int_equal(watchdog.max_count, 1023);
    assert_true(watchdog.enabled && watchdog.stops_in_sleep);
    assert_int_equal(watchdog.entries, 2);
    assert_int_equal(acpi_get_watchdog_entry(1, &entry), 0);
    assert_int_equal(entry.action, 6);
    assert_int_equal(entry.instruction, 3);
    assert_true(entry.preserve);
    assert_int_equal(entry.reg.address, 0x470);
    assert_int_equal(entry.reg.bit_offset, 16);
    assert_int_equal(entry.reg.access_bytes, 4);
    assert_int_equal(entry.value, 0x1ff);
    assert_int_equal(entry.mask, 0x3ff);
    assert_int_equal(acpi_get_watchdog_entry(2, &entry), ERR_NOT_FOUND);
}

static void a_watchdog_that_cannot_be_is_told(void **state)
{
    static const struct { uint32_t offset, value; } cases[] = {
        { 36, 31 }, { 36, 33 }, { 36, 0 }, { 36, UINT32_MAX }, { 36, UINT32_MAX - 35 }, { 48, 0 }, { 52, 0 }, { 52, 1 }, { 56, 1024 },
        { 64, 0 }, { 64, 3 }, { 64, UINT32_MAX }, { 64, 0x0aaaaaab },        /* times 24 it would be 8 */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct draft wdat = new_wdat(2);
        struct acpi_watchdog watchdog;

        set(&wdat, cases[i].offset, cases[i].value, 4);
        start_with_table(&wdat, "WDAT", 1);
        assert_int_equal(acpi_get_watchdog(&watchdog), ERR_BAD_DATA);
        assert_true(machine_warned("WDAT: "));
    }
}

static void a_watchdog_with_a_wrong_sum_is_not_used(void **state)
{
    struct draft wdat = new_wdat(2);
    struct acpi_watchdog watchdog;
    struct acpi_watchdog_entry entry;

    (void)state;
    machine_clear();
    place(&wdat, OTHER_AT, "WDAT", 1)[100] ^= 1;
    assert_int_equal(machine_start(), 0);
    assert_int_equal(acpi_get_watchdog(&watchdog), ERR_NOT_FOUND);
    assert_int_equal(acpi_get_watchdog_entry(0, &entry), ERR_NOT_FOUND);
    assert_true(machine_warned("not used, as it says what to write where"));
}

static struct draft new_spcr(uint8_t kind, uint8_t space, uint8_t bits, uint8_t access, uint64_t address)
{
    struct draft spcr = { .bytes = 88 };

    set(&spcr, 36, kind, 1);
    set_register(&spcr, 40, space, bits, access, address);
    set(&spcr, 58, 7, 1);
    return spcr;
}

static void the_spcr_names_a_port_that_can_be(void **state)
{
    struct draft spcr = new_spcr(0, ACPI_SPACE_IO, 8, 1, 0x3f8);
    struct acpi_serial serial;

    (void)state;
    set(&spcr, 76, 48000000, 4);
    set(&spcr, 80, 921600, 4);
    start_with_table(&spcr, "SPCR", 2);
    assert_int_equal(acpi_get_serial(0, &serial), 0);
    assert_string_equal(serial.source, "SPCR");
    assert_int_equal(serial.registers.address, 0x3f8);
    assert_int_equal(serial.stride, 1);
    assert_int_equal(serial.baud, 115200);
    assert_int_equal(serial.clock_hz, 0);            /* not a field of this revision */
    assert_int_equal(acpi_get_serial(1, &serial), ERR_NOT_FOUND);
    start_with_table(&spcr, "SPCR", 3);
    assert_int_equal(acpi_get_serial(0, &serial), 0);
    assert_int_equal(serial.baud, 115200);
    start_with_table(&spcr, "SPCR", 4);
    assert_int_equal(acpi_get_serial(0, &serial), 0);
    assert_int_equal(serial.baud, 921600);
    assert_int_equal(serial.clock_hz, 48000000);
}

static void a_spcr_without_a_possible_port_names_none(void **state)
{
    static const struct {
        uint8_t kind, space;
        uint64_t address;
        bool told;
    } cases[] = {
        { 0, ACPI_SPACE_MEMORY, 0, true }, { 0, ACPI_SPACE_IO, 0, true }, { 0, ACPI_SPACE_IO, 0x10000, true },
        { 0, ACPI_SPACE_IO, 0xfff9, true }, { 0, ACPI_SPACE_PCI, 0x3f8, true }, { 0, 0xff, 0x3f8, true },
        { 0, ACPI_SPACE_MEMORY, UINT64_MAX - 3, true }, { 3, ACPI_SPACE_MEMORY, 0xfe000000, false }, { 0xff, 0xff, ~0ull, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct draft spcr = new_spcr(cases[i].kind, cases[i].space, 8, 1, cases[i].address);
        struct acpi_serial serial;

        start_with_table(&spcr, "SPCR", 2);
        assert_int_equal(acpi_get_serial(0, &serial), ERR_NOT_FOUND);
        assert_int_equal(machine_warned("no serial port can be"), cases[i].told);
        assert_int_equal(machine_warnings, 1);
    }
    fault_seen("C15.host", 'R', machine_said());
}

static void registers_in_memory_lie_as_far_apart_as_they_are_wide(void **state)
{
    static const struct { uint8_t bits, access; uint32_t stride; } cases[] = {
        { 8, 1, 1 }, { 32, 3, 4 }, { 16, 2, 2 }, { 32, 0, 4 }, { 0, 0, 1 }, { 8, 3, 4 }, { 64, 4, 1 }, { 255, 0, 1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct draft spcr = new_spcr(0x12, ACPI_SPACE_MEMORY, cases[i].bits, cases[i].access, 0xfe032000);
        struct acpi_serial serial;

        start_with_table(&spcr, "SPCR", 2);
        assert_int_equal(acpi_get_serial(0, &serial), 0);
        assert_int_equal(serial.stride, cases[i].stride);
    }
}

static void add_debug_device(struct draft *dbg2, uint16_t type, uint16_t subtype, uint8_t space, uint64_t address, uint32_t bytes)
{
    struct draft device = { .bytes = 38 };

    set(&device, 1, 38, 2);
    set(&device, 3, 1, 1);
    set(&device, 12, type, 2);
    set(&device, 14, subtype, 2);
    set(&device, 18, 22, 2);
    set(&device, 20, 34, 2);
    set_register(&device, 22, space, 8, 1, address);
    set(&device, 34, bytes, 4);
    add(dbg2, device.table, device.bytes);
}

static void dbg2_names_every_16550_after_the_spcrs(void **state)
{
    struct draft dbg2 = { .bytes = 0 }, spcr = new_spcr(0, ACPI_SPACE_IO, 8, 1, 0x2f8);
    struct acpi_serial serial;

    (void)state;
    set(&dbg2, 36, 44, 4);
    set(&dbg2, 40, 5, 4);
    add_debug_device(&dbg2, 0x8000, 1, ACPI_SPACE_IO, 0x3f8, 8);
    add_debug_device(&dbg2, 0x8003, 0, ACPI_SPACE_IO, 0x2e8, 8);         /* a network debugger */
    add_debug_device(&dbg2, 0x8000, 3, ACPI_SPACE_MEMORY, 0x9000000, 8); /* not a 16550 */
    add_debug_device(&dbg2, 0x8000, 0, ACPI_SPACE_IO, 0, 8);
    add_debug_device(&dbg2, 0x8000, 0x12, ACPI_SPACE_MEMORY, 0xfe034000, 0x1000);
    add_debug_device(&dbg2, 0x8000, 0, ACPI_SPACE_IO, 0x3e8, 8);         /* beyond the count */
    place(&dbg2, OTHER_AT, "DBG2", 0);
    place(&spcr, OTHER_AT + 0x1000, "SPCR", 2);
    assert_int_equal(machine_start(), 0);
    assert_int_equal(acpi_get_serial(0, &serial), 0);
    assert_int_equal(serial.registers.address, 0x2f8);
    assert_int_equal(acpi_get_serial(1, &serial), 0);
    assert_int_equal(serial.registers.address, 0x3f8);
    assert_string_equal(serial.source, "DBG2");
    assert_int_equal(serial.bytes, 8);
    assert_int_equal(acpi_get_serial(2, &serial), 0);
    assert_int_equal(serial.registers.address, 0xfe034000);
    assert_int_equal(serial.bytes, 0x1000);
    assert_int_equal(acpi_get_serial(3, &serial), ERR_NOT_FOUND);
    assert_int_equal(machine_warned_times("DBG2: no serial port can be at 0"), 1);
}

static void dbg2_devices_end_with_one_that_cannot_be(void **state)
{
    static const uint16_t lengths[] = { 0, 21, 39, 0xffff };

    (void)state;
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct draft dbg2 = { .bytes = 0 };
        struct acpi_serial serial;

        set(&dbg2, 36, 44, 4);
        set(&dbg2, 40, 0xffffffff, 4);
        add_debug_device(&dbg2, 0x8000, 1, ACPI_SPACE_IO, 0x3f8, 8);
        add_debug_device(&dbg2, 0x8000, 1, ACPI_SPACE_IO, 0x2f8, 8);
        set(&dbg2, 44 + 38 + 1, lengths[i], 2);
        start_with_table(&dbg2, "DBG2", 0);
        assert_int_equal(acpi_get_serial(0, &serial), 0);
        assert_int_equal(acpi_get_serial(1, &serial), ERR_NOT_FOUND);
        assert_true(machine_warned("DBG2 stop@82: no device fits there, but 4294967294 more are listed"));
        set(&dbg2, 44 + 3, 0, 1);                                        /* no address at all */
        start_with_table(&dbg2, "DBG2", 0);
        assert_int_equal(acpi_get_serial(0, &serial), ERR_NOT_FOUND);
    }
}

int run_device_rules(void)
{
    const struct CMUnitTest tests[] = {
        RULE(the_hpet_lies_in_memory_or_nowhere),
        RULE(every_ecam_range_that_can_be_is_given),
        RULE(a_watchdog_is_its_range_and_its_entries),
        RULE(a_watchdog_that_cannot_be_is_told),
        RULE(a_watchdog_with_a_wrong_sum_is_not_used),
        RULE(the_spcr_names_a_port_that_can_be),
        RULE(a_spcr_without_a_possible_port_names_none),
        RULE(registers_in_memory_lie_as_far_apart_as_they_are_wide),
        RULE(dbg2_names_every_16550_after_the_spcrs),
        RULE(dbg2_devices_end_with_one_that_cannot_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
