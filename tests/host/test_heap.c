/* The heap against a model that knows every block's place and content. Built three times: for release builds, for debug builds,
 * and with threads under TSan. The heap's functions have other names here (host.mk), beside the C library's. */
#include "core/heap.c"                     /* its state is reset, and its constants are looked at */

#include "core/pages.h"
#include "tests/host/one_machine.h"
#include "tests/host/fault_seen.h"

enum { MEMORY_BYTES = 32 << 20 };

static int heap_setup(void **state)
{
    static bool mapped;

    (void)state;
    if (!mapped) {
        map_memory(HIGH_BASE, MEMORY_BYTES);
        pages_add(HIGH_BASE, HIGH_BASE + MEMORY_BYTES);
        mapped = true;
    }
    memset(&heap, 0, sizeof heap);         /* what earlier tests held is lost */
    heap_lock = (struct lock)LOCK("heap");
    return 0;
}

static struct heap_stats stats(void)
{
    struct heap_stats now;

    heap_stats(&now);
    return now;
}

/* ---- what C says ---- */

static void sizes_of_zero_and_beyond_give_null(void **state)
{
    size_t most = SIZE_MAX;
    unsigned lines = log_lines;

    (void)state;
    assert_null(malloc(0));
    assert_null(calloc(0, 8));
    assert_null(calloc(8, 0));
    assert_null(aligned_alloc(64, 0));
    assert_int_equal(stats().failed, 0);
    for (size_t bytes = most; bytes > most - 5000; bytes--)
        assert_null(malloc(bytes));
    assert_null(malloc(most / 2));
    assert_null(malloc(BYTES_MAX + 1));
    assert_null(malloc(BYTES_MAX));
    assert_null(calloc(most / 2, 3));
    assert_null(calloc((most >> 32) + 1, (most >> 32) + 1));
    assert_null(aligned_alloc(most / 2 + 1, 1));
    assert_null(aligned_alloc(most / 2 + 1, most));
    assert_null(aligned_alloc(0, 1));
    assert_null(aligned_alloc(48, 1));
    assert_int_equal(stats().failed, 5007);
    assert_in_range(log_lines - lines, 1, 4);
    free(NULL);
    assert_int_equal(stats().pages, 0);
    fault_seen("H1.sizes", 'R', "");
}

static void realloc_keeps_content_and_frees_at_zero(void **state)
{
    size_t size[] = { 1, 15, 16, 17, 100, 5000, 31000, 32767, 32768, 70000, 69000, 33000, 4096, 300, 3 }, held = 0;
    uint8_t *block = NULL, *moved;

    (void)state;
    for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
        size_t kept = held < size[i] ? held : size[i];

        block = realloc(block, size[i]);
        assert_non_null(block);
        for (size_t j = 0; j < kept; j++)
            assert_int_equal(block[j], (uint8_t)(j * 7));
        held = size[i];
        for (size_t j = 0; j < held; j++)
            block[j] = (uint8_t)(j * 7);
        assert_int_equal(heap_check(), 0);
    }
    moved = realloc(block, SIZE_MAX - 8);
    assert_null(moved);
    assert_int_equal(block[2], 14);                          /* untouched */
    assert_null(realloc(block, 0));
    assert_int_equal(stats().blocks, 0);
    assert_int_equal(stats().bytes, 0);
}

static void alignment_holds_for_every_power_of_two(void **state)
{
    size_t size[] = { 1, 16, 24, 1000, 4095, 4096, 20000, 40000, 100000 };

    (void)state;
    for (size_t alignment = 1; alignment <= 1u << 20; alignment *= 2)
        for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
            uint8_t *block[3];

            for (int j = 0; j < 3; j++) {
                block[j] = aligned_alloc(alignment, size[i]);
                assert_non_null(block[j]);
                assert_int_equal((uintptr_t)block[j] % (alignment > 16 ? alignment : 16), 0);
                memset(block[j], j, size[i]);
            }
            assert_int_equal(heap_check(), 0);
            for (int j = 0; j < 3; j++) {
                assert_int_equal(block[j][size[i] - 1], j);
                free(block[j]);
            }
        }
    assert_int_equal(stats().blocks, 0);
    assert_int_equal(heap_check(), 0);
}

