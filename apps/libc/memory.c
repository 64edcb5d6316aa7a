/* The heap is the core's, under its own names; musl has names of its own for it. */
#include <errno.h>
#include <stddef.h>

#include <ingot/heap.h>

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *block, size_t bytes);
void __libc_free(void *block);

void *__libc_malloc(size_t bytes) { return malloc(bytes); }
void *__libc_calloc(size_t count, size_t bytes) { return calloc(count, bytes); }
void *__libc_realloc(void *block, size_t bytes) { return realloc(block, bytes); }
void __libc_free(void *block) { free(block); }
