/* A handoff block as a good loader makes it, with every kind of record, for tests of its reader. Include once, in the test itself. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/handoff.h"

enum { BLOCK_MAX = 4096 };

struct block {
    uint8_t bytes[BLOCK_MAX] __attribute__((aligned(8)));
    size_t used;
};

static inline struct handoff *block_header(struct block *block) { return (struct handoff *)block->bytes; }

static inline void block_seal(struct block *block)
{
    struct handoff *header = block_header(block);

    header->bytes = block->used;
    header->checksum = handoff_checksum(header, block->used);
}

/* Adds a record: type and bytes are put into data's first 8 bytes; extra zeros follow. */
static inline void *block_add(struct block *block, uint32_t type, const void *data, size_t bytes, size_t extra)
{
    struct handoff_record *record = (struct handoff_record *)(block->bytes + block->used);

    memcpy(record, data, bytes);
    record->type = type;
    record->bytes = (uint32_t)((bytes + extra + 7) & ~(size_t)7);
    block->used += record->bytes;
    return record;
}

static inline void block_add_text(struct block *block, uint32_t type, const char *text)
{
    struct handoff_record head = { 0 };
    struct handoff_text *record = block_add(block, type, &head, sizeof(head), strlen(text) + 1);

    strcpy(record->text, text);
}

static inline void block_add_map(struct block *block)
{
    static const struct handoff_region region[] = {
        { 0x0, 0x9f000, HANDOFF_MEMORY_USABLE, 7 },
        { 0x9f000, 0xa0000, HANDOFF_MEMORY_RESERVED, 0 },
        { 0x100000, 0x200000, HANDOFF_MEMORY_CORE, 1 },
        { 0x200000, 0x300000, HANDOFF_MEMORY_CORE, 2 },
        { 0x300000, 0x400000, HANDOFF_MEMORY_LOADER, 2 },
        { 0x400000, 0x410000, HANDOFF_MEMORY_RECORDER, 2 },
        { 0x410000, 0x800000, HANDOFF_MEMORY_BOOT_RECLAIM, 4 },
        { 0x800000, 0x810000, HANDOFF_MEMORY_ACPI_RECLAIM, 9 },
        { 0x810000, 0x820000, HANDOFF_MEMORY_ACPI_NVS, 10 },
        { 0x820000, 0x830000, HANDOFF_MEMORY_RUNTIME, 5 },
        { 0x830000, 0x831000, HANDOFF_MEMORY_BAD, 8 },
        { 0xe0000000, 0xf0000000, HANDOFF_MEMORY_MMIO, 11 },
        { 0x100000000, 0x140000000, HANDOFF_MEMORY_PERSISTENT, 14 },
    };
    struct handoff_memory_map head = { .count = sizeof(region) / sizeof(region[0]) };
    struct handoff_memory_map *map = block_add(block, HANDOFF_MEMORY_MAP, &head, sizeof(head), sizeof(region));

    memcpy(map->region, region, sizeof(region));
}

static inline void block_add_places(struct block *block)
{
    struct handoff_image image = {
        .base = 0x100000, .bytes = 0x40000, .preferred_base = 0x2000000, .entry = 0x101000, .stack_base = 0x1f8000,
        .stack_bytes = 0x10000, .tables_base = 0x280000, .tables_bytes = 0x8000, .loader_base = 0x300000, .loader_bytes = 0x18000,
    };
    struct handoff_recorder recorder = { .base = 0x400000, .bytes = 0x10000 };
    struct handoff_last_run last_run = { .text = 0x40f123, .bytes = 0xed0, .end = RECORDER_PANIC, .saved = 1 };

    block_add(block, HANDOFF_IMAGE, &image, sizeof(image), 0);
    block_add(block, HANDOFF_RECORDER, &recorder, sizeof(recorder), 0);
    block_add(block, HANDOFF_LAST_RUN, &last_run, sizeof(last_run), 0);
}

