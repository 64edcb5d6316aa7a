/* The handoff: all that the loader tells the core. This header is the whole contract between efi/ and core/.
 *
 * Writing another loader
 * ----------------------
 * A loader finds memory for the core's ELF image, copies its segments there, applies its relocations, describes the machine in
 * one block of memory as laid out below, leaves the firmware, and jumps. The core takes nothing else from whoever started it.
 *
 * The image. The core is a static-PIE ELF64. Load it at the addresses that its program headers name if that memory is free, else
 * move all of it by one multiple of HANDOFF_PAGE_BYTES and say so in the image record. Its only relocations are *_RELATIVE, in
 * DT_RELA, and packed ones, in DT_RELR. Memory that a segment has beyond its file bytes may hold anything: the core clears its own .bss.
 *
 * At the entry (x86_64):
 *   - 64-bit mode, paging on, interrupts off, direction flag clear; RDI = address of struct handoff; RSP = end of the stack in the
 *     image record. No other register means anything. The GDT and IDT may be anybody's: the core loads its own before it faults.
 *   - Page tables map addresses to themselves: all memory of the map that is usable, reclaimable, or part of the core; the
 *     framebuffers; and what lies below 4 GiB (interrupt controllers, timers). 4 or 5 levels. Page 0 and the stack's guard are not
 *     mapped; each segment of the image has the rights that its p_flags say; all else is not executable; CR0.WP is on and
 *     EFER.NXE where the CPU has it. PAT entries 0 to 3 have their power-on meaning, entry 4 is write-combining, and
 *     framebuffers use it.
 *   - Boot services have ended. Timers and interrupt controllers are quiet: no line is unmasked.
 *
 * The block. A struct handoff, then records, each a struct handoff_record followed by its own data, one behind the other to the end
 * of the block. Every record begins at a multiple of 8. A reader skips types that it does not know, so a newer loader can
 * serve an older core; a record may also be longer than the reader knows. What is missing is absent from the machine: only
 * the memory map and the image record must be there, once each. Framebuffers, serial ports and stamps may come several times
 * or not at all.
 *   The checksum covers the whole block (handoff_checksum, with the field itself as 0). All numbers are little-endian, all
 * addresses physical, all ranges [start, end), all text UTF-8 and ended by a NUL inside the record.
 *   The block stays where it is: the map calls it HANDOFF_MEMORY_LOADER, and the core may reuse it once it has read it.
 *
 * The map is sorted by address, aligned to pages, and no two entries overlap. Where the firmware's own entries did, the more
 * careful type won. What no entry covers is not memory. The image, the first stack with its guard and the page tables lie in
 * HANDOFF_MEMORY_CORE, the recorder in HANDOFF_MEMORY_RECORDER: the core refuses a block whose records and map disagree.
 *
 * Used by: efi/ (writes it), core/handoff.c (checks it, before anything is believed). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HANDOFF_MAGIC      0x31464f48544f474eull /* "NGOTHOF1" in memory order */
#define HANDOFF_VERSION    1u                    /* grows only when an older reader would be misled */
#define HANDOFF_PAGE_BYTES 4096u
#define HANDOFF_MAX_BYTES  (16u << 20)           /* no honest block is larger */

struct handoff {
    uint64_t magic;
    uint32_t version;
    uint32_t header_bytes;                       /* where the first record starts: sizeof(struct handoff), or more */
    uint64_t bytes;                              /* the whole block, this header included; a multiple of 8 */
    uint64_t checksum;
};
_Static_assert(sizeof(struct handoff) == 32, "the header is 32 bytes");

struct handoff_record {
    uint32_t type;                               /* enum handoff_type */
    uint32_t bytes;                              /* this header and all that follows; a multiple of 8 */
};
_Static_assert(sizeof(struct handoff_record) == 8, "a record's header is 8 bytes");

enum handoff_type {
    HANDOFF_MEMORY_MAP   = 1,
    HANDOFF_IMAGE        = 2,
    HANDOFF_FRAMEBUFFER  = 3,
    HANDOFF_ROOTS        = 4,
    HANDOFF_SERIAL       = 5,
    HANDOFF_COMMAND_LINE = 6,
    HANDOFF_SEED         = 7,
    HANDOFF_STAMPS       = 8,
    HANDOFF_LOADER_LOG   = 9,
    HANDOFF_RECORDER     = 10,
    HANDOFF_FIRMWARE     = 11,
    HANDOFF_LAST_RUN     = 12,
    HANDOFF_X86_STATE    = 0x8601,
};

