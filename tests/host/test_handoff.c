/* The handoff's reader: what a good loader writes is believed, anything else is refused with one sentence that names it, and no byte
 * outside the block is read: each block lies in memory of just its size, so that the address sanitizer sees it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ingot/error.h>

#include "core/handoff_view.h"
#include "tests/host/handoff_block.h"

enum { WHY_BYTES = 160, SEEDS = 100000, SENTENCES_MAX = 128 };

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static char why[WHY_BYTES];

/* Checks a copy that ends where its memory ends. 32 bytes are always there: no reader can know that a header is cut. */
static int check(const struct block *block, size_t bytes, struct handoff_view *out_view)
{
    size_t room = bytes < sizeof(struct handoff) ? sizeof(struct handoff) : bytes;
    uint8_t *copy = malloc(room);
    int result;

    memcpy(copy, block->bytes, room);
    memset(why, 0, sizeof(why));
    result = handoff_check((struct handoff *)copy, out_view, why, sizeof(why));
    free(copy);
    return result;
}

static void expect_refusal(const struct block *block, size_t bytes, const char *sentence)
{
    struct handoff_view view;
    int result = check(block, bytes, &view);

    if (result != ERR_BAD_DATA)
        fail_msg("result %d, not a refusal with \"%s\"", result, sentence);
    if (!strstr(why, sentence))
        fail_msg("refused with \"%s\", not \"%s\"", why, sentence);
}

/* ---- good blocks ---- */

static void a_good_block_is_believed(void **state)
{
    struct block block;
    struct handoff_view view;
    char words[WHY_BYTES];

    (void)state;
    block_make(&block);
    assert_int_equal(handoff_check(block_header(&block), &view, words, sizeof(words)), 0);
    assert_ptr_equal(view.block, block_header(&block));
    assert_ptr_equal(view.map, block_find(&block, HANDOFF_MEMORY_MAP, 0));
    assert_ptr_equal(view.image, block_find(&block, HANDOFF_IMAGE, 0));
    assert_int_equal(view.framebuffers, 2);
    assert_ptr_equal(view.framebuffer[1], block_find(&block, HANDOFF_FRAMEBUFFER, 1));
    assert_int_equal(view.serials, 2);
    assert_ptr_equal(view.serial[1], block_find(&block, HANDOFF_SERIAL, 1));
    assert_string_equal(view.command_line, "exit=qemu hello");
    assert_string_equal(view.loader_log, "line one\nline two\n");
    assert_int_equal(view.roots->acpi_rsdp, 0x800000);
    assert_int_equal(view.seed->source, HANDOFF_SEED_CPU);
    assert_int_equal(view.stamps->count, 2);
    assert_int_equal(view.recorder->bytes, 0x10000);
    assert_int_equal(view.last_run->end, RECORDER_PANIC);
    assert_string_equal(view.firmware->vendor, "EDK II");
    assert_int_equal(view.x86_state->found, HANDOFF_X86_PIC);
    assert_int_equal(view.unknown_records, 1);
}

static void the_smallest_block_is_map_and_image(void **state)
{
    struct block block = { 0 };
    struct handoff_view view;

    (void)state;
    *block_header(&block) = (struct handoff){ .magic = HANDOFF_MAGIC, .version = HANDOFF_VERSION, .header_bytes = 48 };
    block.used = 48;                             /* a newer loader's longer header */
    block_add_map(&block);
    block_add_places(&block);
    block_seal(&block);
    assert_int_equal(check(&block, block.used, &view), 0);
    assert_string_equal(view.command_line, "");
    assert_string_equal(view.loader_log, "");
    assert_null(view.roots);
    assert_null(view.seed);
}

static void more_devices_than_anyone_looks_at_are_passed_over(void **state)
{
    struct block block;
    struct handoff_view view;

    (void)state;
    block_make(&block);
    for (int i = 0; i < 10; i++)
        block_add_devices(&block);
    block_seal(&block);
    assert_int_equal(check(&block, block.used, &view), 0);
    assert_int_equal(view.framebuffers, HANDOFF_VIEW_MAX);
    assert_int_equal(view.serials, HANDOFF_VIEW_MAX);
}

/* ---- one field broken ---- */

