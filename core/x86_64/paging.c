#include "core/x86_64/paging.h"

#include "core/arch.h"
#include "core/cpus.h"
#include "core/memory.h"
#include "core/pages.h"
#include "core/x86_64/cpu.h"

#include <ingot/error.h>
#include <ingot/lock.h>
#define LOG_SUBSYSTEM paging
#include <ingot/log.h>
#include <ingot/memory.h>
#include <ingot/pages.h>
#include <ingot/panic.h>
#include <ingot/string.h>

LOG_SUBSYSTEM_DEFINE(paging);

enum { TOP_BITS = 12, LEVEL_BITS = 9, SMALL = 1, LARGE = 2, HUGE = 3 };    /* levels of a 4 KiB, 2 MiB and 1 GiB page */

static struct lock paging_lock = LOCK("paging");      /* entries, and what page_use.c knows */
static uint64_t *root;
static unsigned levels;                  /* 4 or 5: whatever mode the firmware was in, as it cannot be left in 64-bit mode */
static unsigned largest_level;           /* HUGE where the CPU has 1 GiB pages */
static uint64_t nx_bit;                  /* 0 where the CPU has no NX */
static uint64_t table_pages;

bool paging_has_nx(void)
{
    return nx_bit != 0;
}

static uint64_t page_bytes(unsigned level)
{
    return 1ull << (TOP_BITS + LEVEL_BITS * (level - 1));
}

static uint64_t entry_for(uint64_t address, unsigned level, struct page_use use)
{
    uint64_t entry = address | PAGE_PRESENT | PAGE_ACCESSED | PAGE_DIRTY;    /* set, so that the CPU never writes to entries */

    if (use.rights == PAGE_NONE)
        return 0;
    if (use.rights == PAGE_RW)
        entry |= PAGE_WRITE;
    if (use.rights != PAGE_RX)
        entry |= nx_bit;
    if (level > SMALL)
        entry |= PAGE_LARGE;
    if (use.cache & 1)
        entry |= PAGE_WT;
    if (use.cache & 2)
        entry |= PAGE_CD;
    if (use.cache & 4)
        entry |= level > SMALL ? PAGE_PAT_LARGE : PAGE_PAT_SMALL;
    return entry;
}

struct page_use page_entry_use(uint64_t entry, uint64_t bytes)
{
    struct page_use use = { PAGE_NONE, PAGE_WB };
    uint64_t pat = bytes > PAGE_BYTES ? PAGE_PAT_LARGE : PAGE_PAT_SMALL;

    if (!(entry & PAGE_PRESENT))
        return use;
    use.rights = entry & PAGE_WRITE ? PAGE_RW : entry & PAGE_NX || !nx_bit ? PAGE_RO : PAGE_RX;
    use.cache = (enum page_cache)((entry & PAGE_WT ? 1 : 0) | (entry & PAGE_CD ? 2 : 0) | (entry & pat ? 4 : 0));
    return use;
}

static uint64_t *new_table(void)
{
    uint64_t *table = pages_alloc(1, 0, PAGES_ANYWHERE);

    if (table)
        table_pages++;
    return table;
}

/* The table below an entry: made if there is none; a large page becomes a table of smaller ones that say the same. */
static uint64_t *descend(uint64_t *entry, unsigned level)
{
    uint64_t old = *entry, step = page_bytes(level - 1), *table;

    if (old & PAGE_PRESENT && !(old & PAGE_LARGE))
        return (uint64_t *)(old & PAGE_ADDRESS);
    table = new_table();
    if (!table)
        return NULL;
    if (old & PAGE_PRESENT) {
        struct page_use use = page_entry_use(old, page_bytes(level));
        uint64_t small = entry_for(old & PAGE_ADDRESS & ~(page_bytes(level) - 1), level - 1, use);

        for (unsigned i = 0; i < TABLE_ENTRIES; i++, small += step)
            table[i] = small;
    } else {
        memset(table, 0, PAGE_BYTES);
    }
    *entry = (uint64_t)table | PAGE_PRESENT | PAGE_WRITE;    /* rights are the leaves' business */
    return table;
}

/* Entries that a leaf may replace: all of the lowest level, and above it what has no table of its own. */
static uint64_t replaceable(const uint64_t *entry, uint64_t count, unsigned level)
{
    uint64_t free = 0;

    if (level == SMALL)
        return count;
    while (free < count && (!(entry[free] & PAGE_PRESENT) || entry[free] & PAGE_LARGE))
        free++;
    return free;
}

