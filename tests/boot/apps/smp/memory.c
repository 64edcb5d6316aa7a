/* Allocators used by all CPUs and their interrupts at once, and mappings that change for all. */
#include "smp.h"

#include "core/x86_64/paging.h"

#include <ingot/cpu.h>
#include <ingot/heap.h>
#include <ingot/memory.h>
#include <ingot/pages.h>
#include <ingot/probe.h>
#include <ingot/string.h>
#include <ingot/time.h>
#include <ingot/timer.h>

/* ---- allocators ---- */

enum { SHELVES = 256, HEAP_BYTES_MAX = 6000, PAGES_MAX = 8 };

struct block {
    uint64_t words, seed;                /* words in all; the rest follows from seed */
    uint64_t data[];
};

struct store {
    struct block *(*get)(uint64_t random);
    void (*put)(struct block *block);
    uint64_t step_words;                 /* one word in so many is written */
    uint64_t each;                       /* operations for one CPU */
    struct block *_Atomic shelf[SHELVES];
    _Atomic uint64_t done, none;
};

static struct block *get_heap(uint64_t random)
{
    uint64_t words = 2 + random % 16 + (random >> 8 & 15 ? 0 : (random >> 16) % (HEAP_BYTES_MAX / 8));
    struct block *block = malloc(words * 8);

    if (block)
        block->words = words;
    return block;
}

static void put_heap(struct block *block) { free(block); }

static struct block *get_pages(uint64_t random)
{
    size_t count = random & 3 ? 1 : 1 + (random >> 8) % PAGES_MAX;
    uint64_t limit = random >> 20 & 3 ? PAGES_ANYWHERE : PAGES_BELOW_4G;
    struct block *block = pages_alloc(count, random >> 16 & 7 ? 0 : 4 * PAGE_BYTES, limit);

    if (block)
        block->words = count * PAGE_BYTES / 8;
    return block;
}

static void put_pages(struct block *block) { pages_free(block, block->words * 8 / PAGE_BYTES); }

/* Looked at, then given back: mostly by another CPU than the one that wrote it. */
static void give_back(struct store *store, struct block *block)
{
    for (uint64_t i = 0; i < block->words - 2; i += store->step_words)
        EXPECT(block->data[i] == block->seed + i);
    store->put(block);
}

static uint64_t one_step(struct store *store, uint64_t random)
{
    struct block *block = store->get(random), *before;

    if (!block) {
        store->none++;
        return 0;
    }
    block->seed = random * 0x9e3779b97f4a7c15;
    for (uint64_t i = 0; i < block->words - 2; i += store->step_words)
        block->data[i] = block->seed + i;
    before = atomic_exchange(&store->shelf[(random >> 32) % SHELVES], block);
    if (!before)
        return 1;
    give_back(store, before);
    return 2;
}

struct beat {                            /* a CPU's interrupts allocate too */
    struct timer timer;
    struct store *store;
    uint64_t random, done;
};
static PER_CPU(struct beat, beat);

static IRQ_HANDLER void one_beat(struct timer *timer)
{
    struct beat *mine = timer->argument;

    mine->done += one_step(mine->store, random_next(&mine->random));
}

static void stress(void *argument)
{
    struct store *store = argument;
    struct beat *mine = per_cpu(&beat);
    uint64_t random = 1 + cpu_id(), done = 0;

    *mine = (struct beat){ .timer = { .handler = one_beat, .argument = mine }, .store = store, .random = 1000 + cpu_id() };
    EXPECT(timer_arm(&mine->timer, time_ns(), 1000000) == 0);
    while (done < store->each)
        done += one_step(store, random_next(&random));
    EXPECT(timer_cancel(&mine->timer));
    store->done += done + mine->done;
}

static void stress_all(struct store *store)
{
    store->each = operations / cpu_count() + 1;
    cpu_run_all(stress, store);
    for (unsigned i = 0; i < SHELVES; i++)
        if (store->shelf[i])
            give_back(store, store->shelf[i]);
    EXPECT(store->done >= operations && store->none == 0);
}

