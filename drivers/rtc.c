/* The CMOS real-time clock of every PC since the AT. Linked only into programs that ask for the time of day.
 * Source: Motorola, "MC146818A Real-Time Clock Plus RAM"; ACPI Specification 6.5, "RTC/CMOS ... century" (FADT, offset 108). */
#include <ingot/acpi.h>
#include <ingot/error.h>
#include <ingot/lock.h>
#include <ingot/port_io.h>
#include <ingot/time.h>
#include <ingot/wall_clock.h>

#include <stdbool.h>

enum {
    CMOS_INDEX = 0x70,
    CMOS_DATA  = 0x71,
    INDEX_NMI_OFF = 1u << 7,             /* of CMOS_INDEX; 0: NMIs stay on */
};

enum rtc_reg {
    RTC_SECOND = 0x00, RTC_MINUTE = 0x02, RTC_HOUR = 0x04, RTC_DAY = 0x07, RTC_MONTH = 0x08, RTC_YEAR = 0x09,
    RTC_STATUS_A = 0x0a,                 /* [7] an update is in progress: the rest is in motion */
    RTC_STATUS_B = 0x0b,                 /* [2] binary, not BCD; [1] 24 hours */
};

enum {
    A_UPDATING = 1u << 7,
    B_BINARY = 1u << 2,
    B_24_HOURS = 1u << 1,
    HOUR_PM = 1u << 7,                   /* with 12 hours */
    UPDATE_BOUND_US = 10000,             /* an update takes 2 ms at most */
    UPDATE_LOOKS = 100000,               /* and so many looks, where the clock that bounds them stands still */
    READ_TRIES = 5,
};

static struct lock cmos_lock = LOCK("cmos");      /* index and data are a pair */

static uint8_t cmos_read(uint8_t reg)
{
    uint64_t flags = lock_take_irq(&cmos_lock);
    uint8_t value;

    port_write8(CMOS_INDEX, reg & (uint8_t)~INDEX_NMI_OFF);
    value = port_read8(CMOS_DATA);
    lock_give_irq(&cmos_lock, flags);
    return value;
}

static int wait_for_update(void)
{
    uint64_t deadline_ns = time_ns() + UPDATE_BOUND_US * 1000ull;

    for (unsigned looks = 0; looks < UPDATE_LOOKS && time_ns() < deadline_ns; looks++)
        if (!(cmos_read(RTC_STATUS_A) & A_UPDATING))
            return 0;
    return ERR_TIMEOUT;
}

struct raw {
    uint8_t second, minute, hour, day, month, year, century, mode;
};

static struct raw read_raw(uint8_t century_reg)
{
    return (struct raw){
        .second = cmos_read(RTC_SECOND), .minute = cmos_read(RTC_MINUTE), .hour = cmos_read(RTC_HOUR), .day = cmos_read(RTC_DAY),
        .month = cmos_read(RTC_MONTH), .year = cmos_read(RTC_YEAR), .century = century_reg ? cmos_read(century_reg) : 0,
        .mode = cmos_read(RTC_STATUS_B),
    };
}

static bool same(const struct raw *a, const struct raw *b)
{
    return a->second == b->second && a->minute == b->minute && a->hour == b->hour && a->day == b->day && a->month == b->month &&
           a->year == b->year && a->century == b->century;
}

/* A digit above 9 makes a number that no check lets pass. */
static unsigned number(const struct raw *raw, uint8_t value)
{
    if (raw->mode & B_BINARY)
        return value;
    return (value & 15) > 9 || value >> 4 > 9 ? 255 : (value >> 4) * 10u + (value & 15);
}

static unsigned hour_of(const struct raw *raw)
{
    unsigned hour;

    if (raw->mode & B_24_HOURS)
        return number(raw, raw->hour);
    hour = number(raw, raw->hour & (uint8_t)~HOUR_PM);
    if (hour < 1 || hour > 12)
        return 255;
    return hour % 12 + (raw->hour & HOUR_PM ? 12 : 0);
}

/* Without a century a year below 70 is of the 21st. */
static unsigned year_of(const struct raw *raw)
{
    unsigned year = number(raw, raw->year), century = number(raw, raw->century);

    if (year > 99)
        return 0;
    if (century >= 19 && century <= 23)
        return century * 100 + year;
    return year + (year < 70 ? 2000 : 1900);
}

static bool is_leap(unsigned year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned days_in(unsigned year, unsigned month)
{
    static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

    return days[month - 1] + (month == 2 && is_leap(year));
}

static int to_time(const struct raw *raw, struct wall_time *out_time)
{
    unsigned year = year_of(raw), month = number(raw, raw->month), day = number(raw, raw->day), hour = hour_of(raw);
    unsigned minute = number(raw, raw->minute), second = number(raw, raw->second);

    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_in(year, month) || hour > 23 || minute > 59 || second > 59)
        return ERR_BAD_DATA;
    *out_time = (struct wall_time){
        (uint16_t)year, (uint8_t)month, (uint8_t)day, (uint8_t)hour, (uint8_t)minute, (uint8_t)second,
    };
    return 0;
}

/* Two readings that are the same: an update between two registers of one reading would show 10:59:00 or 11:00:59. */
int wall_time_read(struct wall_time *out_time)
{
    const struct acpi_fadt *fadt = acpi_get_fadt();
    uint8_t century_reg = fadt ? fadt->century_index : 0;

    if (fadt && fadt->no_rtc)
        return ERR_NOT_FOUND;
    for (unsigned i = 0; i < READ_TRIES; i++) {
        struct raw first, second;
        int error = wait_for_update();

        if (error)
            return cmos_read(RTC_STATUS_A) == 0xff && cmos_read(RTC_STATUS_B) == 0xff ? ERR_NOT_FOUND : error;
        first = read_raw(century_reg);
        if (wait_for_update())
            return ERR_TIMEOUT;
        second = read_raw(century_reg);
        if (same(&first, &second))
            return to_time(&first, out_time);
    }
    return ERR_TIMEOUT;
}

int64_t wall_time_seconds(const struct wall_time *time)
{
    int64_t days = 0;

    for (unsigned year = 1970; year < time->year; year++)
        days += is_leap(year) ? 366 : 365;
    for (unsigned month = 1; month < time->month; month++)
        days += days_in(time->year, month);
    days += time->day - 1;
    return ((days * 24 + time->hour) * 60 + time->minute) * 60 + time->second;
}
