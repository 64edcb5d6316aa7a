/* The heap: two-level segregated fit. Free blocks hang in lists by size, 16 lists for each power of two; a bit map of the
 * powers and one of the lists in each say where the next block that is large enough hangs, in a few instructions and however
 * many there are. A block is freed into its neighbours, so two free blocks never touch. In front of that, release builds keep a
 * few freed blocks of each small size as they are: most of what is freed is soon asked for again. Source of the idea: M.
 * Masmano et al., "TLSF: a new dynamic memory allocator for real-time systems" (ECRTS 2004).
 *
 * An area is a run of pages:  struct area | block | block | ... | end mark  (core/heap_block.h has a block's layout).
 * A large block is a run of pages of its own that begins like any block. */
#define LOG_SUBSYSTEM heap

#include <ingot/heap.h>

#include <ingot/error.h>
#include <ingot/lock.h>
#include <ingot/log.h>
#include <ingot/pages.h>
#include <ingot/panic.h>
#include <ingot/string.h>

#include "core/heap_block.h"
#include "core/shadow.h"

LOG_SUBSYSTEM_DEFINE(heap);

enum { AREA_PAGES = 16 };                        /* what the heap takes at once */
enum { LEVEL_LISTS = 16, LEVELS = 9 };           /* level 0: one list a size below 16 units; then 16 lists a power of two */
enum { KEPT_UNITS = 33, KEPT_MAX = 8 };          /* blocks of up to 512 bytes; so many of each size */
enum { DELAYED = 64 };                           /* SAN=address: blocks that wait to be freed */
#define BYTES_MAX (1ull << 42)                   /* a large block counts its pages in 32 bits */

struct area {
    struct area *next, *previous;
    uint64_t pages, unused;
};
_Static_assert(sizeof(struct area) % HEAP_UNIT == 0, "the first block is aligned");
_Static_assert(AREA_PAGES * PAGE_BYTES / HEAP_UNIT <= LEVEL_LISTS << (LEVELS - 1), "a whole area fits the last level");

static struct lock heap_lock = LOCK("heap");
static struct {
    uint32_t levels;                             /* bit: this level has a list that is not empty */
    uint32_t lists[LEVELS];                      /* bit: this list is not empty */
    struct block *list[LEVELS][LEVEL_LISTS];
    struct block *kept[KEPT_UNITS + 1];          /* by units */
    uint8_t kept_count[KEPT_UNITS + 1];
    struct area *areas;
    struct area *idle;                           /* the one area that is kept although nothing in it is used */
    struct heap_stats stats;
    _Atomic bool told;                           /* of a request beyond all bounds */
} heap;