#define FIELD(structure, member) offsetof(struct structure, member), sizeof(((struct structure *)0)->member)
#define REGION(number, member) \
    offsetof(struct handoff_memory_map, region) + (number) * sizeof(struct handoff_region) + offsetof(struct handoff_region, member), \
    sizeof(((struct handoff_region *)0)->member)

struct broken_field {
    uint32_t type;                               /* of the record; 0: the header */
    unsigned index;
    size_t offset, bytes;
    uint64_t value;
    const char *sentence;
};

static const struct broken_field broken[] = {
    { 0, 0, FIELD(handoff, magic), 0x1122, "magic is 0x1122, not 0x31464f48544f474e" },
    { 0, 0, FIELD(handoff, version), 2, "version is 2, this core reads 1" },
    { 0, 0, FIELD(handoff, header_bytes), 24, "the header cannot have 24 bytes" },
    { 0, 0, FIELD(handoff, header_bytes), 36, "the header cannot have 36 bytes" },
    { 0, 0, FIELD(handoff, header_bytes), 0xfffffff8, "the header cannot have 4294967288 bytes" },
    { 0, 0, FIELD(handoff, bytes), 24, "the block cannot have 24 bytes" },
    { 0, 0, FIELD(handoff, bytes), 33, "the block cannot have 33 bytes" },
    { 0, 0, FIELD(handoff, bytes), HANDOFF_MAX_BYTES + 8, "the block cannot have 16777224 bytes" },
    { HANDOFF_IMAGE, 0, FIELD(handoff_record, bytes), 0, "the record at offset 32 does not fit the block" },
    { HANDOFF_IMAGE, 0, FIELD(handoff_record, bytes), 20, "the record at offset 32 does not fit the block" },
    { HANDOFF_IMAGE, 0, FIELD(handoff_record, bytes), 0xfffffff8, "the record at offset 32 does not fit the block" },
    { HANDOFF_IMAGE, 0, FIELD(handoff_record, bytes), 16, "record type 0x2 has only 16 bytes" },
    { HANDOFF_IMAGE, 0, FIELD(handoff_record, type), 0x9999, "there is no image record" },
    { HANDOFF_MEMORY_MAP, 0, FIELD(handoff_record, type), 0x9999, "there is no memory map record" },

    { HANDOFF_MEMORY_MAP, 0, FIELD(handoff_memory_map, count), 0, "memory map: 0 regions in" },
    { HANDOFF_MEMORY_MAP, 0, FIELD(handoff_memory_map, count), 14, "memory map: 14 regions in 328 bytes" },
    { HANDOFF_MEMORY_MAP, 0, FIELD(handoff_memory_map, count), 0xffffffff, "memory map: 4294967295 regions in 328 bytes" },
    { HANDOFF_MEMORY_MAP, 0, REGION(3, start), 0x200800, "memory map: region 3 is [0x200800, 0x300000)" },
    { HANDOFF_MEMORY_MAP, 0, REGION(3, start), 0x1ff000, "memory map: region 3 at 0x1ff000 overlaps the one before" },
    { HANDOFF_MEMORY_MAP, 0, REGION(3, end), 0x200000, "memory map: region 3 is [0x200000, 0x200000)" },
    { HANDOFF_MEMORY_MAP, 0, REGION(3, end), 0x2ff001, "memory map: region 3 is [0x200000, 0x2ff001)" },
    { HANDOFF_MEMORY_MAP, 0, REGION(3, type), 0, "memory map: region 3 has the unknown type 0" },
    { HANDOFF_MEMORY_MAP, 0, REGION(3, type), HANDOFF_MEMORY_TYPES, "memory map: region 3 has the unknown type 13" },
    { HANDOFF_MEMORY_MAP, 0, REGION(2, type), HANDOFF_MEMORY_USABLE, "the map does not keep 0x100000 for the image" },
    { HANDOFF_MEMORY_MAP, 0, REGION(3, start), 0x201000, "the map does not keep 0x1f7000 for the stack and its guard" },
    { HANDOFF_MEMORY_MAP, 0, REGION(3, end), 0x284000, "the map does not keep 0x280000 for the page tables" },
    { HANDOFF_MEMORY_MAP, 0, REGION(5, type), HANDOFF_MEMORY_CORE, "the map does not keep 0x400000 for the recorder" },

    { HANDOFF_IMAGE, 0, FIELD(handoff_image, base), 0, "image: 262144 bytes at 0" },
    { HANDOFF_IMAGE, 0, FIELD(handoff_image, base), 0x100800, "image: 262144 bytes at 0x100800" },
    { HANDOFF_IMAGE, 0, FIELD(handoff_image, bytes), 0, "image: 0 bytes at 0x100000" },
    { HANDOFF_IMAGE, 0, FIELD(handoff_image, bytes), ~0ull, "image: 18446744073709551615 bytes at 0x100000" },
    { HANDOFF_IMAGE, 0, FIELD(handoff_image, preferred_base), 0x2000010, "image: moved from 0x2000010 by no whole number of pages" },
    { HANDOFF_IMAGE, 0, FIELD(handoff_image, entry), 0xfffff, "image: the entry 0xfffff lies outside" },
    { HANDOFF_IMAGE, 0, FIELD(handoff_image, entry), 0x140000, "image: the entry 0x140000 lies outside" },
    { HANDOFF_IMAGE, 0, FIELD(handoff_image, stack_base), 0, "stack: 65536 bytes at 0" },
    { HANDOFF_IMAGE, 0, FIELD(handoff_image, stack_base), 0x1f8008, "stack: 65536 bytes at 0x1f8008" },
    { HANDOFF_IMAGE, 0, FIELD(handoff_image, stack_base), 0x100000, "the map does not keep 0xff000 for the stack" },
    { HANDOFF_IMAGE, 0, FIELD(handoff_image, stack_bytes), 0, "stack: 0 bytes" },
    { HANDOFF_IMAGE, 0, FIELD(handoff_image, stack_bytes), 1000, "stack: 1000 bytes" },
    { HANDOFF_IMAGE, 0, FIELD(handoff_image, stack_bytes), 0xfffffffffffff000, "stack: 18446744073709547520 bytes" },
    { HANDOFF_IMAGE, 0, FIELD(handoff_image, tables_base), 0x280010, "page tables: 32768 bytes at 0x280010" },
    { HANDOFF_IMAGE, 0, FIELD(handoff_image, tables_bytes), 100, "page tables: 100 bytes at 0x280000" },
    { HANDOFF_IMAGE, 0, FIELD(handoff_image, tables_bytes), 0x81000, "the map does not keep 0x280000 for the page tables" },
    { HANDOFF_IMAGE, 0, FIELD(handoff_image, loader_bytes), ~0ull, "loader: 18446744073709551615 bytes at 0x300000" },

    { HANDOFF_FRAMEBUFFER, 0, FIELD(handoff_framebuffer, base), 0, "framebuffer: 4194304 bytes at 0" },
    { HANDOFF_FRAMEBUFFER, 0, FIELD(handoff_framebuffer, bytes), ~0ull, "framebuffer: 18446744073709551615 bytes at 0xe0000000" },
    { HANDOFF_FRAMEBUFFER, 0, FIELD(handoff_framebuffer, bytes), 4096 * 768 - 1, "768 pixels in 3145727 bytes" },
    { HANDOFF_FRAMEBUFFER, 0, FIELD(handoff_framebuffer, width), 0, "framebuffer: 0 x 768 pixels" },
    { HANDOFF_FRAMEBUFFER, 0, FIELD(handoff_framebuffer, width), 16385, "framebuffer: 16385 x 768 pixels" },
    { HANDOFF_FRAMEBUFFER, 0, FIELD(handoff_framebuffer, height), 0, "framebuffer: 1024 x 0 pixels" },
    { HANDOFF_FRAMEBUFFER, 0, FIELD(handoff_framebuffer, height), 0xffffffff, "framebuffer: 1024 x 4294967295 pixels" },
    { HANDOFF_FRAMEBUFFER, 0, FIELD(handoff_framebuffer, bits_per_pixel), 8, "framebuffer: 8 bits per pixel" },
    { HANDOFF_FRAMEBUFFER, 0, FIELD(handoff_framebuffer, bits_per_pixel), 16, "framebuffer: masks 0xff0000 0xff00 0xff" },
    { HANDOFF_FRAMEBUFFER, 0, FIELD(handoff_framebuffer, pitch_bytes), 4095, "framebuffer: a pitch of 4095 bytes for 1024 x 768 pixels" },
    { HANDOFF_FRAMEBUFFER, 1, FIELD(handoff_framebuffer, pitch_bytes), 0xffffffff, "framebuffer: a pitch of 4294967295 bytes for 1366" },
    { HANDOFF_FRAMEBUFFER, 0, FIELD(handoff_framebuffer, red_mask), 0, "framebuffer: masks 0 0xff00 0xff" },
    { HANDOFF_FRAMEBUFFER, 0, FIELD(handoff_framebuffer, red_mask), 0x5f0000, "framebuffer: masks 0x5f0000 0xff00 0xff" },
    { HANDOFF_FRAMEBUFFER, 0, FIELD(handoff_framebuffer, red_mask), 0xff8000, "framebuffer: masks 0xff8000 0xff00 0xff" },
    { HANDOFF_FRAMEBUFFER, 0, FIELD(handoff_framebuffer, green_mask), 0xff80, "framebuffer: masks 0xff0000 0xff80 0xff" },
    { HANDOFF_FRAMEBUFFER, 0, FIELD(handoff_framebuffer, green_mask), 0, "framebuffer: masks 0xff0000 0 0xff" },
    { HANDOFF_FRAMEBUFFER, 0, FIELD(handoff_framebuffer, blue_mask), 0xff0000, "framebuffer: masks 0xff0000 0xff00 0xff0000" },
    { HANDOFF_FRAMEBUFFER, 0, FIELD(handoff_framebuffer, blue_mask), 0xffffffff, "framebuffer: masks 0xff0000 0xff00 0xffffffff" },
    { HANDOFF_FRAMEBUFFER, 1, FIELD(handoff_framebuffer, red_mask), 0x1f800, "framebuffer: masks 0x1f800 0x7e0 0x1f" },

    { HANDOFF_SERIAL, 0, FIELD(handoff_serial, space), 0, "serial port: address space 0" },
    { HANDOFF_SERIAL, 0, FIELD(handoff_serial, space), 3, "serial port: address space 3" },
    { HANDOFF_SERIAL, 0, FIELD(handoff_serial, stride), 0, "serial port: stride 0" },
    { HANDOFF_SERIAL, 0, FIELD(handoff_serial, stride), 8, "serial port: stride 8" },
    { HANDOFF_SERIAL, 0, FIELD(handoff_serial, address), 0, "serial port: 8 registers, 1 bytes apart, cannot be at 0" },
    { HANDOFF_SERIAL, 0, FIELD(handoff_serial, address), 0xfff9, "serial port: 8 registers, 1 bytes apart, cannot be at 0xfff9" },
    { HANDOFF_SERIAL, 0, FIELD(handoff_serial, address), ~0ull - 3, "cannot be at 0xfffffffffffffffc" },
    { HANDOFF_SERIAL, 1, FIELD(handoff_serial, address), 0xfe032002, "serial port: 8 registers, 4 bytes apart, cannot be at 0xfe032002" },
    { HANDOFF_SERIAL, 1, FIELD(handoff_serial, address), 0xfffffffffffffff0, "4 bytes apart, cannot be at 0xfffffffffffffff0" },

    { HANDOFF_COMMAND_LINE, 0, offsetof(struct handoff_text, text) + 8, 8, 0x4141414141414141, "command line: no NUL ends it" },
    { HANDOFF_COMMAND_LINE, 0, FIELD(handoff_record, bytes), 8, "command line: no NUL ends it" },
    { HANDOFF_LOADER_LOG, 0, offsetof(struct handoff_text, text) + 16, 8, 0x4141414141414141, "loader log: no NUL ends it" },
    { HANDOFF_STAMPS, 0, FIELD(handoff_stamps, count), 3, "stamps: 3 in 48 bytes" },
    { HANDOFF_STAMPS, 0, FIELD(handoff_stamps, count), 0xffffffff, "stamps: 4294967295 in 48 bytes" },
    { HANDOFF_RECORDER, 0, FIELD(handoff_recorder, base), 0, "recorder: 65536 bytes at 0" },
    { HANDOFF_RECORDER, 0, FIELD(handoff_recorder, base), 0x400100, "recorder: 65536 bytes at 0x400100" },
    { HANDOFF_RECORDER, 0, FIELD(handoff_recorder, bytes), 0, "recorder: 0 bytes at 0x400000" },
    { HANDOFF_RECORDER, 0, FIELD(handoff_recorder, bytes), 0xfffffffffffff000, "recorder: 18446744073709547520 bytes at" },
    { HANDOFF_RECORDER, 0, FIELD(handoff_recorder, bytes), 0x11000, "the map does not keep 0x400000 for the recorder" },
    { HANDOFF_LAST_RUN, 0, FIELD(handoff_last_run, text), 0, "last run: 3792 bytes at 0" },
    { HANDOFF_LAST_RUN, 0, FIELD(handoff_last_run, bytes), 0, "last run: 0 bytes at 0x40f123" },
    { HANDOFF_LAST_RUN, 0, FIELD(handoff_last_run, bytes), ~0ull, "last run: 18446744073709551615 bytes at" },
    { HANDOFF_LAST_RUN, 0, FIELD(handoff_last_run, bytes), 0xede, "the map does not keep 0x40f123 for the last run" },
};

