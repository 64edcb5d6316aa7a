/* The heap: two-level segregated fit. Free blocks hang in lists by size, 16 lists for each power of two; a bit map of the powers and
 * one of the lists in each say where the next block that is large enough hangs, in a few instructions and however many there are.
 * A block is freed into its neighbours, so two free blocks never touch.
 * Source of the idea: M. Masmano et al., "TLSF: a new dynamic memory allocator for real-time systems" (ECRTS 2004).
 *
 * An area is a run of pages:   struct area | block | block | ... | end mark
 * A block in release builds:   struct block | payload                                  a free one begins its payload with its links
 *            in debug builds:  struct block | struct guard | front zone | payload | back zone   the links lie in the front zone
 * A large block is a run of pages of its own, with the same beginning. */
#define LOG_SUBSYSTEM heap

#include <ingot/heap.h>

#include <stdbool.h>

#include <ingot/error.h>
#include <ingot/lock.h>
#include <ingot/log.h>
#include <ingot/pages.h>
#include <ingot/panic.h>
#include <ingot/string.h>

LOG_SUBSYSTEM_DEFINE(heap);

enum { UNIT = 16 };                              /* block sizes and addresses are multiples of it */
enum { AREA_PAGES = 16 };                        /* what the heap takes at once */
enum { LEVEL_LISTS = 16, LEVELS = 10 };          /* level 0: one list a size below 16 units; then 16 lists a power of two */
#define BYTES_MAX (1ull << 43)                   /* a large block counts its pages in 32 bits */

struct block {
    uint32_t mark;                               /* kind ^ address: first, since that is where writing past a block's end begins */
    uint32_t units;                              /* of the whole block; a large one: its pages; the end mark: 0 */
    uint32_t units_before;                       /* of the block right below; 0: first of its area */
    int32_t site;                                /* who allocated it, or freed it if it is free: distance from malloc */
};

struct guard {
    uint64_t bytes;                              /* as asked for */
    int32_t site;                                /* who allocated it: stays when it is freed */
    int32_t unused;
};

struct links {
    struct block *next, *previous;               /* previous NULL: the list's head points here */
};

struct area {
    struct area *next, *previous;
    uint64_t pages, unused;
};
_Static_assert(sizeof(struct block) == UNIT && sizeof(struct links) == UNIT && sizeof(struct guard) == UNIT, "a unit each");
_Static_assert(sizeof(struct area) % UNIT == 0, "the first block is aligned");

enum {
    LINKS_OFFSET   = sizeof(struct block) + (INGOT_DEBUG ? sizeof(struct guard) : 0),
    PAYLOAD_OFFSET = sizeof(struct block) + (INGOT_DEBUG ? sizeof(struct guard) + UNIT : 0),
    BACK_BYTES     = INGOT_DEBUG ? UNIT : 0,
    UNITS_MIN      = (LINKS_OFFSET + sizeof(struct links)) / UNIT,
};
enum kind { KIND_USED = 0x5ed0b10c, KIND_FREE = 0x46ee1f0d, KIND_LARGE = 0x1a46e2b7, KIND_END = 0x0e9dd37a };
enum fill { FILL_NEW = 0xa5, FILL_FREE = 0xde, FILL_ZONE = 0xfb };

static struct {
    struct lock lock;
    uint32_t levels;                             /* bit: this level has a list that is not empty */
    uint32_t lists[LEVELS];                      /* bit: this list is not empty */
    struct block *list[LEVELS][LEVEL_LISTS];
    struct area *areas;
    struct area *idle;                           /* the one area that is kept although nothing in it is used */
    struct heap_stats stats;
    _Atomic bool told;                           /* of a request beyond all bounds */
} heap = { .lock = LOCK("heap") };

/* ---- blocks ---- */

