/* Decimal digits, two at a time: for what formats numbers often. */
#pragma once

/* "00" to "99", without a NUL. */
extern const char digit_pairs[200];
