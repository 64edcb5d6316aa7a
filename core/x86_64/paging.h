/* The core's page tables: addresses map to themselves; entries say who may do what, and how it is cached.
 * Source: Intel SDM vol. 3A, "Paging"; "Page Attribute Table (PAT)". */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/handoff_view.h"

enum { TABLE_ENTRIES = 512 };

#define PAGE_PRESENT   (1ull << 0)
#define PAGE_WRITE     (1ull << 1)
#define PAGE_WT        (1ull << 3)       /* PAT index bit 0 */
#define PAGE_CD        (1ull << 4)       /* PAT index bit 1 */
#define PAGE_ACCESSED  (1ull << 5)
#define PAGE_DIRTY     (1ull << 6)
#define PAGE_LARGE     (1ull << 7)       /* in a 2 MiB or 1 GiB entry */
#define PAGE_PAT_SMALL (1ull << 7)       /* PAT index bit 2 of a 4 KiB entry ... */
#define PAGE_PAT_LARGE (1ull << 12)      /* ... and of a larger one */
#define PAGE_NX        (1ull << 63)
#define PAGE_ADDRESS   0x000ffffffffff000ull

/* Our own attributes, the same for all sizes of pages; entry_for() makes an entry of them. */
enum page_rights {
    PAGE_NONE,                           /* not mapped */
    PAGE_RO,
    PAGE_RW,
    PAGE_RX,
};

enum page_cache {                        /* PAT indices; the table below is written to the MSR */
    PAGE_WB = 0, PAGE_UC = 3, PAGE_WC = 4,
};

/* WB WT UC- UC as at power-on, then WC, WP, UC-, UC. */
#define PAT_VALUE 0x0007050100070406ull

struct page_use {
    enum page_rights rights;
    enum page_cache cache;
};

static inline bool page_use_same(struct page_use a, struct page_use b)
{
    return a.rights == b.rights && (a.cache == b.cache || a.rights == PAGE_NONE);
}

/* Takes note of displays, image and guards. Boot CPU, once, before page_use_at(). */
void page_use_start(void);

/* From now on [start, end), whole pages, is for this use; the same range again replaces it. False when there is no room for more.
 * Not in interrupts. */
bool page_use_add(uint64_t start, uint64_t end, struct page_use use);

/* Other CPUs' blocks lie in [start, end), one every so many bytes (struct cpu_block): their guards are not mapped. Once. */
void page_use_add_blocks(uint64_t start, uint64_t end, uint64_t bytes);

/* Somebody's walk over the uses of all pages: what the map said last holds for a while. Starts zeroed. */
struct page_uses {
    uint64_t start, end;
    struct page_use by_map;
};

/* What the map, the image and the displays want at a page: one place for building the tables and for auditing them.
 * *out_end: the same holds from page up to there. Any context. */
struct page_use page_use_at(struct page_uses *uses, uint64_t page, uint64_t *out_end);

/* Maps [start, end) anew, or unmaps it; when it returns no CPU uses what was there before. ERR_NO_MEMORY. Any CPU, not in interrupts,
 * no lock held. */
int paging_set(uint64_t start, uint64_t end, struct page_use use);

/* The same for whatever page_use_at() says of each page. */
int paging_refresh(uint64_t start, uint64_t end);

/* Pages that follow each other and have the same attributes. */
struct page_run {
    uint64_t address, count, page_bytes;
    uint64_t entry;                      /* of the first */
};
typedef void paging_visitor(void *context, const struct page_run *run);

/* All that is mapped, in order of addresses. */
void paging_walk(paging_visitor *fn, void *context);

/* What an entry says. */
struct page_use page_entry_use(uint64_t entry, uint64_t bytes);
bool paging_has_nx(void);

/* The control bits that protect and that this CPU has, switched on, and compared later: names what was off, or NULL. */
void protection_start(void);
const char *protection_check(void);