static uint32_t mark_of(const struct block *block, enum kind kind) { return kind ^ (uint32_t)((uintptr_t)block / UNIT); }
static bool is(const struct block *block, enum kind kind) { return block->mark == mark_of(block, kind); }
static struct block *above(struct block *block) { return block + block->units; }
static struct block *below(struct block *block) { return block - block->units_before; }
static struct links *links(struct block *block) { return (struct links *)((char *)block + LINKS_OFFSET); }
static struct guard *guard(struct block *block) { return (struct guard *)(block + 1); }
static uint8_t *payload(struct block *block) { return (uint8_t *)block + PAYLOAD_OFFSET; }
static struct block *block_of(void *memory) { return (struct block *)((char *)memory - PAYLOAD_OFFSET); }

static int32_t site_of(const void *caller) { return (int32_t)((uintptr_t)caller - (uintptr_t)malloc); }
static const void *caller_of(int32_t site) { return (const void *)((uintptr_t)malloc + (uintptr_t)(intptr_t)site); }

static void block_set(struct block *block, enum kind kind, uint32_t units)
{
    block->mark = mark_of(block, kind);
    block->units = units;
}

static uint8_t *block_end(struct block *block)
{
    if (is(block, KIND_LARGE))
        return (uint8_t *)((uintptr_t)block & ~(uintptr_t)(PAGE_BYTES - 1)) + (uint64_t)block->units * PAGE_BYTES;
    return (uint8_t *)above(block);
}

/* ---- debug builds: zones and fillings ---- */

static _Noreturn __attribute__((cold)) void zone_broken(struct block *block, const uint8_t *byte)
{
    panic_code("HEAP", "block %p of %llu bytes, allocated by %p: byte %lld was overwritten with %#x", (void *)payload(block),
               (unsigned long long)guard(block)->bytes, caller_of(guard(block)->site), (long long)(byte - payload(block)), *byte);
}

static void guard_set(struct block *block, size_t bytes, const void *caller)
{
    guard(block)->bytes = bytes;
    guard(block)->site = site_of(caller);
    memset(payload(block) - UNIT, FILL_ZONE, UNIT);
    memset(payload(block) + bytes, FILL_ZONE, (size_t)(block_end(block) - payload(block)) - bytes);
}

/* The first byte of both zones that is not as it was, or NULL. */
static const uint8_t *zone_fault(struct block *block)
{
    const uint8_t *start = payload(block), *end = block_end(block);

    for (const uint8_t *byte = start - 1; byte >= start - UNIT; byte--)
        if (*byte != FILL_ZONE)
            return byte;
    if (guard(block)->bytes > (size_t)(end - start) - BACK_BYTES)
        return (const uint8_t *)guard(block);
    for (const uint8_t *byte = start + guard(block)->bytes; byte < end; byte++)
        if (*byte != FILL_ZONE)
            return byte;
    return NULL;
}

static void guard_check(struct block *block)
{
    const uint8_t *fault = zone_fault(block);

    if (fault)
        zone_broken(block, fault);
}

/* The first byte of a free block that was written to, or NULL. What begins a unit with the mark of a free block was one, and was merged:
 * it stays, so that a second free of it is recognised. */
static const uint8_t *fill_fault(struct block *block)
{
    const uint8_t *end = block_end(block);

    for (const uint8_t *byte = payload(block); byte < end; byte++) {
        const struct block *merged = (const struct block *)byte;

        if ((uintptr_t)byte % UNIT == 0 && is(merged, KIND_FREE))
            byte += LINKS_OFFSET + sizeof(struct links) - 1;
        else if (*byte != FILL_FREE)
            return byte;
    }
    return NULL;
}

static void fill_check(struct block *block)
{
    const uint8_t *fault = fill_fault(block);

    if (fault)
        panic_code("HEAP", "%p was written to while it was free: it holds %#x, in the block %p, freed by %p", (const void *)fault, *fault,
                   (void *)payload(block), caller_of(block->site));
}

/* ---- lists ---- */

struct place {
    uint32_t level, list;
};

