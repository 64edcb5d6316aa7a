/* Memory as ISO C has it (C17 7.24); the CPU's folder has them, and moves words. Called by name where the size is large or
 * unknown: optimising for size, gcc would make a loop of single bytes of __builtin_memcpy. */
#pragma once

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
