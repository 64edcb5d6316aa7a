/* 64-bit arithmetic with a 128-bit middle, without the compiler's run-time library: that one was built with a red zone. */
#pragma once

#include <stdint.h>

/* a * b / c, rounded down. c is not 0, and the result fits 64 bits: a caller's mistake gives its lower 64 bits. For set-up, not for hot
 * paths: 128 steps when a * b does not fit 64 bits. */
static inline uint64_t mul_div(uint64_t a, uint64_t b, uint64_t c)
{
    unsigned __int128 product = (unsigned __int128)a * b, rest = 0;
    uint64_t result = 0;

    if (product >> 64 == 0)
        return (uint64_t)product / c;
    for (int bit = 127; bit >= 0; bit--) {
        rest = rest << 1 | (product >> bit & 1);
        result <<= 1;
        if (rest >= c) {
            rest -= c;
            result |= 1;
        }
    }
    return result;
}
