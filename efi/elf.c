#include "efi/elf.h"

#include <stdbool.h>
#include <stddef.h>

#include "efi/bytes.h"
#include "efi/text.h"

enum { PAGE_BYTES = 4096 };
enum { ET_EXEC = 2, ET_DYN = 3 };
enum { PT_LOAD = 1, PT_DYNAMIC = 2, PT_INTERP = 3 };
enum {
    DT_NULL = 0, DT_NEEDED = 1, DT_RELA = 7, DT_RELASZ = 8, DT_RELAENT = 9, DT_REL = 17, DT_TEXTREL = 22, DT_JMPREL = 23,
    DT_RELRSZ = 35, DT_RELR = 36, DT_RELRENT = 37,
    DT_FLAGS_1 = 0x6ffffffb,
};
enum { DF_1_PIE = 0x08000000 };

struct elf_header {                         /* Elf64_Ehdr */
    uint8_t ident[16];                      /* magic, class, data, version */
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, program_offset, section_offset;
    uint32_t flags;
    uint16_t header_bytes, program_header_bytes, program_headers, section_header_bytes, section_headers, section_names;
};
_Static_assert(sizeof(struct elf_header) == 64, "Elf64_Ehdr is 64 bytes");

struct elf_program_header {                 /* Elf64_Phdr */
    uint32_t type, flags;
    uint64_t offset, address, physical, file_bytes, memory_bytes, alignment;
};
_Static_assert(sizeof(struct elf_program_header) == 56, "Elf64_Phdr is 56 bytes");

struct elf_dynamic {                        /* Elf64_Dyn */
    uint64_t tag, value;
};

struct elf_relocation {                     /* Elf64_Rela */
    uint64_t place, info, addend;           /* info: symbol in the upper half, type in the lower */
};
_Static_assert(sizeof(struct elf_relocation) == 24, "Elf64_Rela is 24 bytes");

struct elf_file {                           /* what the checks pass on to each other */
    const uint8_t *bytes;
    uint64_t count;
    const struct elf_header *header;
    const struct elf_program_header *dynamic;
    struct elf_image *image;
    bool movable;                           /* DF_1_PIE was seen */
};

struct elf_tags {                           /* of the dynamic section, as far as they matter here */
    uint64_t table, table_bytes, entry_bytes;
    uint64_t packed, packed_bytes, packed_entry_bytes;
};

static bool in_file(const struct elf_file *file, uint64_t offset, uint64_t bytes)
{
    return offset <= file->count && bytes <= file->count - offset;
}

static uint64_t page_up(uint64_t value) { return (value + PAGE_BYTES - 1) & -(uint64_t)PAGE_BYTES; }

static enum elf_fault check_header(const struct elf_file *file, const struct elf_target *target)
{
    const struct elf_header *header = file->header;

    if (header->ident[0] != 0x7f || header->ident[1] != 'E' || header->ident[2] != 'L' || header->ident[3] != 'F')
        return ELF_MAGIC;
    if (header->ident[4] != 2 || header->ident[5] != 1 || header->ident[6] != 1 || header->version != 1)
        return ELF_CLASS;
    if (header->machine != target->machine)
        return ELF_MACHINE;
    if (header->type != ET_DYN && header->type != ET_EXEC)
        return ELF_TYPE;
    if (header->program_header_bytes != sizeof(struct elf_program_header) || header->program_headers == 0 ||
        header->program_headers > ELF_HEADERS_MAX || header->program_offset % 8)
        return ELF_HEADERS;
    if (!in_file(file, header->program_offset, header->program_headers * sizeof(struct elf_program_header)))
        return ELF_TRUNCATED;
    return ELF_OK;
}

