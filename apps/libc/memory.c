/* The heap is the core's, under its own names; musl has names of its own for it. Where the core gives NULL for a size of 0, programs of
 * others expect a block: C17 7.22.3 leaves it open, and every other library gives one. The linker's --wrap sends their calls here; each
 * ends in a jump, so that the heap still sees who called. */
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

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_aligned_alloc(size_t alignment, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_aligned_alloc(size_t alignment, size_t bytes);

void *__wrap_malloc(size_t bytes) { return __real_malloc(bytes ? bytes : 1); }
void *__wrap_calloc(size_t count, size_t bytes) { return count && bytes ? __real_calloc(count, bytes) : __real_calloc(1, 1); }
void *__wrap_aligned_alloc(size_t alignment, size_t bytes) { return __real_aligned_alloc(alignment, bytes ? bytes : 1); }
