/* The loader's rarer ways: what machines, tables and words hardly ever are, each by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/handoff_view.h"
#include "efi/tables.h"
#include "mock_efi.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static struct handoff_view is;

/* Boots with these words to the core. */
static void boot_with(const char *words)
{
    char why[128];
    enum mock_end end;

    mock_efi.config = words;
    mock_efi.config_bytes = strlen(words);
    end = mock_boot();
    mock_check(end);
    assert_int_equal(end, MOCK_JUMPED);
    assert_int_equal(handoff_check((struct handoff *)(uintptr_t)mock_cpu.handoff, &is, why, sizeof(why)), 0);
}

static void must_say(const char *words, const char *line)
{
    mock_reset();
    boot_with(words);
    if (!strstr(mock_cpu.text, line))
        fail_msg("%s: not said: %s\n%s", words, line, mock_cpu.text);
}

/* ---- words ---- */

static void modes_that_are_none(void **unused)
{
    static const char *const words[] = {
        "mode=", "mode=x600", "mode=800", "mode=800x", "mode=800x600x", "mode=0x600", "mode=800x0", "mode=00x600", "mode=16385x600", "mode=800x16385",
        "mode=800y600", "mode=800x600000000000000000000",
    };

    (void)unused;
    for (unsigned i = 0; i < COUNT(words); i++)
        must_say(words[i], "display: W mode= wants WIDTHxHEIGHT; ignored");
    must_say("mode=801x600", "display: W no mode of 801x600, the one that is set stays");
    must_say("mode=800x601", "display: W no mode of 800x601, the one that is set stays");
}

static void serial_ports_that_are_none(void **unused)
{
    static const char *const words[] = {
        "serial=", "serial=io:", "serial=io:0", "serial=mmio:0", "serial=io:0x3f8,3", "serial=io:0x3f8,1,0x100000000", "serial=io:0x3f8,x",
        "serial=io:0x3f8,1,x", "serial=io:0x3f8,1,1843200,x", "serial=io:0x3f8,1,1843200,0x100000000", "serial=io:0x10000", "serial=0x3f8z",
        "serial=io:0x3f8,1,1843200,0",
    };

    (void)unused;
    for (unsigned i = 0; i < COUNT(words); i++)
        must_say(words[i], "serial: W serial= wants off, PORT");
    must_say("serial=mmio:0xfe000000,4", "serial: W nothing answers at 0xfe000000, not used");
    must_say("serial=mmio:0xfe000000,2", "serial: W nothing answers at 0xfe000000, not used");
    must_say("serial=io:0x3f8,1,1843200,1", "words: serial=io:0x3f8,1,1843200,1");       /* slower than the port can be */
    must_say("serial=io:0x3f8,1,10,115200", "words: serial=io:0x3f8,1,10,115200");       /* faster */
    must_say("serial=io:0x3f8 exit=qemu", "words: serial=io:0x3f8 exit=qemu");
    must_say("serial=pci:00:03.0", "words: serial=pci:00:03.0");
    assert_null(strstr(mock_cpu.text, "serial: W"));
}

static void files_that_begin_like_a_byte_order_mark(void **unused)
{
    (void)unused;
    must_say("\xef" "ab", "config: W 1 lines of ingot.cfg are not UTF-8 text, ignored");
    must_say("\xef\xbb" "b", "config: W 1 lines of ingot.cfg are not UTF-8 text, ignored");
    must_say("\xef\xbb\xbf" "exit=qemu", "words: exit=qemu");
}

static void words_that_look_like_others(void **unused)
{
    (void)unused;
    must_say("- -x --x -- mode=1x1 core=x", "words: - -x --x -- mode=1x1 core=x");
    assert_string_equal(is.command_line, "- -x --x -- mode=1x1 core=x");
    must_say("a --", "words: a --");
    must_say("ab", "words: ab");
    must_say("say=\"a b", "words: say=\"a b");                  /* the last quote may be missing */
}

static void options_without_a_place_or_an_end(void **unused)
{
    static uint16_t many[1 << 19];

    (void)unused;
    mock_reset();
    mock_efi.options_bytes = 1;                        /* and nowhere */
    boot_with("exit=qemu");
    mock_reset();
    for (size_t i = 0; i < COUNT(many); i++)
        many[i] = 'a';
    mock_efi.options = many;
    mock_efi.options_bytes = sizeof(many);
    boot_with("exit=qemu");
}

static void a_core_with_a_path_that_is_too_long(void **unused)
{
    static char words[5 + 600];

    (void)unused;
    mock_reset();
    memset(words, 'a', sizeof(words) - 1);
    memcpy(words, "core=", 5);
    mock_efi.config = words;
    mock_efi.config_bytes = sizeof(words) - 1;
    assert_int_equal(mock_boot(), MOCK_RETURNED);
    assert_non_null(strstr(mock_cpu.text, "REFUSED READ: the path behind core= is longer than"));
}

