/* Room for the firmware's memory map and for what is made from it, roomy enough that the map may grow while ExitBootServices is tried. */
#pragma once

#include "efi/loader.h"

enum {
    MAP_EXTRA_RANGES  = 64,                 /* that we add to the firmware's: our own blocks, segments, displays ... */
    MAP_SLACK_BYTES   = 32 << 10,           /* beyond twice the size that the firmware named: 600 descriptors and more */
    MAP_BYTES_MAX     = 4 << 20,            /* a map of 80,000 entries is a fault */
    MAP_ROOM_TRIES    = 4,                  /* while the map outgrows what was made for it */
};

enum map_fault {
    MAP_OK,
    MAP_READ,                               /* the firmware gave an error */
    MAP_GREW,                               /* does not fit any more */
    MAP_OVERRUN,                            /* the firmware wrote behind the room it was given */
    MAP_DESC,                               /* sizes that cannot be */
    MAP_FAULTS,
};

/* Calls GetMemoryMap once, into the room that is there, and nothing else. *out_status is what the firmware said; need, if it grew,
 * is in map.bytes. */
enum map_fault map_room_read(struct loader *loader, EFI_STATUS *out_status);

/* Takes a room of the right size, giving back the one that was there, and reads the map into it. Returns EFI_SUCCESS, or an error
 * after refuse(). Before ExitBootServices is first called. */
EFI_STATUS map_room_take(struct loader *loader);

/* A fault's code, such as "MAP-GREW", and its sentence; figures go behind it. */
const char *map_fault_code(enum map_fault fault);
const char *map_fault_text(enum map_fault fault);

/* refuse() with a fault's code, sentence and figures. */
EFI_STATUS map_refused(struct loader *loader, enum map_fault fault, EFI_STATUS status);

/* `REFUSED MEM` for what found no room (image.c). */
EFI_STATUS memory_refused(struct loader *loader, EFI_STATUS status, const char *what, uint64_t bytes);
