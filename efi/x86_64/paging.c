/* Page tables, 4 or 5 levels as the CPU runs: each span of the plan mapped to itself, by the largest pages that fit.
 * Source: Intel SDM vol. 3A, "4-Level Paging and 5-Level Paging" (4.5) and "Page Attribute Table (PAT)" (11.12). */
#include "efi/cpu.h"

#include <stddef.h>

#include "efi/bytes.h"
#include "efi/text.h"
#include "efi/x86_64/features.h"

enum { PAGE_SHIFT = 12, LEVEL_BITS = 9, ENTRIES = 512 };
enum {                                      /* page table entry */
    ENTRY_PRESENT  = 1u << 0,
    ENTRY_WRITE    = 1u << 1,
    ENTRY_PWT      = 1u << 3,               /* these two and PAT number the memory type: 3 is uncached, 4 (ours) is write-combining */
    ENTRY_PCD      = 1u << 4,
    ENTRY_ACCESSED = 1u << 5,               /* set beforehand: the CPU need not write to the tables */
    ENTRY_DIRTY    = 1u << 6,
    ENTRY_LARGE    = 1u << 7,               /* in levels 1 and 2: a page of 2 MiB or 1 GiB */
    ENTRY_PAT_4K   = 1u << 7,               /* in level 0 */
    ENTRY_PAT_LARGE = 1u << 12,
};
#define ENTRY_NX (1ull << 63)
#define ENTRY_ADDRESS 0x000ffffffffff000ull

struct tables {
    uint64_t next;                          /* where the pool goes on */
    uint64_t no_execute;                    /* ENTRY_NX, or 0 where the CPU has none */
    unsigned largest_page;                  /* level whose entries may map pages: 1 (2 MiB) or 2 (1 GiB) */
};

static unsigned level_count(void) { return io_cr4() & CR4_LA57 ? 5 : 4; }

/* Bytes that one entry of a table of this level stands for: level 0 maps pages of 4 KiB. */
static uint64_t entry_bytes(unsigned level) { return 1ull << (PAGE_SHIFT + LEVEL_BITS * level); }

