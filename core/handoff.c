/* Checks the handoff block before anything in it is believed. */
#include "core/handoff_view.h"

#include "core/words.h"

#include <ingot/error.h>
#include <ingot/format.h>
#include <ingot/string.h>

struct reader {
    struct handoff_view *view;
    char *why;
    size_t why_bytes;
};

/* Each check returns 0, or says why not and returns ERR_BAD_DATA. */
static __attribute__((format(gnu_printf, 2, 3))) int fail(const struct reader *r, const char *pattern, ...)
{
    va_list args;

    va_start(args, pattern);
    format_va(r->why, r->why_bytes, pattern, args);
    va_end(args);
    return ERR_BAD_DATA;
}

static int fail_place(const struct reader *r, const char *name, uint64_t bytes, uint64_t base)
{
    return fail(r, "%s: %llu bytes at %#llx", name, (unsigned long long)bytes, (unsigned long long)base);
}

static int check_header(struct reader *r, const struct handoff *block)
{
    if (block == NULL)
        return fail(r, "there is no block: its address is 0");
    if ((uintptr_t)block % 8)
        return fail(r, "the block's address %p is not a multiple of 8", (const void *)block);
    if (block->magic != HANDOFF_MAGIC)
        return fail(r, "magic is %#llx, not %#llx", (unsigned long long)block->magic, (unsigned long long)HANDOFF_MAGIC);
    if (block->version != HANDOFF_VERSION)
        return fail(r, "version is %u, this core reads %u", block->version, HANDOFF_VERSION);
    if (block->bytes % 8 || block->bytes > HANDOFF_MAX_BYTES || block->bytes < sizeof(*block))
        return fail(r, "the block cannot have %llu bytes", (unsigned long long)block->bytes);
    if (block->header_bytes % 8 || block->header_bytes < sizeof(*block) || block->header_bytes > block->bytes)
        return fail(r, "the header cannot have %u bytes", block->header_bytes);

    uint64_t sum = handoff_checksum(block, block->bytes);

    if (sum != block->checksum)
        return fail(r, "checksum is %#llx, the block says %#llx", (unsigned long long)sum, (unsigned long long)block->checksum);
    return 0;
}

static int check_map(struct reader *r, const struct handoff_memory_map *map)
{
    uint64_t last_end = 0;

    if (r->view->map)
        return fail(r, "there is a second memory map");
    if (map->count == 0 || map->count > (map->record.bytes - sizeof(*map)) / sizeof(map->region[0]))
        return fail(r, "memory map: %u regions in %u bytes", map->count, map->record.bytes);
    for (uint32_t i = 0; i < map->count; i++) {
        const struct handoff_region *region = &map->region[i];

        if (region->start >= region->end || (region->start | region->end) % HANDOFF_PAGE_BYTES)
            return fail(r, "memory map: region %u is [%#llx, %#llx)", i, (unsigned long long)region->start,
                        (unsigned long long)region->end);
        if (region->start < last_end)
            return fail(r, "memory map: region %u at %#llx overlaps the one before", i, (unsigned long long)region->start);
        if (region->type == 0 || region->type >= HANDOFF_MEMORY_TYPES)
            return fail(r, "memory map: region %u has the unknown type %u", i, region->type);
        last_end = region->end;
    }
    r->view->map = map;
    return 0;
}

/* Whole pages, none of which is page 0: that one is never mapped. */
static bool is_pages(uint64_t base, uint64_t bytes)
{
    return base != 0 && bytes != 0 && base + bytes > base && (base | bytes) % HANDOFF_PAGE_BYTES == 0;
}

