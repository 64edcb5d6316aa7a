/* The page allocator against a map of every page, over memory that is mapped where a machine has it: below 1 MiB, below 4 GiB and
 * far above. Built three times: for release builds, for debug builds, and with threads under TSan. */
#include "core/pages.c"                    /* its state is reset, and its constants are looked at */

#include "tests/host/one_machine.h"

enum { LOW_START = 0x20000, LOW_END = 0x90000, MIDDLE_START = 0x40000000, MIDDLE_PAGES = 1024, HIGH_PAGES = 2048 };

static const struct handoff_region usual_map[] = {
    { LOW_START, LOW_END, HANDOFF_MEMORY_USABLE, 7 },
    { LOW_END, 0xa0000, HANDOFF_MEMORY_RESERVED, 0 },
    { MIDDLE_START, MIDDLE_START + MIDDLE_PAGES * PAGE_BYTES, HANDOFF_MEMORY_USABLE, 7 },
    { HIGH_BASE, HIGH_BASE + HIGH_PAGES * PAGE_BYTES, HANDOFF_MEMORY_USABLE, 7 },
    { HIGH_BASE + HIGH_PAGES * PAGE_BYTES, HIGH_BASE + (HIGH_PAGES + 512) * PAGE_BYTES, HANDOFF_MEMORY_BOOT_RECLAIM, 4 },
};
enum { USUAL_PAGES = (LOW_END - LOW_START) / PAGE_BYTES + MIDDLE_PAGES + HIGH_PAGES, REGIONS = 5 };

static void forget(void)
{
    memset(&pages, 0, sizeof pages);
    pool = (struct range_pool){ 0 };
    free_ranges.tree.root = spans.tree.root = own_pages.tree.root = NULL;
    pages_lock = (struct lock)LOCK("pages");
    log_lines = 0;
}

static int usual_setup(void **state)
{
    (void)state;
    forget();
    for (int i = 0; i < REGIONS; i++)
        map_memory(usual_map[i].start, usual_map[i].end - usual_map[i].start);
    pages_add_regions(usual_map, REGIONS, HANDOFF_MEMORY_USABLE);
    return 0;
}

static int usual_teardown(void **state)
{
    (void)state;
    for (int i = 0; i < REGIONS; i++)
        unmap_memory(usual_map[i].start, usual_map[i].end - usual_map[i].start);
    return 0;
}

#define UNLOCK() (pages_lock = (struct lock)LOCK("pages"))         /* which a panic left taken */

static struct pages_stats stats(void)
{
    struct pages_stats now;

    pages_stats(&now);
    assert_true(now.free + now.used == now.total);
    return now;
}

/* ---- places ---- */

static void zones_are_counted(void **state)
{
    struct pages_stats now = stats();

    (void)state;
    assert_int_equal(now.total, USUAL_PAGES);
    assert_int_equal(now.zone[PAGES_ZONE_1M].total, (LOW_END - LOW_START) / PAGE_BYTES);
    assert_int_equal(now.zone[PAGES_ZONE_1M].free, (LOW_END - LOW_START) / PAGE_BYTES);
    assert_int_equal(now.zone[PAGES_ZONE_4G].total, MIDDLE_PAGES);
    assert_int_equal(now.zone[PAGES_ZONE_HIGH].total, HIGH_PAGES);
    assert_int_equal(now.own, 1);
    assert_int_equal(now.used, 1);
    assert_int_equal(now.zone[PAGES_ZONE_HIGH].largest, HIGH_PAGES - 1);      /* the notes begin at the top */
    assert_int_equal(now.zone[PAGES_ZONE_4G].largest, MIDDLE_PAGES);
    assert_int_equal(now.zone[PAGES_ZONE_1M].largest, (LOW_END - LOW_START) / PAGE_BYTES);
    assert_int_equal(now.largest, HIGH_PAGES - 1);
}

