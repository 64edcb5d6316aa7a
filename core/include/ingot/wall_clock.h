/* The time of day, as the machine's battery-backed clock has it. Ingot takes it for UTC, as servers and most firmware set it; Windows
 * sets it to local time. */
#pragma once

#include <stdint.h>

struct wall_time {
    uint16_t year;                       /* 1970 to 2369 */
    uint8_t month, day;                  /* from 1 */
    uint8_t hour, minute, second;        /* 24 hours */
};

/* Reads the clock; takes up to a few milliseconds while it is being updated. 0; ERR_NOT_FOUND: the machine has none; ERR_TIMEOUT: it is
 * always being updated; ERR_BAD_DATA: what it shows is no date. Any CPU, not in interrupts. */
int wall_time_read(struct wall_time *out_time);

/* Seconds since 1970-01-01 00:00:00 of a date that is one. Any context. */
int64_t wall_time_seconds(const struct wall_time *time);