static uint64_t min(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* The bits of an entry that maps a page, but for its address and its size. */
static uint64_t rights(uint32_t mapping, unsigned level, uint64_t no_execute)
{
    uint64_t bits = ENTRY_PRESENT | ENTRY_ACCESSED | ENTRY_DIRTY;

    if (mapping == CPU_MAP_CODE)
        return bits;
    if (mapping != CPU_MAP_CONSTANT)
        bits |= ENTRY_WRITE;
    if (mapping == CPU_MAP_DEVICE)
        bits |= ENTRY_PCD | ENTRY_PWT;
    if (mapping == CPU_MAP_FRAMEBUFFER)
        bits |= level ? ENTRY_PAT_LARGE : ENTRY_PAT_4K;
    return bits | no_execute;
}

static uint64_t *new_table(struct tables *tables)
{
    uint64_t *table = (uint64_t *)(uintptr_t)tables->next;

    memset(table, 0, HANDOFF_PAGE_BYTES);
    tables->next += HANDOFF_PAGE_BYTES;
    return table;
}

static uint64_t *table_below(struct tables *tables, uint64_t *entry)
{
    if (*entry == 0)
        *entry = (uint64_t)(uintptr_t)new_table(tables) | ENTRY_PRESENT | ENTRY_WRITE | ENTRY_ACCESSED;
    return (uint64_t *)(uintptr_t)(*entry & ENTRY_ADDRESS);
}

/* Fills entries with pages from at on, four a turn: this loop is most of the time that paging takes. */
static void fill(uint64_t *entry, uint64_t entries, uint64_t page, uint64_t bytes)
{
    for (; entries % 4; entries--, page += bytes)
        *entry++ = page;
    for (; entries; entries -= 4, entry += 4, page += bytes) {
        entry[0] = page;
        entry[1] = page += bytes;
        entry[2] = page += bytes;
        entry[3] = page += bytes;
    }
}

/* Maps [start, end), which lies within what this table stands for. The recursion is as deep as the tables are. */
static void map(struct tables *tables, uint64_t *table, unsigned level, const struct handoff_region *span)
{
    uint64_t bytes = entry_bytes(level), bits = rights(span->type, level, tables->no_execute) | (level ? ENTRY_LARGE : 0);

    for (uint64_t at = span->start; at < span->end;) {
        uint64_t *entry = &table[at >> (PAGE_SHIFT + LEVEL_BITS * level) & (ENTRIES - 1)];
        uint64_t pages = at & (bytes - 1) ? 0 : (span->end - at) >> (PAGE_SHIFT + LEVEL_BITS * level);
        struct handoff_region part = { at, min(span->end, (at | (bytes - 1)) + 1), span->type, 0 };

        if (pages && level <= tables->largest_page) {
            fill(entry, pages, at | bits, bytes);
            at += pages * bytes;
        } else {
            map(tables, table_below(tables, entry), level - 1, &part);
            at = part.end;
        }
    }
}

/* A span as far as the CPU can address it; what is not to be mapped is empty. */
static struct handoff_region clip(const struct handoff_region *span, uint64_t limit)
{
    struct handoff_region clipped = *span;

    clipped.end = span->type == CPU_MAP_NOTHING ? span->start : min(span->end, limit);
    return clipped;
}

uint64_t cpu_tables_build(const struct handoff_region *span, uint32_t spans, uint64_t pool)
{
    struct tables tables = { pool, has_nx() ? ENTRY_NX : 0, has_1g_pages() ? 2 : 1 };
    uint64_t *root = new_table(&tables), limit = cpu_address_limit();
    unsigned top = level_count() - 1;

    for (uint32_t i = 0; i < spans; i++) {
        struct handoff_region clipped = clip(&span[i], limit);

        map(&tables, root, top, &clipped);
    }
    return (uint64_t)(uintptr_t)root;
}

/* Tables of one level: one for each block of block_bytes that a span touches, unless the span covers it and one page can map it.
 * Spans ascend, so a block that was counted is the last one or none. */
static uint64_t count_tables(const struct handoff_region *span, uint32_t spans, uint64_t block_bytes, bool page_fits)
{
    uint64_t limit = cpu_address_limit(), uncounted = 0, tables = 0;

    for (uint32_t i = 0; i < spans; i++) {
        struct handoff_region clipped = clip(&span[i], limit);
        uint64_t first = clipped.start / block_bytes, last = (clipped.end - 1) / block_bytes;
        bool first_whole = clipped.start % block_bytes == 0 && clipped.end >= (first + 1) * block_bytes;

        if (clipped.start >= clipped.end)
            continue;
        if (!page_fits) {
            if (first < uncounted)
                first = uncounted;
            tables += last + 1 > first ? last + 1 - first : 0;
        } else {
            tables += !first_whole && first >= uncounted;
            tables += last > first && clipped.end % block_bytes != 0;
        }
        uncounted = last + 1;
    }
    return tables;
}

uint64_t cpu_tables_bytes(const struct handoff_region *span, uint32_t spans)
{
    unsigned largest_page = has_1g_pages() ? 2 : 1;
    uint64_t tables = 1;                    /* the root */

    for (unsigned level = 1; level < level_count(); level++)
        tables += count_tables(span, spans, entry_bytes(level), level <= largest_page);
    return tables * HANDOFF_PAGE_BYTES;
}

const char *cpu_tables_kind(void)
{
    static char kind[48];

    text_format(kind, sizeof(kind), "%u levels, pages up to %s%s", level_count(), has_1g_pages() ? "1 GiB" : "2 MiB",
                has_nx() ? ", NX" : ", W no NX");
    return kind;
}
