/* Room for all that is made around the core (struct room), large enough that the firmware's map may grow while ExitBootServices
 * is tried. */
#pragma once

#include "efi/loader.h"

enum {
    MAP_EXTRA_RANGES  = 64,                 /* that we add to the firmware's: our own blocks, segments, displays ... */
    MAP_SLACK_BYTES   = 32 << 10,           /* beyond twice the size that the firmware named: 600 descriptors and more */
    MAP_BYTES_MAX     = 4 << 20,            /* a map of 80,000 entries is a fault */
    TABLES_BYTES_MIN  = 256 << 10,          /* page tables: most machines need a fifth of this */
    ROOM_TRIES        = 4,                  /* while the map or the tables outgrow what was made for them */
};

enum map_fault {
    MAP_OK,
    MAP_READ,                               /* the firmware gave an error */
    MAP_GREW,                               /* does not fit any more */
    MAP_OVERRUN,                            /* the firmware wrote behind the room it was given */
    MAP_DESC,                               /* sizes that cannot be */
    MAP_FAULTS,
};

/* Takes a room, giving back the one that was there: for a map of map_bytes (0: asks the firmware how large it is) and tables of
 * tables_bytes (at least TABLES_BYTES_MIN are there). Returns EFI_SUCCESS, or an error after refuse(). Before ExitBootServices is
 * first called. */
EFI_STATUS room_take(struct loader *loader, uint64_t map_bytes, uint64_t tables_bytes);

/* Calls GetMemoryMap once, into the room that is there, and nothing else of the firmware; decodes what it gave. *out_status is what
 * the firmware said; what it needs, if it grew, is in room.bytes. */
enum map_fault room_read_map(struct loader *loader, EFI_STATUS *out_status);

/* A fault's code, such as "MAP-GREW", and its sentence; figures go behind it. */
const char *map_fault_code(enum map_fault fault);
const char *map_fault_text(enum map_fault fault);

/* refuse() with a fault's code, sentence and figures. */
EFI_STATUS map_refused(struct loader *loader, enum map_fault fault, EFI_STATUS status);

/* `REFUSED MEM` for what found no memory, with what is there. */
EFI_STATUS memory_refused(struct loader *loader, EFI_STATUS status, const char *what, uint64_t bytes);
