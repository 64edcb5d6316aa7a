/* The loader's state: what its steps tell each other. Each step is a function that main.c lists, in the order of the boot; it
 * fills its part here, says what it found, and returns EFI_SUCCESS, or an error after refuse() has told why. */
#pragma once

#include "core/handoff.h"
#include "efi/config.h"
#include "efi/cpu.h"
#include "efi/elf.h"
#include "efi/firmware.h"
#include "efi/map.h"
#include "efi/memory.h"

enum { DISPLAYS_MAX = 8, STAMPS_MAX = 16, PATH_BYTES = 128 };

enum {                                      /* of the core's surroundings */
    STACK_BYTES    = 64 << 10,
    GUARD_BYTES    = HANDOFF_PAGE_BYTES,    /* below the stack, not mapped */
    RECORDER_BYTES = 128 << 10,
};

/* All that is made around the core lies in one block of memory, for each allocation costs firmware thousands of instructions. The
 * block is taken anew when the firmware's map or the page tables outgrow it. */
struct room {
    uint64_t base;                          /* of the block: the stack's guard; 0: there is no block yet */
    uint64_t stack;                         /* behind the guard */
    uint64_t tables, tables_capacity;       /* behind the stack */
    uint64_t tables_bytes, tables_root;     /* used, once they are made */
    uint8_t *descriptors;                   /* the firmware's map */
    uint64_t capacity;                      /* bytes of descriptors; a canary lies behind them */
    uint64_t bytes, key, descriptor_bytes;  /* as the last GetMemoryMap filled them */
    struct map_decoded map;                 /* what it says; ram lies where the handoff will: the plan is made before */
    uint64_t *end;                          /* working memory of the sweep */
    struct handoff_region *span;            /* the plan of the page tables */
    uint32_t spans;
    struct handoff *handoff;                /* room for the block */
    uint64_t handoff_capacity;
};

struct loader {                             /* the large parts last: an offset below 128 takes one byte in an instruction */
    EFI_HANDLE image;
    EFI_SYSTEM_TABLE *system;
    EFI_BOOT_SERVICES *boot;
    EFI_LOADED_IMAGE *loaded;               /* NULL: the firmware would not say */
    EFI_FILE_HANDLE root, config_file;      /* on our own volume, or NULL. Closed on a refusal alone: it costs as much as reading */
    struct words *words;

    const void *core_file;
    uint64_t core_file_bytes;
    uint64_t core_file_memory;              /* block that holds it, if it was read from the volume */
    uint64_t core_base;
    uint64_t recorder;                      /* 0: none */

    uint32_t firmware_flags;                /* handoff_firmware.flags */
    uint32_t exit_tries;
    unsigned displays;
    uint32_t stamps;

    struct room room;
    struct elf_image core;
    struct memory memory;
    struct handoff_roots roots;
    struct cpu_devices devices;
    struct handoff_seed seed;
    struct handoff_last_run last_run;       /* bytes = 0: it ended well, or nothing is known of it */
    char core_path[PATH_BYTES];             /* core= of the command line, or empty */
    struct handoff_framebuffer display[DISPLAYS_MAX];
    struct handoff_stamp stamp[STAMPS_MAX];
};

EFI_STATUS firmware_check(struct loader *loader);        /* check.c: the system table is one */
EFI_STATUS watchdog_stop(struct loader *loader);         /* check.c */
EFI_STATUS volume_read_config(struct loader *loader);    /* volume.c */
EFI_STATUS last_run_save(struct loader *loader);         /* save.c: what the last run left, to the volume */
EFI_STATUS command_line_read(struct loader *loader);     /* command_line.c */
void secure_boot_obey(struct loader *loader);            /* secure_boot.c: with Secure Boot on, leaves unsafe words out */
EFI_STATUS tables_find(struct loader *loader);           /* tables.c */
EFI_STATUS ports_find(struct loader *loader);            /* ports.c: more serial ports */
EFI_STATUS seed_make(struct loader *loader);             /* seed.c */
EFI_STATUS displays_find(struct loader *loader);         /* display.c */
EFI_STATUS image_find(struct loader *loader);            /* image.c: the core's ELF, verified */
EFI_STATUS measure(struct loader *loader);               /* measure.c: core, command line, ingot.cfg into the TPM */
EFI_STATUS image_place(struct loader *loader);           /* image.c: memory for everything, the core in its own */
EFI_STATUS paging_make(struct loader *loader);           /* plan.c: reads the map, makes page tables; then only to exit */
EFI_STATUS firmware_leave(struct loader *loader);        /* leave.c: returns only when ExitBootServices has succeeded */

/* The protocol guid on handle, which may be NULL. *out_interface is NULL or not to be used when an error is returned. Before
 * ExitBootServices is first called. check.c. */
EFI_STATUS protocol_on(struct loader *loader, EFI_HANDLE handle, EFI_GUID guid, void **out_interface);

void stamp(struct loader *loader, enum handoff_stage stage);

/* Gives everything back to the firmware: memory, files. Before ExitBootServices is first called. */
void loader_undo(struct loader *loader);
