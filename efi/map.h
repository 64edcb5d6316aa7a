/* From the firmware's memory descriptors to ranges that are sorted, page-aligned and without overlaps. Pure: no firmware, no
 * allocation.
 *
 * Two uses of the same sweep: the map for the core (types are enum handoff_memory_type) and the plan of the page tables (types
 * are enum cpu_mapping). In both the higher type wins where ranges overlap. Time is linear for descriptors that are sorted and
 * grows with the disorder, not with the memory. */
#pragma once

#include <stdint.h>

#include "core/handoff.h"

enum { MAP_TYPES_MAX = 16 };                /* types are 1 to 15 */

struct map_source {                         /* what GetMemoryMap gave */
    const uint8_t *descriptors;
    uint64_t bytes;                         /* a multiple of descriptor_bytes */
    uint64_t descriptor_bytes;              /* at least EFI_DESCRIPTOR_BYTES_MIN; neighbours need not be aligned */
};

struct map_decoded {
    struct handoff_region *range, *ram;     /* each has room for all descriptors (bytes / descriptor_bytes) */
    uint32_t ranges, rams;
    uint32_t dropped;                       /* descriptors that are empty or wrap */
};

/* Decodes descriptors twice in one pass: to range, with types of enum handoff_memory_type, and to ram, only what is RAM, whoever
 * uses it, as ram_type with a firmware_type of 0. Neighbours of one kind are joined. */
void map_decode(const struct map_source *source, uint32_t ram_type, struct map_decoded *decoded);

/* Sorts ranges by start. Returns how many of them overlap an earlier one. */
uint32_t map_sort(struct handoff_region *range, uint32_t count);

/* Puts others, sorted, in among the count ranges, sorted, behind which there is room for them. */
void map_insert(struct handoff_region *range, uint32_t count, const struct handoff_region *other, uint32_t others);

/* The union of count ranges (sorted, their types 1 to 15), the higher type winning, neighbours of one kind joined. end is working
 * memory for count numbers, out has room for 2 * count ranges. Returns the number of ranges in out. */
uint32_t map_sweep(const struct handoff_region *range, uint32_t count, uint64_t *end, struct handoff_region *out);

/* Calls reserved what the core could use but what lies outside of the spans of type mapped: firmware changed its mind after the
 * page tables were made. Both sorted. Returns the number of ranges concerned. */
uint32_t map_reserve_unmapped(struct handoff_region *range, uint32_t count, const struct handoff_region *span, uint32_t spans,
                              uint32_t mapped);