static void the_highest_place_below_the_limit_is_given(void **state)
{
    uint64_t middle_end = MIDDLE_START + MIDDLE_PAGES * PAGE_BYTES;

    (void)state;
    assert_true((uintptr_t)pages_alloc(3, 0, PAGES_ANYWHERE) == HIGH_BASE + (HIGH_PAGES - 4) * PAGE_BYTES);
    assert_true((uintptr_t)pages_alloc(3, 0, PAGES_BELOW_4G) == middle_end - 3 * PAGE_BYTES);
    assert_true((uintptr_t)pages_alloc(1, 0, PAGES_BELOW_4G) == middle_end - 4 * PAGE_BYTES);
    assert_true((uintptr_t)pages_alloc(2, 0, PAGES_BELOW_1M) == LOW_END - 2 * PAGE_BYTES);
    assert_true((uintptr_t)pages_alloc(1, 0, PAGES_BELOW_1M) == LOW_END - 3 * PAGE_BYTES);
    assert_true((uintptr_t)pages_alloc(1, 0, MIDDLE_START + PAGE_BYTES) == MIDDLE_START);
    assert_true((uintptr_t)pages_alloc(1, 0, LOW_START + PAGE_BYTES + 5) == LOW_START);
    assert_null(pages_alloc(1, 0, LOW_START + PAGE_BYTES - 1));
    assert_true(pages_check());
}

static void low_memory_is_the_last_resort(void **state)
{
    size_t low = (LOW_END - LOW_START) / PAGE_BYTES, got = 0;
    uint64_t address;

    (void)state;
    while ((address = (uintptr_t)pages_alloc(1, 0, PAGES_ANYWHERE)) != 0) {
        got++;
        if (got <= MIDDLE_PAGES + HIGH_PAGES - 1)
            assert_true(address >= MIDDLE_START);
        else
            assert_true(address < LOW_END);
    }
    assert_int_equal(got, MIDDLE_PAGES + HIGH_PAGES - 1 + low);
    assert_int_equal(stats().free, 0);
}

static void alignment_holds(void **state)
{
    (void)state;
    for (uint64_t alignment = PAGE_BYTES; alignment <= 2u << 20; alignment *= 2)
        for (size_t count = 1; count < 20; count += 6) {
            void *block = pages_alloc(count, alignment, PAGES_ANYWHERE);

            assert_non_null(block);
            assert_int_equal((uintptr_t)block % alignment, 0);
            pages_free(block, count);
            assert_true(pages_check());
        }
    ASSERT_PANIC(pages_alloc(1, 3 * PAGE_BYTES, PAGES_ANYWHERE), "ASSERT");
}

static void nonsense_gives_null(void **state)
{
    (void)state;
    assert_null(pages_alloc(0, 0, PAGES_ANYWHERE));
    assert_null(pages_alloc(1, 0, 0));
    assert_null(pages_alloc(1, 0, PAGE_BYTES - 1));
    assert_null(pages_alloc(SIZE_MAX, 0, PAGES_ANYWHERE));
    assert_null(pages_alloc(SIZE_MAX / PAGE_BYTES, 0, PAGES_ANYWHERE));
    assert_null(pages_alloc((SIZE_MAX >> 12) + 2, 0, PAGES_ANYWHERE));
    assert_null(pages_alloc(1, 1ull << 63, PAGES_ANYWHERE));
    assert_null(pages_alloc(1ull << 51, 1ull << 63, PAGES_ANYWHERE));
    pages_free(NULL, 5);
    assert_true(pages_check());
    assert_int_equal(stats().used, 1);
}

static void page_zero_is_never_given(void **state)
{
    static const struct handoff_region map[] = { { 0, LOW_END, HANDOFF_MEMORY_USABLE, 7 } };

    (void)state;
    forget();
    map_memory(LOW_START, LOW_END - LOW_START);
    pages_add_regions(map, 1, HANDOFF_MEMORY_USABLE);
    assert_int_equal(stats().total, LOW_END / PAGE_BYTES - 1);
    assert_null(pages_alloc(1, 0, PAGE_BYTES));
    assert_true((uintptr_t)pages_alloc(1, 0, 2 * PAGE_BYTES) == PAGE_BYTES);
    unmap_memory(LOW_START, LOW_END - LOW_START);
}

