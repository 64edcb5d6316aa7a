/* The loader's memory: every page it takes from the firmware is in one ledger, so that a refusal gives all of it back, and the
 * core's map names all of it. Before ExitBootServices is first called. */
#pragma once

#include "efi/firmware.h"

enum { MEMORY_BLOCKS_MAX = 8, MEMORY_PAGE_BYTES = 4096 };

struct memory_block {
    uint64_t base, bytes;                   /* whole pages; base is never 0 */
    uint32_t type;                          /* enum handoff_memory_type: what the core's map shall call it */
    EFI_MEMORY_TYPE firmware_type;
};

struct memory {
    EFI_BOOT_SERVICES *boot;
    unsigned blocks;
    struct memory_block block[MEMORY_BLOCKS_MAX];
};

/* Takes bytes (rounded up to pages), at wanted if that is free, else anywhere; wanted = 0 means anywhere. It holds anything. Only
 * LoaderCode and LoaderData are ever asked for: firmware has been seen to mistreat other types. Writes *out_base and returns
 * EFI_SUCCESS, or returns the firmware's error. Ours until memory_give() or, after ExitBootServices, for ever. */
EFI_STATUS memory_take(struct memory *memory, uint32_t handoff_type, uint64_t bytes, uint64_t wanted, uint64_t *out_base);

/* The same, but at wanted or not at all. */
EFI_STATUS memory_take_at(struct memory *memory, uint32_t handoff_type, uint64_t bytes, uint64_t wanted, uint64_t *out_base);

/* Gives a block back. base = 0 is no block. */
void memory_give(struct memory *memory, uint64_t base);

void memory_give_all(struct memory *memory);