static uint8_t *field_of(struct block *block, const struct broken_field *field)
{
    uint8_t *record = field->type ? block_find(block, field->type, field->index) : block->bytes;

    assert_non_null(record);
    return record + field->offset;
}

/* The header's own lengths are broken without touching how much memory there is. */
static void seal_broken(struct block *block, const struct broken_field *field)
{
    struct handoff *header = block_header(block);

    if (!field->type && field->offset == offsetof(struct handoff, bytes))
        return;
    header->checksum = handoff_checksum(header, block->used);
}

static void each_field_broken_gives_its_own_sentence(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(broken); i++) {
        struct block block;

        block_make(&block);
        memcpy(field_of(&block, &broken[i]), &broken[i].value, broken[i].bytes);
        seal_broken(&block, &broken[i]);
        expect_refusal(&block, block.used, broken[i].sentence);
    }
    print_message("%zu broken fields refused\n", COUNT(broken));
}

static void the_vendor_must_end(void **state)
{
    struct block block;
    struct handoff_firmware *firmware;

    (void)state;
    block_make(&block);
    firmware = block_find(&block, HANDOFF_FIRMWARE, 0);
    memset(firmware->vendor, 'V', sizeof(firmware->vendor));
    block_seal(&block);
    expect_refusal(&block, block.used, "firmware: no NUL ends the vendor");
}

