/* A firmware for the loader's own objects on the host: boot services, protocols, a volume, displays, variables, a memory map, all
 * with the faults that a test asks for. It keeps a ledger of everything that it gave away, and stops the test at once when the
 * loader breaks a rule of UEFI. */
#pragma once

#include "efi/firmware.h"
#include "mock_cpu.h"

enum { MOCK_GOPS = 4, MOCK_CALLS_MAX = 512 };

enum mock_service {
    MOCK_ALLOCATE_PAGES, MOCK_FREE_PAGES, MOCK_GET_MEMORY_MAP, MOCK_FREE_POOL, MOCK_HANDLE_PROTOCOL, MOCK_LOCATE_PROTOCOL,
    MOCK_LOCATE_HANDLE_BUFFER, MOCK_SET_WATCHDOG, MOCK_EXIT_BOOT_SERVICES, MOCK_OPEN_VOLUME, MOCK_OPEN, MOCK_CLOSE, MOCK_READ,
    MOCK_GET_INFO, MOCK_SET_INFO, MOCK_WRITE, MOCK_DELETE,
    MOCK_QUERY_MODE, MOCK_SET_MODE, MOCK_GET_RNG, MOCK_HASH_LOG_EXTEND, MOCK_GET_VARIABLE, MOCK_OUTPUT_STRING, MOCK_SERVICES
};

/* The errors that a service may return by specification, then one that no specification has; ended by 0. */
const EFI_STATUS *mock_errors(enum mock_service service);
const char *mock_service_name(enum mock_service service);

enum {                                   /* mock_efi.map_faults */
    MAP_FAULT_EMPTY      = 1u << 0,      /* entries of no pages */
    MAP_FAULT_OVERLAP    = 1u << 1,      /* reserved memory inside of usable memory, a duplicate */
    MAP_FAULT_WRAP       = 1u << 2,      /* past the end of the address space */
    MAP_FAULT_UNSORTED   = 1u << 3,      /* in reverse */
    MAP_FAULT_OEM        = 1u << 4,      /* types 0x70000000, 0x80000000, unaccepted, persistent; attributes SP, MORE_RELIABLE */
    MAP_FAULT_UNALIGNED  = 1u << 5,      /* starts inside of pages */
};

struct mock_gop {
    bool blt_only, no_mode, on_console, screen_lit;
    uint32_t format;                     /* EFI_GRAPHICS_PIXEL_FORMAT */
    EFI_PIXEL_BITMASK mask;
    uint32_t width, height, scan_line;   /* of the mode that is set; the one that can be set beside it is 800x600 */
    uint64_t base, bytes;                /* 0: enough */
};

struct mock_log {
    bool is_there;
    uint64_t bytes;
};

struct mock_efi {
    /* What the firmware is like: set before mock_boot(). */
    bool no_volume, no_config, no_loaded_image, no_rng, rng_stuck, secure_boot, no_variables, no_runtime, no_console;
    bool no_acpi, acpi_1_only, tpm;
    const uint8_t *acpi_table[2];        /* further tables in the XSDT */
    const char *config;                  /* content of \ingot\ingot.cfg */
    bool serial_off;                     /* the words say so: what is told need not be heard */
    uint64_t config_bytes, read_limit;   /* read_limit: bytes a Read gives at most, 0: all */
    bool config_is_directory, core_is_directory;
    bool read_only;                      /* the volume */
    uint64_t room_bytes;                 /* that it still has; 0: enough */
    uint64_t write_limit;                /* bytes a Write takes at most, 0: all */
    struct mock_log log[2];              /* \ingot\last.log, \ingot\last.1.log; their text is in mock_log_text */
    const void *left;                    /* what lies at MOCK_RECORDER when the loader starts, 128 KiB; NULL: rubbish */
    const void *options;
    uint32_t options_bytes;
    const void *core;                    /* the core inside the loader, and the file \core.elf */
    uint64_t core_bytes;
    struct mock_gop gop[MOCK_GOPS];
    unsigned gops;
    uint32_t descriptor_bytes, extra_entries, map_faults;
    uint32_t growth;                     /* entries that appear at each GetMemoryMap */
    uint32_t growth_in_exit;             /* and at each ExitBootServices that fails */
    uint32_t stale_keys;                 /* calls of ExitBootServices that fail first */
    uint32_t overrun_at;                 /* the call of GetMemoryMap (1 ..) that writes 8 bytes too many, 0: none */
    bool sizes_unset, odd_map_bytes, page_zero, wanted_taken, reserve_late;
    bool memory_kept;                    /* what is allocated has what it had, but for its first page; else it is filled */
    uint32_t free_pages;                 /* 0: as many as there are */
    int broken_table;                    /* 1 signature, 2 checksum, 3 revision, 4 boot services */

    /* One fault: call number fault_call (1 ..) fails with fault_status, and all behind it too if it lasts. */
    uint32_t fault_call;
    EFI_STATUS fault_status;
    bool fault_lasts;
    int fault_service;                   /* count only calls of this service; -1: of all */

    /* For each call what it does, where a test wants to choose: the status to fail with, or 0. NULL: all go well. */
    EFI_STATUS (*whim)(enum mock_service service);
    bool (*lies)(enum mock_service service);     /* whether it says that it succeeded, with nonsense */
    uint32_t map_order;                  /* the map's entries are shuffled by it; 0: sorted */

    /* What happened. */
    enum mock_service call[MOCK_CALLS_MAX];
    uint32_t calls, counted, exits, exits_failed, map_reads;
    uint32_t exits_forced;               /* that failed whatever the key */
    bool exited, fault_hit;
    EFI_STATUS status;                   /* that the loader returned */
    uint32_t measured;                   /* events, the last of which are kept: PCR, text, bytes that were hashed */
    struct { uint32_t pcr; char text[64]; uint64_t bytes; } event[4];
    char screen[4096];                   /* what ConOut got */
    uint64_t pages_out, pools_out, files_out;
};
extern struct mock_efi mock_efi;

enum { MOCK_LOG_BYTES = 160 << 10, MOCK_RECORDER = 0x3fe0000, MOCK_RECORDER_BYTES = 128 << 10 };
extern char mock_log_text[2][MOCK_LOG_BYTES];

/* Firmware and CPU as they mostly are: a volume with an ingot.cfg, two handles of one display, ACPI, a good core. */
void mock_reset(void);

/* Starts the loader and says how it ended. */
enum mock_end mock_boot(void);

/* Fails the test unless the end keeps the contract: the core was started with a handoff that it accepts and tables that are
 * right; or one REFUSED line and nothing leaked; or one PANIC line after ExitBootServices had been called. */
void mock_check(enum mock_end end);

/* A valid core of three segments with relocations, in static memory. */
const void *mock_core(uint64_t *out_bytes);