static void calloc_clears(void **state)
{
    uint8_t *block = malloc(3000);

    (void)state;
    memset(block, 0xff, 3000);
    free(block);
    block = calloc(100, 30);
    for (int i = 0; i < 3000; i++)
        assert_int_equal(block[i], 0);
    free(block);
}

/* ---- lists ---- */

static void every_block_of_a_list_serves_what_is_looked_for_there(void **state)
{
    (void)state;
    for (uint32_t units = 1; units <= AREA_PAGES * PAGE_BYTES / HEAP_UNIT - 2; units++) {
        struct place own = place_of(units), search = place_of(list_units(units));

        assert_in_range(own.level, 0, LEVELS - 1);
        assert_in_range(own.list, 0, LEVEL_LISTS - 1);
        assert_true(list_units(units) - units <= units / 16);
        assert_true(search.level > own.level || search.list >= own.list);
        /* the least block of the list that is searched is large enough */
        assert_true(units < LEVEL_LISTS ? search.list == units
                                        : (LEVEL_LISTS + search.list) << (search.level - 1) >= units);
    }
}

/* ---- a model ---- */

enum { SLOTS = 700, STEPS = 1000000 };

struct slot {
    uint8_t *block;
    size_t bytes;
    uint8_t seed;
};

static void slot_fill(struct slot *slot)
{
    for (size_t i = 0; i < slot->bytes; i += slot->bytes > 600 ? 61 : 1)
        slot->block[i] = (uint8_t)(slot->seed + i);
    slot->block[slot->bytes - 1] = slot->seed;
}

static void slot_check(const struct slot *slot, size_t bytes)
{
    for (size_t i = 0; i < bytes && i < slot->bytes - 1; i += slot->bytes > 600 ? 61 : 1)
        assert_int_equal(slot->block[i], (uint8_t)(slot->seed + i));
    if (bytes == slot->bytes)
        assert_int_equal(slot->block[bytes - 1], slot->seed);
}

static size_t some_size(uint64_t dice)
{
    static const size_t most[] = { 16, 64, 64, 200, 200, 1000, 5000, 40000 };

    return dice >> 60 == 0 && dice >> 40 & 1 ? 1 + (dice >> 8) % 200000 : 1 + (dice >> 8) % most[dice % 8];
}

static void slot_take(struct slot *slot, uint64_t *random)
{
    uint64_t dice = next_random(random);
    size_t alignment = dice >> 32 & 7 ? 16 : 16u << (dice >> 36) % 10;

    slot->bytes = some_size(dice);
    slot->seed = (uint8_t)(dice >> 50);
    slot->block = alignment > 16 ? aligned_alloc(alignment, slot->bytes) : malloc(slot->bytes);
    if (!slot->block)
        return;
    assert_int_equal((uintptr_t)slot->block % alignment, 0);
    slot_fill(slot);
}

static void slot_resize(struct slot *slot, uint64_t *random)
{
    size_t bytes = some_size(next_random(random));
    uint8_t *moved = realloc(slot->block, bytes);

    if (!moved)
        return;
    slot->block = moved;
    slot_check(slot, bytes < slot->bytes ? bytes - 1 : slot->bytes);
    slot->bytes = bytes;
    slot_fill(slot);
}

static void slot_step(struct slot *slot, uint64_t *random)
{
    if (!slot->block) {
        slot_take(slot, random);
        return;
    }
    slot_check(slot, slot->bytes);
    if (next_random(random) % 4 == 0) {
        slot_resize(slot, random);
    } else {
        free(slot->block);
        slot->block = NULL;
    }
}

