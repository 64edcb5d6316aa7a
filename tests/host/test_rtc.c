/* The real-time clock against a model of the CMOS: what it shows, and every way in which it can lie or stand still. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <ingot/acpi.h>
#include <ingot/cpu.h>
#include <ingot/error.h>
#include <ingot/lock.h>
#include <ingot/port_io.h>
#include <ingot/time.h>
#include <ingot/wall_clock.h>

#include "tests/host/fault_seen.h"

/* ---- the model ---- */

static uint8_t cmos[128], index_port;
static unsigned updating_looks, reads, change_at;
static uint64_t now_ns;
static struct acpi_fadt fadt;
static bool has_fadt, absent;

uint64_t cpu_interrupts_off(void) { return 0; }
void cpu_interrupts_restore(uint64_t flags) { (void)flags; }
uint32_t cpu_id(void) { return 0; }
void lock_wait(struct lock *lock, uint32_t ticket) { (void)lock; (void)ticket; fail(); }
const struct acpi_fadt *acpi_get_fadt(void) { return has_fadt ? &fadt : NULL; }
uint64_t time_ns(void) { return now_ns += 1000; }

void port_write8(uint16_t port, uint8_t value)
{
    assert_int_equal(port, 0x70);
    index_port = value;
}

uint8_t port_read8(uint16_t port)
{
    assert_int_equal(port, 0x71);
    assert_true(index_port < sizeof(cmos));       /* bit 7 would switch NMIs off */
    if (absent)
        return 0xff;
    if (++reads == change_at) {                   /* a second goes by between two registers */
        cmos[0] = 0x00;
        cmos[2] = 0x00;
        cmos[4] = 0x11;
    }
    if (index_port == 0x0a && updating_looks) {
        updating_looks--;
        return 0x80;
    }
    return cmos[index_port];
}

static void show(uint8_t century, uint8_t year, uint8_t month, uint8_t day, uint8_t hour, uint8_t minute, uint8_t second, uint8_t mode)
{
    memset(cmos, 0, sizeof(cmos));
    cmos[0] = second, cmos[2] = minute, cmos[4] = hour, cmos[7] = day, cmos[8] = month, cmos[9] = year;
    cmos[0x0b] = mode;
    cmos[0x32] = century;
    fadt = (struct acpi_fadt){ .century_index = 0x32 };
    has_fadt = true;
    absent = false;
    updating_looks = reads = change_at = 0;
}

static void expect(unsigned year, unsigned month, unsigned day, unsigned hour, unsigned minute, unsigned second)
{
    struct wall_time t;

    assert_int_equal(wall_time_read(&t), 0);
    assert_int_equal(t.year, year);
    assert_int_equal(t.month, month);
    assert_int_equal(t.day, day);
    assert_int_equal(t.hour, hour);
    assert_int_equal(t.minute, minute);
    assert_int_equal(t.second, second);
}

/* ---- the tests ---- */

static void bcd_and_binary_12_and_24_hours(void **unused)
{
    (void)unused;
    show(0x20, 0x26, 0x11, 0x22, 0x21, 0x47, 0x59, 0x02);
    expect(2026, 11, 22, 21, 47, 59);
    show(20, 26, 11, 22, 21, 47, 59, 0x06);
    expect(2026, 11, 22, 21, 47, 59);
    show(0x20, 0x26, 0x11, 0x22, 0x89, 0x47, 0x59, 0x00);     /* 9 pm */
    expect(2026, 11, 22, 21, 47, 59);
    show(0x20, 0x26, 0x11, 0x22, 0x12, 0x00, 0x00, 0x00);     /* 12 am */
    expect(2026, 11, 22, 0, 0, 0);
    show(0x20, 0x26, 0x11, 0x22, 0x92, 0x00, 0x00, 0x00);     /* 12 pm */
    expect(2026, 11, 22, 12, 0, 0);
}

static void centuries(void **unused)
{
    (void)unused;
    show(0x21, 0x06, 0x01, 0x01, 0, 0, 0, 0x02);
    expect(2106, 1, 1, 0, 0, 0);
    show(0x99, 0x38, 0x01, 0x19, 0x03, 0x14, 0x07, 0x02);     /* rubbish in the century */
    expect(2038, 1, 19, 3, 14, 7);
    show(0x20, 0x70, 0x01, 0x01, 0, 0, 0, 0x02);
    has_fadt = false;
    expect(1970, 1, 1, 0, 0, 0);
    fault_seen("H7.bcd", 'R', "");
}

