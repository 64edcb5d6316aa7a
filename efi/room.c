#include "efi/room.h"

#include "efi/console.h"
#include "efi/text.h"

enum { CANARY_WORDS = 8 };
#define CANARY 0x6b656570206f7574ull        /* no map entry looks like it */

enum {                                      /* what else the handoff holds, at most */
    HANDOFF_FIXED_BYTES = 2048 + CONSOLE_LOG_BYTES + CONFIG_WORDS_BYTES + CPU_RECORD_BYTES_MAX,
};

static uint64_t *canary(const struct room *room) { return (uint64_t *)(void *)(room->descriptors + room->capacity); }

static bool is_canary_alive(const struct room *room)
{
    for (unsigned i = 0; i < CANARY_WORDS; i++)
        if (canary(room)[i] != CANARY)
            return false;
    return true;
}

enum map_fault room_read_map(struct loader *loader, EFI_STATUS *out_status)
{
    struct room *room = &loader->room;
    UINTN bytes = room->capacity, descriptor_bytes = 0, key = 0;
    UINT32 version = 0;

    *out_status = loader->boot->GetMemoryMap(&bytes, (EFI_MEMORY_DESCRIPTOR *)(void *)room->descriptors, &key, &descriptor_bytes,
                                             &version);
    room->bytes = bytes;
    room->descriptor_bytes = descriptor_bytes;
    room->key = key;
    if (!is_canary_alive(room))
        return MAP_OVERRUN;
    if (*out_status == EFI_BUFFER_TOO_SMALL)
        return MAP_GREW;
    if (EFI_ERROR(*out_status))
        return MAP_READ;
    if (descriptor_bytes < EFI_DESCRIPTOR_BYTES_MIN || bytes == 0 || bytes > room->capacity || bytes % descriptor_bytes)
        return MAP_DESC;
    map_decode(&(struct map_source){ room->descriptors, bytes, descriptor_bytes }, CPU_MAP_MEMORY, &room->map);
    return MAP_OK;
}

/* Divides a block: what is the core's first, then what is over once the core has read it. With a base of 0 it only tells the
 * size. */
static uint64_t lay_out(struct room *room, uint64_t base, uint64_t capacity, uint64_t tables_capacity)
{
    uint64_t ranges = capacity / EFI_DESCRIPTOR_BYTES_MIN + MAP_EXTRA_RANGES, at = base + GUARD_BYTES + STACK_BYTES;

    *room = (struct room){ .base = base, .stack = base + GUARD_BYTES, .tables = at, .tables_capacity = tables_capacity,
                           .capacity = capacity };
    at += tables_capacity;
    room->descriptors = (uint8_t *)(uintptr_t)at;
    at += capacity + CANARY_WORDS * sizeof(uint64_t);
    room->map.range = (struct handoff_region *)(uintptr_t)at;
    at += ranges * sizeof(struct handoff_region);
    room->end = (uint64_t *)(uintptr_t)at;
    at += ranges * sizeof(uint64_t);
    room->span = (struct handoff_region *)(uintptr_t)at;
    at += 2 * ranges * sizeof(struct handoff_region);
    room->handoff = (struct handoff *)(uintptr_t)at;
    room->map.ram = (struct handoff_region *)(uintptr_t)at;
    room->handoff_capacity = 2 * ranges * sizeof(struct handoff_region) + HANDOFF_FIXED_BYTES;
    return at + room->handoff_capacity - base;
}

/* How many bytes the firmware's map takes now. */
static EFI_STATUS ask_size(struct loader *loader, uint64_t *out_bytes)
{
    UINTN bytes = 0, descriptor_bytes = 0, key = 0;
    UINT32 version = 0;
    EFI_STATUS status = loader->boot->GetMemoryMap(&bytes, NULL, &key, &descriptor_bytes, &version);

    *out_bytes = bytes;
    if (status == EFI_BUFFER_TOO_SMALL)
        return EFI_SUCCESS;
    return refuse(status, "MAP-READ", "the firmware does not tell how large its memory map is: %s", status_name(status));
}

EFI_STATUS room_take(struct loader *loader, uint64_t map_bytes, uint64_t tables_bytes)
{
    uint64_t capacity, bytes, base;
    EFI_STATUS status;

    memory_give(&loader->memory, loader->room.base);
    loader->room.base = 0;
    if (map_bytes == 0) {
        status = ask_size(loader, &map_bytes);
        if (EFI_ERROR(status))
            return status;
    }
    if (map_bytes > MAP_BYTES_MAX)
        return refuse(EFI_UNSUPPORTED, "MAP-DESC", "the firmware's memory map has %lu bytes", map_bytes);
    if (tables_bytes < TABLES_BYTES_MIN)
        tables_bytes = TABLES_BYTES_MIN;
    capacity = (2 * map_bytes + MAP_SLACK_BYTES + 7) & ~7ull;
    bytes = lay_out(&loader->room, 0, capacity, tables_bytes);
    status = memory_take(&loader->memory, HANDOFF_MEMORY_LOADER, bytes, 0, &base);
    if (EFI_ERROR(status))
        return memory_refused(loader, status, "stack, page tables and map", bytes);
    lay_out(&loader->room, base, capacity, tables_bytes);
    for (unsigned i = 0; i < CANARY_WORDS; i++)
        canary(&loader->room)[i] = CANARY;
    return EFI_SUCCESS;
}

/* Codes and sentences by enum map_fault. */
static const char faults[] =
    "MAP-OK\0"      "no fault\0"
    "MAP-READ\0"    "the firmware does not give its memory map\0"
    "MAP-GREW\0"    "the memory map grows faster than room can be made\0"
    "MAP-OVERRUN\0" "the firmware wrote behind the room for its memory map\0"
    "MAP-DESC\0"    "the sizes that the memory map has cannot be";

const char *map_fault_code(enum map_fault fault) { return text_entry(faults, 2 * fault); }
const char *map_fault_text(enum map_fault fault) { return text_entry(faults, 2 * fault + 1); }

EFI_STATUS map_refused(struct loader *loader, enum map_fault fault, EFI_STATUS status)
{
    return refuse(status, map_fault_code(fault), "%s: need=%lu have=%lu descriptor=%lu bytes, %s", map_fault_text(fault),
                  loader->room.bytes, loader->room.capacity, loader->room.descriptor_bytes, status_name(status));
}

/* What the firmware calls free, for people who have to find more; 0 if it does not tell. */
static uint64_t free_kib(struct loader *loader)
{
    const struct map_decoded *map = &loader->room.map;
    uint64_t bytes = 0;
    EFI_STATUS status;

    if (!loader->room.base || room_read_map(loader, &status) != MAP_OK)
        return 0;
    for (uint32_t i = 0; i < map->ranges; i++)
        if (map->range[i].type == HANDOFF_MEMORY_USABLE)
            bytes += map->range[i].end - map->range[i].start;
    return bytes >> 10;
}

EFI_STATUS memory_refused(struct loader *loader, EFI_STATUS status, const char *what, uint64_t bytes)
{
    return refuse(status, "MEM", "no memory for %s, need=%lu KiB have=%lu KiB: %s", what, (bytes + 1023) >> 10, free_kib(loader),
                  status_name(status));
}
