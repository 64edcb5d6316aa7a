/* Allocators under load, with what was written looked at again, while a timer's handler allocates too. */
#include "selftest.h"

#include <ingot/heap.h>
#include <ingot/pages.h>
#include <ingot/string.h>
#include <ingot/time.h>
#include <ingot/timer.h>

struct block {
    uint64_t *at;
    uint32_t words;
    uint64_t seed;
};

static void fill(const struct block *block)
{
    for (uint32_t i = 0; i < block->words; i++)
        block->at[i] = block->seed + i;
}

static bool is_intact(const struct block *block, uint32_t words)
{
    for (uint32_t i = 0; i < words; i++)
        if (block->at[i] != block->seed + i)
            return false;
    return true;
}

static volatile uint32_t in_handler, failed_in_handler;

static IRQ_HANDLER void allocate_in_handler(struct timer *timer)
{
    static struct block kept;

    (void)timer;
    in_handler++;
    if (kept.at) {
        failed_in_handler += !is_intact(&kept, kept.words);
        free(kept.at);
        kept.at = NULL;
    } else {
        kept = (struct block){ malloc(256), 32, in_handler };
        if (kept.at)
            fill(&kept);
    }
}

static uint32_t random_bytes(void)
{
    uint32_t kind = random_below(100);

    return kind < 80 ? 8 + random_below(248) : kind < 99 ? 256 + random_below(3840) : 4096 + random_below(90000);
}

static bool heap_step(struct block *block, uint64_t seed)
{
    if (!block->at) {
        block->words = random_bytes() / 8;
        block->at = malloc(block->words * 8);
    } else if (!is_intact(block, block->words)) {
        return false;
    } else if (seed % 8 == 0) {
        uint32_t before = block->words;
        uint64_t *moved;

        block->words = random_bytes() / 8;
        moved = realloc(block->at, block->words * 8);
        if (!moved)
            return false;
        block->at = moved;
        if (!is_intact(block, before < block->words ? before : block->words))
            return false;
    } else {
        free(block->at);
        block->at = NULL;
        return true;
    }
    block->seed = seed;
    if (block->at)
        fill(block);
    return true;
}

static enum verdict heap(char *figures)
{
    enum { BLOCKS = 4096 };
    static struct block blocks[BLOCKS];
    static struct timer timer = { .handler = allocate_in_handler };
    struct heap_stats before, peak, after;

    heap_stats(&before);
    timer_arm(&timer, time_ns(), 200000);
    for (uint64_t i = 1; i <= operations; i++)
        if (!heap_step(&blocks[random_below(BLOCKS)], i * 0x9e3779b97f4a7c15))
            return SAY(FAILED, "operation %llu: a block does not hold what was written", (unsigned long long)i);
    heap_stats(&peak);
    MUST(heap_check() == 0);
    for (unsigned i = 0; i < BLOCKS; i++) {
        MUST(!blocks[i].at || is_intact(&blocks[i], blocks[i].words));
        free(blocks[i].at);
    }
    timer_cancel(&timer);
    if (in_handler % 2)
        allocate_in_handler(&timer);
    heap_stats(&after);
    MUST(failed_in_handler == 0 && after.blocks == before.blocks && after.bytes == before.bytes && heap_check() == 0);
    return SAY(OK, "%llu operations and %u in interrupts, contents held, up to %llu KiB; nothing is left over",
               (unsigned long long)operations, in_handler, (unsigned long long)(peak.bytes_peak >> 10));
}

static bool pages_step(struct block *block, uint64_t seed)
{
    static const uint64_t limits[] = { PAGES_ANYWHERE, PAGES_ANYWHERE, PAGES_ANYWHERE, PAGES_BELOW_4G };
    enum { PAGE_WORDS = PAGE_BYTES / 8 };
    uint32_t pages = block->words / PAGE_WORDS;
    uint64_t limit = limits[random_below(4)], alignment = random_below(8) ? 0 : PAGE_BYTES << random_below(4);

    if (block->at) {
        for (uint32_t page = 0; page < pages; page++)
            if (block->at[page * PAGE_WORDS] != block->seed + page)
                return false;
        pages_free(block->at, pages);
        block->at = NULL;
        return true;
    }
    pages = random_below(4) ? 1 : 1 + random_below(32);
    block->at = pages_alloc(pages, alignment, limit);
    block->words = pages * PAGE_WORDS;
    block->seed = seed;
    if (block->at && ((alignment && (uint64_t)block->at % alignment) || (uint64_t)block->at + pages * PAGE_BYTES > limit))
        return false;
    for (uint32_t page = 0; block->at && page < pages; page++)
        block->at[page * PAGE_WORDS] = seed + page;
    return true;
}

static enum verdict pages(char *figures)
{
    enum { BLOCKS = 1024 };
    static struct block blocks[BLOCKS];
    struct pages_stats before, peak, after;

    pages_stats(&before);
    for (uint64_t i = 1; i <= operations; i++)
        if (!pages_step(&blocks[random_below(BLOCKS)], i * 0x9e3779b97f4a7c15))
            return SAY(FAILED, "operation %llu: a block does not hold what was written, or lies wrongly", (unsigned long long)i);
    pages_stats(&peak);
    for (unsigned i = 0; i < BLOCKS; i++)
        if (blocks[i].at)
            pages_free(blocks[i].at, blocks[i].words / (PAGE_BYTES / 8));
    pages_stats(&after);
    MUST(after.used - after.own == before.used - before.own && after.total == before.total);
    return SAY(OK, "%llu operations, contents held, %llu pages in use at the end of them, %llu free again", (unsigned long long)operations,
               (unsigned long long)(peak.used - before.used), (unsigned long long)after.free);
}

/* All that there is, then nothing, then all again. */
static enum verdict exhaustion(char *figures)
{
    struct pages_stats before, empty, after;
    void *list = NULL, *page;
    uint64_t count = 0;

    pages_stats(&before);
    while ((page = pages_alloc(1, 0, PAGES_ANYWHERE))) {
        *(void **)page = list;
        list = page;
        count++;
    }
    pages_stats(&empty);
    MUST(empty.free == 0 && empty.failed == before.failed + 1);
    MUST(malloc(1 << 20) == NULL && pages_alloc(1, 0, PAGES_BELOW_4G) == NULL);
    for (; list; list = page) {
        page = *(void **)list;
        pages_free(list, 1);
    }
    pages_stats(&after);
    page = malloc(1 << 20);
    MUST(page && after.free + after.own >= before.free);
    free(page);
    return SAY(OK, "%llu pages taken and given back; NULL in between", (unsigned long long)count);
}

const struct check memory_checks[] = { { "heap-stress", heap }, { "pages-stress", pages }, { "pages-exhausted", exhaustion }, { 0 } };