/* ---- memory map ---- */

/* In order of care: where two claims overlap, the higher number wins. */
enum handoff_memory_type {
    HANDOFF_MEMORY_USABLE       = 1,             /* free for the core */
    HANDOFF_MEMORY_BOOT_RECLAIM = 2,             /* boot services lay here; tables may still (BGRT, ESRT): free once they are read */
    HANDOFF_MEMORY_LOADER       = 3,             /* the loader and this block: free once the block is read */
    HANDOFF_MEMORY_PERSISTENT   = 4,             /* non-volatile memory: not ours to use */
    HANDOFF_MEMORY_CORE         = 5,             /* the core's image, first stack and first page tables */
    HANDOFF_MEMORY_RECORDER     = 6,             /* the flight recorder: outlives a warm reset */
    HANDOFF_MEMORY_ACPI_RECLAIM = 7,             /* ACPI tables: free once they are read */
    HANDOFF_MEMORY_ACPI_NVS     = 8,             /* firmware's, for ever */
    HANDOFF_MEMORY_RUNTIME      = 9,             /* runtime services: never called, never touched */
    HANDOFF_MEMORY_RESERVED     = 10,            /* unknown: never touched. Unaccepted memory and OEM types too */
    HANDOFF_MEMORY_MMIO         = 11,
    HANDOFF_MEMORY_BAD          = 12,
    HANDOFF_MEMORY_TYPES        = 13,
};

struct handoff_region {
    uint64_t start, end;                         /* [start, end), multiples of HANDOFF_PAGE_BYTES, start < end */
    uint32_t type;                               /* enum handoff_memory_type */
    uint32_t firmware_type;                      /* as the firmware called it (EFI_MEMORY_TYPE), for people to read */
};

struct handoff_memory_map {
    struct handoff_record record;
    uint32_t count;                              /* regions */
    uint32_t fixed;                              /* firmware entries that were empty, wrapped, or overlapped and were put right */
    struct handoff_region region[];
};

/* ---- where the loader put things ---- */

struct handoff_image {
    struct handoff_record record;
    uint64_t base, bytes;                        /* the core's image, all segments with their .bss */
    uint64_t preferred_base;                     /* what its program headers asked for */
    uint64_t entry;                              /* address jumped to */
    uint64_t stack_base, stack_bytes;            /* whole pages, without the guard, which is the page below */
    uint64_t tables_base, tables_bytes;          /* the loader's page tables: whole pages, or 0 bytes */
    uint64_t loader_base, loader_bytes;          /* the loader's own image */
};

/* ---- displays ---- */

enum {                                           /* handoff_framebuffer.flags */
    HANDOFF_DISPLAY_PRIMARY = 1u << 0,           /* the firmware's own console was shown here */
    HANDOFF_DISPLAY_BLACK   = 1u << 1,           /* was seen to be black when the loader left it */
};

struct handoff_framebuffer {
    struct handoff_record record;
    uint64_t base, bytes;                        /* base is never 0; bytes >= pitch_bytes * height */
    uint32_t width, height;                      /* pixels, 1 to 16384 */
    uint32_t pitch_bytes;                        /* from one line to the next: at least width * bits_per_pixel / 8 */
    uint32_t bits_per_pixel;                     /* 16, 24 or 32 */
    uint32_t red_mask, green_mask, blue_mask;    /* not 0, do not overlap, each without a hole */
    uint32_t flags;
};

/* ---- roots of the firmware's tables; 0 where there is none ---- */

struct handoff_roots {
    struct handoff_record record;
    uint64_t acpi_rsdp;                          /* of ACPI 2.0 if there is one, else of 1.0 */
    uint64_t smbios3, smbios;                    /* entry points, 64-bit and 32-bit */
};

/* ---- serial ports that the loader proved (16550 family) ---- */

enum handoff_serial_space { HANDOFF_SERIAL_IO = 1, HANDOFF_SERIAL_MMIO = 2 };
enum handoff_serial_source {
    HANDOFF_SERIAL_LEGACY = 1,                   /* one of 0x3F8 0x2F8 0x3E8 0x2E8 */
    HANDOFF_SERIAL_OPTION = 2,                   /* serial= on the command line */
    HANDOFF_SERIAL_SPCR   = 3,
    HANDOFF_SERIAL_DBG2   = 4,
    HANDOFF_SERIAL_PCI    = 5,
};