/* ---- displays ---- */

static void displays_that_are_none(void **unused)
{
    static const struct mock_gop gop[] = {
        { .width = 800, .height = 600, .scan_line = 800, .base = 0, .format = 1 },
        { .width = 0, .height = 600, .scan_line = 800, .base = 0x8000000, .format = 1 },
        { .width = 800, .height = 0, .scan_line = 800, .base = 0x8000000, .format = 1 },
        { .width = 16385, .height = 600, .scan_line = 16385, .base = 0x8000000, .format = 1 },
        { .width = 800, .height = 16385, .scan_line = 800, .base = 0x8000000, .format = 1 },
        { .width = 800, .height = 600, .scan_line = 799, .base = 0x8000000, .format = 1 },
        { .width = 800, .height = 600, .scan_line = 0x10001, .base = 0x8000000, .format = 1 },
        { .width = 800, .height = 600, .scan_line = 800, .base = 0x8000000, .format = 2, .mask = { 0xff, 0xff, 0xff00, 0 } },
        { .width = 800, .height = 600, .scan_line = 800, .base = 0x8000000, .format = 2, .mask = { 0x5, 0xff00, 0xff0000, 0 } },
        { .width = 800, .height = 600, .scan_line = 800, .base = 0x8000000, .format = 2, .mask = { 0xff, 0x500, 0xff0000, 0 } },
        { .width = 800, .height = 600, .scan_line = 800, .base = 0x8000000, .format = 2, .mask = { 0xff, 0xff00, 0xff, 0 } },
        { .width = 800, .height = 600, .scan_line = 800, .base = 0x8000000, .format = 2, .mask = { 0xff, 0xff00, 0xff00, 0 } },
        { .width = 800, .height = 600, .scan_line = 800, .base = 0x8000000, .format = 2, .mask = { 0xff, 0xff00, 0x5000000, 0 } },
    };

    (void)unused;
    for (unsigned i = 0; i < COUNT(gop); i++) {
        mock_reset();
        mock_efi.gops = 1;
        mock_efi.gop[0] = gop[i];
        boot_with("exit=qemu");
        assert_int_equal(is.framebuffers, 0);
    }
}

