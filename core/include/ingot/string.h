/* Memory and strings under the names and with the meaning of ISO C (C17 7.24): gcc calls the first four by itself.
 * All take any context: in interrupts the first three leave vector registers alone, elsewhere they may change them, as any call may.
 * Sizes are in bytes; nothing is allocated. strlcpy is the BSD one. */
#pragma once

#include <stddef.h>

/* Bytes. C17 7.24.2.1, 7.24.2.2, 7.24.6.1, 7.24.4.1, 7.24.5.1. */
void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
void *memchr(const void *in, int value, size_t bytes);

/* Text that ends with a NUL, or after bytes bytes. C17 7.24.4 to 7.24.6; strnlen is POSIX's. */
size_t strlen(const char *text);
size_t strnlen(const char *text, size_t bytes);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t bytes);
char *strchr(const char *text, int value);
char *strrchr(const char *text, int value);
char *strstr(const char *text, const char *part);

/* Copies text into to, cut to bytes - 1, always ended by a NUL when bytes > 0. Returns strlen(text): cut if that is >= bytes. */
size_t strlcpy(char *restrict to, const char *restrict text, size_t bytes);