static void reclaimed_memory_joins_its_neighbour(void **state)
{
    (void)state;
    pages_add_regions(usual_map, REGIONS, HANDOFF_MEMORY_BOOT_RECLAIM);
    assert_int_equal(stats().total, USUAL_PAGES + 512);
    assert_int_equal(stats().own, 1);
    assert_true(pages_check());
    ASSERT_PANIC(pages_add(HIGH_BASE, HIGH_BASE + PAGE_BYTES), "added before");
}

/* ---- a model of every page ---- */

enum { MODEL_LOW = (LOW_END - LOW_START) / PAGE_BYTES, BLOCKS_MAX = 1500, STEPS = 400000 };

static uint8_t taken[USUAL_PAGES];

static size_t page_index(uint64_t address)
{
    if (address >= HIGH_BASE)
        return MODEL_LOW + MIDDLE_PAGES + (address - HIGH_BASE) / PAGE_BYTES;
    return address >= MIDDLE_START ? MODEL_LOW + (address - MIDDLE_START) / PAGE_BYTES : (address - LOW_START) / PAGE_BYTES;
}

struct block {
    uint64_t *start;
    size_t count;
};

static void block_write(const struct block *block)
{
    for (size_t i = 0; i < block->count; i++)
        block->start[i * PAGE_BYTES / 8 + i % 512] = (uintptr_t)block->start + i;
}

static void block_check(const struct block *block)
{
    for (size_t i = 0; i < block->count; i++)
        assert_true(block->start[i * PAGE_BYTES / 8 + i % 512] == (uintptr_t)block->start + i);
}

static bool block_take(struct block *block, uint64_t *random)
{
    static const uint64_t limit[] = { PAGES_ANYWHERE, PAGES_ANYWHERE, PAGES_BELOW_4G, PAGES_BELOW_1M, MIDDLE_START + 0x123456 };
    uint64_t dice = next_random(random), below = limit[dice % 5], alignment = dice >> 8 & 7 ? 0 : PAGE_BYTES << (dice >> 16) % 7;

    block->count = dice >> 32 & 3 ? 1 : 1 + (dice >> 40) % 24;
    block->start = pages_alloc(block->count, alignment, below);
    if (!block->start)
        return false;
    assert_true((uintptr_t)block->start + block->count * PAGE_BYTES <= below);
    if (alignment)
        assert_int_equal((uintptr_t)block->start % alignment, 0);
    for (size_t i = 0; i < block->count; i++) {
        uint8_t *mine = &taken[page_index((uintptr_t)block->start) + i];

        assert_int_equal(*mine, 0);
        *mine = 1;
    }
    block_write(block);
    return true;
}

static void block_give(const struct block *block)
{
    block_check(block);
    memset(&taken[page_index((uintptr_t)block->start)], 0, block->count);
    pages_free(block->start, block->count);
}

static size_t model_taken(void)
{
    size_t count = 0;

    for (size_t i = 0; i < USUAL_PAGES; i++)
        count += taken[i];
    return count;
}

static void random_use_equals_the_model(void **state)
{
    static struct block block[BLOCKS_MAX];
    size_t blocks = 0, refused = 0;
    uint64_t random = 4711;

    (void)state;
    memset(taken, 0, sizeof taken);
    for (int step = 0; step < STEPS; step++) {
        bool growing = step / 5000 % 2 == 0;                 /* fill up, run empty, and again */

        if (blocks < BLOCKS_MAX && next_random(&random) % 16 < (growing ? 11 : 5)) {
            blocks += block_take(&block[blocks], &random);
            refused += !block[blocks].start;
        } else if (blocks) {
            size_t which = next_random(&random) % blocks;

            block_give(&block[which]);
            block[which] = block[--blocks];
        }
        if (step % 1000 == 0) {
            assert_true(pages_check());
            assert_int_equal(model_taken() + stats().own, stats().used);
        }
    }
    assert_true(refused > 100);                              /* exhaustion was part of it */
    while (blocks)
        block_give(&block[--blocks]);
    hand_empty();
    assert_true(pages_check());
    assert_int_equal(stats().used, stats().own);
    assert_true(stats().own < 12);
    print_message("%d steps, %zu refused, %u log lines, %llu pages of notes\n", STEPS, refused, log_lines,
                  (unsigned long long)stats().own);
}

