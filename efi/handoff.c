#include "efi/handoff.h"

#include "efi/bytes.h"
#include "efi/console.h"
#include "efi/serial.h"

enum { RECORD_ALIGNMENT = 8 };

/* Where the next record goes. room.c has made room for all there can be. */
static uint8_t *next_record;

static uint32_t round_up(uint64_t bytes) { return (uint32_t)((bytes + RECORD_ALIGNMENT - 1) & -(uint64_t)RECORD_ALIGNMENT); }

static void put_record(void *record, uint32_t type, uint32_t bytes)
{
    struct handoff_record *header = record;

    header->type = type;
    header->bytes = bytes;
    memcpy(next_record, record, bytes);
    next_record += bytes;
}

/* Our own claims: page 0 is nobody's, our blocks have their types (the room's first part is the core's), the loader lies in its
 * image. */
static uint32_t make_claims(const struct loader *loader, struct handoff_region *claim)
{
    const struct room *room = &loader->room;
    uint32_t count = 0;

    claim[count++] = (struct handoff_region){ 0, HANDOFF_PAGE_BYTES, HANDOFF_MEMORY_RESERVED, EfiReservedMemoryType };
    claim[count++] = (struct handoff_region){ room->base, room->tables + room->tables_bytes, HANDOFF_MEMORY_CORE, EfiLoaderData };
    for (unsigned i = 0; i < loader->memory.blocks; i++) {
        const struct memory_block *block = &loader->memory.block[i];

        claim[count++] = (struct handoff_region){ block->base, block->base + block->bytes, block->type, block->firmware_type };
    }
    if (loader->loaded && loader->loaded->ImageBase && loader->loaded->ImageSize) {
        uint64_t start = (uint64_t)(uintptr_t)loader->loaded->ImageBase & -(uint64_t)HANDOFF_PAGE_BYTES;
        uint64_t end = (uint64_t)(uintptr_t)loader->loaded->ImageBase + loader->loaded->ImageSize + HANDOFF_PAGE_BYTES - 1;

        claim[count++] = (struct handoff_region){ start, end & -(uint64_t)HANDOFF_PAGE_BYTES, HANDOFF_MEMORY_LOADER, EfiLoaderCode };
    }
    map_sort(claim, count);
    return count;
}

static void tell_map(const struct room *room, uint32_t ranges, uint32_t overlaps, uint32_t unmapped)
{
    say("map: %lu entries of %lu bytes, %u ranges", room->bytes / room->descriptor_bytes, room->descriptor_bytes, ranges);
    if (room->map.dropped || overlaps)
        say("map: W MAP-FIX dropped=%u overlap=%u", room->map.dropped, overlaps);
    if (unmapped)
        say("map: W %u ranges changed while leaving, reserved", unmapped);
}

void handoff_make_map(struct loader *loader)
{
    struct room *room = &loader->room;
    struct handoff_memory_map *map = (struct handoff_memory_map *)(room->handoff + 1);
    struct handoff_region claim[MEMORY_BLOCKS_MAX + 3];
    uint32_t overlaps = map_sort(room->map.range, room->map.ranges), claims = make_claims(loader, claim), count, unmapped;

    map_insert(room->map.range, room->map.ranges, claim, claims);
    count = map_sweep(room->map.range, room->map.ranges + claims, room->end, map->region);
    unmapped = map_reserve_unmapped(map->region, count, room->span, room->spans, CPU_MAP_MEMORY);
    map->count = count;
    map->fixed = room->map.dropped + overlaps;
    map->record.type = HANDOFF_MEMORY_MAP;
    map->record.bytes = (uint32_t)(sizeof(*map) + count * sizeof(map->region[0]));
    tell_map(room, count, overlaps, unmapped);
}

static void put_image(const struct loader *loader)
{
    struct handoff_image image = {
        .base = loader->core_base,
        .bytes = loader->core.end - loader->core.start,
        .preferred_base = loader->core.start,
        .entry = loader->core.entry + (loader->core_base - loader->core.start),
        .stack_base = loader->room.stack,
        .stack_bytes = STACK_BYTES,
        .tables_base = loader->room.tables,
        .tables_bytes = loader->room.tables_bytes,
        .loader_base = loader->loaded ? (uint64_t)(uintptr_t)loader->loaded->ImageBase : 0,
        .loader_bytes = loader->loaded ? loader->loaded->ImageSize : 0,
    };

    put_record(&image, HANDOFF_IMAGE, sizeof(image));
}

