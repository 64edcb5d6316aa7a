/* The page allocator. Free memory is kept in two places under one lock:
 *
 *   free_ranges  by address (core/range.h): the highest fit is found in one walk
 *   hand         a small stack of single pages, taken from the ranges 16 at a time: what most calls want
 *
 * Two more sets tell a wrong address when one is freed: spans, all memory that was ever added, and own_pages, where the sets'
 * nodes lie. Free memory holds none of the allocator's notes, so it is not touched at start, and a stray write there harms
 * nothing. Only pages in the hand carry a mark, in their first word. */
#define LOG_SUBSYSTEM pages

#include "core/pages.h"

#include <ingot/lock.h>
#include <ingot/log.h>
#include <ingot/pages.h>
#include <ingot/panic.h>

#include "core/range.h"
#include "core/shadow.h"

LOG_SUBSYSTEM_DEFINE(pages);

enum { HAND_PAGES = 32, HAND_FILL = 16 };
enum { SPARES_MIN = 2 };                         /* range nodes that one call may need */

/* The first word of a page in the hand, or full of nodes, is this ^ its address ^ the mark. */
#define MARK_SECRET 0x9c3b5fd2e1a64787ull
enum { MARK_FREE = 0, MARK_OWN = 1, MARKS = 2 };

#define POISON 0xdedededededededeull             /* debug builds: the other words of a page in the hand */

static struct lock pages_lock = LOCK("pages");
static struct range_pool pool;
static struct range_set free_ranges = RANGE_SET(&pool), spans = RANGE_SET(&pool), own_pages = RANGE_SET(&pool);

static struct {
    uint32_t in_hand;
    uint64_t *hand[HAND_PAGES];
    const struct range *last_span;               /* frees come in flocks */
    struct pages_stats stats;                    /* zone[].total, zone[].free (without the hand), own, failed */
    _Atomic uint64_t told;                       /* powers of two of count for which the log has a line */
} pages;

/* ---- zones ---- */

static const uint64_t zone_start[PAGES_ZONES + 1] = { 0, PAGES_BELOW_1M, PAGES_BELOW_4G, UINT64_MAX };

static uint64_t pages_in_zone(uint64_t start, uint64_t end, int zone)
{
    uint64_t from = start > zone_start[zone] ? start : zone_start[zone];
    uint64_t to = end < zone_start[zone + 1] ? end : zone_start[zone + 1];

    return from < to ? (to - from) / PAGE_BYTES : 0;
}

/* Adds [start, end) to the count of free pages; subtracts it for sign -1. */
static void count_free(struct pages_stats *stats, uint64_t start, uint64_t end, int sign)
{
    for (int zone = 0; zone < PAGES_ZONES; zone++)
        stats->zone[zone].free += (uint64_t)sign * pages_in_zone(start, end, zone);
}

/* ---- free ranges ---- */

static uint64_t mark_of(const void *page, uint64_t mark) { return MARK_SECRET ^ (uintptr_t)page ^ mark; }

/* Functions off the fast path are cold: built for size. */
#define COLD __attribute__((cold))

/* Makes nodes of a page that is free, but neither among the ranges nor in the hand. */
static COLD void own_page_make(uint64_t address)
{
    uint64_t *page = (uint64_t *)(uintptr_t)address;

    page[0] = mark_of(page, MARK_OWN);
    range_pool_feed(&pool, page + 1, PAGE_BYTES - sizeof *page);
    range_add(&own_pages, address, address + PAGE_BYTES);
    pages.stats.own++;
}

static void cut(struct range *range, uint64_t start, uint64_t end)
{
    range_cut(&free_ranges, range, start, end);
    count_free(&pages.stats, start, end, -1);
}

/* Adds a free block. Where nodes run short, its last pages become nodes. */
static void add(uint64_t start, uint64_t end)
{
    while (pool.spares < SPARES_MIN && start < end)
        own_page_make(end -= PAGE_BYTES);
    if (start == end)
        return;
    range_add(&free_ranges, start, end);
    count_free(&pages.stats, start, end, 1);
}