/* The list for blocks of this size. Each holds sizes from its own up to the next list's. */
static struct place place_of(uint32_t units)
{
    uint32_t power = units < LEVEL_LISTS ? 0 : 31u - (uint32_t)__builtin_clz(units) - 4;

    if (units < LEVEL_LISTS)
        return (struct place){ 0, units };
    return (struct place){ power + 1, (units >> power) & (LEVEL_LISTS - 1) };
}

/* The least size from which on every block of a list is large enough for units. */
static uint32_t list_units(uint32_t units)
{
    if (units < LEVEL_LISTS)
        return units;
    return units + (1u << (31u - (uint32_t)__builtin_clz(units) - 4)) - 1;
}

static void list_put(struct block *block)
{
    struct place place = place_of(block->units);
    struct block **head = &heap.list[place.level][place.list];

    *links(block) = (struct links){ .next = *head };
    if (*head)
        links(*head)->previous = block;
    *head = block;
    heap.lists[place.level] |= 1u << place.list;
    heap.levels |= 1u << place.level;
}

static void list_take(struct block *block)
{
    struct place place = place_of(block->units);
    struct links *own = links(block);

    if (own->next)
        links(own->next)->previous = own->previous;
    if (own->previous) {
        links(own->previous)->next = own->next;
        return;
    }
    heap.list[place.level][place.list] = own->next;
    if (own->next)
        return;
    heap.lists[place.level] &= ~(1u << place.list);
    if (!heap.lists[place.level])
        heap.levels &= ~(1u << place.level);
}

/* A free block of at least units, or NULL. */
static struct block *list_find(uint32_t units)
{
    struct place place = place_of(list_units(units));
    uint32_t lists, levels;

    if (place.level >= LEVELS)
        return NULL;
    lists = heap.lists[place.level] & ~0u << place.list;
    if (!lists) {
        levels = heap.levels & ~0u << place.level & ~(1u << place.level);
        if (!levels)
            return NULL;
        place.level = (uint32_t)__builtin_ctz(levels);
        lists = heap.lists[place.level];
    }
    return heap.list[place.level][__builtin_ctz(lists)];
}

/* ---- taking and giving blocks, under the lock ---- */

static _Noreturn __attribute__((cold)) void header_broken(struct block *block, struct block *neighbour)
{
    panic_code("HEAP", "the header at %p was overwritten: look at who writes past the end of %p, allocated by %p", (void *)block,
               (void *)payload(neighbour), caller_of(neighbour->site));
}

static void check_neighbours(struct block *block)
{
    struct block *next = above(block), *before = below(block);

    if ((!is(next, KIND_USED) && !is(next, KIND_FREE) && !is(next, KIND_END)) || next->units_before != block->units)
        header_broken(next, block);
    if (block->units_before && ((!is(before, KIND_USED) && !is(before, KIND_FREE)) || before->units != block->units_before))
        header_broken(before, block);
}

/* Cuts block to units; what is left, if it can be a block, becomes a free one. The block above is not free. */
static void split(struct block *block, uint32_t units)
{
    uint32_t rest_units = block->units - units;
    struct block *rest = block + units;

    if (rest_units < UNITS_MIN)
        return;
    above(block)->units_before = rest_units;
    block->units = units;
    block_set(rest, KIND_FREE, rest_units);
    rest->units_before = units;
    rest->site = 0;
    list_put(rest);
}

/* Joins a block with the one above it, which is in no list. */
static void join(struct block *block)
{
    block->units += above(block)->units;
    above(block)->units_before = block->units;
}

static struct area *area_if_whole(struct block *block)
{
    return block->units_before == 0 && above(block)->units == 0 ? (struct area *)block - 1 : NULL;
}

/* Leaves so many units at the start of a free block as one of its own, so that the rest's payload is aligned. */
static struct block *leave_gap(struct block *block, size_t alignment)
{
    uintptr_t start = (uintptr_t)payload(block), at = (start + alignment - 1) & ~(alignment - 1);
    uint32_t units = block->units, gap_units;
    struct block *rest;