static int check_image(struct reader *r, const struct handoff_image *image)
{
    if (r->view->image)
        return fail(r, "there is a second image record");
    if (image->bytes == 0 || image->base == 0 || image->base + image->bytes < image->base || image->base % HANDOFF_PAGE_BYTES)
        return fail_place(r, "image", image->bytes, image->base);
    if (image->preferred_base % HANDOFF_PAGE_BYTES)
        return fail(r, "image: moved from %#llx by no whole number of pages", (unsigned long long)image->preferred_base);
    if (image->entry < image->base || image->entry >= image->base + image->bytes)
        return fail(r, "image: the entry %#llx lies outside", (unsigned long long)image->entry);
    if (!is_pages(image->stack_base, image->stack_bytes))
        return fail_place(r, "stack", image->stack_bytes, image->stack_base);
    if (image->tables_bytes != 0 && !is_pages(image->tables_base, image->tables_bytes))
        return fail_place(r, "page tables", image->tables_bytes, image->tables_base);
    if (image->loader_base + image->loader_bytes < image->loader_base)
        return fail_place(r, "loader", image->loader_bytes, image->loader_base);
    r->view->image = image;
    return 0;
}

/* A colour's bits stand together and within the pixel. */
static bool mask_is_sound(uint32_t mask, uint32_t bits_per_pixel)
{
    if (mask == 0 || (bits_per_pixel < 32 && mask >> bits_per_pixel))
        return false;

    uint32_t run = mask >> __builtin_ctz(mask);

    return (run & (run + 1)) == 0;
}

static int check_framebuffer(struct reader *r, const struct handoff_framebuffer *fb)
{
    if (fb->base == 0 || fb->base + fb->bytes < fb->base)
        return fail_place(r, "framebuffer", fb->bytes, fb->base);
    if (fb->width == 0 || fb->height == 0 || fb->width > 16384 || fb->height > 16384)
        return fail(r, "framebuffer: %u x %u pixels", fb->width, fb->height);
    if (fb->bits_per_pixel != 16 && fb->bits_per_pixel != 24 && fb->bits_per_pixel != 32)
        return fail(r, "framebuffer: %u bits per pixel", fb->bits_per_pixel);
    if (fb->pitch_bytes < fb->width * (fb->bits_per_pixel / 8) || (uint64_t)fb->pitch_bytes * fb->height > fb->bytes)
        return fail(r, "framebuffer: a pitch of %u bytes for %u x %u pixels in %llu bytes", fb->pitch_bytes, fb->width, fb->height,
                    (unsigned long long)fb->bytes);
    if (!mask_is_sound(fb->red_mask, fb->bits_per_pixel) || !mask_is_sound(fb->green_mask, fb->bits_per_pixel) ||
        !mask_is_sound(fb->blue_mask, fb->bits_per_pixel) || (fb->red_mask & fb->green_mask) ||
        ((fb->red_mask | fb->green_mask) & fb->blue_mask))
        return fail(r, "framebuffer: masks %#x %#x %#x", fb->red_mask, fb->green_mask, fb->blue_mask);
    if (r->view->framebuffers == HANDOFF_VIEW_MAX)
        return 0;                                /* more than anyone can look at */
    r->view->framebuffer[r->view->framebuffers++] = fb;
    return 0;
}

/* Eight registers, stride bytes apart, end inside their space: arithmetic on them must not come out at another device. */
static bool registers_fit(const struct handoff_serial *serial)
{
    uint64_t last = serial->address + 7 * (uint64_t)serial->stride;

    if (serial->space == HANDOFF_SERIAL_IO)
        return serial->address != 0 && serial->address <= 0xffff && last <= 0xffff;
    return serial->address != 0 && last + serial->stride > serial->address && serial->address % serial->stride == 0;
}

static int check_serial(struct reader *r, const struct handoff_serial *serial)
{
    if (serial->space != HANDOFF_SERIAL_IO && serial->space != HANDOFF_SERIAL_MMIO)
        return fail(r, "serial port: address space %u", serial->space);
    if (serial->stride != 1 && serial->stride != 2 && serial->stride != 4)
        return fail(r, "serial port: stride %u", serial->stride);
    if (!registers_fit(serial))
        return fail(r, "serial port: 8 registers, %u bytes apart, cannot be at %#llx", serial->stride,
                    (unsigned long long)serial->address);
    if (r->view->serials < HANDOFF_VIEW_MAX)
        r->view->serial[r->view->serials++] = serial;
    return 0;
}