/* Finds exactly what is wanted; where that would take too many looks, a block that has an aligned one in it however it lies. */
static struct range *find(struct range_want *want)
{
    struct range_want padded = { .alignment = 1, .limit = want->limit, .looks = PAGES_ALIGNED_LOOKS };
    struct range *range;

    want->looks = PAGES_ALIGNED_LOOKS;
    range = range_find(&free_ranges, want);
    if (range || want->looks > 0 || __builtin_add_overflow(want->bytes, want->alignment, &padded.bytes))
        return range;
    range = range_find(&free_ranges, &padded);
    if (range)
        want->found = (padded.found + want->alignment - 1) & ~(want->alignment - 1);
    return range;
}

/* Takes a page for nodes before they run out: cutting off a range's end needs none. */
static void provide_nodes(void)
{
    struct range *range = range_last(&free_ranges);
    uint64_t end;

    if (pool.spares >= SPARES_MIN || !range)
        return;
    end = range->end;
    cut(range, end - PAGE_BYTES, end);
    own_page_make(end - PAGE_BYTES);
}

/* Cuts a block out of the highest place. 0 when there is none. */
static uint64_t take(uint64_t bytes, uint64_t alignment, uint64_t limit)
{
    struct range_want want = { .bytes = bytes, .alignment = alignment, .limit = limit };
    struct range *range;

    provide_nodes();
    range = find(&want);
    if (!range)
        return 0;
    cut(range, want.found, want.found + bytes);
    return want.found;
}

/* ---- the hand ---- */

static void hand_put(uint64_t *page)
{
    if (INGOT_DEBUG)
        for (unsigned i = 1; i < PAGE_BYTES / sizeof *page; i++)
            page[i] = POISON;
    page[0] = mark_of(page, MARK_FREE);
    pages.hand[pages.in_hand++] = page;
}

static _Noreturn COLD void refuse_written(const uint64_t *word)
{
    panic_code("PAGES", "%p was written to while its page was free: it holds %#llx", (const void *)word, (unsigned long long)*word);
}

static void check_poison(const uint64_t *page)
{
    for (unsigned i = 1; i < PAGE_BYTES / sizeof *page; i++)
        if (page[i] != POISON)
            refuse_written(&page[i]);
}

static uint64_t *hand_take(void)
{
    uint64_t *page = pages.hand[--pages.in_hand];

    if (page[0] != mark_of(page, MARK_FREE))
        refuse_written(page);
    if (INGOT_DEBUG)
        check_poison(page);
    page[0] = 0;                                 /* a later free must not think that it is free already */
    return page;
}

/* Takes some pages from the top of the last range. Memory below 1 MiB stays where who needs it can find it. */
static COLD __attribute__((noinline)) bool hand_fill(void)
{
    struct range *range = range_last(&free_ranges);
    uint64_t start, end;

    if (!range || range->end <= PAGES_BELOW_1M + HAND_FILL * PAGE_BYTES)
        return false;
    end = range->end;
    start = end - range->start < HAND_FILL * PAGE_BYTES ? range->start : end - HAND_FILL * PAGE_BYTES;
    cut(range, start, end);
    for (; start < end; start += PAGE_BYTES)
        hand_put((uint64_t *)(uintptr_t)start);
    return true;
}

/* Gives the hand back to the ranges, where its pages may complete a block. */
static COLD void hand_empty(void)
{
    while (pages.in_hand) {
        uint64_t address = (uintptr_t)hand_take();

        add(address, address + PAGE_BYTES);
    }
}

static COLD bool hand_overlaps(uint64_t start, uint64_t end)
{
    for (uint32_t i = 0; i < pages.in_hand; i++)
        if ((uintptr_t)pages.hand[i] >= start && (uintptr_t)pages.hand[i] < end)
            return true;
    return false;
}

/* ---- allocate ---- */

