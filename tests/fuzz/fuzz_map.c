/* The firmware's memory descriptors, any of them: what comes out is sorted, in whole pages, without overlaps, and of the type that wins at
 * each place. The input: a byte for the size of a descriptor, one for how many of them are another map's, then the descriptors. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "efi/firmware.h"
#include "efi/map.h"

enum { RANGES_MAX = 64, PAGE = 4096, DECODED_RAM = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes);

/* Small numbers, so that ranges meet each other: a byte that is not 255 stands for itself. */
static void place(uint8_t *descriptor, const uint8_t *from)
{
    EFI_MEMORY_DESCRIPTOR is = { .Type = from[0] & 0xf, .PhysicalStart = from[1] * (uint64_t)PAGE, .NumberOfPages = from[2] & 0x1f };

    if (from[0] & 0x80)
        is.PhysicalStart += from[3];                        /* not aligned */
    if (from[0] & 0x40)
        is.PhysicalStart = -is.PhysicalStart;
    if (from[0] & 0x20)
        is.NumberOfPages = (uint64_t)from[4] << (from[5] & 63);
    if (from[0] & 0x10)
        is.Attribute = (uint64_t)from[6] << 56 | (uint64_t)from[7];
    memcpy(descriptor, &is, sizeof(is));
}

static uint32_t winner(const struct handoff_region *range, uint32_t count, uint64_t at)
{
    uint32_t type = 0;

    for (uint32_t i = 0; i < count; i++)
        if (range[i].start <= at && at < range[i].end && range[i].type > type)
            type = range[i].type;
    return type;
}

static void must_be_sorted(const struct handoff_region *out, uint32_t count, bool apart)
{
    for (uint32_t i = 0; i < count; i++)
        if (out[i].start >= out[i].end || out[i].start % PAGE || out[i].end % PAGE || out[i].type == 0 || out[i].type >= MAP_TYPES_MAX ||
            (i && out[i].start < (apart ? out[i - 1].end : out[i - 1].start)))
            abort();
}

/* At each place where something begins or ends. */
static void must_be_the_same(const struct handoff_region *range, uint32_t count, const struct handoff_region *out, uint32_t written)
{
    for (uint32_t i = 0; i < count; i++)
        for (unsigned side = 0; side < 4; side++) {
            uint64_t at = (side & 1 ? range[i].end : range[i].start) - (side & 2 ? 1 : 0);

            if (winner(range, count, at) != winner(out, written, at))
                abort();
        }
}

static void check(struct map_decoded *map, struct handoff_region *other, uint32_t others)
{
    static struct handoff_region out[4 * RANGES_MAX];
    static uint64_t end[2 * RANGES_MAX];
    uint32_t written;

    map_sort(map->range, map->ranges);
    map_sort(other, others);
    map_insert(map->range, map->ranges, other, others);
    must_be_sorted(map->range, map->ranges + others, false);
    written = map_sweep(map->range, map->ranges + others, end, out);
    must_be_sorted(out, written, true);
    must_be_the_same(map->range, map->ranges + others, out, written);
    map_sort(map->ram, map->rams);
    if (map_reserve_unmapped(out, written, map->ram, map->rams, DECODED_RAM) > written)
        abort();
    must_be_sorted(out, written, true);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes)
{
    static struct handoff_region range[2 * RANGES_MAX], ram[RANGES_MAX], other[RANGES_MAX], spare[RANGES_MAX];
    struct map_decoded map = { .range = range, .ram = ram }, second = { .range = other, .ram = spare };
    uint32_t size, count, first;
    uint8_t *memory;

    if (bytes < 10)
        return 0;
    size = (uint32_t)sizeof(EFI_MEMORY_DESCRIPTOR) + input[0] % 25;
    count = (uint32_t)((bytes - 2) / 8 < RANGES_MAX ? (bytes - 2) / 8 : RANGES_MAX);
    first = count - input[1] % (count + 1);
    memory = calloc(count, size);
    for (uint32_t i = 0; i < count; i++)
        place(memory + (size_t)i * size, input + 2 + i * 8);
    map_decode(&(struct map_source){ memory, (uint64_t)first * size, size }, DECODED_RAM, &map);
    map_decode(&(struct map_source){ memory + (size_t)first * size, (uint64_t)(count - first) * size, size }, DECODED_RAM, &second);
    if (map.ranges + map.dropped > first || second.ranges + second.dropped > count - first)
        abort();
    check(&map, other, second.ranges);
    free(memory);
    return 0;
}