/* ---- fragments and exhaustion ---- */

static void every_second_page_freed_costs_one_note_each(void **state)
{
    static void *page[MIDDLE_PAGES + HIGH_PAGES];
    size_t count = 0;

    (void)state;
    while (count < MIDDLE_PAGES + HIGH_PAGES - 1)
        assert_non_null(page[count++] = pages_alloc(1, 0, PAGES_ANYWHERE));
    for (size_t i = 0; i < count; i += 2)
        pages_free(page[i], 1);
    assert_true(pages_check());
    assert_in_range(stats().own, count / 2 / 73, count / 2 / 73 + 3);
    assert_true((uintptr_t)pages_alloc(2, 0, PAGES_ANYWHERE) < PAGES_BELOW_1M);        /* nothing but single pages above */
    for (size_t i = 1; i < count; i += 2)
        pages_free(page[i], 1);
    hand_empty();
    assert_true(pages_check());
}

static void exhaustion_is_told_once_for_each_size(void **state)
{
    (void)state;
    while (pages_alloc(1, 0, PAGES_ANYWHERE))
        ;
    assert_int_equal(log_lines, 1);
    assert_non_null(strstr(log_last, "no 1 pages"));
    for (int i = 0; i < 100; i++)
        assert_null(pages_alloc(1, 0, PAGES_ANYWHERE));
    assert_int_equal(log_lines, 1);
    assert_null(pages_alloc(100, 0, PAGES_ANYWHERE));
    assert_null(pages_alloc(127, 0, PAGES_ANYWHERE));
    assert_int_equal(log_lines, 2);
    assert_int_equal(stats().failed, 103);
}

/* With nothing left, not even for a note, freed pages themselves hold the notes. */
static void all_that_was_given_can_be_given_back(void **state)
{
    static void *page[USUAL_PAGES];
    size_t count = 0;
    uint64_t random = 99;

    (void)state;
    while ((page[count] = pages_alloc(1, 0, PAGES_ANYWHERE)) != NULL)
        count++;
    for (size_t left = count; left > 0; left--) {
        size_t which = next_random(&random) % left;

        pages_free(page[which], 1);
        page[which] = page[left - 1];
    }
    assert_true(pages_check());
    assert_int_equal(stats().used, stats().own);
    assert_in_range(stats().own, 2, 25);
}

/* 4,096 ranges that are large enough but lie wrongly, and one fit at the bottom. */
static void aligned_search_is_bounded_and_still_finds_a_large_block(void **state)
{
    enum { RANGES = 4096, SPAN = 16 * PAGE_BYTES };
    struct range_want want;

    (void)state;
    forget();
    map_memory(HIGH_BASE + (1ull << 32), RANGES * (uint64_t)SPAN * 2);
    for (uint64_t i = 0; i < RANGES; i++) {
        uint64_t start = HIGH_BASE + (1ull << 32) + i * SPAN * 2;

        pages_add(start + PAGE_BYTES, start + SPAN);                    /* 15 pages, never at a multiple of 16 */
    }
    assert_true(pages_check());
    assert_null(pages_alloc(15, SPAN, PAGES_ANYWHERE));
    want = (struct range_want){ .bytes = 15 * PAGE_BYTES, .alignment = SPAN, .limit = PAGES_ANYWHERE };
    find(&want);
    assert_int_equal(want.looks, 0);
    map_memory(HIGH_BASE, 64 * PAGE_BYTES);
    pages_add(HIGH_BASE, HIGH_BASE + 64 * PAGE_BYTES);
    assert_true((uintptr_t)pages_alloc(15, SPAN, PAGES_ANYWHERE) >> 32 == HIGH_BASE >> 32);
    unmap_memory(HIGH_BASE, 64 * PAGE_BYTES);
    unmap_memory(HIGH_BASE + (1ull << 32), RANGES * (uint64_t)SPAN * 2);
}

