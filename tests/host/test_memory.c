/* Questions to the memory map, against a plain walk over all regions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/memory.h"
#include "core/pages.h"

enum { REGIONS_MAX = 300, QUESTIONS = 20000 };

static struct handoff_memory_map *map;
static uint32_t given_type;
static size_t given_count;

void pages_add_regions(const struct handoff_region *region, size_t count, uint32_t type)
{
    assert_ptr_equal(region, map->region);
    given_type = type;
    given_count = count;
}

static uint64_t next_random(void)
{
    static uint64_t state = 0x9e3779b97f4a7c15ull;

    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return state;
}

/* Of just its size, so that a look beyond is seen. */
static void use(const struct handoff_region *region, uint32_t count)
{
    free(map);
    map = malloc(sizeof(*map) + count * sizeof(*region));
    *map = (struct handoff_memory_map){ .count = count };
    memcpy(map->region, region, count * sizeof(*region));
    memory_start(&(struct handoff_view){ .map = map });
}

static void use_random(uint32_t count)
{
    struct handoff_region region[REGIONS_MAX];
    uint64_t at = 0;

    for (uint32_t i = 0; i < count; i++) {
        at += next_random() % 3 * HANDOFF_PAGE_BYTES;            /* a third of them without a hole before */
        region[i].start = at;
        at += (1 + next_random() % 20) * HANDOFF_PAGE_BYTES;
        region[i].end = at;
        region[i].type = 1 + (uint32_t)(next_random() % (HANDOFF_MEMORY_TYPES - 1));
    }
    use(region, count);
}

static const struct handoff_region *plain_region(uint64_t address)
{
    for (uint32_t i = 0; i < map->count; i++)
        if (address >= map->region[i].start && address < map->region[i].end)
            return &map->region[i];
    return NULL;
}

/* Which region is the first that ends behind address: its number, or how many there are. */
static uint32_t plain_from(uint64_t address)
{
    uint32_t i = 0;

    while (i < map->count && map->region[i].end <= address)
        i++;
    return i;
}

static uint32_t from(uint64_t address)
{
    const struct handoff_region *past, *region = memory_from(address, &past);

    assert_ptr_equal(past, map->region + map->count);
    return (uint32_t)(region - map->region);
}

static bool plain_ram(uint64_t start, uint64_t end)
{
    for (uint64_t at = start; at < end; at++) {
        const struct handoff_region *region = plain_region(at);

        if (region && region->type != HANDOFF_MEMORY_MMIO && region->type != HANDOFF_MEMORY_RESERVED)
            return true;
        at |= HANDOFF_PAGE_BYTES - 1;
    }
    return false;
}

static bool plain_readable(uint64_t start, uint64_t bytes)
{
    for (uint64_t at = start; at < start + bytes; at = (at | (HANDOFF_PAGE_BYTES - 1)) + 1) {
        const struct handoff_region *region = plain_region(at);

        if (!region || region->type == HANDOFF_MEMORY_USABLE || region->type == HANDOFF_MEMORY_MMIO ||
            region->type == HANDOFF_MEMORY_BAD)
            return false;
    }
    return start >= HANDOFF_PAGE_BYTES;
}

static void answers_are_those_of_a_plain_walk(void **state)
{
    (void)state;
    for (uint32_t question = 0; question < QUESTIONS; question++) {
        if (question % 200 == 0)
            use_random(1 + (uint32_t)(next_random() % REGIONS_MAX));

        uint64_t limit = map->region[map->count - 1].end + 3 * HANDOFF_PAGE_BYTES;
        uint64_t start = next_random() % limit, bytes = 1 + next_random() % (5 * HANDOFF_PAGE_BYTES);

        if (question % 3 == 0)
            start &= ~(uint64_t)(HANDOFF_PAGE_BYTES - 1);        /* the edges */
        if (question % 5 == 0)
            bytes = HANDOFF_PAGE_BYTES - start % HANDOFF_PAGE_BYTES;
        assert_ptr_equal(memory_region(start), plain_region(start));
        assert_int_equal(from(start), plain_from(start));
        assert_int_equal(memory_overlaps_ram(start, start + bytes), plain_ram(start, start + bytes));
        assert_ptr_equal(memory_readable(start, bytes), plain_readable(start, bytes) ? (void *)(uintptr_t)start : NULL);
    }
}

static void before_the_start_nothing_is_memory(void **state)
{
    (void)state;
    assert_null(memory_region(0x1000));
    assert_false(memory_overlaps_ram(0, UINT64_MAX));
    assert_null(memory_readable(0x1000, 1));
    assert_int_equal(memory_bytes(HANDOFF_MEMORY_USABLE), 0);
}

static const struct handoff_region edges[] = {
    { 0, 0x2000, HANDOFF_MEMORY_ACPI_NVS, 0 },
    { 0x2000, 0x4000, HANDOFF_MEMORY_ACPI_RECLAIM, 0 },
    { 0x8000, 0x9000, HANDOFF_MEMORY_RESERVED, 0 },
    { 0x9000, 0xa000, HANDOFF_MEMORY_USABLE, 0 },
    { 0xfffffffffffff000 - 0x1000, 0xfffffffffffff000, HANDOFF_MEMORY_ACPI_NVS, 0 },
};

static void the_edges_of_ranges_and_of_the_address_space(void **state)
{
    (void)state;
    use(edges, sizeof(edges) / sizeof(edges[0]));
    assert_int_equal(given_type, HANDOFF_MEMORY_USABLE);
    assert_int_equal(given_count, 5);
    assert_null(memory_readable(0, 16));                         /* page 0 is not mapped, whatever the map says */
    assert_null(memory_readable(0xfff, 16));
    assert_non_null(memory_readable(0x1000, 0x3000));            /* over two regions of different types */
    assert_null(memory_readable(0x1000, 0x3001));                /* one byte into the hole */
    assert_non_null(memory_readable(0x8000, 0x1000));
    assert_null(memory_readable(0x8000, 0x1001));                /* one byte into free memory */
    assert_null(memory_readable(0x1000, UINT64_MAX));            /* wraps */
    assert_null(memory_readable(UINT64_MAX, 1));
    assert_null(memory_readable(UINT64_MAX - 10, 11));
    assert_non_null(memory_readable(0xffffffffffffefff, 1));
    assert_null(memory_readable(0xffffffffffffefff, 2));
    assert_null(memory_region(UINT64_MAX));
    assert_int_equal(from(0x4000), 2);
    assert_int_equal(from(UINT64_MAX), 5);
    assert_true(memory_overlaps_ram(0x8fff, 0x9001));
    assert_false(memory_overlaps_ram(0x4000, 0x9000));
    assert_false(memory_overlaps_ram(0x9800, 0x9800));           /* an empty range overlaps nothing */
    assert_int_equal(memory_bytes(HANDOFF_MEMORY_ACPI_NVS), 0x3000);
    assert_int_equal(memory_bytes(HANDOFF_MEMORY_BAD), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_the_start_nothing_is_memory),
        cmocka_unit_test(answers_are_those_of_a_plain_walk),
        cmocka_unit_test(the_edges_of_ranges_and_of_the_address_space),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