    while (at != start && at - start < UNITS_MIN * UNIT)
        at += alignment;
    if (at == start)
        return block;
    gap_units = (uint32_t)((at - start) / UNIT);
    rest = block + gap_units;
    block->units = gap_units;
    block_set(rest, KIND_FREE, units - gap_units);
    rest->units_before = gap_units;
    above(rest)->units_before = rest->units;
    list_put(block);
    return rest;
}

static void count_used(int64_t blocks, int64_t bytes)
{
    heap.stats.blocks += (uint64_t)blocks;
    heap.stats.bytes += (uint64_t)bytes;
    if (heap.stats.bytes > heap.stats.bytes_peak)
        heap.stats.bytes_peak = heap.stats.bytes;
}

/* How many units to look for, so that units can be cut out with their payload aligned. */
static uint32_t units_with_gap(uint32_t units, size_t alignment)
{
    return alignment > UNIT ? units + (uint32_t)(alignment / UNIT) + UNITS_MIN : units;
}

static struct block *take(uint32_t units, size_t alignment)
{
    struct block *block = list_find(units_with_gap(units, alignment));

    if (!block)
        return NULL;
    list_take(block);
    if (heap.idle && heap.idle == area_if_whole(block))
        heap.idle = NULL;
    if (alignment > UNIT)
        block = leave_gap(block, alignment);
    split(block, units);
    block->mark = mark_of(block, KIND_USED);
    count_used(1, (int64_t)block->units * UNIT);
    return block;
}

/* Merges a block that was freed with its neighbours. Returns its area when that is to go back to the page allocator. */
static struct area *give(struct block *block)
{
    struct area *area;

    block->mark = mark_of(block, KIND_FREE);
    if (is(above(block), KIND_FREE)) {
        list_take(above(block));
        join(block);
    }
    if (block->units_before && is(below(block), KIND_FREE)) {
        block = below(block);
        list_take(block);
        join(block);
    }
    area = area_if_whole(block);
    if (area && heap.idle)
        return area;
    if (area)
        heap.idle = area;
    list_put(block);
    return NULL;
}

/* ---- areas ---- */

static void area_add(struct area *area, size_t page_count)
{
    struct block *block = (struct block *)(area + 1);
    uint32_t units = (uint32_t)((page_count * PAGE_BYTES - sizeof *area) / UNIT - 1);

    if (INGOT_DEBUG)
        memset(block, FILL_FREE, page_count * PAGE_BYTES - sizeof *area);
    *area = (struct area){ .next = heap.areas, .pages = page_count };
    if (heap.areas)
        heap.areas->previous = area;
    heap.areas = area;
    heap.stats.pages += page_count;
    *block = (struct block){ .units = units };
    block_set(above(block), KIND_END, 0);
    above(block)->units_before = units;
    block->mark = mark_of(block, KIND_FREE);
    list_put(block);
}

static void area_remove(struct area *area)
{
    if (area->next)
        area->next->previous = area->previous;
    if (area->previous)
        area->previous->next = area->next;
    else
        heap.areas = area->next;
    heap.stats.pages -= area->pages;
}

/* Gets an area of the usual size, or, when memory is short, one just large enough, and takes a block there. NULL without memory. */
static struct block *take_from_new_area(uint32_t units, size_t alignment)
{
    size_t units_needed = list_units(units_with_gap(units, alignment)) + 1;       /* and the end mark */
    size_t pages_needed = (units_needed * UNIT + sizeof(struct area) + PAGE_BYTES - 1) / PAGE_BYTES;
    size_t page_count = pages_needed > AREA_PAGES ? pages_needed : AREA_PAGES;
    struct area *area = pages_alloc(page_count, 0, PAGES_ANYWHERE);
    struct block *block;
    uint64_t flags;

    if (!area && pages_needed < page_count)
        area = pages_alloc(page_count = pages_needed, 0, PAGES_ANYWHERE);
    if (!area)
        return NULL;
    flags = lock_take_irq(&heap.lock);
    area_add(area, page_count);
    block = take(units, alignment);
    lock_give_irq(&heap.lock, flags);
    return block;
}