static void put_displays(struct loader *loader)
{
    for (unsigned i = 0; i < loader->displays; i++)
        put_record(&loader->display[i], HANDOFF_FRAMEBUFFER, sizeof(loader->display[i]));
}

static void put_serial_ports(void)
{
    const struct serial_port *port;

    for (unsigned i = 0; (port = serial_port(i)) != NULL; i++) {
        struct handoff_serial record = {
            .address = port->address, .space = port->space, .stride = port->stride, .clock_hz = port->clock_hz, .baud = port->baud,
            .source = port->source, .told = !port->stuck };

        put_record(&record, HANDOFF_SERIAL, sizeof(record));
    }
}

static void put_text(uint32_t type, const char *text, uint64_t length)
{
    struct handoff_text *record = (struct handoff_text *)(void *)next_record;
    uint32_t bytes = round_up(sizeof(*record) + length + 1);

    memset(next_record + bytes - RECORD_ALIGNMENT, 0, RECORD_ALIGNMENT);      /* the NUL, and what rounds up */
    memcpy(record->text, text, length);
    record->record = (struct handoff_record){ type, bytes };
    next_record += bytes;
}

/* The firmware's name for itself: UTF-16 there, ASCII here. */
static void put_firmware(const struct loader *loader)
{
    struct handoff_firmware firmware = {
        .uefi_revision = loader->system->Hdr.Revision,
        .firmware_revision = loader->system->FirmwareRevision,
        .flags = loader->firmware_flags,
        .exit_tries = loader->exit_tries,
        .descriptor_bytes = (uint32_t)loader->room.descriptor_bytes,
        .descriptors = (uint32_t)(loader->room.bytes / loader->room.descriptor_bytes),
    };
    const CHAR16 *vendor = loader->system->FirmwareVendor;

    for (unsigned i = 0; vendor && vendor[i] && i < sizeof(firmware.vendor) - 1; i++)
        firmware.vendor[i] = vendor[i] >= 0x20 && vendor[i] < 0x7f ? (char)vendor[i] : '?';
    put_record(&firmware, HANDOFF_FIRMWARE, sizeof(firmware));
}

static void put_recorder(struct loader *loader)
{
    struct handoff_recorder recorder = { .base = loader->recorder, .bytes = RECORDER_BYTES };

    if (loader->recorder)
        put_record(&recorder, HANDOFF_RECORDER, sizeof(recorder));
    if (loader->last_run.bytes)
        put_record(&loader->last_run, HANDOFF_LAST_RUN, sizeof(loader->last_run));
}

static void put_stamps(const struct loader *loader)
{
    struct handoff_stamps stamps = { .count = loader->stamps };
    uint32_t list_bytes = loader->stamps * (uint32_t)sizeof(loader->stamp[0]);

    put_record(&stamps, HANDOFF_STAMPS, sizeof(stamps));
    ((struct handoff_record *)(void *)(next_record - sizeof(stamps)))->bytes += list_bytes;
    memcpy(next_record, loader->stamp, list_bytes);
    next_record += list_bytes;
}

const struct handoff *handoff_finish(struct loader *loader)
{
    struct handoff *handoff = loader->room.handoff;
    const char *log;
    uint64_t bytes;

    next_record = (uint8_t *)(handoff + 1);
    next_record += ((struct handoff_record *)(void *)next_record)->bytes;   /* the map is there */
    put_image(loader);
    put_displays(loader);
    put_record(&loader->roots, HANDOFF_ROOTS, sizeof(loader->roots));
    put_serial_ports();
    put_text(HANDOFF_COMMAND_LINE, loader->words->text, loader->words->length);
    put_record(&loader->seed, HANDOFF_SEED, sizeof(loader->seed));
    put_firmware(loader);
    put_recorder(loader);
    next_record += cpu_write_record(next_record);
    log = console_log(&bytes);
    put_text(HANDOFF_LOADER_LOG, log, bytes);
    stamp(loader, HANDOFF_STAGE_JUMP);
    put_stamps(loader);
    *handoff = (struct handoff){
        .magic = HANDOFF_MAGIC, .version = HANDOFF_VERSION, .header_bytes = sizeof(*handoff),
        .bytes = (uint64_t)(next_record - (uint8_t *)handoff) };
    handoff->checksum = handoff_checksum(handoff, handoff->bytes);
    return handoff;
}