static int check_text(struct reader *r, const struct handoff_text *text, const char *name, const char **out_text)
{
    size_t bytes = text->record.bytes - sizeof(*text);

    if (bytes == 0 || strnlen(text->text, bytes) == bytes)
        return fail(r, "%s: no NUL ends it", name);
    *out_text = text->text;
    return 0;
}

static int check_stamps(struct reader *r, const struct handoff_stamps *stamps)
{
    if (stamps->count > (stamps->record.bytes - sizeof(*stamps)) / sizeof(stamps->stamp[0]))
        return fail(r, "stamps: %u in %u bytes", stamps->count, stamps->record.bytes);
    r->view->stamps = stamps;
    return 0;
}

static int check_recorder(struct reader *r, const struct handoff_recorder *recorder)
{
    if (!is_pages(recorder->base, recorder->bytes))
        return fail_place(r, "recorder", recorder->bytes, recorder->base);
    r->view->recorder = recorder;
    return 0;
}

/* Where it lies is looked at with the map. */
static int check_last_run(struct reader *r, const struct handoff_last_run *last)
{
    if (last->bytes == 0 || last->text == 0 || last->text + last->bytes < last->text)
        return fail_place(r, "last run", last->bytes, last->text);
    r->view->last_run = last;
    return 0;
}

static int check_firmware(struct reader *r, const struct handoff_firmware *firmware)
{
    if (strnlen(firmware->vendor, sizeof(firmware->vendor)) == sizeof(firmware->vendor))
        return fail(r, "firmware: no NUL ends the vendor");
    r->view->firmware = firmware;
    return 0;
}

/* All of [start, start + bytes), which does not wrap, is memory of this type. */
static int check_place(const struct reader *r, const char *name, uint64_t start, uint64_t bytes, uint32_t type)
{
    const struct handoff_memory_map *map = r->view->map;
    uint64_t at = start, end = start + bytes;

    for (uint32_t i = 0; i < map->count && at < end; i++) {
        const struct handoff_region *region = &map->region[i];

        if (region->type == type && region->start <= at && at < region->end)
            at = region->end;
    }
    return at >= end ? 0 : fail(r, "the map does not keep %#llx for the %s", (unsigned long long)start, name);
}

/* What the records place must be kept by the map, or the allocator would give it away. */
static int check_places(const struct reader *r)
{
    const struct handoff_image *image = r->view->image;
    const struct handoff_recorder *recorder = r->view->recorder;
    const struct handoff_last_run *last = r->view->last_run;
    int error;

    if (!r->view->map || !image)
        return fail(r, "there is no %s record", image ? "memory map" : "image");
    if ((error = check_place(r, "image", image->base, image->bytes, HANDOFF_MEMORY_CORE)) ||
        (error = check_place(r, "stack and its guard", image->stack_base - HANDOFF_PAGE_BYTES,
                             image->stack_bytes + HANDOFF_PAGE_BYTES, HANDOFF_MEMORY_CORE)) ||
        (error = check_place(r, "page tables", image->tables_base, image->tables_bytes, HANDOFF_MEMORY_CORE)))
        return error;
    if (recorder && (error = check_place(r, "recorder", recorder->base, recorder->bytes, HANDOFF_MEMORY_RECORDER)))
        return error;
    return last ? check_place(r, "last run", last->text, last->bytes, HANDOFF_MEMORY_RECORDER) : 0;
}

