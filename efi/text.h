/* Text for the loader's lines. Pure. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* printf's little brother: %s %c %u %lu %x %lx %% and nothing else, no widths. Writes at most bytes - 1 characters and a NUL
 * (bytes > 0). Returns the number of characters written. */
size_t text_format(char *to, size_t bytes, const char *pattern, ...) __attribute__((format(gnu_printf, 3, 4)));
size_t text_format_va(char *to, size_t bytes, const char *pattern, va_list args) __attribute__((format(gnu_printf, 3, 0)));

/* Entry index of a list of texts, each ended by a NUL. The list must have it. A list is smaller than a table of arrays, and a table of
 * pointers would cost relocations. */
const char *text_entry(const char *list, unsigned index);

bool text_starts_with(const char *text, const char *start);

/* Reads a decimal or 0x number at *at and moves *at behind it. False, with *at where it was, when there is none or it exceeds 64
 * bits. */
bool text_number(const char **at, uint64_t *out_value);

/* True when bytes of text are UTF-8 without control characters, a tab excepted (RFC 3629). */
bool text_is_utf8(const char *text, size_t bytes);