static enum elf_fault check_segment(const struct elf_file *file, const struct elf_program_header *program)
{
    if (program->address % PAGE_BYTES || program->alignment > PAGE_BYTES ||
        (program->alignment > 1 && (program->alignment & (program->alignment - 1) || program->offset % program->alignment)))
        return ELF_ALIGNMENT;
    if ((program->flags & (ELF_WRITE | ELF_EXECUTE)) == (ELF_WRITE | ELF_EXECUTE) || !(program->flags & ELF_READ))
        return ELF_RIGHTS;
    if (program->file_bytes > program->memory_bytes || program->memory_bytes > ELF_IMAGE_BYTES_MAX ||
        program->address > -(uint64_t)PAGE_BYTES - page_up(program->memory_bytes))
        return ELF_SIZE;
    return in_file(file, program->offset, program->file_bytes) ? ELF_OK : ELF_TRUNCATED;
}

static enum elf_fault add_segment(struct elf_file *file, const struct elf_program_header *program)
{
    struct elf_image *image = file->image;
    enum elf_fault fault = check_segment(file, program);

    if (fault || program->memory_bytes == 0)
        return fault;
    if (image->segments == ELF_SEGMENTS_MAX)
        return ELF_HEADERS;
    if (image->segments == 0)
        image->start = program->address;
    else if (program->address < image->end)     /* gABI: PT_LOAD entries ascend; ours share no page either */
        return ELF_OVERLAP;
    image->end = page_up(program->address + program->memory_bytes);
    if (image->end - image->start > ELF_IMAGE_BYTES_MAX)
        return ELF_SIZE;
    image->segment[image->segments++] = (struct elf_segment){
        program->address, program->memory_bytes, program->file_bytes, program->offset, program->flags & 7 };
    return ELF_OK;
}

static enum elf_fault check_programs(struct elf_file *file)
{
    const struct elf_program_header *program = (const void *)(file->bytes + file->header->program_offset);

    for (unsigned i = 0; i < file->header->program_headers; i++, program++) {
        enum elf_fault fault = ELF_OK;

        if (program->type == PT_INTERP)
            return ELF_INTERPRETER;
        if (program->type == PT_DYNAMIC && file->dynamic)
            return ELF_DYNAMIC;
        if (program->type == PT_DYNAMIC)
            file->dynamic = program;
        if (program->type == PT_LOAD)
            fault = add_segment(file, program);
        if (fault)
            return fault;
    }
    return file->image->segments ? ELF_OK : ELF_NO_SEGMENT;
}

/* The segment whose file bytes hold all of [address, address + bytes), or NULL. */
static const struct elf_segment *segment_of(const struct elf_image *image, uint64_t address, uint64_t bytes)
{
    for (unsigned i = 0; i < image->segments; i++) {
        const struct elf_segment *segment = &image->segment[i];

        if (address - segment->address < segment->file_bytes && bytes <= segment->file_bytes - (address - segment->address))
            return segment;
    }
    return NULL;
}

static enum elf_fault check_entry(const struct elf_file *file)
{
    const struct elf_segment *segment = segment_of(file->image, file->header->entry, 1);

    file->image->entry = file->header->entry;
    return segment && segment->flags & ELF_EXECUTE ? ELF_OK : ELF_ENTRY;
}

static enum elf_fault read_dynamic(struct elf_file *file, struct elf_tags *tags)
{
    const struct elf_program_header *program = file->dynamic;
    const struct elf_dynamic *entry;

    if (!program)
        return ELF_OK;
    if (program->offset % 8 || !in_file(file, program->offset, program->file_bytes))
        return ELF_DYNAMIC;
    entry = (const void *)(file->bytes + program->offset);
    for (uint64_t left = program->file_bytes / sizeof(*entry); left; left--, entry++)
        switch (entry->tag) {
        case DT_NULL:    return ELF_OK;
        case DT_RELA:    tags->table = entry->value; break;
        case DT_RELASZ:  tags->table_bytes = entry->value; break;
        case DT_RELAENT: tags->entry_bytes = entry->value; break;
        case DT_FLAGS_1: file->movable = entry->value & DF_1_PIE; break;
        case DT_RELR:    tags->packed = entry->value; break;
        case DT_RELRSZ:  tags->packed_bytes = entry->value; break;
        case DT_RELRENT: tags->packed_entry_bytes = entry->value; break;
        case DT_NEEDED: case DT_REL: case DT_TEXTREL: case DT_JMPREL:
            return ELF_DYNAMIC;             /* libraries, or relocations that we would have to know how to apply */
        }
    return ELF_DYNAMIC;                     /* no end */
}