struct handoff_serial {
    struct handoff_record record;
    uint64_t address;                            /* of register 0 */
    uint32_t space;                              /* enum handoff_serial_space */
    uint32_t stride;                             /* bytes from register to register: 1, 2 or 4 */
    uint32_t clock_hz;                           /* input clock; 0: leave the divisor as it is */
    uint32_t baud;                               /* 0: leave as it is */
    uint32_t source;                             /* enum handoff_serial_source */
    uint32_t told;                               /* 1: the loader's log went to it */
};

/* ---- text ---- */

struct handoff_text {                            /* HANDOFF_COMMAND_LINE: words; HANDOFF_LOADER_LOG: lines ended by \n */
    struct handoff_record record;
    char text[];
};

/* ---- random seed ---- */

enum handoff_seed_source {
    HANDOFF_SEED_EFI_RNG = 1,                    /* EFI_RNG_PROTOCOL */
    HANDOFF_SEED_CPU     = 2,                    /* RDSEED or RDRAND */
    HANDOFF_SEED_JITTER  = 3,                    /* only the timing of instructions: weak */
};
#define HANDOFF_SEED_BYTES 32u

struct handoff_seed {
    struct handoff_record record;
    uint32_t source;                             /* enum handoff_seed_source */
    uint32_t reserved;
    uint8_t seed[HANDOFF_SEED_BYTES];            /* the core wipes it after use */
};

/* ---- time stamps: the CPU's counter (x86_64: TSC) when a stage ended ---- */

enum handoff_stage {                             /* in the order of the boot; the core goes on where the loader ends */
    HANDOFF_STAGE_ENTRY = 1,                     /* the loader's first instruction */
    HANDOFF_STAGE_CONSOLE,
    HANDOFF_STAGE_WATCHDOG,
    HANDOFF_STAGE_VOLUME,
    HANDOFF_STAGE_COMMAND_LINE,
    HANDOFF_STAGE_TABLES,
    HANDOFF_STAGE_SEED,
    HANDOFF_STAGE_DISPLAYS,
    HANDOFF_STAGE_IMAGE,
    HANDOFF_STAGE_MEMORY,
    HANDOFF_STAGE_PAGING,
    HANDOFF_STAGE_EXIT,                          /* ExitBootServices has succeeded */
    HANDOFF_STAGE_QUIET,
    HANDOFF_STAGE_JUMP,
    HANDOFF_STAGE_CORE,                          /* the core runs; only in the flight recorder, like all below */
    HANDOFF_STAGE_MAIN,                          /* READY has been said */
};
#define HANDOFF_STAGE_NAMES "?\0" "entry\0" "console\0" "watchdog\0" "volume\0" "command line\0" "tables\0" "seed\0" "displays\0" "image\0" \
    "memory\0" "paging\0" "exit\0" "quiet\0" "jump\0" "core\0" "main\0"

struct handoff_stamp {
    uint32_t stage;                              /* enum handoff_stage */
    uint32_t reserved;
    uint64_t ticks;
};

struct handoff_stamps {
    struct handoff_record record;
    uint32_t count, reserved;
    struct handoff_stamp stamp[];
};

/* ---- flight recorder ----
 *
 * Memory that outlives a warm reset: the next boot's loader looks at the same addresses before it writes there. A struct recorder, then
 * lines, each in its own place, the oldest overwritten by the newest. Everything has a sum of its own, so that a reset in the midst of a
 * store costs one line, and rubbish is never taken for a log. Each run has a key that its sums begin with, so what older runs have left
 * needs not be cleared. Any number of CPUs may write at once: who has reserved room has it for itself, until so many lines later that
 * it would be lost anyway. Whoever writes makes sure that it reaches memory: a reset may empty the caches. */

struct handoff_recorder {
    struct handoff_record record;
    uint64_t base, bytes;                        /* pages of HANDOFF_MEMORY_RECORDER that begin with a struct recorder */
};

enum recorder_end {                              /* how a run ended, as far as it could tell itself */
    RECORDER_RUNNING = 1,                        /* it could not: a reset, a triple fault, a hang */
    RECORDER_CLEAN   = 2,                        /* power-off, reset or halt that was asked for */
    RECORDER_PANIC   = 3,
    RECORDER_REFUSED = 4,
    RECORDER_LEFT    = 5,                        /* as CLEAN, and it has left lines for the next boot to find */
};