static void *take_page(uint64_t limit)
{
    if (__builtin_expect(!pages.in_hand, 0) && !hand_fill())
        return NULL;
    return (uintptr_t)pages.hand[pages.in_hand - 1] <= limit - PAGE_BYTES ? hand_take() : NULL;
}

static __attribute__((noinline)) void *take_block(size_t count, size_t alignment_bytes, uint64_t limit)
{
    uint64_t alignment = alignment_bytes > PAGE_BYTES ? alignment_bytes : PAGE_BYTES, bytes, at;

    assert((alignment & (alignment - 1)) == 0);
    if (__builtin_mul_overflow(count, (uint64_t)PAGE_BYTES, &bytes))
        bytes = ~(uint64_t)(PAGE_BYTES - 1);             /* no range is that long */
    at = take(bytes, alignment, limit);
    if (!at && pages.in_hand) {
        hand_empty();
        at = take(bytes, alignment, limit);
    }
    pages.stats.failed += !at;
    return (void *)(uintptr_t)at;
}

static COLD void tell_failure(size_t count, size_t alignment_bytes, uint64_t limit, const void *caller)
{
    uint64_t size_class = 1ull << (63 - __builtin_clzll(count));
    struct pages_stats now;

    if (atomic_fetch_or_explicit(&pages.told, size_class, memory_order_relaxed) & size_class)
        return;
    pages_stats(&now);
    log_warn("no %zu pages aligned to %#zx below %#llx for %p: %llu of %llu free, %llu in one piece; told once for this size", count,
             alignment_bytes, (unsigned long long)limit, caller, (unsigned long long)now.free,
             (unsigned long long)now.total, (unsigned long long)now.largest);
}

void *pages_alloc(size_t count, size_t alignment_bytes, uint64_t limit)
{
    void *block = NULL;
    uint64_t flags;

    if (count == 0 || limit < PAGE_BYTES)
        return NULL;
    flags = lock_take_irq(&pages_lock);
    if (count == 1 && alignment_bytes <= PAGE_BYTES)
        block = take_page(limit);
    if (!block)
        block = take_block(count, alignment_bytes, limit);
    if (INGOT_SHADOW && block)
        shadow_open(block, count * PAGE_BYTES);
    lock_give_irq(&pages_lock, flags);
    if (!block)
        tell_failure(count, alignment_bytes, limit, __builtin_return_address(0));
    return block;
}

/* ---- free ---- */

static _Noreturn COLD void refuse(const char *action, uint64_t start, uint64_t end, const char *why)
{
    panic_code("PAGES", "%s of [%#llx, %#llx), which %s", action, (unsigned long long)start, (unsigned long long)end, why);
}

static void check_ours(uint64_t start, uint64_t end)
{
    const struct range *span = pages.last_span;

    if (!span || start < span->start || end > span->end)
        pages.last_span = span = range_at(&spans, start);
    if (!span || end > span->end)
        refuse("free", start, end, "is not memory of this allocator");
}

/* The whole truth: three lookups. */
static COLD void check_used(uint64_t start, uint64_t end)
{
    if (range_overlaps(&free_ranges, start, end) || hand_overlaps(start, end))
        refuse("free", start, end, "is free already, or part of it");
    if (range_overlaps(&own_pages, start, end))
        refuse("free", start, end, "holds the allocator's own notes");
}

/* A mark is a hint that costs one comparison. It may also be there from before a reset, so what carries one is looked up. */
static bool marked(const uint64_t *page) { return (page[0] ^ mark_of(page, 0)) < MARKS; }