/* ---- large machines and ragged maps ---- */

static uint64_t resident_pages(void)
{
    unsigned long long size, resident;
    FILE *file = fopen("/proc/self/statm", "r");

    assert_non_null(file);
    assert_int_equal(fscanf(file, "%llu %llu", &size, &resident), 2);
    fclose(file);
    return resident;
}

static void memory_of_64_gib_costs_no_more_than_256_mib(void **state)
{
    (void)state;
    for (uint64_t bytes = 256ull << 20; bytes <= 64ull << 30; bytes *= 256) {
        struct handoff_region map = { HIGH_BASE, HIGH_BASE + bytes, HANDOFF_MEMORY_USABLE, 7 };
        uint64_t before;

        forget();
        map_memory(map.start, bytes);
        before = resident_pages();
        pages_add_regions(&map, 1, HANDOFF_MEMORY_USABLE);
        assert_int_equal(stats().own, 1);
        assert_int_equal(stats().total, bytes / PAGE_BYTES);
        assert_in_range(resident_pages() - before, 0, 40);
        assert_non_null(pages_alloc(bytes / PAGE_BYTES / 2, 1u << 27, PAGES_ANYWHERE));
        unmap_memory(map.start, bytes);
    }
}

static void a_map_of_2000_regions_is_taken_whole(void **state)
{
    enum { COUNT = 2000 };
    static struct handoff_region map[COUNT];
    uint64_t at = HIGH_BASE, random = 5, total = 0;

    (void)state;
    forget();
    for (int i = 0; i < COUNT; i++) {
        uint64_t bytes = (1 + next_random(&random) % 40) * PAGE_BYTES;

        map[i] = (struct handoff_region){ at, at + bytes, 1 + next_random(&random) % 3, 0 };
        total += bytes / PAGE_BYTES;
        at += bytes + next_random(&random) % 3 * PAGE_BYTES;
    }
    map_memory(HIGH_BASE, at - HIGH_BASE);
    for (uint32_t type = 1; type <= 3; type++) {
        pages_add_regions(map, COUNT, type);
        assert_true(pages_check());
    }
    assert_int_equal(stats().total, total);
    assert_in_range(stats().own, 1, 60);
    unmap_memory(HIGH_BASE, at - HIGH_BASE);
}

static void addresses_near_the_end_do_not_wrap(void **state)
{
    struct range_want want = { .bytes = PAGE_BYTES, .alignment = PAGE_BYTES, .limit = PAGES_ANYWHERE, .looks = 10 };

    (void)state;
    range_add(&spans, UINT64_MAX - 3 * PAGE_BYTES + 1, UINT64_MAX - PAGE_BYTES + 1);
    assert_ptr_equal(range_find(&spans, &want), range_last(&spans));
    assert_true(want.found == UINT64_MAX - 2 * PAGE_BYTES + 1);
    ASSERT_PANIC(pages_free((void *)(UINT64_MAX - PAGE_BYTES + 1), 2), "too many");
}

/* ---- wrong use ---- */