static void a_text_that_ends_the_block_is_not_read_beyond(void **state)
{
    struct block block;

    (void)state;
    block_make(&block);
    block_add_text(&block, HANDOFF_COMMAND_LINE, "seven..");
    memset(block.bytes + block.used - 8, 'x', 8);
    block_seal(&block);
    expect_refusal(&block, block.used, "command line: no NUL ends it");
}

static void every_bit_flip_is_seen_by_the_checksum(void **state)
{
    struct block block;
    struct handoff_view view;
    unsigned long flips = 0;

    (void)state;
    block_make(&block);
    for (size_t bit = 0; bit < block.used * 8; bit += 1 + bit % 7) {
        size_t byte = bit / 8;

        if (byte >= offsetof(struct handoff, bytes) && byte < offsetof(struct handoff, bytes) + 8)
            continue;                            /* may claim memory that is not there */
        block.bytes[byte] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(check(&block, block.used, &view), ERR_BAD_DATA);
        assert_true(*why);
        block.bytes[byte] ^= (uint8_t)(1u << bit % 8);
        flips++;
    }
    print_message("%lu bit flips refused\n", flips);
}

static void a_wrong_checksum_is_told_with_both_sums(void **state)
{
    struct block block;

    (void)state;
    block_make(&block);
    block_header(&block)->checksum = 0x1234;
    expect_refusal(&block, block.used, "the block says 0x1234");
}