static void slots_empty(struct slot *slot, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (slot[i].block)
            slot_check(&slot[i], slot[i].bytes);
        free(slot[i].block);
        slot[i].block = NULL;
    }
}

static void random_use_keeps_all_content(void **state)
{
    static struct slot slot[SLOTS];
    uint64_t random = 31337, most_pages = 0;
    int steps = INGOT_DEBUG ? STEPS / 5 : STEPS;

    (void)state;
    for (int step = 0; step < steps; step++) {
        slot_step(&slot[next_random(&random) % SLOTS], &random);
        if (step % 2000 == 0) {
            assert_int_equal(heap_check(), 0);
            most_pages = stats().pages > most_pages ? stats().pages : most_pages;
        }
        if (step % 50000 == 49999)
            slots_empty(slot, SLOTS);
    }
    slots_empty(slot, SLOTS);
    assert_int_equal(heap_check(), 0);
    assert_int_equal(stats().blocks, 0);
    assert_int_equal(stats().bytes, 0);
    kept_empty();
    assert_int_equal(stats().pages, AREA_PAGES);             /* all went back but one idle area */
    assert_true(pages_check());
    print_message("%d steps, at most %llu KiB in %llu pages, %llu refused\n", steps, (unsigned long long)stats().bytes_peak / 1024,
                  (unsigned long long)most_pages, (unsigned long long)stats().failed);
}

/* Small blocks between which large ones lay: fragments must serve again, and merge when the small ones go. */
static void fragments_merge(void **state)
{
    static void *small[4000], *big[4000];
    uint64_t pages_before;

    (void)state;
    for (int i = 0; i < 4000; i++) {
        small[i] = malloc(24);
        big[i] = malloc(900);
    }
    pages_before = stats().pages;
    for (int i = 0; i < 4000; i++)
        free(big[i]);
    for (int i = 0; i < 4000; i++)
        big[i] = malloc(800);
    assert_in_range(stats().pages, pages_before, pages_before + AREA_PAGES);
    for (int i = 0; i < 4000; i++)
        free(big[i]);
    assert_int_equal(heap_check(), 0);
    for (int i = 0; i < 4000; i++)
        free(small[i]);
    kept_empty();
    assert_int_equal(heap_check(), 0);
    assert_int_equal(stats().pages, AREA_PAGES);
}

static void exhaustion_gives_null_and_heals(void **state)
{
    static void *block[MEMORY_BYTES / 1000];
    size_t count = 0, again = 0;
    struct pages_stats before, after;

    (void)state;
    free(malloc(1));
    pages_stats(&before);
    while ((block[count] = malloc(1500)) != NULL)
        count++;
    assert_true(stats().failed == 1);
    assert_true(count > before.free * PAGE_BYTES / 1500 * 8 / 10);
    assert_int_equal(heap_check(), 0);
    for (size_t i = 0; i < count; i++)
        free(block[i]);
    pages_stats(&after);
    assert_true(before.free - after.free <= after.own - before.own);
    while ((block[again] = malloc(1500)) != NULL)
        again++;
    assert_in_range(again, count - 45, count + 45);
    for (size_t i = 0; i < again; i++)
        free(block[i]);
    fault_seen("H1.sizes", 'R', "");
}

/* With 16 pages in one piece nowhere, an area may be smaller. */
static void short_memory_gives_small_areas(void **state)
{
    static void *page[MEMORY_BYTES / PAGE_BYTES];
    size_t count = 0;
    void *block;

    (void)state;
    while ((page[count] = pages_alloc(1, 0, PAGES_ANYWHERE)) != NULL)
        count++;
    pages_free(page[count - 1], 1);
    block = malloc(200);
    assert_non_null(block);
    assert_int_equal(stats().pages, 1);
    assert_null(malloc(4096));
    assert_int_equal(heap_check(), 0);
    free(block);
    for (size_t i = 0; i < count - 1; i++)
        pages_free(page[i], 1);
}

