/* Memory that the firmware had, given to us when nobody needs what lies there. */
#include "core/acpi.h"
#include "core/arch.h"
#include "core/memory.h"
#include "core/pages.h"

#define LOG_SUBSYSTEM memory
#include <ingot/log.h>
#include <ingot/memory.h>

LOG_SUBSYSTEM_DEFINE(memory);

/* The tables and the firmware's own memory become ordinary: the map says so from now on, to the auditor too. */
static uint64_t reclaim(struct handoff_region *region)
{
    if (region->type == HANDOFF_MEMORY_ACPI_RECLAIM && arch_make_writable(region->start, region->end)) {
        log_warn("no page tables for [%#llx, %#llx): not reclaimed", (unsigned long long)region->start, (unsigned long long)region->end);
        return 0;
    }
    region->type = HANDOFF_MEMORY_USABLE;
    pages_add(region->start, region->end);
    return region->end - region->start;
}

uint64_t mem_reclaim(void)
{
    struct handoff_memory_map *map = (struct handoff_memory_map *)memory_map();    /* not const: the block lies in memory that is ours */
    uint64_t bytes = 0;

    acpi_close();
    for (uint32_t i = 0; i < map->count; i++)
        if (map->region[i].type == HANDOFF_MEMORY_BOOT_RECLAIM || map->region[i].type == HANDOFF_MEMORY_ACPI_RECLAIM)
            bytes += reclaim(&map->region[i]);
    log_info("%llu KiB of the firmware's memory reclaimed", (unsigned long long)(bytes >> 10));
    return bytes;
}