struct handoff_last_run {                        /* what the run before left, when it did not end clean */
    struct handoff_record record;
    uint64_t text, bytes;                        /* its lines, ended by \n, in HANDOFF_MEMORY_RECORDER; the first says how it ended */
    uint32_t end;                                /* enum recorder_end */
    uint32_t saved;                              /* 1: the loader has written them to \ingot\last.log */
};

#define RECORDER_MAGIC 0x314345524f474e49ull     /* "INGOREC1" in memory order */
enum {
    RECORDER_VERSION    = 1,
    RECORDER_PLACE      = 16,                    /* lines begin at multiples of it */
    RECORDER_TEXT_BYTES = 336,                   /* of a line, at most */
};

struct recorder {
    uint64_t magic, key;
    uint32_t version, run;                       /* run: 1, 2 ..., for people */
    uint64_t bytes;                              /* of all, this header included; a multiple of HANDOFF_PAGE_BYTES */
    uint64_t sum;                                /* of what is above */
    uint64_t stage, end;                         /* recorder_mark() of enum handoff_stage: what ended last; and of enum recorder_end */
    uint64_t next;                               /* the number of the next line << 32 | where it goes; moved by compare and swap */
};
_Static_assert(sizeof(struct recorder) == 64, "one line of a cache");

struct recorder_line {
    uint64_t sum;                                /* of what is below, with zeros to the next place */
    uint32_t number;                             /* 1, 2, ... */
    uint32_t bytes;                              /* of text: 1 to RECORDER_TEXT_BYTES */
    char text[];
};

/* Sum of words words that begins with start. A multiplication a word: sums of words that merely stand elsewhere differ too. */
static inline uint64_t recorder_sum(uint64_t start, const uint64_t *word, uint32_t words)
{
    uint64_t sum = start;

    for (uint32_t i = 0; i < words; i++) {
        sum = (sum ^ word[i]) * 0x9e3779b97f4a7c15ull;
        sum ^= sum >> 32;
    }
    return sum;
}

/* A small number that proves itself, to be stored at once. */
static inline uint64_t recorder_mark(uint64_t key, uint32_t value)
{
    uint64_t word = value;

    return recorder_sum(key, &word, 1) << 32 | value;
}

/* The number in a mark; 0: it is not one of this run. */
static inline uint32_t recorder_marked(uint64_t key, uint64_t mark)
{
    return mark == recorder_mark(key, (uint32_t)mark) ? (uint32_t)mark : 0;
}

static inline uint64_t recorder_header_sum(const struct recorder *recorder)
{
    return recorder_sum(recorder->magic, &recorder->magic, offsetof(struct recorder, sum) / 8);
}

static inline uint32_t recorder_line_bytes(uint32_t text_bytes)
{
    return ((uint32_t)sizeof(struct recorder_line) + text_bytes + RECORDER_PLACE - 1) / RECORDER_PLACE * RECORDER_PLACE;
}

static inline uint64_t recorder_line_sum(const struct recorder *recorder, const struct recorder_line *line)
{
    return recorder_sum(recorder->key, &line->sum + 1, recorder_line_bytes(line->bytes) / 8 - 1);
}

/* Where a line of line_bytes goes when next says so: there, or where it does not fit before the end at the start. */
static inline uint32_t recorder_place(const struct recorder *recorder, uint64_t next, uint32_t line_bytes)
{
    uint32_t at = (uint32_t)next;

    return at < sizeof(*recorder) || at % RECORDER_PLACE || at > recorder->bytes - line_bytes ? sizeof(*recorder) : at;
}

/* Room for a line of bytes, which is cut if need be: all but its text and its sum is written. Where it went to the start, nothing older
 * stays behind before the end. */
static inline struct recorder_line *recorder_begin(struct recorder *recorder, uint64_t bytes)
{
    uint32_t text_bytes = bytes < RECORDER_TEXT_BYTES ? (uint32_t)bytes : RECORDER_TEXT_BYTES, line_bytes = recorder_line_bytes(text_bytes), at;
    uint64_t next = __atomic_load_n(&recorder->next, __ATOMIC_RELAXED);
    struct recorder_line *line;

    do
        at = recorder_place(recorder, next, line_bytes);
    while (!__atomic_compare_exchange_n(&recorder->next, &next, ((next >> 32) + 1) << 32 | (at + line_bytes), true, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED));
    if (at != (uint32_t)next && (uint32_t)next < recorder->bytes)
        __builtin_memset((uint8_t *)recorder + (uint32_t)next, 0, recorder->bytes - (uint32_t)next);
    line = (struct recorder_line *)(void *)((uint8_t *)recorder + at);
    line->sum = 0;
    line->number = (uint32_t)(next >> 32);
    line->bytes = text_bytes;
    if (text_bytes % RECORDER_PLACE)
        __builtin_memset((uint8_t *)line + line_bytes - RECORDER_PLACE, 0, RECORDER_PLACE);
    return line;
}