static inline void block_add_devices(struct block *block)
{
    struct handoff_framebuffer fb = {
        .base = 0xe0000000, .bytes = 0x400000, .width = 1024, .height = 768, .pitch_bytes = 4096, .bits_per_pixel = 32,
        .red_mask = 0xff0000, .green_mask = 0xff00, .blue_mask = 0xff, .flags = HANDOFF_DISPLAY_PRIMARY,
    };
    struct handoff_framebuffer fb16 = {
        .base = 0xe1000000, .bytes = 1368 * 2 * 768, .width = 1366, .height = 768, .pitch_bytes = 1368 * 2, .bits_per_pixel = 16,
        .red_mask = 0xf800, .green_mask = 0x7e0, .blue_mask = 0x1f,
    };
    struct handoff_serial com = { .address = 0x3f8, .space = HANDOFF_SERIAL_IO, .stride = 1, .source = HANDOFF_SERIAL_LEGACY, .told = 1 };
    struct handoff_serial mm = {
        .address = 0xfe032000, .space = HANDOFF_SERIAL_MMIO, .stride = 4, .clock_hz = 48000000, .baud = 115200,
        .source = HANDOFF_SERIAL_SPCR,
    };

    block_add(block, HANDOFF_FRAMEBUFFER, &fb, sizeof(fb), 0);
    block_add(block, HANDOFF_FRAMEBUFFER, &fb16, sizeof(fb16), 0);
    block_add(block, HANDOFF_SERIAL, &com, sizeof(com), 0);
    block_add(block, HANDOFF_SERIAL, &mm, sizeof(mm), 0);
}

static inline void block_add_facts(struct block *block)
{
    struct handoff_roots roots = { .acpi_rsdp = 0x800000, .smbios3 = 0x9f000 };
    struct handoff_seed seed = { .source = HANDOFF_SEED_CPU, .seed = { 1, 2, 3 } };
    struct handoff_stamps head = { .count = 2 };
    struct handoff_stamp stamp[2] = { { HANDOFF_STAGE_ENTRY, 0, 1000 }, { HANDOFF_STAGE_JUMP, 0, 2000 } };
    struct handoff_firmware firmware = { .uefi_revision = 0x20046, .exit_tries = 1, .descriptor_bytes = 48, .vendor = "EDK II" };
    struct handoff_x86_state state = { .found = HANDOFF_X86_PIC, .cr0 = 0x80010033 };
    struct handoff_record unknown = { 0 };

    block_add(block, HANDOFF_ROOTS, &roots, sizeof(roots), 0);
    block_add(block, HANDOFF_SEED, &seed, sizeof(seed), 0);
    memcpy(((struct handoff_stamps *)block_add(block, HANDOFF_STAMPS, &head, sizeof(head), sizeof(stamp)))->stamp, stamp, sizeof(stamp));
    block_add(block, HANDOFF_FIRMWARE, &firmware, sizeof(firmware), 0);
    block_add(block, HANDOFF_X86_STATE, &state, sizeof(state), 24);       /* longer than this reader knows */
    block_add(block, 0x7777, &unknown, sizeof(unknown), 40);              /* from a newer loader */
}

static inline void block_make(struct block *block)
{
    memset(block, 0, sizeof(*block));
    *block_header(block) = (struct handoff){ .magic = HANDOFF_MAGIC, .version = HANDOFF_VERSION, .header_bytes = sizeof(struct handoff) };
    block->used = sizeof(struct handoff);
    block_add_places(block);                     /* in front of the map that they are checked against */
    block_add_map(block);
    block_add_devices(block);
    block_add_text(block, HANDOFF_COMMAND_LINE, "exit=qemu hello");
    block_add_text(block, HANDOFF_LOADER_LOG, "line one\nline two\n");
    block_add_facts(block);
    block_seal(block);
}

/* Record number index of a type, or NULL. The block's lengths must be sound. */
static inline void *block_find(struct block *block, uint32_t type, unsigned index)
{
    for (size_t at = block_header(block)->header_bytes; at < block->used;) {
        struct handoff_record *record = (struct handoff_record *)(block->bytes + at);

        if (record->type == type && index-- == 0)
            return record;
        at += record->bytes;
    }
    return NULL;
}