static void no_block_and_a_crooked_one_are_told_apart(void **state)
{
    struct handoff_view view;

    (void)state;
    assert_int_equal(handoff_check(NULL, &view, why, sizeof(why)), ERR_BAD_DATA);
    assert_string_equal(why, "there is no block: its address is 0");
    assert_int_equal(handoff_check((struct handoff *)0x1004, &view, why, sizeof(why)), ERR_BAD_DATA);
    assert_string_equal(why, "the block's address 0x1004 is not a multiple of 8");
}

static void map_and_image_come_once(void **state)
{
    struct block block;

    (void)state;
    block_make(&block);
    block_add_map(&block);
    block_seal(&block);
    expect_refusal(&block, block.used, "there is a second memory map");
    block_make(&block);
    block_add_places(&block);
    block_seal(&block);
    expect_refusal(&block, block.used, "there is a second image record");
}

/* ---- fields that may hold anything: nobody follows them without a check of his own ---- */

static const struct broken_field any_value[] = {
    { HANDOFF_MEMORY_MAP, 0, FIELD(handoff_memory_map, fixed), 0, NULL },
    { HANDOFF_MEMORY_MAP, 0, REGION(0, firmware_type), 0, NULL },
    { HANDOFF_FRAMEBUFFER, 0, FIELD(handoff_framebuffer, flags), 0, NULL },
    { HANDOFF_ROOTS, 0, FIELD(handoff_roots, acpi_rsdp), 0, NULL },
    { HANDOFF_ROOTS, 0, FIELD(handoff_roots, smbios3), 0, NULL },
    { HANDOFF_ROOTS, 0, FIELD(handoff_roots, smbios), 0, NULL },
    { HANDOFF_SERIAL, 0, FIELD(handoff_serial, clock_hz), 0, NULL },
    { HANDOFF_SERIAL, 0, FIELD(handoff_serial, baud), 0, NULL },
    { HANDOFF_SERIAL, 0, FIELD(handoff_serial, source), 0, NULL },
    { HANDOFF_SERIAL, 0, FIELD(handoff_serial, told), 0, NULL },
    { HANDOFF_SEED, 0, FIELD(handoff_seed, source), 0, NULL },
    { HANDOFF_STAMPS, 0, sizeof(struct handoff_stamps), sizeof(uint32_t), 0, NULL },    /* the first stamp's stage */
    { HANDOFF_FIRMWARE, 0, FIELD(handoff_firmware, flags), 0, NULL },
    { HANDOFF_FIRMWARE, 0, FIELD(handoff_firmware, uefi_revision), 0, NULL },
    { HANDOFF_X86_STATE, 0, FIELD(handoff_x86_state, found), 0, NULL },
};