/* ---- large blocks ---- */

static void count_large(int64_t blocks, int64_t page_count)
{
    uint64_t flags = lock_take_irq(&heap.lock);

    count_used(blocks, page_count * PAGE_BYTES);
    heap.stats.pages += (uint64_t)page_count;
    lock_give_irq(&heap.lock, flags);
}

/* The header ends right below the payload, in the first page. Whole pages that only served the alignment go back at once. */
static struct block *large_take(size_t bytes, size_t alignment)
{
    size_t lead = alignment > PAYLOAD_OFFSET ? alignment : PAYLOAD_OFFSET, unused = lead > PAGE_BYTES ? lead / PAGE_BYTES - 1 : 0;
    size_t page_count = (lead + bytes + BACK_BYTES + PAGE_BYTES - 1) / PAGE_BYTES;
    char *base = pages_alloc(page_count, alignment, PAGES_ANYWHERE);
    struct block *block;

    if (!base)
        return NULL;
    pages_free(base, unused);
    block = block_of(base + lead);
    page_count -= unused;
    block_set(block, KIND_LARGE, (uint32_t)page_count);
    count_large(1, (int64_t)page_count);
    return block;
}

static char *large_base(struct block *block) { return (char *)((uintptr_t)block & ~(uintptr_t)(PAGE_BYTES - 1)); }

static void large_give(struct block *block)
{
    uint32_t page_count = block->units;

    block->mark = mark_of(block, KIND_FREE);
    count_large(-1, -(int64_t)page_count);
    pages_free(large_base(block), page_count);
}

/* ---- allocate ---- */

static uint32_t units_for(size_t bytes)
{
    size_t units = (PAYLOAD_OFFSET + bytes + BACK_BYTES + UNIT - 1) / UNIT;

    return units < UNITS_MIN ? UNITS_MIN : (uint32_t)units;
}

static struct block *small_take(size_t bytes, size_t alignment)
{
    uint32_t units = units_for(bytes);
    uint64_t flags = lock_take_irq(&heap.lock);
    struct block *block = take(units, alignment);

    lock_give_irq(&heap.lock, flags);
    return block ? block : take_from_new_area(units, alignment);
}

/* The page allocator has told its own failures. */
static __attribute__((cold)) void *failed(size_t bytes, const void *caller)
{
    uint64_t flags = lock_take_irq(&heap.lock);

    heap.stats.failed++;
    lock_give_irq(&heap.lock, flags);
    if (bytes > BYTES_MAX && !atomic_exchange_explicit(&heap.told, true, memory_order_relaxed))
        log_warn("%p asked for %zu bytes, more than the heap ever gives; told once", caller, bytes);
    return NULL;
}

static inline void *allocate(size_t bytes, size_t alignment, const void *caller)
{
    struct block *block = NULL;

    if (bytes == 0)
        return NULL;
    if (bytes < HEAP_LARGE_BYTES && alignment <= PAGE_BYTES)
        block = small_take(bytes, alignment);
    else if (bytes <= BYTES_MAX && alignment <= BYTES_MAX)
        block = large_take(bytes, alignment);
    if (!block)
        return failed(bytes, caller);
    block->site = site_of(caller);
    if (INGOT_DEBUG) {
        if (is(block, KIND_USED))
            fill_check(block);
        memset(payload(block), FILL_NEW, bytes);
        guard_set(block, bytes, caller);
    }
    return payload(block);
}

void *malloc(size_t bytes) { return allocate(bytes, UNIT, __builtin_return_address(0)); }

void *aligned_alloc(size_t alignment, size_t bytes)
{
    if (alignment == 0 || (alignment & (alignment - 1)) != 0)
        return NULL;
    return allocate(bytes, alignment > UNIT ? alignment : UNIT, __builtin_return_address(0));
}

