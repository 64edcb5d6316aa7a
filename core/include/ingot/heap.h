/* The heap: memory in any size, under the names and with the meaning of ISO C (C17 7.22.3), with what C leaves open settled:
 * blocks are aligned to 16; a size of 0 gives NULL; realloc(block, 0) frees; what cannot be had gives NULL and a line in the log.
 *
 * Any CPU, any context but NMI, machine check and panic; once pages_alloc() works. Bounds: below HEAP_LARGE_BYTES a call looks
 * at two bit maps and at a block's two neighbours, however many blocks there are; larger blocks are pages_alloc() and
 * pages_free(). Interrupts are off that long; realloc and calloc copy and clear with interrupts as they were. When its memory
 * is used up the heap takes 64 KiB more; of what is freed it keeps one such area, and in release builds up to 8 blocks of each
 * size to 512 bytes.
 *
 * Wrong use ends in `PANIC HEAP` with the addresses of who allocated and who freed. In every build: freeing what is free or
 * never was a block, as far as its header still tells, and a header that was overwritten, when a neighbour is freed. In debug
 * builds also: a byte written before or behind a block, when it is freed or by heap_check(), and one written into a free block,
 * when it is given again. There new memory holds 0xa5 and freed memory 0xde. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { HEAP_LARGE_BYTES = 32768 };     /* from here on a block is whole pages, aligned to 16 like any other */

/* As ISO C has them, with what stands above. malloc's memory holds anything. */
void *malloc(size_t bytes);
void *calloc(size_t count, size_t bytes);            /* count * bytes bytes of 0 */
void *realloc(void *block, size_t bytes);            /* NULL leaves block as it was */
void *aligned_alloc(size_t alignment, size_t bytes); /* alignment: any power of two; bytes need not be a multiple of it */
void free(void *block);

struct heap_stats {
    uint64_t blocks;                   /* given and not yet freed */
    uint64_t bytes, bytes_peak;        /* of those, with their headers */
    uint64_t pages;                    /* held, large blocks included */
    uint64_t failed;                   /* calls that returned NULL */
};

/* Same contexts as malloc(). */
void heap_stats(struct heap_stats *out);

/* Walks all blocks below HEAP_LARGE_BYTES and all lists. 0, or ERR_BAD_DATA and a log line that says what is wrong where.
 * Interrupts are off all the time that it takes: for tests and for the search for a culprit. */
int heap_check(void);
