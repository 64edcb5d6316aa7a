/* The core's ELF file: verified whole before a byte of it is used, then placed. Pure: no firmware, no allocation, nothing static.
 * Sources: System V gABI, "Object Files" and "Program Loading and Dynamic Linking"; System V psABI of the CPU for its
 * relocations. */
#pragma once

#include <stdint.h>

enum { ELF_SEGMENTS_MAX = 8, ELF_HEADERS_MAX = 32 };
#define ELF_IMAGE_BYTES_MAX (1ull << 30)    /* no core is larger; keeps page counts far from where firmware overflows */

struct elf_target {                         /* what files must be made for */
    uint16_t machine;                       /* e_machine */
    uint32_t relative;                      /* the only relocation type: adds the distance that the image is moved by */
};

enum {                                      /* p_flags */
    ELF_EXECUTE = 1,
    ELF_WRITE   = 2,
    ELF_READ    = 4,
};

struct elf_segment {                        /* a PT_LOAD */
    uint64_t address;                       /* p_vaddr, a multiple of the page */
    uint64_t memory_bytes, file_bytes;      /* what lies between is the core's to clear */
    uint64_t file_offset;
    uint32_t flags;
};

struct elf_image {
    uint64_t start, end;                    /* [start, end): all segments, whole pages, where the file asks to be */
    uint64_t entry;
    uint32_t segments;
    uint64_t relocations_offset;            /* of the first Elf64_Rela in the file */
    uint64_t relocations;
    uint64_t packed_offset, packed;         /* words of the packed table (DT_RELR) */
    struct elf_segment segment[ELF_SEGMENTS_MAX];   /* ascending, no two on one page */
};

enum elf_fault {
    ELF_OK,
    ELF_TRUNCATED, ELF_MAGIC, ELF_CLASS, ELF_MACHINE, ELF_TYPE, ELF_HEADERS, ELF_INTERPRETER, ELF_ALIGNMENT, ELF_RIGHTS, ELF_SIZE,
    ELF_OVERLAP, ELF_NO_SEGMENT, ELF_ENTRY, ELF_DYNAMIC, ELF_RELOCATION_TABLE, ELF_RELOCATION_TYPE, ELF_RELOCATION_PLACE,
    ELF_FAULTS
};

/* Checks all of the file, which is aligned to 8; writes *out_image only for ELF_OK. */
enum elf_fault elf_verify(const void *file, uint64_t bytes, const struct elf_target *target, struct elf_image *out_image);

/* Copies the segments of a verified file and relocates them, so that the image's start lies at base: image->end - image->start
 * bytes there are the caller's. Bytes that no file byte fills stay as they are. */
void elf_place(const void *file, const struct elf_image *image, uint8_t *base);

/* A fault's code for programs, such as "ELF-RIGHTS", and its sentence. */
const char *elf_fault_code(enum elf_fault fault);
const char *elf_fault_text(enum elf_fault fault);