void *calloc(size_t count, size_t bytes)
{
    size_t total;
    void *memory;

    if (__builtin_mul_overflow(count, bytes, &total))
        total = SIZE_MAX;
    memory = allocate(total, UNIT, __builtin_return_address(0));
    return memory ? memset(memory, 0, total) : NULL;
}

/* ---- free ---- */

static _Noreturn __attribute__((cold)) void not_a_block(struct block *block, const void *caller)
{
    void *memory = payload(block);

    if ((uintptr_t)memory % UNIT == 0 && is(block, KIND_FREE) && INGOT_DEBUG)
        panic_code("HEAP", "%p frees %p, allocated by %p, which %p has freed already", caller, memory, caller_of(guard(block)->site),
                   caller_of(block->site));
    if ((uintptr_t)memory % UNIT == 0 && is(block, KIND_FREE))
        panic_code("HEAP", "%p frees %p, which %p has freed already", caller, memory, caller_of(block->site));
    panic_code("HEAP", "%p frees %p, which is no block of the heap, or its header was overwritten", caller, memory);
}

/* The block whose payload begins at memory. Its header is ours to read: it changes only by who owns the block. */
static struct block *checked(void *memory, const void *caller)
{
    struct block *block = block_of(memory);

    if ((uintptr_t)memory % UNIT != 0 || (!is(block, KIND_USED) && !is(block, KIND_LARGE)))
        not_a_block(block, caller);
    if (INGOT_DEBUG)
        guard_check(block);
    return block;
}

static void small_give(struct block *block)
{
    struct area *unused;
    uint64_t flags = lock_take_irq(&heap.lock);

    check_neighbours(block);
    count_used(-1, -(int64_t)block->units * UNIT);
    unused = give(block);
    if (unused)
        area_remove(unused);
    lock_give_irq(&heap.lock, flags);
    if (unused)
        pages_free(unused, unused->pages);
}

static void release(struct block *block, const void *caller)
{
    block->site = site_of(caller);
    if (is(block, KIND_LARGE)) {
        large_give(block);
        return;
    }
    if (INGOT_DEBUG)
        memset(payload(block), FILL_FREE, (size_t)(block_end(block) - payload(block)));
    small_give(block);
}

void free(void *memory)
{
    const void *caller = __builtin_return_address(0);

    if (memory)
        release(checked(memory, caller), caller);
}

/* ---- change of size ---- */

static bool large_resize(struct block *block, size_t bytes)
{
    uint64_t end = (uintptr_t)payload(block) + bytes + BACK_BYTES - (uintptr_t)large_base(block);
    uint64_t page_count = (end + PAGE_BYTES - 1) / PAGE_BYTES, held = block->units;

    if (page_count > held)
        return false;
    block->units = (uint32_t)page_count;
    count_large(0, (int64_t)page_count - (int64_t)held);
    pages_free(large_base(block) + page_count * PAGE_BYTES, held - page_count);
    return true;
}

/* Into the free block above, or out of what is no longer wanted. Under the lock. */
static bool small_resize(struct block *block, uint32_t units)
{
    uint32_t units_before = block->units;
    struct block *next = above(block);

    check_neighbours(block);
    if (is(next, KIND_FREE) && block->units + next->units >= units) {
        list_take(next);
        join(block);
    }
    if (block->units < units)
        return false;
    if (INGOT_DEBUG && units < units_before)
        memset(block + units, FILL_FREE, (units_before - units) * UNIT);
    split(block, units);
    count_used(0, ((int64_t)block->units - (int64_t)units_before) * UNIT);
    return true;
}

static bool resize(struct block *block, size_t bytes)
{
    uint64_t flags;
    bool done;

    if (bytes > BYTES_MAX)
        return false;
    if (is(block, KIND_LARGE))
        return large_resize(block, bytes);
    if (bytes >= HEAP_LARGE_BYTES)
        return false;
    flags = lock_take_irq(&heap.lock);
    done = small_resize(block, units_for(bytes));
    lock_give_irq(&heap.lock, flags);
    return done;
}