static void wrong_frees_end_in_words(void **state)
{
    char *page = pages_alloc(1, 0, PAGES_ANYWHERE), *block = pages_alloc(8, 0, PAGES_ANYWHERE), *own;
    char *low = pages_alloc(1, 0, PAGES_BELOW_1M);

    (void)state;
    own = (char *)(uintptr_t)range_last(&own_pages)->start;
    page[7] = block[7] = 1;
    ASSERT_PANIC(pages_free(page + 8, 1), "not the start of a page");
    ASSERT_PANIC(pages_free(page, SIZE_MAX), "too many");
    ASSERT_PANIC(pages_free(&page, 1), "not the start of a page");
    ASSERT_PANIC(pages_free((void *)0x5000000000, 1), "not memory of this allocator");
    UNLOCK();
    ASSERT_PANIC(pages_free((void *)(HIGH_BASE + (HIGH_PAGES - 1) * PAGE_BYTES), 2), "not memory of this allocator");
    UNLOCK();
    ASSERT_PANIC(pages_free(own, 1), "own notes");
    UNLOCK();
    pages_free(page, 1);
    ASSERT_PANIC(pages_free(page, 1), "free already");              /* from the hand */
    UNLOCK();
    pages_free(block + 2 * PAGE_BYTES, 3);
    ASSERT_PANIC(pages_free(block, 8), "free already");             /* a part of it */
    UNLOCK();
    ASSERT_PANIC(pages_free(block + 4 * PAGE_BYTES, 2), "free already");
    UNLOCK();
    pages_free(low, 1);
    ASSERT_PANIC(pages_free(low, 1), "free already");               /* from the ranges */
    UNLOCK();
    assert_true(pages_check());
}

static void a_page_from_the_hand_freed_twice_later_is_noticed(void **state)
{
    char *page[HAND_PAGES + 4];

    (void)state;
    for (int i = 0; i < HAND_PAGES + 4; i++)
        page[i] = pages_alloc(1, 0, PAGES_ANYWHERE);
    for (int i = 0; i < HAND_PAGES + 4; i++)
        pages_free(page[i], 1);
    for (int i = 0; i < HAND_PAGES + 4; i++) {
        ASSERT_PANIC(pages_free(page[i], 1), "free already");
        UNLOCK();
    }
}

static void writing_to_a_free_page_is_noticed(void **state)
{
    char *page = pages_alloc(1, 0, PAGES_ANYWHERE);

    (void)state;
    pages_free(page, 1);
    page[3] ^= 1;
    ASSERT_PANIC(pages_alloc(1, 0, PAGES_ANYWHERE), "was written to");
    UNLOCK();
    page = pages_alloc(1, 0, PAGES_ANYWHERE);
    pages_free(page, 1);
    page[4095] ^= 1;
    if (INGOT_DEBUG)
        ASSERT_PANIC(pages_alloc(1, 0, PAGES_ANYWHERE), "was written to");
    else
        assert_ptr_equal(pages_alloc(1, 0, PAGES_ANYWHERE), page);
    UNLOCK();
}

/* What a reset left in memory must not pass for our own marks. */
static void old_marks_mean_nothing(void **state)
{
    uint64_t *block = pages_alloc(4, 0, PAGES_ANYWHERE), *page = pages_alloc(1, 0, PAGES_ANYWHERE);

    (void)state;
    block[0] = mark_of(block, MARK_OWN);
    pages_free(block, 4);
    page[0] = mark_of(page, MARK_OWN);
    pages_free(page, 1);
    page = pages_alloc(1, 0, PAGES_ANYWHERE);
    page[0] = mark_of(page, MARK_FREE);
    pages_free(page, 1);
    assert_true(pages_check());
}

/* ---- locks ---- */

static struct lock outer = LOCK("outer");

static void self_deadlock_ends_in_words(void **state)
{
    (void)state;
    lock_take_irq(&outer);
    ASSERT_PANIC(lock_take_irq(&outer), "LOCK: cpu 0 waits for the lock \"outer\", which it holds itself");
    outer = (struct lock)LOCK("outer");
}

static void interrupts_come_back_as_they_were(void **state)
{
    uint64_t first, second;
    struct lock inner = LOCK("inner");

    (void)state;
    assert_int_equal(interrupts_off_depth, 0);
    first = lock_take_irq(&outer);
    second = lock_take_irq(&inner);
    assert_int_equal(interrupts_off_depth, 2);
    lock_give_irq(&inner, second);
    assert_int_equal(interrupts_off_depth, 1);
    lock_give_irq(&outer, first);
    assert_int_equal(interrupts_off_depth, 0);
    outer.next = outer.serving = UINT32_MAX;                        /* tickets wrap */
    lock_give_irq(&outer, lock_take_irq(&outer));
    lock_give_irq(&outer, lock_take_irq(&outer));
    assert_int_equal(outer.serving, 1);
}

