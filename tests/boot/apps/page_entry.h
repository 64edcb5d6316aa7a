/* The page-table entry that maps an address, for tests that change it behind the core's back.
 * Source: Intel SDM vol. 3A, "4-Level Paging and 5-Level Paging". */
#pragma once

#include <stdint.h>

#define ENTRY_PRESENT   (1ull << 0)
#define ENTRY_WRITE     (1ull << 1)
#define ENTRY_WT        (1ull << 3)
#define ENTRY_CD        (1ull << 4)
#define ENTRY_LARGE     (1ull << 7)
#define ENTRY_PAT_LARGE (1ull << 12)
#define ENTRY_NX        (1ull << 63)
#define ENTRY_ADDRESS   0x000ffffffffff000ull

static inline uint64_t control_register_3(void)
{
    uint64_t value;

    __asm__ volatile("mov %%cr3, %0" : "=r"(value));
    return value;
}

static inline unsigned paging_levels(void)
{
    uint64_t cr4;

    __asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
    return cr4 >> 12 & 1 ? 5 : 4;
}

/* The lowest entry on the way to address, present or not; *out_level is 1 for a 4 KiB page, 2 for 2 MiB, 3 for 1 GiB. */
static inline uint64_t *page_entry(uint64_t address, unsigned *out_level)
{
    uint64_t *table = (uint64_t *)(control_register_3() & ENTRY_ADDRESS), *entry = table;

    for (*out_level = paging_levels(); *out_level; --*out_level) {
        entry = &table[address >> (12 + 9 * (*out_level - 1)) & 511];
        if (*out_level == 1 || !(*entry & ENTRY_PRESENT) || *entry & ENTRY_LARGE)
            break;
        table = (uint64_t *)(*entry & ENTRY_ADDRESS);
    }
    return entry;
}

static inline void flush_pages(void)
{
    __asm__ volatile("mov %0, %%cr3" :: "r"(control_register_3()) : "memory");
}