static size_t bytes_in(struct block *block)
{
    return INGOT_DEBUG ? guard(block)->bytes : (size_t)(block_end(block) - payload(block));
}

void *realloc(void *memory, size_t bytes)
{
    const void *caller = __builtin_return_address(0);
    struct block *block;
    size_t held;
    void *moved;

    if (!memory)
        return allocate(bytes, UNIT, caller);
    block = checked(memory, caller);
    held = bytes_in(block);
    if (bytes && resize(block, bytes)) {
        if (INGOT_DEBUG)
            guard_set(block, bytes, caller);
        return memory;
    }
    moved = allocate(bytes, UNIT, caller);
    if (moved)
        memcpy(moved, memory, held < bytes ? held : bytes);
    if (moved || bytes == 0)
        release(block, caller);
    return moved;
}

/* ---- what is there ---- */

void heap_stats(struct heap_stats *out)
{
    uint64_t flags = lock_take_irq(&heap.lock);

    *out = heap.stats;
    lock_give_irq(&heap.lock, flags);
}

struct finding {
    const char *what;                            /* NULL: nothing wrong */
    const void *where;
    int32_t site;                                /* who allocated or freed the block */
    uint64_t free_blocks;
};

static void check_block(struct block *block, struct finding *found)
{
    const struct block *next = above(block);
    bool free_one = is(block, KIND_FREE);

    found->where = block;
    found->site = block->site;
    found->free_blocks += free_one;
    if (!free_one && !is(block, KIND_USED))
        found->what = "this header was overwritten";
    else if (block->units < UNITS_MIN || next->units_before != block->units)
        found->what = "the sizes in this header and in the next one do not agree";
    else if (free_one && is(next, KIND_FREE))
        found->what = "this free block was not merged with the next one";
    else if (INGOT_DEBUG && !free_one && (found->where = zone_fault(block)) != NULL)
        found->what = "this byte, outside its block, was overwritten";
    else if (INGOT_DEBUG && free_one && (found->where = fill_fault(block)) != NULL)
        found->what = "this byte in a free block was overwritten";
}

static void check_area(struct area *area, struct finding *found)
{
    struct block *block = (struct block *)(area + 1);
    const char *end = (const char *)area + area->pages * PAGE_BYTES;

    while (!found->what && !is(block, KIND_END)) {
        check_block(block, found);
        if (!found->what && (const char *)(above(block) + 1) > end)
            found->what = "this block reaches beyond its area";
        block = above(block);
    }
}

static void check_lists(struct finding *found)
{
    for (uint32_t i = 0; i < LEVELS * LEVEL_LISTS && !found->what; i++) {
        struct block *block = heap.list[i / LEVEL_LISTS][i % LEVEL_LISTS];

        found->where = block;
        if (!block != !(heap.lists[i / LEVEL_LISTS] >> i % LEVEL_LISTS & 1))
            found->what = "the bit map and the list of this block do not agree";
        for (; block && !found->what; block = links(block)->next) {
            struct place place = place_of(block->units);

            found->where = block;
            if (!is(block, KIND_FREE) || place.level != i / LEVEL_LISTS || place.list != i % LEVEL_LISTS || !found->free_blocks--)
                found->what = "this block hangs in a list where it does not belong";
        }
    }
    if (!found->what && found->free_blocks)
        found->what = "a free block is missing from the lists";
}

int heap_check(void)
{
    struct finding found = { 0 };
    uint64_t flags = lock_take_irq(&heap.lock);

    for (struct area *area = heap.areas; area && !found.what; area = area->next)
        check_area(area, &found);
    if (!found.what)
        check_lists(&found);
    lock_give_irq(&heap.lock, flags);
    if (!found.what)
        return 0;
    log_error("heap_check: %s: %p; block last allocated or freed by %p", found.what, found.where, caller_of(found.site));
    return ERR_BAD_DATA;
}
