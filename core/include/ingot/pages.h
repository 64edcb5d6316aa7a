/* Whole pages of RAM. A pointer is a physical address, so what comes from here can be given to a device as it stands.
 *
 * The place is always the highest one that fits below the limit: low memory is what devices and starting CPUs need, so it goes
 * last, and memory below 1 MiB is given only for PAGES_BELOW_1M or when nothing else is left. Page 0 is never given. Contents
 * are not cleared.
 *
 * Any CPU, any context but NMI, machine check and panic; from pages_init() on. Bounds: one page without a limit is a few dozen
 * instructions, and at most one search every 16 such calls; all else is a few walks of a tree at most 1.44 log2(free ranges)
 * deep, and, when alignment is above PAGE_BYTES, at most PAGES_ALIGNED_LOOKS ranges looked at. Interrupts are off that long. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { PAGE_BYTES = 4096 };              /* the unit of this allocator on every port */
enum { PAGES_ALIGNED_LOOKS = 1024 };

/* Limits: the block ends at or below this address. Any other will do too. */
#define PAGES_ANYWHERE UINT64_MAX
#define PAGES_BELOW_4G (1ull << 32)      /* devices with 32-bit DMA */
#define PAGES_BELOW_1M (1ull << 20)      /* start-up code of other CPUs */

/* count pages behind each other. alignment_bytes is a power of two; 0 and what is below PAGE_BYTES mean PAGE_BYTES. NULL when
 * there is no such block, or count is 0; the log tells it once for each power of two of count. The block is the caller's until
 * he frees it. With alignment above PAGE_BYTES and thousands of ranges that are large enough but lie wrongly, a block may be
 * missed. */
void *pages_alloc(size_t count, size_t alignment_bytes, uint64_t limit);

/* Gives back count pages from first on: a block, or any whole pages of one. NULL is ignored. What is not on a page, not memory
 * of this allocator, or already free ends in `PANIC PAGES`; for a single page that was freed and then written to, only in debug
 * builds (which look it up at each free, and fill free single pages with a pattern that is checked when they are given again). */
void pages_free(void *first, size_t count);

enum pages_zone { PAGES_ZONE_1M, PAGES_ZONE_4G, PAGES_ZONE_HIGH, PAGES_ZONES };    /* below 1 MiB, from there to 4 GiB, above */

struct pages_stats {                     /* all in pages */
    struct {
        uint64_t total;                  /* memory of this allocator */
        uint64_t free;
        uint64_t largest;                /* free ones behind each other; single pages that are kept at hand are not seen */
    } zone[PAGES_ZONES];
    uint64_t total, free, used, largest; /* over all zones; largest may reach from one into the next */
    uint64_t own;                        /* used, for the allocator's notes: grows with the number of free ranges, not with RAM */
    uint64_t failed;                     /* calls that returned NULL */
};

/* Same contexts as pages_alloc(). */
void pages_stats(struct pages_stats *out);