static void a_console_without_a_mode(void **unused)
{
    (void)unused;
    mock_reset();
    mock_efi.gop[0].no_mode = mock_efi.gop[0].on_console = true;
    boot_with("exit=qemu");
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

enum { HPET_BYTES = 56, IOAPICS = CPU_INTERRUPT_CONTROLLERS_MAX + 2, MADT_BYTES = 44 + 12 * IOAPICS, ROOT_BYTES = 36 + 2 * 8 };

static struct {
    _Alignas(16) uint8_t rsdp[36], root[ROOT_BYTES], hpet[HPET_BYTES], madt[MADT_BYTES];
} acpi;

static void put(uint8_t *at, uint64_t value, size_t bytes) { memcpy(at, &value, bytes); }

/* A root with an HPET at 0xfed00000, and a MADT of more IOAPICs than are kept. */
static void make_acpi(void)
{
    memset(&acpi, 0, sizeof(acpi));
    memcpy(acpi.rsdp, "RSD PTR \0INGOT \2", 16);
    put(acpi.rsdp + 24, (uintptr_t)acpi.root, 8);
    memcpy(acpi.root, "XSDT", 4);
    put(acpi.root + 4, ROOT_BYTES, 4);
    put(acpi.root + 36, (uintptr_t)acpi.hpet, 8);
    put(acpi.root + 44, (uintptr_t)acpi.madt, 8);
    memcpy(acpi.hpet, "HPET", 4);
    put(acpi.hpet + 4, HPET_BYTES, 4);
    put(acpi.hpet + 44, 0xfed00000, 8);
    memcpy(acpi.madt, "APIC", 4);
    put(acpi.madt + 4, MADT_BYTES, 4);
    for (unsigned i = 0; i < IOAPICS; i++) {
        uint8_t *entry = acpi.madt + 44 + 12 * i;

        entry[0] = 1;
        entry[1] = 12;
        put(entry + 4, 0xfec00000 + 0x1000 * i, 4);
    }
}

static struct cpu_devices found(void)
{
    struct cpu_devices devices;

    seal(acpi.rsdp, 20, 8);
    seal(acpi.hpet, HPET_BYTES, 9);
    seal(acpi.madt, MADT_BYTES, 9);
    acpi_find_devices((uintptr_t)acpi.rsdp, &devices);
    return devices;
}

static void acpi_that_is_none(void **unused)
{
    struct cpu_devices devices;

    (void)unused;
    mock_cpu_reset();
    make_acpi();
    assert_int_equal(found().hpet, 0xfed00000);
    assert_int_equal(found().interrupt_controllers, CPU_INTERRUPT_CONTROLLERS_MAX);
    acpi.rsdp[0] = 'X';
    assert_int_equal(found().hpet, 0);
    make_acpi();
    memcpy(acpi.root, "RSDT", 4);                      /* where the XSDT should be */
    assert_int_equal(found().hpet, 0);
    make_acpi();
    put(acpi.rsdp + 24, UINT64_MAX - 100, 8);          /* beyond the CPU's reach */
    assert_int_equal(found().hpet, 0);
    make_acpi();
    put(acpi.rsdp + 24, 0, 8);                         /* no XSDT and no RSDT */
    assert_int_equal(found().hpet, 0);
    make_acpi();
    acpi.rsdp[15] = 0;                                 /* ACPI 1.0: the XSDT is not looked at */
    assert_int_equal(found().hpet, 0);
    make_acpi();
    put(acpi.hpet + 4, 44, 4);                         /* a table that ends before its address */
    seal(acpi.hpet, 44, 9);
    acpi_find_devices((uintptr_t)acpi.rsdp, &devices);
    assert_int_equal(devices.hpet, 0);
    make_acpi();
    found();
    acpi.rsdp[9]++;                                    /* the checksum */
    assert_null(acpi_find((uintptr_t)acpi.rsdp, "HPET", &(uint32_t){ 0 }));
}

static void devices_at_impossible_places(void **unused)
{
    (void)unused;
    mock_cpu_reset();
    make_acpi();
    acpi.hpet[40] = 1;                                 /* in I/O space */
    assert_int_equal(found().hpet, 0);
    make_acpi();
    put(acpi.hpet + 44, 0xfed00004, 8);                /* not aligned */
    assert_int_equal(found().hpet, 0);
    make_acpi();
    put(acpi.hpet + 44, 1ull << 32, 8);                /* where nothing is mapped */
    assert_int_equal(found().hpet, 0);
    make_acpi();
    put(acpi.madt + 44 + 4, 0, 4);
    put(acpi.madt + 44 + 12 + 4, 0xfec00008, 4);
    assert_int_equal(found().interrupt_controller[0], 0xfec02000);
}

/* ---- what the firmware left ---- */

static void what_is_quiet_already(void **unused)
{
    (void)unused;
    mock_reset();
    mock_cpu.pic[0] = mock_cpu.pic[1] = 0xff;
    mock_cpu.lvt_timer = 1u << 16;
    mock_cpu.timer_current = 0;
    boot_with("exit=qemu");
    assert_int_equal(is.x86_state->found & (HANDOFF_X86_PIC | HANDOFF_X86_LAPIC_TIMER), 0);
    mock_reset();
    mock_cpu.apic_base &= ~(1ull << 11);               /* disabled: not touched */
    mock_cpu.lvt_timer = 1u << 16;
    mock_cpu.timer_initial = 0;
    boot_with("exit=qemu");
    assert_int_equal(is.x86_state->lvt_timer, 0);
}

static void controllers_that_are_none(void **unused)
{
    static const uint32_t version[] = { 0, 0xffffffff, 0xff0020 }, period_fs[] = { 0, 100000001 };

    (void)unused;
    for (unsigned i = 0; i < COUNT(version); i++) {
        mock_reset();
        mock_cpu.ioapic_version = version[i];
        boot_with("exit=qemu");
        assert_int_equal(is.x86_state->ioapics, 0);
    }
    for (unsigned i = 0; i < COUNT(period_fs); i++) {
        mock_reset();
        mock_cpu.hpet_config = 2;
        mock_cpu.hpet_period_fs = period_fs[i];
        boot_with("exit=qemu");
        assert_int_equal(is.x86_state->found & HANDOFF_X86_HPET, 0);
    }
}

static void consoles_that_are_none(void **unused)
{
    (void)unused;
    mock_reset();
    mock_efi.no_console = true;
    boot_with("exit=qemu");
    mock_reset();
    mock_efi.no_loaded_image = true;
    boot_with("");
    mock_reset();
    mock_efi.no_runtime = true;
    boot_with("exit=qemu");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(modes_that_are_none),
        cmocka_unit_test(serial_ports_that_are_none),
        cmocka_unit_test(files_that_begin_like_a_byte_order_mark),
        cmocka_unit_test(words_that_look_like_others),
        cmocka_unit_test(options_without_a_place_or_an_end),
        cmocka_unit_test(a_core_with_a_path_that_is_too_long),
        cmocka_unit_test(displays_that_are_none),
        cmocka_unit_test(a_console_without_a_mode),
        cmocka_unit_test(acpi_that_is_none),
        cmocka_unit_test(devices_at_impossible_places),
        cmocka_unit_test(what_is_quiet_already),
        cmocka_unit_test(controllers_that_are_none),
        cmocka_unit_test(consoles_that_are_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
