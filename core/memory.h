/* The memory map, for the core's own files. */
#pragma once

#include "core/handoff_view.h"

/* The region that address lies in, or NULL. Any context. */
const struct handoff_region *memory_region(uint64_t address);

/* The first region that ends behind address, and where the regions end. After memory_start(), any context. */
const struct handoff_region *memory_from(uint64_t address, const struct handoff_region **out_past);

/* Some of [start, end) is memory, rather than devices or nothing. Any context. */
bool memory_overlaps_ram(uint64_t start, uint64_t end);

/* start as a pointer, or NULL unless all of [start, start + bytes) is memory where firmware may have put tables. Any context. */
const void *memory_readable(uint64_t start, uint64_t bytes);

/* The map as the handoff has it. After memory_start(), any context. */
const struct handoff_memory_map *memory_map(void);

/* Bytes of all regions of a type. */
uint64_t memory_bytes(uint32_t type);

/* Takes the map over: from here on pages_alloc() works. Boot CPU, once. */
void memory_start(const struct handoff_view *view);