static void heap(char *figures)
{
    static struct store store = { .get = get_heap, .put = put_heap, .step_words = 1 };
    struct heap_stats before, after;

    heap_stats(&before);
    stress_all(&store);
    heap_stats(&after);
    EXPECT(after.blocks == before.blocks && after.bytes == before.bytes && heap_check() == 0);
    SAY("%llu operations on %u CPUs and in their interrupts, contents held, nothing is left over", (unsigned long long)store.done,
        cpu_count());
}

static void pages(char *figures)
{
    static struct store store = { .get = get_pages, .put = put_pages, .step_words = PAGE_BYTES / 16 };
    struct pages_stats before, after;

    pages_stats(&before);
    stress_all(&store);
    pages_stats(&after);
    EXPECT(after.used - after.own == before.used - before.own && after.total == before.total);
    SAY("%llu operations on %u CPUs and in their interrupts, contents held, nothing is left over", (unsigned long long)store.done,
        cpu_count());
}

/* ---- mappings ---- */

struct look {
    const volatile uint64_t *at;
    int wanted;
    uint64_t value;
};

static void look_here(void *argument)
{
    const struct look *look = argument;
    uint64_t value = 0;

    EXPECT(mmio_probe64(look->at, &value) == look->wanted);
    EXPECT(look->wanted || value == look->value);
}

static void look_everywhere(const void *at, int wanted, uint64_t value)
{
    struct look look = { at, wanted, value };

    cpu_run_all(look_here, &look);
}

static const struct page_use GONE = { PAGE_NONE, PAGE_WB }, THERE = { PAGE_RW, PAGE_WB };

static void map(void *page, struct page_use use)
{
    EXPECT(paging_set((uint64_t)page, (uint64_t)page + PAGE_BYTES, use) == 0);
}

/* On one CPU after the other: all others have the page in their buffers, and must not find it there any more. */
static void unmap_and_look(void *page)
{
    look_everywhere(page, 0, 42);
    map(page, GONE);
    look_everywhere(page, ERR_FAULT, 0);
    map(page, THERE);
    look_everywhere(page, 0, 42);
}

static void unmap_here(void *own_page)
{
    uint64_t *page = ((uint64_t **)own_page)[cpu_id()];

    for (uint64_t i = 1; i <= rounds / 1000 + 1; i++) {
        struct look gone = { page, ERR_FAULT, 0 }, there = { page, 0, i };

        *page = i;
        map(page, GONE);
        look_here(&gone);
        map(page, THERE);
        look_here(&there);
    }
}

static void shoot_down(char *figures)
{
    static uint64_t *page[MANY_CPUS];
    struct cpu_job job = { 0 };

    for (uint32_t cpu = 0; cpu < cpu_count(); cpu++) {
        page[cpu] = pages_alloc(1, 0, PAGES_ANYWHERE);
        *page[cpu] = 42;
        EXPECT(cpu_run(cpu, &job, unmap_and_look, page[cpu]) == 0);
        cpu_join(&job);
    }
    cpu_run_all(unmap_here, page);
    for (uint32_t cpu = 0; cpu < cpu_count(); cpu++)
        pages_free(page[cpu], 1);
    EXPECT(mem_audit() == 0);
    SAY("a page unmapped by each of %u CPUs was gone for all; then %llu times by all at once", cpu_count(),
        (unsigned long long)(rounds / 1000 + 1));
}

/* Where no device is: what comes back is the bus's business. */
static void expect_mapped(void *address)
{
    uint64_t value;

    EXPECT(mmio_probe64(address, &value) == 0);
}

static void device_memory(char *figures)
{
    static const enum mem_caching caching[] = { MEM_UNCACHED, MEM_WRITE_COMBINING, MEM_WRITE_BACK, MEM_UNCACHED };
    void *address = (void *)0xe00000000;
    volatile void *pointer;

    look_everywhere(address, ERR_FAULT, 0);
    for (unsigned i = 0; i < sizeof(caching) / sizeof(caching[0]); i++) {
        EXPECT(mem_map_device((phys_addr)address, PAGE_BYTES, caching[i], &pointer) == 0);
        cpu_run_all(expect_mapped, address);
        EXPECT(mem_audit() == 0);
    }
    SAY("mapped by each caching in turn, and there for %u CPUs", cpu_count());
}

const struct check memory_checks[] = {
    { "heap", heap }, { "pages", pages }, { "shoot-down", shoot_down }, { "map-device", device_memory }, { 0 },
};