/* ---- wrong use ---- */

#define UNLOCK() (heap_lock = (struct lock)LOCK("heap"))           /* which a panic left taken */

/* Apart from the tests' loops, whose variables a longjmp would take along. */
static __attribute__((noinline)) void expect_panic_of_free(void *block, const char *words) { ASSERT_PANIC(free(block), words); }

static void double_free_ends_in_words(void **state)
{
    char *first = malloc(64), *second = malloc(64), *third = malloc(64), *large = malloc(100000);
    char words[64];

    (void)state;
    free(second);
    ASSERT_PANIC(free(second), "has freed already");
    free(first);
    free(third);
    ASSERT_PANIC(free(second), "has freed already");              /* merged into its neighbours meanwhile */
    ASSERT_PANIC(free(first), "has freed already");
    snprintf(words, sizeof words, "frees %p", (void *)third);
    ASSERT_PANIC(free(third), words);
    free(large);
    ASSERT_PANIC(free(large), "frees");
    ASSERT_PANIC(first = realloc(second, 8), "frees");
    if (INGOT_DEBUG) {
        ASSERT_PANIC(free(second), "allocated by");
        assert_null(strstr(panic_words, "0xdede"));
    }
    assert_int_equal(heap_check(), 0);
}

static void foreign_free_ends_in_words(void **state)
{
    static char elsewhere[256] __attribute__((aligned(16)));
    char *block = malloc(200);

    (void)state;
    ASSERT_PANIC(free(elsewhere + 128), "no block of the heap");
    ASSERT_PANIC(free(elsewhere + 129), "no block of the heap");
    memset(block, 0, 200);
    ASSERT_PANIC(free(block + 96), "no block of the heap");
    ASSERT_PANIC(free(block + 1), "no block of the heap");
    free(block);
}

static void overwritten_header_is_noticed_in_every_build(void **state)
{
    char *first = malloc(64), *second = malloc(64), *third = malloc(64);

    (void)state;
    memset(second + 64, 'x', 16 + BACK_BYTES);                     /* over the back zone into third's header */
    assert_int_equal(heap_check(), ERR_BAD_DATA);
    ASSERT_PANIC(free(second), "overwritten");
    UNLOCK();
    ASSERT_PANIC(free(third), "overwritten");
    UNLOCK();
    if (INGOT_DEBUG)
        ASSERT_PANIC(second = realloc(second, 128), "overwritten with 0x78");
    free(first);
}

static void one_byte_outside_is_noticed_in_debug_builds(void **state)
{
    (void)state;
    if (!INGOT_DEBUG)
        return;
    for (size_t bytes = 1; bytes < 70000; bytes += bytes < 100 ? 1 : 3333)
        for (int where = 0; where < 3; where++) {
            char *block = malloc(bytes), *byte = where == 0 ? block - 1 : where == 1 ? block + bytes : block - HEAP_UNIT, was = *byte;

            *byte ^= 1;
            if (bytes < HEAP_LARGE_BYTES)
                assert_int_equal(heap_check(), ERR_BAD_DATA);
            expect_panic_of_free(block, "was overwritten with 0xfa");
            assert_non_null(strstr(panic_words, "allocated by"));
            *byte = was;
            free(block);
        }
    assert_int_equal(heap_check(), 0);
    fault_seen("H1.guards", 'H', "");
}

static void writing_to_a_free_block_is_noticed_in_debug_builds(void **state)
{
    char *block = malloc(500);

    (void)state;
    if (!INGOT_DEBUG)
        return;
    assert_int_equal((uint8_t)block[499], FILL_NEW);
    free(block);
    assert_int_equal((uint8_t)block[499], FILL_FREE);
    block[33] = 1;
    assert_int_equal(heap_check(), ERR_BAD_DATA);
    assert_non_null(strstr(log_last, "free block was overwritten"));
    ASSERT_PANIC(malloc(500), "was written to while it was free");
    assert_non_null(strstr(panic_words, "freed by"));
    UNLOCK();
    block[33] = (char)FILL_FREE;
    fault_seen("H1.guards", 'H', "");
}