/* Packed relocations (gABI, "Relative Relocation Table"): an even word is a place; an odd one is a map of the 63 words behind it, the next
 * odd one of the 63 words behind those, whatever bits were set. */
enum { PACKED_WORDS = 63 };

struct packed {
    const uint64_t *entry;
    uint64_t left;
    uint64_t map, place;                    /* bits that are left, and the word that the lowest stands for */
    uint64_t window;                        /* the first word of the next map */
};

static bool next_packed(struct packed *at, uint64_t *out_place)
{
    for (; !at->map; at->left--) {
        if (!at->left)
            return false;
        if (!(*at->entry & 1)) {
            *out_place = *at->entry++;
            at->window = *out_place + 8;
            at->left--;
            return true;
        }
        at->map = *at->entry++ >> 1;
        at->place = at->window;
        at->window += PACKED_WORDS * 8;
    }
    for (; !(at->map & 1); at->map >>= 1)
        at->place += 8;
    *out_place = at->place;
    at->map >>= 1;
    at->place += 8;
    return true;
}

/* A place of 8 bytes that may be changed: in file bytes of a segment that is not executable. *last is kept from call to call. */
static bool is_place(const struct elf_image *image, uint64_t place, const struct elf_segment **last)
{
    if (!*last || place - (*last)->address > (*last)->file_bytes - 8)
        *last = segment_of(image, place, 8);
    return *last && !((*last)->flags & ELF_EXECUTE);
}

/* Each must be of the one known type and lie where it may. */
static enum elf_fault check_relocations(const struct elf_file *file, const struct elf_target *target)
{
    const struct elf_relocation *entry = (const void *)(file->bytes + file->image->relocations_offset);
    struct packed packed = { (const void *)(file->bytes + file->image->packed_offset), file->image->packed, 0, 0, 0 };
    const struct elf_segment *segment = NULL;
    uint64_t place;

    for (uint64_t left = file->image->relocations; left; left--, entry++) {
        if (entry->info != target->relative)
            return ELF_RELOCATION_TYPE;
        if (!is_place(file->image, entry->place, &segment))
            return ELF_RELOCATION_PLACE;
    }
    while (next_packed(&packed, &place))
        if (!is_place(file->image, place, &segment))
            return ELF_RELOCATION_PLACE;
    return ELF_OK;
}

/* A table of entries that lies whole in file bytes. */
static bool find_table(const struct elf_file *file, uint64_t address, uint64_t bytes, uint64_t entry_bytes, uint64_t *out_offset)
{
    const struct elf_segment *segment = segment_of(file->image, address, bytes);

    if (!segment || bytes % entry_bytes)
        return false;
    *out_offset = segment->file_offset + (address - segment->address);
    return *out_offset % 8 == 0;
}

static enum elf_fault find_relocations(const struct elf_file *file, const struct elf_tags *tags)
{
    struct elf_image *image = file->image;

    if (tags->table_bytes) {
        if (tags->entry_bytes != sizeof(struct elf_relocation) ||
            !find_table(file, tags->table, tags->table_bytes, sizeof(struct elf_relocation), &image->relocations_offset))
            return ELF_RELOCATION_TABLE;
        image->relocations = tags->table_bytes / sizeof(struct elf_relocation);
    }
    if (tags->packed_bytes) {
        if (tags->packed_entry_bytes != sizeof(uint64_t) ||
            !find_table(file, tags->packed, tags->packed_bytes, sizeof(uint64_t), &image->packed_offset))
            return ELF_RELOCATION_TABLE;
        image->packed = tags->packed_bytes / sizeof(uint64_t);
    }
    return ELF_OK;
}

static enum elf_fault verify(struct elf_file *file, const struct elf_target *target)
{
    struct elf_tags tags = { 0 };
    enum elf_fault fault;

