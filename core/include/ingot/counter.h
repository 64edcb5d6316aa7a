/* Counters: devices that count at a known speed. The clock measures the CPU's own counter by them; any program may read them.
 * A counter is registered by its driver and stays for ever. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { COUNTERS_MAX = 6 };

struct counter {
    const char *name;                              /* "HPET", "PM timer" */
    uint64_t hz;
    uint32_t bits;                                 /* it goes on with 0 after 2^bits - 1 */
    bool last_resort;                              /* started only when better ones are missing */
    int (*start)(struct counter *counter);         /* sets it counting: 0, or an error. May be NULL */
    uint64_t (*read)(const struct counter *counter);   /* any context; never waits */
    uint64_t address;                              /* the driver's own */
};

/* 0, or ERR_FULL. Boot CPU, from a driver of phase DRIVER_COUNTER. */
int counter_register(struct counter *counter);

/* Counter number index, or NULL. Any context. */
struct counter *counter(unsigned index);

/* How far the counter went from one value to a later one, its wrap included (once at most). */
static inline uint64_t counter_distance(const struct counter *c, uint64_t from, uint64_t to)
{
    return (to - from) & (c->bits < 64 ? (1ull << c->bits) - 1 : ~0ull);
}