static void heap_check_names_what_is_wrong(void **state)
{
    char *first = malloc(100), *second = malloc(100), *third = malloc(100);
    struct block *block = block_of(second), good;

    (void)state;
    free(third);
    good = *block;
    block->units += 4;
    assert_int_equal(heap_check(), ERR_BAD_DATA);
    assert_non_null(strstr(log_last, "do not agree"));
    *block = good;
    block->mark++;
    assert_int_equal(heap_check(), ERR_BAD_DATA);
    assert_non_null(strstr(log_last, "header was overwritten"));
    *block = good;
    heap.levels = 0;
    heap.lists[LEVELS - 1] ^= 1;
    assert_int_equal(heap_check(), ERR_BAD_DATA);
    assert_non_null(strstr(log_last, "bit map"));
    heap.lists[LEVELS - 1] ^= 1;
    heap.levels = 1u << (LEVELS - 1);
    free(first);
    free(second);
    assert_int_equal(heap_check(), 0);
}

/* ---- threads ---- */

enum { CPUS = 4, ROUNDS = UNDER_TSAN ? 4000 : 30000 };

static void *hammer(void *argument)
{
    struct slot slot[60] = { { 0 } };
    uint64_t random = 77 + (uintptr_t)argument;

    this_cpu = (uint32_t)(uintptr_t)argument;
    for (int round = 0; round < ROUNDS; round++) {
        slot_step(&slot[next_random(&random) % 60], &random);
        if (this_cpu == 1 && round % 1000 == 0)
            assert_int_equal(heap_check(), 0);
    }
    slots_empty(slot, 60);
    return NULL;
}

static void four_cpus_share_it(void **state)
{
    pthread_t thread[CPUS];

    (void)state;
    for (uintptr_t i = 0; i < CPUS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, hammer, (void *)(i + 1)), 0);
    for (int i = 0; i < CPUS; i++)
        pthread_join(thread[i], NULL);
    assert_int_equal(heap_check(), 0);
    assert_int_equal(stats().blocks, 0);
    assert_int_equal(stats().bytes, 0);
    assert_true(pages_check());
}

#define WITH_HEAP(test) cmocka_unit_test_setup(test, heap_setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_HEAP(sizes_of_zero_and_beyond_give_null),
        WITH_HEAP(realloc_keeps_content_and_frees_at_zero),
        WITH_HEAP(alignment_holds_for_every_power_of_two),
        WITH_HEAP(calloc_clears),
        cmocka_unit_test(every_block_of_a_list_serves_what_is_looked_for_there),
        WITH_HEAP(random_use_keeps_all_content),
        WITH_HEAP(fragments_merge),
        WITH_HEAP(exhaustion_gives_null_and_heals),
        WITH_HEAP(short_memory_gives_small_areas),
        WITH_HEAP(double_free_ends_in_words),
        WITH_HEAP(foreign_free_ends_in_words),
        WITH_HEAP(overwritten_header_is_noticed_in_every_build),
        WITH_HEAP(one_byte_outside_is_noticed_in_debug_builds),
        WITH_HEAP(writing_to_a_free_block_is_noticed_in_debug_builds),
        WITH_HEAP(heap_check_names_what_is_wrong),
        WITH_HEAP(four_cpus_share_it),
    };

    const struct CMUnitTest thread_tests[] = { WITH_HEAP(four_cpus_share_it) };

    if (UNDER_TSAN)                        /* for the rest it says no more than the other two */
        return cmocka_run_group_tests_name("heap, threads", thread_tests, NULL, NULL);
    return cmocka_run_group_tests_name("heap", tests, NULL, NULL);
}
