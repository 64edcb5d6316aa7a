#include "efi/map_room.h"

#include "efi/console.h"

enum { CANARY_WORDS = 8 };
#define CANARY 0x6b656570206f7574ull        /* "tuo peek" in memory: no map entry looks like it */

enum {                                      /* what else the handoff holds, at most */
    HANDOFF_FIXED_BYTES = 2048 + CONSOLE_LOG_BYTES + CONFIG_WORDS_BYTES + CPU_RECORD_BYTES_MAX,
};

static uint64_t *canary(const struct map_room *room) { return (uint64_t *)(void *)(room->descriptors + room->capacity); }

static bool is_canary_alive(const struct map_room *room)
{
    for (unsigned i = 0; i < CANARY_WORDS; i++)
        if (canary(room)[i] != CANARY)
            return false;
    return true;
}

enum map_fault map_room_read(struct loader *loader, EFI_STATUS *out_status)
{
    struct map_room *room = &loader->map;
    UINTN bytes = room->capacity, descriptor_bytes = 0, key = 0;
    UINT32 version = 0;

    *out_status = loader->boot->GetMemoryMap(&bytes, (EFI_MEMORY_DESCRIPTOR *)(void *)room->descriptors, &key, &descriptor_bytes, &version);
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
    return MAP_OK;
}

/* Divides a block: descriptors and canary, working memory of the sweep, plan, handoff. With a base of 0 it only tells the size. */
static uint64_t lay_out(struct map_room *room, uint64_t base, uint64_t capacity)
{
    uint64_t ranges = capacity / EFI_DESCRIPTOR_BYTES_MIN + MAP_EXTRA_RANGES, at = base;

    *room = (struct map_room){ .base = base, .capacity = capacity };
    room->descriptors = (uint8_t *)(uintptr_t)at;
    at += capacity + CANARY_WORDS * sizeof(uint64_t);
    room->range = (struct handoff_region *)(uintptr_t)at;
    at += ranges * sizeof(struct handoff_region);
    room->end = (uint64_t *)(uintptr_t)at;
    at += ranges * sizeof(uint64_t);
    room->span = (struct handoff_region *)(uintptr_t)at;
    at += 2 * ranges * sizeof(struct handoff_region);
    room->handoff = (struct handoff *)(uintptr_t)at;
    room->handoff_capacity = 2 * ranges * sizeof(struct handoff_region) + HANDOFF_FIXED_BYTES;
    return at + room->handoff_capacity - base;
}

static EFI_STATUS take_block(struct loader *loader, uint64_t need)
{
    uint64_t capacity = (2 * need + MAP_SLACK_BYTES + 7) & ~7ull, bytes, base;
    EFI_STATUS status;

    memory_give(&loader->memory, loader->map.base);
    bytes = lay_out(&loader->map, 0, capacity);
    status = memory_take(&loader->memory, HANDOFF_MEMORY_LOADER, bytes, 0, &base);
    if (EFI_ERROR(status))
        return memory_refused(loader, status, "the memory map", bytes);
    lay_out(&loader->map, base, capacity);
    for (unsigned i = 0; i < CANARY_WORDS; i++)
        canary(&loader->map)[i] = CANARY;
    return EFI_SUCCESS;
}

/* How many bytes the firmware's map takes now. */
static EFI_STATUS ask_size(struct loader *loader, uint64_t *out_bytes)
{
    UINTN bytes = 0, descriptor_bytes = 0, key = 0;
    UINT32 version = 0;
    EFI_STATUS status = loader->boot->GetMemoryMap(&bytes, NULL, &key, &descriptor_bytes, &version);

    if (status != EFI_BUFFER_TOO_SMALL) {
        status = EFI_ERROR(status) ? status : EFI_UNSUPPORTED;
        return refuse(status, "MAP-READ", "the firmware does not tell how large its memory map is: %s", status_name(status));
    }
    if (bytes > MAP_BYTES_MAX)
        return refuse(EFI_UNSUPPORTED, "MAP-DESC", "the firmware's memory map has %lu bytes", (uint64_t)bytes);
    *out_bytes = bytes;
    return EFI_SUCCESS;
}

EFI_STATUS map_room_take(struct loader *loader)
{
    enum map_fault fault = MAP_GREW;
    EFI_STATUS status;
    uint64_t need = 0;

    status = ask_size(loader, &need);
    if (EFI_ERROR(status))
        return status;
    for (unsigned tries = 0; fault == MAP_GREW && tries < MAP_ROOM_TRIES && need <= MAP_BYTES_MAX; tries++) {
        status = take_block(loader, need);
        if (EFI_ERROR(status))
            return status;
        fault = map_room_read(loader, &status);
        need = loader->map.bytes;
    }
    return fault == MAP_OK ? EFI_SUCCESS : map_refused(loader, fault, status);
}

/* A table of arrays: pointers would cost relocations. */
static const struct { char code[16]; char text[72]; } faults[MAP_FAULTS] = {
    [MAP_OK]      = { "MAP-OK",      "no fault" },
    [MAP_READ]    = { "MAP-READ",    "the firmware does not give its memory map" },
    [MAP_GREW]    = { "MAP-GREW",    "the memory map grows faster than room can be made" },
    [MAP_OVERRUN] = { "MAP-OVERRUN", "the firmware wrote behind the room for its memory map" },
    [MAP_DESC]    = { "MAP-DESC",    "the sizes that the memory map has cannot be" },
};

const char *map_fault_code(enum map_fault fault) { return faults[fault].code; }
const char *map_fault_text(enum map_fault fault) { return faults[fault].text; }

EFI_STATUS map_refused(struct loader *loader, enum map_fault fault, EFI_STATUS status)
{
    return refuse(status, map_fault_code(fault), "%s: need=%lu have=%lu descriptor=%lu bytes, %s", map_fault_text(fault), loader->map.bytes,
                  loader->map.capacity, loader->map.descriptor_bytes, status_name(status));
}
