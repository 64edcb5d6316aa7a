/* The core's memory and string functions under names of their own, so that a test can ask them and the C library's. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Up to how many bytes mem.S may use vectors; on the target each CPU has its own. 0 at start. */
extern uint64_t ingot_vectors;

void *ingot_memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *ingot_memmove(void *to, const void *from, size_t bytes);
void *ingot_memset(void *to, int value, size_t bytes);
int ingot_memcmp(const void *a, const void *b, size_t bytes);
void *ingot_memchr(const void *in, int value, size_t bytes);
size_t ingot_strlen(const char *text);
size_t ingot_strnlen(const char *text, size_t bytes);
int ingot_strcmp(const char *a, const char *b);
int ingot_strncmp(const char *a, const char *b, size_t bytes);
char *ingot_strchr(const char *text, int value);
char *ingot_strrchr(const char *text, int value);
char *ingot_strstr(const char *text, const char *part);
size_t ingot_strlcpy(char *restrict to, const char *restrict text, size_t bytes);
