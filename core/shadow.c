#include "core/shadow.h"

#define LOG_SUBSYSTEM asan
#include <ingot/cpu.h>
#include <ingot/log.h>
#include <ingot/panic.h>
#include <ingot/string.h>

LOG_SUBSYSTEM_DEFINE(asan);

static uintptr_t limit;                          /* 0: there is no shadow yet, and all addresses pass */

uintptr_t shadow_limit(void) { return limit; }

static uint8_t *byte_of(uintptr_t address) { return (uint8_t *)(address / SHADOW_BYTES + SHADOW_START); }

static bool is_memory(uint32_t type)
{
    return type != HANDOFF_MEMORY_MMIO && type != HANDOFF_MEMORY_RESERVED && type != HANDOFF_MEMORY_BAD && type != HANDOFF_MEMORY_PERSISTENT;
}

static uint64_t memory_end(const struct handoff_memory_map *map)
{
    uint64_t end = 0;

    for (uint32_t i = 0; i < map->count; i++)
        if (is_memory(map->region[i].type))
            end = map->region[i].end;
    return end;
}

/* How far memory is usable without a gap from start on. */
static uint64_t usable_from(const struct handoff_memory_map *map, uint64_t start)
{
    for (uint32_t i = 0; i < map->count; i++) {
        const struct handoff_region *region = &map->region[i];

        if (region->start <= start && start < region->end && region->type == HANDOFF_MEMORY_USABLE)
            start = region->end;
    }
    return start;
}

void shadow_start(const struct handoff_view *view)
{
    uint64_t memory = memory_end(view->map), room = usable_from(view->map, SHADOW_START) - SHADOW_START;
    uint64_t reach = memory / SHADOW_BYTES <= room ? memory : room * SHADOW_BYTES;

    if ((uintptr_t)__builtin_frame_address(0) >= reach)
        panic_code("ASAN", "only [%#llx, %#llx) is usable for the shadow, too little for a machine with memory up to %#llx", SHADOW_START,
                   SHADOW_START + room, (unsigned long long)memory);
    memset(byte_of(0), SHADOW_OPEN, reach / SHADOW_BYTES);
    limit = reach;
    shadow_globals();
    log_info("%llu MiB at %#llx watch over the memory below %#llx; %llu MiB above stay unused", (unsigned long long)(reach / SHADOW_BYTES >> 20),
             SHADOW_START, (unsigned long long)reach, (unsigned long long)((memory - reach) >> 20));
}

bool shadow_keeps(uint64_t start, uint64_t end, uint64_t *out_start, uint64_t *out_end)
{
    uint64_t shadow_end = (SHADOW_START + limit / SHADOW_BYTES + 4095) & ~4095ull;

    if (start < shadow_end && end > SHADOW_START) {
        *out_start = start > SHADOW_START ? start : SHADOW_START;
        *out_end = end < shadow_end ? end : shadow_end;
        return true;
    }
    *out_start = start > limit ? start : limit;
    *out_end = end;
    return end > limit;
}

void shadow_open(const void *start, size_t bytes)
{
    if ((uintptr_t)start >= limit)
        return;
    memset(byte_of((uintptr_t)start), SHADOW_OPEN, bytes / SHADOW_BYTES);
    if (bytes % SHADOW_BYTES)
        *byte_of((uintptr_t)start + bytes) = bytes % SHADOW_BYTES;
}

void shadow_close(const void *start, size_t bytes, enum shadow why)
{
    if ((uintptr_t)start < limit)
        memset(byte_of((uintptr_t)start), (int)why, (bytes + SHADOW_BYTES - 1) / SHADOW_BYTES);
}

enum shadow shadow_of(uintptr_t address) { return address < limit ? (enum shadow)*byte_of(address) : SHADOW_OPEN; }

/* Whether this one byte may not be used. */
static bool is_closed(uintptr_t address)
{
    uint8_t shadow = *byte_of(address);

    return shadow && (shadow >= SHADOW_BYTES || address % SHADOW_BYTES >= shadow);
}

uintptr_t shadow_fault(uintptr_t address, size_t bytes)
{
    uintptr_t end = address + bytes;

    if (end > limit || end < address)
        return 0;
    while (address < end) {
        if (*byte_of(address) == SHADOW_OPEN)
            address = (address | (SHADOW_BYTES - 1)) + 1;
        else if (is_closed(address))
            return address;
        else
            address++;
    }
    return 0;
}