void pages_free(void *first, size_t count)
{
    uint64_t start = (uintptr_t)first, bytes, end, flags;

    if (!first || !count)
        return;
    if (start % PAGE_BYTES || __builtin_mul_overflow(count, (uint64_t)PAGE_BYTES, &bytes)
        || __builtin_add_overflow(start, bytes, &end))
        panic_code("PAGES", "free of %zu pages at %p: not the start of a page, or too many", count, first);
    flags = lock_take_irq(&pages_lock);
    check_ours(start, end);
    if (INGOT_SHADOW)
        shadow_close(first, bytes, SHADOW_PAGE);
    if (count == 1 && pages.in_hand < HAND_PAGES && start >= PAGES_BELOW_1M) {
        if (INGOT_DEBUG || marked(first))
            check_used(start, end);
        hand_put(first);
    } else {
        check_used(start, end);
        add(start, end);
    }
    lock_give_irq(&pages_lock, flags);
}

/* ---- memory comes in ---- */

static COLD void add_span(uint64_t start, uint64_t end)
{
    uint64_t free_end = end;

    if (range_overlaps(&spans, start, end))
        refuse("adding", start, end, "was added before, or part of it");
    while (pool.spares < SPARES_MIN && start < free_end)
        own_page_make(free_end -= PAGE_BYTES);
    range_add(&spans, start, end);
    pages.last_span = NULL;                      /* it may have been merged away */
    for (int zone = 0; zone < PAGES_ZONES; zone++)
        pages.stats.zone[zone].total += pages_in_zone(start, end, zone);
    add(start, free_end);
}

COLD void pages_add(uint64_t start, uint64_t end)
{
    uint64_t flags, kept_start, kept_end;

    start = start < PAGE_BYTES ? PAGE_BYTES : (start + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
    end &= ~(uint64_t)(PAGE_BYTES - 1);
    if (start >= end)
        return;
    if (INGOT_SHADOW && shadow_keeps(start, end, &kept_start, &kept_end)) {
        pages_add(start, kept_start);
        pages_add(kept_end, end);
        return;
    }
    flags = lock_take_irq(&pages_lock);
    if (INGOT_SHADOW)
        shadow_close((const void *)(uintptr_t)start, end - start, SHADOW_PAGE);
    add_span(start, end);
    lock_give_irq(&pages_lock, flags);
}

COLD void pages_add_regions(const struct handoff_region *region, size_t count, uint32_t type)
{
    /* From the top, so that the allocator's notes begin there and not in low memory. */
    while (count-- > 0)
        if (region[count].type == type)
            pages_add(region[count].start, region[count].end);
}

/* ---- what is there ---- */

COLD void pages_stats(struct pages_stats *out)
{
    uint64_t flags = lock_take_irq(&pages_lock);

    *out = pages.stats;
    for (uint32_t i = 0; i < pages.in_hand; i++)
        count_free(out, (uintptr_t)pages.hand[i], (uintptr_t)pages.hand[i] + PAGE_BYTES, 1);
    for (int zone = 0; zone < PAGES_ZONES; zone++) {
        out->zone[zone].largest = range_largest_in(&free_ranges, zone_start[zone], zone_start[zone + 1]) / PAGE_BYTES;
        out->total += out->zone[zone].total;
        out->free += out->zone[zone].free;
    }
    out->largest = range_largest_in(&free_ranges, 0, UINT64_MAX) / PAGE_BYTES;
    lock_give_irq(&pages_lock, flags);
    out->used = out->total - out->free;
}

COLD bool pages_check(void)
{
    uint64_t flags = lock_take_irq(&pages_lock), free_bytes, total_bytes, own_bytes;
    bool good = range_check(&free_ranges, &free_bytes) && range_check(&spans, &total_bytes)
                && range_check(&own_pages, &own_bytes) && own_bytes == pages.stats.own * PAGE_BYTES;

    for (int zone = 0; good && zone < PAGES_ZONES; zone++) {
        free_bytes -= pages.stats.zone[zone].free * PAGE_BYTES;
        total_bytes -= pages.stats.zone[zone].total * PAGE_BYTES;
    }
    for (uint32_t i = 0; i < pages.in_hand; i++)
        good = good && *pages.hand[i] == mark_of(pages.hand[i], MARK_FREE);
    lock_give_irq(&pages_lock, flags);
    return good && free_bytes == 0 && total_bytes == 0;
}