static void free_fields_take_any_value(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(any_value); i++)
        for (int ones = 0; ones < 2; ones++) {
            struct block block;
            struct handoff_view view;

            block_make(&block);
            memset(field_of(&block, &any_value[i]), ones ? 0xff : 0, any_value[i].bytes);
            block_seal(&block);
            if (check(&block, block.used, &view))
                fail_msg("field %zu: %s", i, why);
        }
}

/* ---- truncation and chance ---- */

static void a_block_cut_at_any_8_bytes_is_refused_or_whole(void **state)
{
    struct block good;
    struct handoff_view view;
    size_t refused = 0;

    (void)state;
    block_make(&good);
    for (size_t bytes = 0; bytes < good.used; bytes += 8) {
        struct block cut = good;
        int result;

        block_header(&cut)->bytes = bytes;
        block_header(&cut)->checksum = bytes < sizeof(struct handoff) ? 0 : handoff_checksum(cut.bytes, bytes);
        result = check(&cut, bytes, &view);
        if (result) {
            assert_int_equal(result, ERR_BAD_DATA);
            assert_true(*why);
            refused++;
        } else {
            assert_non_null(view.map);           /* cut between records that need not be there */
            assert_non_null(view.image);
        }
    }
    print_message("%zu of %zu cuts refused\n", refused, good.used / 8);
    assert_true(refused > good.used / 16);
}

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13, *seed ^= *seed >> 7, *seed ^= *seed << 17;
    return *seed;
}

/* Values that arithmetic trips over, among plain noise. */
static uint64_t nasty(uint64_t *seed)
{
    static const uint64_t value[] = { 0, 1, 7, 8, 0xfff, 0x1000, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffffffff000, ~0ull };
    uint64_t random = next_random(seed);

    return random % 2 ? value[random / 2 % COUNT(value)] : next_random(seed) >> next_random(seed) % 64;
}