static uint32_t least_bytes(uint32_t type)
{
    static const uint8_t least[] = {
        [HANDOFF_MEMORY_MAP] = sizeof(struct handoff_memory_map), [HANDOFF_IMAGE] = sizeof(struct handoff_image),
        [HANDOFF_FRAMEBUFFER] = sizeof(struct handoff_framebuffer), [HANDOFF_ROOTS] = sizeof(struct handoff_roots),
        [HANDOFF_SERIAL] = sizeof(struct handoff_serial), [HANDOFF_COMMAND_LINE] = sizeof(struct handoff_text),
        [HANDOFF_SEED] = sizeof(struct handoff_seed), [HANDOFF_STAMPS] = sizeof(struct handoff_stamps),
        [HANDOFF_LOADER_LOG] = sizeof(struct handoff_text), [HANDOFF_RECORDER] = sizeof(struct handoff_recorder),
        [HANDOFF_FIRMWARE] = sizeof(struct handoff_firmware), [HANDOFF_LAST_RUN] = sizeof(struct handoff_last_run),
    };

    if (type == HANDOFF_X86_STATE)
        return sizeof(struct handoff_x86_state);
    return type < sizeof(least) ? least[type] : 0;
}

static int check_record(struct reader *r, struct handoff_record *record)
{
    struct handoff_view *view = r->view;
    const void *body = record;

    if (record->bytes < least_bytes(record->type))
        return fail(r, "record type %#x has only %u bytes", record->type, record->bytes);
    switch (record->type) {
    case HANDOFF_MEMORY_MAP:   return check_map(r, body);
    case HANDOFF_IMAGE:        return check_image(r, body);
    case HANDOFF_FRAMEBUFFER:  return check_framebuffer(r, body);
    case HANDOFF_SERIAL:       return check_serial(r, body);
    case HANDOFF_COMMAND_LINE: return check_text(r, body, "command line", &view->command_line);
    case HANDOFF_LOADER_LOG:   return check_text(r, body, "loader log", &view->loader_log);
    case HANDOFF_STAMPS:       return check_stamps(r, body);
    case HANDOFF_RECORDER:     return check_recorder(r, body);
    case HANDOFF_FIRMWARE:     return check_firmware(r, body);
    case HANDOFF_LAST_RUN:     return check_last_run(r, body);
    case HANDOFF_ROOTS:        view->roots = body; return 0;
    case HANDOFF_SEED:         view->seed = (struct handoff_seed *)record; return 0;
    case HANDOFF_X86_STATE:    view->x86_state = body; return 0;
    default:                   view->unknown_records++; return 0;
    }
}

int handoff_check(struct handoff *block, struct handoff_view *out_view, char *out_why, size_t why_bytes)
{
    struct reader r = { out_view, out_why, why_bytes };
    uint64_t offset;
    int error;

    memset(out_view, 0, sizeof(*out_view));
    out_view->command_line = out_view->loader_log = "";
    if ((error = check_header(&r, block)))
        return error;
    for (offset = block->header_bytes; offset < block->bytes;) {
        struct handoff_record *record = (struct handoff_record *)((uint8_t *)block + offset);
        uint64_t left = block->bytes - offset;

        if (left < sizeof(*record) || record->bytes < sizeof(*record) || record->bytes % 8 || record->bytes > left)
            return fail(&r, "the record at offset %llu does not fit the block", (unsigned long long)offset);
        if ((error = check_record(&r, record)))
            return error;
        offset += record->bytes;
    }
    if ((error = check_places(&r)))
        return error;
    out_view->block = block;
    return 0;
}

const char *handoff_memory_name(uint32_t type)
{
    return word_at("?\0" "usable\0" "boot services\0" "loader\0" "persistent\0" "core\0" "recorder\0" "ACPI tables\0" "ACPI NVS\0"
                   "runtime services\0" "reserved\0" "MMIO\0" "bad\0", type);
}

const char *handoff_stage_name(uint32_t stage)
{
    return word_at(HANDOFF_STAGE_NAMES, stage);
}