static void block_set(struct block *block, enum kind kind, uint32_t units)
{
    block->mark = mark_of(block, kind);
    block->units = units;
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

/* A size from whose list on every block is large enough for units. */
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

static bool is_neighbour(const struct block *block)
{
    enum kind kind = kind_of(block);

    return kind == KIND_USED || kind == KIND_FREE || kind == KIND_KEPT || kind == KIND_END;
}

static void check_above(struct block *block)
{
    struct block *next = above(block);

    if (next->units_before != block->units || !is_neighbour(next))
        header_broken(next, block);
}

static void check_below(struct block *block)
{
    struct block *before = below(block);

    if (block->units_before && (before->units != block->units_before || !is_neighbour(before)))
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
    struct block *gone = above(block);

    block->units += gone->units;
    above(block)->units_before = block->units;
    if (INGOT_DEBUG)
        guard_bury(gone);
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

    while (at != start && at - start < UNITS_MIN * HEAP_UNIT)
        at += alignment;
    if (at == start)
        return block;
    gap_units = (uint32_t)((at - start) / HEAP_UNIT);
    rest = block + gap_units;
    block->units = gap_units;
    block_set(rest, KIND_FREE, units - gap_units);
    rest->units_before = gap_units;
    above(rest)->units_before = rest->units;
    list_put(block);
    return rest;
}

static void count_bytes(uint64_t more)
{
    heap.stats.bytes += more;
    if (heap.stats.bytes > heap.stats.bytes_peak)
        heap.stats.bytes_peak = heap.stats.bytes;
}

struct request {
    size_t bytes, alignment;                     /* alignment at least HEAP_UNIT */
    const void *caller;
};

static uint32_t units_for(size_t bytes)
{
    size_t units = (PAYLOAD_OFFSET + bytes + BACK_BYTES + HEAP_UNIT - 1) / HEAP_UNIT;

    return units < UNITS_MIN ? UNITS_MIN : (uint32_t)units;
}

/* How many units to look for, so that the block can be cut out with its payload aligned. */
static uint32_t units_with_gap(const struct request *request)
{
    uint32_t units = units_for(request->bytes);

    return request->alignment > HEAP_UNIT ? units + (uint32_t)(request->alignment / HEAP_UNIT) + UNITS_MIN : units;
}

static void hand_over(struct block *block, const struct request *request)
{
    if (INGOT_DEBUG) {
        memset(payload(block), FILL_NEW, request->bytes);
        guard_set(block, request->bytes, request->caller);
    }
    block->site = site_of(request->caller);
}

static struct block *take(const struct request *request)
{
    struct block *block = list_find(units_with_gap(request));

    if (!block)
        return NULL;
    list_take(block);
    if (heap.idle && heap.idle == area_if_whole(block))
        heap.idle = NULL;
    if (INGOT_DEBUG)
        fill_check(block);
    if (request->alignment > HEAP_UNIT)
        block = leave_gap(block, request->alignment);
    split(block, units_for(request->bytes));
    block->mark = mark_of(block, KIND_USED);
    hand_over(block, request);
    heap.stats.blocks++;
    count_bytes(block->units * HEAP_UNIT);
    return block;
}

/* ---- areas ---- */

static void area_add(struct area *area, size_t page_count)
{
    struct block *block = (struct block *)(area + 1);
    uint32_t units = (uint32_t)((page_count * PAGE_BYTES - sizeof *area) / HEAP_UNIT - 1);

    if (INGOT_DEBUG)
        memset(block, FILL_FREE, page_count * PAGE_BYTES - sizeof *area);
    if (INGOT_SHADOW)
        shadow_close(area, page_count * PAGE_BYTES, SHADOW_HEAP);
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

/* ---- freeing ---- */

/* Merges a block that was freed with its neighbours. Returns its area when that is to go back to the page allocator. */
static struct area *give(struct block *block)
{
    struct area *area;

    check_below(block);
    if (INGOT_DEBUG)
        memset(payload(block), FILL_FREE, (size_t)(block_end(block) - payload(block)));
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
    if (area && heap.idle) {
        area_remove(area);
        return area;
    }
    if (area)
        heap.idle = area;
    list_put(block);
    return NULL;
}

/* ---- blocks that are kept whole ---- */

static struct block *kept_take(const struct request *request)
{
    uint32_t units = units_for(request->bytes);
    struct block *block = units <= KEPT_UNITS ? heap.kept[units] : NULL;

    if (!block)
        return NULL;
    heap.kept[units] = links(block)->next;
    heap.kept_count[units]--;
    block->mark = mark_of(block, KIND_USED);
    hand_over(block, request);
    heap.stats.blocks++;
    count_bytes(units * HEAP_UNIT);
    return block;
}

static bool kept_put(struct block *block)
{
    uint32_t units = block->units;

    if (INGOT_DEBUG || units > KEPT_UNITS || heap.kept_count[units] == KEPT_MAX)
        return false;
    block->mark = mark_of(block, KIND_KEPT);
    links(block)->next = heap.kept[units];
    heap.kept[units] = block;
    heap.kept_count[units]++;
    return true;
}

/* SAN=address: what was freed stays untouched until so many others were, so that who still uses it is caught. Returns the one that has waited
 * long enough, or NULL. */
static struct block *delay(struct block *block)
{
    static struct block *waiting[DELAYED];
    static unsigned next;
    struct block *oldest = waiting[next];

    block->mark = mark_of(block, KIND_KEPT);
    shadow_close(payload(block), (size_t)(block_end(block) - payload(block)), SHADOW_FREED);
    waiting[next++] = block;
    next %= DELAYED;
    return oldest;
}

/* Frees what is kept, one block at a time, so that interrupts are never off for long. */
static void kept_empty(void)
{
    for (uint32_t units = UNITS_MIN; units <= KEPT_UNITS;) {
        uint64_t flags = lock_take_irq(&heap_lock);
        struct block *block = heap.kept[units];
        struct area *unused = NULL;

        if (block) {
            heap.kept[units] = links(block)->next;
            heap.kept_count[units]--;
            unused = give(block);
        }
        lock_give_irq(&heap_lock, flags);
        if (unused)
            pages_free(unused, unused->pages);
        units += !block;
    }
}

/* Gets an area of the usual size, or, when memory is short, one just large enough, and takes a block there. NULL without
 * memory. */
static struct block *take_from_new_area(const struct request *request)
{
    size_t units_needed = list_units(units_with_gap(request)) + 1;                /* and the end mark */
    size_t page_count = AREA_PAGES;
    struct area *area = pages_alloc(page_count, 0, PAGES_ANYWHERE);
    struct block *block;
    uint64_t flags;

    if (!area) {
        page_count = (units_needed * HEAP_UNIT + sizeof *area + PAGE_BYTES - 1) / PAGE_BYTES;
        area = pages_alloc(page_count, 0, PAGES_ANYWHERE);
    }
    if (!area)
        return NULL;
    flags = lock_take_irq(&heap_lock);
    area_add(area, page_count);
    block = take(request);
    lock_give_irq(&heap_lock, flags);
    return block;
}

/* ---- large blocks ---- */

static void count_large(int64_t blocks, int64_t page_count)
{
    uint64_t flags = lock_take_irq(&heap_lock);

    heap.stats.blocks += (uint64_t)blocks;
    count_bytes((uint64_t)page_count * PAGE_BYTES);
    heap.stats.pages += (uint64_t)page_count;
    lock_give_irq(&heap_lock, flags);
}

/* The header ends right below the payload, in the first page. Whole pages that only served the alignment go back at once. */
static __attribute__((noinline)) struct block *large_take(const struct request *request)
{
    size_t lead = (PAYLOAD_OFFSET + request->alignment - 1) & ~(request->alignment - 1);
    size_t unused = lead > PAGE_BYTES ? lead / PAGE_BYTES - 1 : 0;
    size_t page_count = (lead + request->bytes + BACK_BYTES + PAGE_BYTES - 1) / PAGE_BYTES;
    char *base = pages_alloc(page_count, request->alignment, PAGES_ANYWHERE);
    struct block *block;

    if (!base)
        return NULL;
    pages_free(base, unused);
    page_count -= unused;
    block = block_of(base + lead);
    block_set(block, KIND_LARGE, (uint32_t)page_count);
    hand_over(block, request);
    count_large(1, (int64_t)page_count);
    return block;
}

static void large_give(struct block *block, const void *caller)
{
    uint32_t page_count = block->units;

    block->site = site_of(caller);
    block->mark = mark_of(block, KIND_FREE);
    count_large(-1, -(int64_t)page_count);
    pages_free(large_base(block), page_count);
}

/* ---- allocate ---- */

static struct block *small_take(const struct request *request)
{
    uint64_t flags = lock_take_irq(&heap_lock);
    struct block *block = request->alignment == HEAP_UNIT ? kept_take(request) : NULL;

    if (!block)
        block = take(request);
    lock_give_irq(&heap_lock, flags);
    return block;
}

/* When the lists have nothing large enough: what was kept may become it, and then there is more memory. */
static __attribute__((noinline)) struct block *small_take_slowly(const struct request *request)
{
    struct block *block;

    kept_empty();
    block = small_take(request);
    return block ? block : take_from_new_area(request);
}

/* The page allocator has told its own failures. */
static __attribute__((cold)) void *failed(size_t bytes, const void *caller)
{
    uint64_t flags = lock_take_irq(&heap_lock);

    heap.stats.failed++;
    lock_give_irq(&heap_lock, flags);
    if (bytes > BYTES_MAX && !atomic_exchange_explicit(&heap.told, true, memory_order_relaxed))
        log_warn("%p asked for %zu bytes, more than the heap ever gives; told once", caller, bytes);
    return NULL;
}

static void *allocate(size_t bytes, size_t alignment, const void *caller)
{
    struct request request = { .bytes = bytes, .alignment = alignment, .caller = caller };
    struct block *block = NULL;

    if (bytes == 0)
        return NULL;
    if (bytes < HEAP_LARGE_BYTES && alignment <= PAGE_BYTES)
        block = (block = small_take(&request)) ? block : small_take_slowly(&request);
    else if (bytes <= BYTES_MAX && alignment <= BYTES_MAX)
        block = large_take(&request);
    return block ? payload(block) : failed(bytes, caller);
}

void *malloc(size_t bytes) { return allocate(bytes, HEAP_UNIT, __builtin_return_address(0)); }

void *aligned_alloc(size_t alignment, size_t bytes)
{
    if (alignment == 0 || (alignment & (alignment - 1)) != 0)
        return NULL;
    return allocate(bytes, alignment > HEAP_UNIT ? alignment : HEAP_UNIT, __builtin_return_address(0));
}

void *calloc(size_t count, size_t bytes)
{
    size_t total;
    void *memory;

    if (__builtin_mul_overflow(count, bytes, &total))
        total = SIZE_MAX;
    memory = allocate(total, HEAP_UNIT, __builtin_return_address(0));
    return memory ? memset(memory, 0, total) : NULL;
}

/* ---- free ---- */

static _Noreturn __attribute__((cold)) void not_a_block(struct block *block, const void *caller)
{
    void *memory = payload(block);

    if ((uintptr_t)memory % HEAP_UNIT == 0 && (is(block, KIND_FREE) || is(block, KIND_KEPT)) && INGOT_DEBUG)
        panic_code("HEAP", "%p frees %p, allocated by %p, which %p has freed already", caller, memory, guard_allocated_by(block),
                   caller_of(block->site));
    if ((uintptr_t)memory % HEAP_UNIT == 0 && (is(block, KIND_FREE) || is(block, KIND_KEPT)))
        panic_code("HEAP", "%p frees %p, which %p has freed already", caller, memory, caller_of(block->site));
    panic_code("HEAP", "%p frees %p, which is no block of the heap, or its header was overwritten", caller, memory);
}

/* The block whose payload begins at memory. Its header is ours to read: it changes only by who owns the block. */
static struct block *checked(void *memory, const void *caller)
{
    struct block *block = block_of(memory);

    if ((uintptr_t)memory % HEAP_UNIT != 0 || (!is(block, KIND_USED) && !is(block, KIND_LARGE)))
        not_a_block(block, caller);
    if (INGOT_DEBUG)
        guard_check(block);
    return block;
}

static void small_give(struct block *block, const void *caller)
{
    struct area *unused = NULL;
    uint64_t flags = lock_take_irq(&heap_lock);

    check_above(block);
    block->site = site_of(caller);
    heap.stats.blocks--;
    heap.stats.bytes -= block->units * HEAP_UNIT;
    if (INGOT_SHADOW)
        block = delay(block);
    if (block && !kept_put(block))
        unused = give(block);
    lock_give_irq(&heap_lock, flags);
    if (unused)
        pages_free(unused, unused->pages);
}

static void release(struct block *block, const void *caller)
{
    if (is(block, KIND_LARGE))
        large_give(block, caller);
    else
        small_give(block, caller);
}

void free(void *memory)
{
    const void *caller = __builtin_return_address(0);

    if (memory)
        release(checked(memory, caller), caller);
}

/* ---- change of size ---- */

static bool large_resize(struct block *block, const struct request *request)
{
    size_t end = (size_t)(payload(block) - large_base(block)) + request->bytes + BACK_BYTES;
    size_t page_count = (end + PAGE_BYTES - 1) / PAGE_BYTES, held = block->units;

    if (page_count > held)
        return false;
    block->units = (uint32_t)page_count;
    count_large(0, (int64_t)page_count - (int64_t)held);
    pages_free(large_base(block) + page_count * PAGE_BYTES, held - page_count);
    return true;
}

/* Grows into the free block above, or leaves it what is no longer wanted. Under the lock. */
static bool small_resize(struct block *block, const struct request *request)
{
    uint32_t units_before = block->units, units = units_for(request->bytes);
    struct block *next = above(block);

    check_above(block);
    if (units > units_before + (is(next, KIND_FREE) ? next->units : 0))
        return false;
    if (INGOT_DEBUG && units < units_before)
        memset(block + units, FILL_FREE, (units_before - units) * HEAP_UNIT);
    if (is(next, KIND_FREE)) {
        list_take(next);
        join(block);
    }
    split(block, units);
    if (INGOT_DEBUG)
        guard_set(block, request->bytes, request->caller);
    block->site = site_of(request->caller);
    count_bytes((uint64_t)((int64_t)block->units - (int64_t)units_before) * HEAP_UNIT);
    return true;
}

static bool resize(struct block *block, const struct request *request)
{
    uint64_t flags;
    bool done;

    if (is(block, KIND_LARGE) && request->bytes <= BYTES_MAX) {
        done = large_resize(block, request);
        if (INGOT_DEBUG && done)
            guard_set(block, request->bytes, request->caller);
        return done;
    }
    if (is(block, KIND_LARGE) || request->bytes >= HEAP_LARGE_BYTES)
        return false;
    flags = lock_take_irq(&heap_lock);
    done = small_resize(block, request);
    lock_give_irq(&heap_lock, flags);
    return done;
}

static size_t bytes_in(struct block *block)
{
    return INGOT_DEBUG ? guard(block)->bytes : (size_t)(block_end(block) - payload(block));
}

void *realloc(void *memory, size_t bytes)
{
    struct request request = { .bytes = bytes, .alignment = HEAP_UNIT, .caller = __builtin_return_address(0) };
    struct block *block;
    size_t held;
    void *moved;

    if (!memory)
        return allocate(bytes, HEAP_UNIT, request.caller);
    block = checked(memory, request.caller);
    if (bytes && resize(block, &request))
        return memory;
    held = bytes_in(block);
    moved = allocate(bytes, HEAP_UNIT, request.caller);
    if (moved)
        memcpy(moved, memory, held < bytes ? held : bytes);
    if (moved || bytes == 0)
        release(block, request.caller);
    return moved;
}

/* ---- what is there ---- */

void heap_stats(struct heap_stats *out)
{
    uint64_t flags = lock_take_irq(&heap_lock);

    *out = heap.stats;
    lock_give_irq(&heap_lock, flags);
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
    if (!free_one && !is(block, KIND_USED) && !is(block, KIND_KEPT))
        found->what = "this header was overwritten";
    else if (block->units < UNITS_MIN || next->units_before != block->units)
        found->what = "the sizes in this header and in the next one do not agree";
    else if (free_one && is(next, KIND_FREE))
        found->what = "this free block was not merged with the next one";
    else if (INGOT_DEBUG && is(block, KIND_USED) && (found->where = guard_fault(block)) != NULL)
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
    uint64_t flags = lock_take_irq(&heap_lock);

    for (struct area *area = heap.areas; area && !found.what; area = area->next)
        check_area(area, &found);
    if (!found.what)
        check_lists(&found);
    lock_give_irq(&heap_lock, flags);
    if (!found.what)
        return 0;
    log_error("heap_check: %s: %p; block last allocated or freed by %p", found.what, found.where, caller_of(found.site));
    return ERR_BAD_DATA;
}

/* ---- SAN=address: what an address has to do with the heap ---- */

static void tell_place(struct block *block, struct heap_place *out)
{
    bool in_use = is(block, KIND_USED) || is(block, KIND_LARGE);

    out->start = payload(block);
    out->bytes = guard(block)->bytes;
    out->allocated_by = guard_allocated_by(block);
    out->freed_by = in_use ? NULL : caller_of(block->site);
}

/* In a free block: the nearest header below, its own or one that was buried in it. */
static struct block *nearest_header(struct block *block, uintptr_t address)
{
    struct block *at = (struct block *)(address & ~(uintptr_t)(HEAP_UNIT - 1));

    while (at > block && !is(at, KIND_FREE))
        at--;
    return at;
}

/* Before the start of a block, the writer more likely meant this one than the end of the one below: the zones are equally long. */
static bool find_small(struct area *area, uintptr_t address, struct heap_place *out)
{
    struct block *block = (struct block *)(area + 1);

    while (!is(block, KIND_END) && (uintptr_t)above(block) <= address)
        block = above(block);
    if (is(block, KIND_END))
        return false;
    tell_place(is(block, KIND_FREE) ? nearest_header(block, address) : block, out);
    return true;
}

static bool find_large(uintptr_t address, struct heap_place *out)
{
    for (uint8_t *page = (uint8_t *)(address & ~(uintptr_t)(PAGE_BYTES - 1)); shadow_of((uintptr_t)page) != SHADOW_PAGE; page -= PAGE_BYTES)
        for (struct block *at = (struct block *)page; at < (struct block *)(page + PAGE_BYTES); at++)
            if (is(at, KIND_LARGE)) {
                tell_place(at, out);
                return address < (uintptr_t)block_end(at);
            }
    return false;
}

bool heap_find(uintptr_t address, struct heap_place *out_place)
{
    for (struct area *area = heap.areas; area; area = area->next)
        if (INGOT_SHADOW && address >= (uintptr_t)area && address < (uintptr_t)area + area->pages * PAGE_BYTES)
            return find_small(area, address, out_place);
    return INGOT_SHADOW && find_large(address, out_place);
}
