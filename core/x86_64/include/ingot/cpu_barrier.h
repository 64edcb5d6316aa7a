/* Barriers for devices on x86_64. Include <ingot/mmio.h>, which holds the rule that they serve. */
#pragma once

/* Stores to write-back memory reach every observer in program order (Intel SDM vol. 3A, "Memory Ordering in P6 and More Recent
 * Processor Families"), so against devices only the compiler has to be held. */
static inline void dma_write_barrier(void) { __asm__ volatile("" ::: "memory"); }
static inline void dma_read_barrier(void) { __asm__ volatile("" ::: "memory"); }

/* Drains the write-combining buffers (SDM vol. 3A, "Buffering of Write Combining Memory Locations"). */
static inline void write_combining_flush(void) { __asm__ volatile("sfence" ::: "memory"); }

/* What the caches hold of [at, at + bytes) goes to memory: for what must outlive a reset. */
static inline void cache_write_back(const void *at, unsigned long bytes)
{
    const char *line = (const char *)((unsigned long)at & -64ul);         /* no CPU with 64 bits has shorter cache lines */

    for (; line < (const char *)at + bytes; line += 64)
        __asm__ volatile("clflush %0" :: "m"(*line) : "memory");          /* SDM vol. 2A, "CLFLUSH" */
}