/* Whole pages of one size from *at on, as far as this table and the range go. Most of a boot's entries are made by the loop here. */
static void set_leaves(uint64_t *table, unsigned level, uint64_t *at, uint64_t end, struct page_use use)
{
    uint64_t size = page_bytes(level), index = *at / size % TABLE_ENTRIES, value = entry_for(*at, level, use);
    uint64_t count = (end - *at) / size, step = value ? size : 0;
    uint64_t *entry = table + index;

    if (count > TABLE_ENTRIES - index)
        count = TABLE_ENTRIES - index;
    count = replaceable(entry, count, level);
    *at += count * size;
#pragma GCC unroll 8
    for (uint64_t *past = entry + count; entry < past; entry++, value += step)
        *entry = value;
}

static int set_level(uint64_t *table, unsigned level, uint64_t start, uint64_t end, struct page_use use)
{
    uint64_t size = page_bytes(level), next;

    for (uint64_t at = start; at < end; at = next) {
        uint64_t *entry = &table[at / size % TABLE_ENTRIES], *below;

        next = at;
        if (level <= largest_level && at % size == 0 && end - at >= size)
            set_leaves(table, level, &next, end, use);
        if (next != at)
            continue;
        next = (at | (size - 1)) + 1;
        if (next > end)
            next = end;
        if (*entry & PAGE_LARGE && level > SMALL && page_use_same(page_entry_use(*entry, size), use))
            continue;                    /* it says so already: no reason to take it apart */
        if (!(below = descend(entry, level)) || set_level(below, level - 1, at, next, use))
            return ERR_NO_MEMORY;
    }
    return 0;
}

static void flush_here(void *unused)
{
    (void)unused;
    cr3_write((uint64_t)root);           /* what the TLB knew is gone: nothing is global */
}

int paging_set(uint64_t start, uint64_t end, struct page_use use)
{
    uint64_t flags = lock_take_irq(&paging_lock);
    int error = set_level(root, levels, start, end, use);

    lock_give_irq(&paging_lock, flags);
    cpus_interrupt_all(flush_here, NULL);
    return error;
}

/* Leaves that follow each other and say the same: how many, from table[index] on. By fours, as an audit looks at every page. */
static unsigned run_of_leaves(const uint64_t *table, unsigned index, uint64_t step)
{
    const uint64_t *at = table + index, *past = table + TABLE_ENTRIES;
    uint64_t value = *at;

    for (; past - at >= 4; at += 4, value += 4 * step)
        if (at[0] != value || at[1] != value + step || at[2] != value + 2 * step || at[3] != value + 3 * step)
            break;
    for (; at < past && *at == value; at++)
        value += step;
    return (unsigned)(at - table) - index;
}

/* Entries from table[index] on that are all zero, by fours: most of a sparse table. */
static unsigned run_of_nothing(const uint64_t *table, unsigned index)
{
    unsigned at = index;

    while (at + 4 <= TABLE_ENTRIES && !(table[at] | table[at + 1] | table[at + 2] | table[at + 3]))
        at += 4;
    return at > index ? at - index : 1;
}

static void walk_level(const uint64_t *table, unsigned level, uint64_t base, paging_visitor *fn, void *context)
{
    uint64_t size = page_bytes(level);
    unsigned count;

    for (unsigned i = 0; i < TABLE_ENTRIES; i += count) {
        count = 1;
        if (!(table[i] & PAGE_PRESENT)) {
            count = run_of_nothing(table, i);
            continue;
        }
        if (level == SMALL || table[i] & PAGE_LARGE) {
            count = run_of_leaves(table, i, size);
            fn(context, &(struct page_run){ base + i * size, count, size, table[i] });
        } else {
            walk_level((const uint64_t *)(table[i] & PAGE_ADDRESS), level - 1, base + i * size, fn, context);
        }
    }
}

void paging_walk(paging_visitor *fn, void *context)
{
    walk_level((const uint64_t *)(cr3_read() & PAGE_ADDRESS), levels, 0, fn, context);
}

static uint64_t address_limit(void)
{
    unsigned bits = cpuid_or_zero(0x80000008, 0).eax & 0xff, reach = levels == 5 ? 52 : 47;    /* the lower, canonical half */

    if (bits < 32 || bits > 52)
        bits = 36;                       /* SDM vol. 2A, "CPUID" leaf 80000008H: what is meant where it is missing */
    return 1ull << (bits < reach ? bits : reach);
}