/* ---- threads ---- */

enum { CPUS = 4, ROUNDS = 40000 };

static uint64_t guarded_count;

static void *hammer(void *argument)
{
    struct block block[64] = { { 0 } };
    uint64_t random = 1000 + (uintptr_t)argument;

    this_cpu = (uint32_t)(uintptr_t)argument;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t dice = next_random(&random), flags;
        struct block *mine = &block[dice % 64];

        if (mine->start) {
            block_check(mine);
            pages_free(mine->start, mine->count);
            mine->start = NULL;
        } else {
            mine->count = dice >> 20 & 3 ? 1 : 1 + (dice >> 24) % 9;
            mine->start = pages_alloc(mine->count, dice >> 32 & 15 ? 0 : 4 * PAGE_BYTES, dice >> 40 & 7 ? PAGES_ANYWHERE : PAGES_BELOW_4G);
            if (mine->start)
                block_write(mine);
        }
        flags = lock_take_irq(&outer);
        guarded_count++;
        lock_give_irq(&outer, flags);
    }
    for (int i = 0; i < 64; i++)
        pages_free(block[i].start, block[i].count);
    return NULL;
}

static void four_cpus_share_it(void **state)
{
    pthread_t thread[CPUS];

    (void)state;
    guarded_count = 0;
    for (uintptr_t i = 0; i < CPUS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, hammer, (void *)(i + 1)), 0);
    for (int i = 0; i < CPUS; i++)
        pthread_join(thread[i], NULL);
    assert_int_equal(guarded_count, CPUS * ROUNDS);
    assert_true(pages_check());
    assert_int_equal(stats().used, stats().own);
}

#define WITH_MACHINE(test) cmocka_unit_test_setup_teardown(test, usual_setup, usual_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_MACHINE(zones_are_counted),
        WITH_MACHINE(the_highest_place_below_the_limit_is_given),
        WITH_MACHINE(low_memory_is_the_last_resort),
        WITH_MACHINE(alignment_holds),
        WITH_MACHINE(nonsense_gives_null),
        cmocka_unit_test(page_zero_is_never_given),
        WITH_MACHINE(reclaimed_memory_joins_its_neighbour),
        WITH_MACHINE(random_use_equals_the_model),
        WITH_MACHINE(every_second_page_freed_costs_one_note_each),
        WITH_MACHINE(exhaustion_is_told_once_for_each_size),
        WITH_MACHINE(all_that_was_given_can_be_given_back),
        cmocka_unit_test(aligned_search_is_bounded_and_still_finds_a_large_block),
        cmocka_unit_test(memory_of_64_gib_costs_no_more_than_256_mib),
        cmocka_unit_test(a_map_of_2000_regions_is_taken_whole),
        WITH_MACHINE(addresses_near_the_end_do_not_wrap),
        WITH_MACHINE(wrong_frees_end_in_words),
        WITH_MACHINE(a_page_from_the_hand_freed_twice_later_is_noticed),
        WITH_MACHINE(writing_to_a_free_page_is_noticed),
        WITH_MACHINE(old_marks_mean_nothing),
        WITH_MACHINE(self_deadlock_ends_in_words),
        WITH_MACHINE(interrupts_come_back_as_they_were),
        WITH_MACHINE(four_cpus_share_it),
    };

    const struct CMUnitTest thread_tests[] = { WITH_MACHINE(four_cpus_share_it) };

    if (UNDER_TSAN)                        /* for the rest it says no more than the other two */
        return cmocka_run_group_tests_name("pages, threads", thread_tests, NULL, NULL);
    return cmocka_run_group_tests_name("pages", tests, NULL, NULL);
}