/* The line's text is there. Returns the bytes that it takes, from line on. */
static inline uint32_t recorder_finish(const struct recorder *recorder, struct recorder_line *line)
{
    line->sum = recorder_line_sum(recorder, line);
    return recorder_line_bytes(line->bytes);
}

/* ---- who started us ---- */

enum {                                           /* handoff_firmware.flags */
    HANDOFF_FIRMWARE_SECURE_BOOT = 1u << 0,      /* only signed images are started, or the firmware does not say */
    HANDOFF_FIRMWARE_NO_VOLUME   = 1u << 1,      /* the loader came from no file system (PXE) */
    HANDOFF_FIRMWARE_TPM_LOST    = 1u << 2,      /* there is a TPM, and measuring into it failed */
};

struct handoff_firmware {
    struct handoff_record record;
    uint32_t uefi_revision;                      /* EFI_TABLE_HEADER.Revision: 0x0002_0046 is 2.7 */
    uint32_t firmware_revision;
    uint32_t flags;
    uint32_t exit_tries;                         /* calls of ExitBootServices, the one that succeeded included */
    uint32_t descriptor_bytes;                   /* EFI memory descriptor size */
    uint32_t descriptors;                        /* entries of the firmware's own map */
    char vendor[64];                             /* NUL-ended */
};

/* ---- the CPU as the firmware left it (x86_64) ---- */

enum {                                           /* handoff_x86_state.found: what the loader had to silence */
    HANDOFF_X86_INTERRUPTS_ON = 1u << 0,         /* RFLAGS.IF */
    HANDOFF_X86_LAPIC_TIMER   = 1u << 1,         /* LVT timer unmasked, or counting */
    HANDOFF_X86_PIC           = 1u << 2,         /* a PIC line unmasked */
    HANDOFF_X86_IOAPIC        = 1u << 3,         /* a redirection entry unmasked */
    HANDOFF_X86_HPET          = 1u << 4,         /* an HPET timer's interrupt or legacy routing on */
    HANDOFF_X86_X2APIC        = 1u << 5,         /* x2APIC mode was on; left on */
    HANDOFF_X86_LA57          = 1u << 6,         /* 5-level paging was on; left on */
    HANDOFF_X86_NO_NX         = 1u << 7,         /* the CPU has no NX: write-xor-execute cannot hold */
};

struct handoff_x86_state {
    struct handoff_record record;
    uint32_t found;
    uint32_t ioapics;                            /* IOAPICs that were visited */
    uint64_t cr0, cr3, cr4, efer, rflags, pat;
    uint64_t apic_base;                          /* IA32_APIC_BASE */
    uint64_t hpet_config;                        /* general configuration register; 0 without HPET */
    uint32_t pic_masks;                          /* OCW1 of the first PIC in bits 7:0, of the second in 15:8 */
    uint32_t lvt_timer;                          /* local APIC LVT timer register */
    uint32_t lapic_timer_count;                  /* its current count */
    uint32_t ioapic_unmasked;                    /* redirection entries that were unmasked */
};

/* ---- shared arithmetic ---- */

/* Order-sensitive sum of bytes / 8 little-endian words at block, which is aligned to 8, with struct handoff.checksum as 0. */
static inline uint64_t handoff_checksum(const void *block, uint64_t bytes)
{
    const uint64_t *word = block;
    const uint64_t skipped = offsetof(struct handoff, checksum) / 8;
    uint64_t sum = HANDOFF_MAGIC;

    for (uint64_t i = 0; i < skipped && i < bytes / 8; i++)
        sum = (sum << 1 | sum >> 63) + word[i];
    sum = sum << 1 | sum >> 63;
    for (uint64_t i = skipped + 1; i < bytes / 8; i++)
        sum = (sum << 1 | sum >> 63) + word[i];
    return sum;
}