/* Each page for its use, in runs as long as one use holds: the longer, the larger the pages. Nothing is unmapped in new tables. */
static int build(uint64_t at, uint64_t limit, bool anew)
{
    struct page_uses uses = { 0 };
    uint64_t end;

    for (; at < limit; at = end) {
        struct page_use use = page_use_at(&uses, at, &end);

        if (end > limit)
            end = limit;
        if (!(anew && use.rights == PAGE_NONE) && set_level(root, levels, at, end, use))
            return ERR_NO_MEMORY;
    }
    return 0;
}

int paging_refresh(uint64_t start, uint64_t end)
{
    uint64_t flags = lock_take_irq(&paging_lock);
    int error = build(start, end, false);

    lock_give_irq(&paging_lock, flags);
    cpus_interrupt_all(flush_here, NULL);
    return error;
}

/* Only what the map says the loader had: the numbers come from the firmware. */
static void give_back(uint64_t start, uint64_t bytes, uint32_t type)
{
    const struct handoff_region *region = memory_region(start);

    if (bytes && region && region->type == type && bytes <= region->end - start)
        pages_add(start, start + bytes);
}

void arch_start_paging(const struct handoff_view *view)
{
    page_use_start();
    levels = cr4_read() & CR4_LA57 ? 5 : 4;
    largest_level = cpuid_or_zero(0x80000001, 0).edx & 1u << 26 ? HUGE : LARGE;    /* SDM vol. 2A, "CPUID": 1-GByte pages */
    nx_bit = cpuid_or_zero(0x80000001, 0).edx & 1u << 20 ? PAGE_NX : 0;
    root = pages_alloc(1, 0, PAGES_BELOW_4G);    /* other CPUs load it into CR3 before they are in 64-bit mode */
    if (root)
        memset(root, 0, PAGE_BYTES);
    if (!root || build(0, address_limit(), true))
        panic_code("MEMORY", "no memory for page tables: %llu pages were had", (unsigned long long)table_pages);
    msr_write(MSR_PAT, PAT_VALUE);       /* the entries in use by the loader's tables stay as they are */
    if (nx_bit)
        msr_write(MSR_EFER, msr_read(MSR_EFER) | 1u << 11);
    cr3_write((uint64_t)root);
    protection_start();
    give_back(view->image->tables_base, view->image->tables_bytes, HANDOFF_MEMORY_CORE);
    give_back(view->image->loader_base, view->image->loader_bytes, HANDOFF_MEMORY_LOADER);    /* the block lies elsewhere */
}

int arch_make_writable(uint64_t start, uint64_t end)
{
    return paging_set(start, end, (struct page_use){ PAGE_RW, PAGE_WB });
}

/* Before there are tables of our own the loader's are in use: what lies below 4 GiB is mapped uncached, and will be. */
static int map_early(uint64_t end, enum mem_caching caching)
{
    return end <= 1ull << 32 && caching == MEM_UNCACHED ? 0 : ERR_NOT_READY;
}

/* Notes the use for the auditor, and maps. A use that holds already costs nothing. */
static int map_for(uint64_t start, uint64_t end, struct page_use use)
{
    struct page_uses uses = { 0 };
    uint64_t holds_until;
    struct page_use before = page_use_at(&uses, start, &holds_until);

    if (page_use_same(before, use) && holds_until >= end)
        return 0;
    if (!page_use_add(start, end, use))
        return ERR_FULL;
    if (paging_set(start, end, use) == 0)
        return 0;
    page_use_add(start, end, before);
    return ERR_NO_MEMORY;
}

int mem_map_device(phys_addr address, uint64_t bytes, enum mem_caching caching, volatile void **out_pointer)
{
    static const enum page_cache cache[] = { PAGE_UC, PAGE_WC, PAGE_WB };
    uint64_t start = address & ~(uint64_t)(PAGE_BYTES - 1), end = (address + bytes + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
    int error;

    if (bytes == 0 || end <= start || end > address_limit() || start == 0 || memory_overlaps_ram(start, end))
        return ERR_BAD_VALUE;
    error = root ? map_for(start, end, (struct page_use){ PAGE_RW, cache[caching] }) : map_early(end, caching);
    if (error == ERR_NO_MEMORY || error == ERR_FULL)
        log_warn("%llu bytes at %#llx are not mapped: %s", (unsigned long long)bytes, (unsigned long long)address, error_name(error));
    if (error == 0)
        *out_pointer = (volatile void *)(uintptr_t)address;
    return error;
}
