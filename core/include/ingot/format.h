/* printf's formatting, without floating point. Any context; nothing is allocated, no lock is taken.
 *
 * Conversions: d i u x X o b c s p % with the flags - + space # 0, a width and a precision (also *), and for integers the lengths
 * hh h l ll z j t. %b is binary. %p is 0x and the address, NULL too. %s of NULL prints "(null)". Anything else is printed as it stands
 * and consumes nothing but the * in it. Otherwise as C17 7.21.6.1 says. */
#pragma once

#include <stdarg.h>
#include <stddef.h>

/* Writes at most bytes - 1 characters and a NUL (nothing if bytes is 0). Returns the length that the whole text has, INT_MAX if it is
 * longer: the text was cut if that is >= bytes. */
int format(char *to, size_t bytes, const char *pattern, ...) __attribute__((format(gnu_printf, 3, 4)));
int format_va(char *to, size_t bytes, const char *pattern, va_list args) __attribute__((format(gnu_printf, 3, 0)));

/* Reads a number as C writes it (decimal, 0x, 0b, 0 for octal; a sign is refused) that takes up all of text.
 * Returns 0, or ERR_BAD_VALUE when text is empty, holds anything else, or exceeds 64 bits. */
int parse_number(const char *text, unsigned long long *out_value);