static void mutate(struct block *block, uint64_t *seed)
{
    struct handoff *header = block_header(block);

    for (uint64_t times = 1 + next_random(seed) % 6; times; times--) {
        uint64_t value = nasty(seed), at = next_random(seed) % block->used, width = 1ull << next_random(seed) % 4;

        at -= at % width;
        memcpy(block->bytes + at, &value, width);
    }
    if (header->bytes > block->used || header->bytes < sizeof(*header))
        header->bytes = block->used;             /* memory that a loader claims to have, it has */
    header->checksum = handoff_checksum(header, header->bytes & ~7ull);
}

/* What was believed is inside. */
static void look_at(const struct handoff_view *view)
{
    volatile uint64_t sum = strlen(view->command_line) + strlen(view->loader_log) + handoff_checksum(view->block, view->block->bytes);

    for (uint32_t i = 0; i < view->map->count; i++)
        sum += view->map->region[i].end + *handoff_memory_name(view->map->region[i].type);
    for (uint32_t i = 0; view->stamps && i < view->stamps->count; i++)
        sum += *handoff_stage_name(view->stamps->stamp[i].stage);
    for (uint32_t i = 0; i < view->framebuffers; i++)
        sum += view->framebuffer[i]->blue_mask;
    for (uint32_t i = 0; i < view->serials; i++)
        sum += view->serial[i]->told;
}

static void no_mutation_is_read_outside_or_refused_without_words(void **state)
{
    struct block good;
    unsigned long believed = 0;

    (void)state;
    block_make(&good);
    for (uint64_t number = 1; number <= SEEDS; number++) {
        uint64_t seed = number * 0x9e3779b97f4a7c15ull;
        struct block block = good;
        struct handoff_view view;
        struct handoff *copy;
        int result;

        mutate(&block, &seed);
        size_t bytes = block_header(&block)->bytes;
        copy = malloc(bytes);
        memcpy(copy, block.bytes, bytes);
        *why = 0;
        result = handoff_check(copy, &view, why, sizeof(why));
        if (result == 0)
            look_at(&view);
        else if (result != ERR_BAD_DATA || !*why || strlen(why) >= sizeof(why) - 1)
            fail_msg("seed %llu: result %d, \"%s\"", (unsigned long long)number, result, why);
        believed += result == 0;
        free(copy);
    }
    print_message("%d mutations, %lu still believed\n", SEEDS, believed);
    assert_true(believed > SEEDS / 100 && believed < SEEDS / 2);
}

static void unknown_types_and_stages_have_a_name(void **state)
{
    (void)state;
    assert_string_equal(handoff_memory_name(HANDOFF_MEMORY_BAD), "bad");
    assert_string_equal(handoff_memory_name(HANDOFF_MEMORY_TYPES), "?");
    assert_string_equal(handoff_memory_name(~0u), "?");
    assert_string_equal(handoff_stage_name(HANDOFF_STAGE_JUMP), "jump");
    assert_string_equal(handoff_stage_name(HANDOFF_STAGE_MAIN + 1), "?");
    assert_string_equal(handoff_stage_name(~0u), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_block_is_believed),
        cmocka_unit_test(the_smallest_block_is_map_and_image),
        cmocka_unit_test(more_devices_than_anyone_looks_at_are_passed_over),
        cmocka_unit_test(each_field_broken_gives_its_own_sentence),
        cmocka_unit_test(the_vendor_must_end),
        cmocka_unit_test(a_text_that_ends_the_block_is_not_read_beyond),
        cmocka_unit_test(every_bit_flip_is_seen_by_the_checksum),
        cmocka_unit_test(a_wrong_checksum_is_told_with_both_sums),
        cmocka_unit_test(no_block_and_a_crooked_one_are_told_apart),
        cmocka_unit_test(map_and_image_come_once),
        cmocka_unit_test(free_fields_take_any_value),
        cmocka_unit_test(a_block_cut_at_any_8_bytes_is_refused_or_whole),
        cmocka_unit_test(no_mutation_is_read_outside_or_refused_without_words),
        cmocka_unit_test(unknown_types_and_stages_have_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