static void what_is_no_date_is_refused(void **unused)
{
    static const uint8_t bad[][6] = {
        { 0x26, 0x13, 0x01, 0, 0, 0 }, { 0x26, 0x00, 0x01, 0, 0, 0 }, { 0x26, 0x02, 0x29, 0, 0, 0 }, { 0x26, 0x04, 0x31, 0, 0, 0 },
        { 0x26, 0x01, 0x00, 0, 0, 0 }, { 0x26, 0x01, 0x01, 0x24, 0, 0 }, { 0x26, 0x01, 0x01, 0, 0x60, 0 }, { 0x26, 0x01, 0x01, 0, 0, 0x60 },
        { 0x2a, 0x01, 0x01, 0, 0, 0 }, { 0x26, 0x01, 0x1f, 0, 0, 0 }, { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
    };
    struct wall_time t;

    (void)unused;
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        show(0x20, bad[i][0], bad[i][1], bad[i][2], bad[i][3], bad[i][4], bad[i][5], 0x02);
        assert_int_equal(wall_time_read(&t), ERR_BAD_DATA);
    }
    show(0x20, 0x24, 0x02, 0x29, 0, 0, 0, 0x02);
    expect(2024, 2, 29, 0, 0, 0);
    fault_seen("H7.bcd", 'R', "");
}

static void an_update_is_waited_for_and_never_for_ever(void **unused)
{
    struct wall_time t;

    (void)unused;
    show(0x20, 0x26, 0x11, 0x22, 0x10, 0x59, 0x59, 0x02);
    updating_looks = 50;
    expect(2026, 11, 22, 10, 59, 59);
    show(0x20, 0x26, 0x11, 0x22, 0x10, 0x59, 0x59, 0x02);
    updating_looks = ~0u;
    assert_int_equal(wall_time_read(&t), ERR_TIMEOUT);
    fault_seen("D10.rtc", 'R', "");
}

static void a_reading_is_never_torn(void **unused)
{
    (void)unused;
    for (unsigned at = 1; at < 30; at++) {
        struct wall_time t;

        show(0x20, 0x26, 0x11, 0x22, 0x10, 0x59, 0x59, 0x02);
        change_at = at;
        assert_int_equal(wall_time_read(&t), 0);
        if (t.hour == 10)
            assert_true(t.minute == 59 && t.second == 59);
        else
            assert_true(t.hour == 11 && t.minute == 0 && t.second == 0);
    }
}

static void a_machine_without_one(void **unused)
{
    struct wall_time t;

    (void)unused;
    show(0, 0, 0, 0, 0, 0, 0, 0);
    absent = true;
    assert_int_equal(wall_time_read(&t), ERR_NOT_FOUND);
    show(0x20, 0x26, 0x11, 0x22, 0, 0, 0, 0x02);
    fadt.no_rtc = true;
    assert_int_equal(wall_time_read(&t), ERR_NOT_FOUND);
}

static void seconds_are_those_of_the_c_library(void **unused)
{
    (void)unused;
    for (int64_t seconds = 0; seconds < 11000000000; seconds += 7654321) {
        time_t at = (time_t)seconds;
        struct tm tm;
        struct wall_time t;

        gmtime_r(&at, &tm);
        t = (struct wall_time){ (uint16_t)(tm.tm_year + 1900), (uint8_t)(tm.tm_mon + 1), (uint8_t)tm.tm_mday,
                                (uint8_t)tm.tm_hour, (uint8_t)tm.tm_min, (uint8_t)tm.tm_sec };
        assert_int_equal(wall_time_seconds(&t), seconds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bcd_and_binary_12_and_24_hours), cmocka_unit_test(centuries),
        cmocka_unit_test(what_is_no_date_is_refused), cmocka_unit_test(an_update_is_waited_for_and_never_for_ever),
        cmocka_unit_test(a_reading_is_never_torn), cmocka_unit_test(a_machine_without_one),
        cmocka_unit_test(seconds_are_those_of_the_c_library),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