    if ((fault = check_header(file, target)) || (fault = check_programs(file)) || (fault = check_entry(file)) ||
        (fault = read_dynamic(file, &tags)) || (fault = find_relocations(file, &tags)))
        return fault;
    if (file->header->type == ET_EXEC && !file->movable)
        return ELF_TYPE;                    /* ld calls a PIE with a wanted address ET_EXEC: only the flag tells it from a fixed one */
    return check_relocations(file, target);
}

enum elf_fault elf_verify(const void *file, uint64_t bytes, const struct elf_target *target, struct elf_image *out_image)
{
    struct elf_image image = { 0 };
    struct elf_file parts = { .bytes = file, .count = bytes, .header = file, .image = &image };
    enum elf_fault fault;

    if (bytes < sizeof(struct elf_header))
        return ELF_TRUNCATED;
    fault = verify(&parts, target);
    if (fault == ELF_OK)
        *out_image = image;
    return fault;
}

/* Packed ones have their addend in place. */
static void move_packed(const void *file, const struct elf_image *image, uint8_t *base, uint64_t moved_by)
{
    struct packed packed = { (const void *)((const uint8_t *)file + image->packed_offset), image->packed, 0, 0, 0 };
    uint64_t place, value;

    while (moved_by && next_packed(&packed, &place)) {
        __builtin_memcpy(&value, base + (place - image->start), sizeof(value));
        value += moved_by;
        __builtin_memcpy(base + (place - image->start), &value, sizeof(value));
    }
}

void elf_place(const void *file, const struct elf_image *image, uint8_t *base)
{
    const struct elf_relocation *entry = (const void *)((const uint8_t *)file + image->relocations_offset);
    uint64_t moved_by = (uint64_t)(uintptr_t)base - image->start;

    for (unsigned i = 0; i < image->segments; i++) {
        const struct elf_segment *segment = &image->segment[i];

        memcpy(base + (segment->address - image->start), (const uint8_t *)file + segment->file_offset, segment->file_bytes);
    }
    for (uint64_t left = image->relocations; left; left--, entry++) {
        uint64_t value = entry->addend + moved_by;

        __builtin_memcpy(base + (entry->place - image->start), &value, sizeof(value));   /* its place may be unaligned */
    }
    move_packed(file, image, base, moved_by);
}

/* Codes and sentences by enum elf_fault. */
static const char faults[] =
    "ELF-OK\0"         "no fault\0"
    "ELF-TRUNCATED\0"  "the file ends before what its headers name\0"
    "ELF-MAGIC\0"      "not an ELF file\0"
    "ELF-CLASS\0"      "not a little-endian ELF64 file of version 1\0"
    "ELF-MACHINE\0"    "made for another kind of CPU\0"
    "ELF-TYPE\0"       "not a position-independent program\0"
    "ELF-HEADERS\0"    "too many program headers, none, or of an unknown shape\0"
    "ELF-INTERP\0"     "asks for a dynamic linker\0"
    "ELF-ALIGN\0"      "a segment is not aligned to pages of 4 KiB\0"
    "ELF-RIGHTS\0"     "a segment is both writable and executable, or not readable\0"
    "ELF-SIZE\0"       "a segment's size or address cannot be\0"
    "ELF-OVERLAP\0"    "two segments overlap, share a page, or are out of order\0"
    "ELF-EMPTY\0"      "nothing to load\0"
    "ELF-ENTRY\0"      "the entry is not in the program's text\0"
    "ELF-DYNAMIC\0"    "its dynamic section is damaged, or asks for what only a dynamic linker can do\0"
    "ELF-RELA\0"       "its relocation table is damaged or lies outside\0"
    "ELF-RELA-TYPE\0"  "a relocation is of another type than relative\0"
    "ELF-RELA-PLACE\0" "a relocation lies in text or outside of the program";

const char *elf_fault_code(enum elf_fault fault) { return text_entry(faults, 2 * fault); }
const char *elf_fault_text(enum elf_fault fault) { return text_entry(faults, 2 * fault + 1); }
