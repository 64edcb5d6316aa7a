#include "core/memory.h"

#include "core/pages.h"

static const struct handoff_memory_map *map;

void memory_start(const struct handoff_view *view)
{
    map = view->map;
    pages_add_regions(map->region, map->count, HANDOFF_MEMORY_USABLE);
}

/* The first region that ends behind address; map->count when there is none. */
static uint32_t find(uint64_t address)
{
    uint32_t low = 0, high = map ? map->count : 0;

    while (low < high) {
        uint32_t middle = (low + high) / 2;

        if (map->region[middle].end <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct handoff_region *memory_region(uint64_t address)
{
    uint32_t index = find(address);

    return map && index < map->count && map->region[index].start <= address ? &map->region[index] : NULL;
}

const struct handoff_region *memory_from(uint64_t address, const struct handoff_region **out_past)
{
    *out_past = map->region + map->count;
    return map->region + find(address);
}

const struct handoff_memory_map *memory_map(void)
{
    return map;
}

bool memory_overlaps_ram(uint64_t start, uint64_t end)
{
    for (uint32_t i = find(start); map && start < end && i < map->count && map->region[i].start < end; i++)
        if (map->region[i].type != HANDOFF_MEMORY_MMIO && map->region[i].type != HANDOFF_MEMORY_RESERVED)
            return true;
    return false;
}

/* Firmware puts tables in any of these; free, bad and device memory holds none. */
static bool type_holds_tables(uint32_t type)
{
    return type != HANDOFF_MEMORY_USABLE && type != HANDOFF_MEMORY_MMIO && type != HANDOFF_MEMORY_BAD;
}

const void *memory_readable(uint64_t start, uint64_t bytes)
{
    uint64_t at = start, end = start + bytes;

    if (start < HANDOFF_PAGE_BYTES || end < start)
        return NULL;
    while (at < end) {
        const struct handoff_region *region = memory_region(at);

        if (!region || !type_holds_tables(region->type))
            return NULL;
        at = region->end;
    }
    return (const void *)(uintptr_t)start;
}

uint64_t memory_bytes(uint32_t type)
{
    uint64_t bytes = 0;

    for (uint32_t i = 0; map && i < map->count; i++)
        if (map->region[i].type == type)
            bytes += map->region[i].end - map->region[i].start;
    return bytes;
}
