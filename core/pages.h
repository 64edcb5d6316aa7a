/* The page allocator, as the core feeds it. All on the boot CPU. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/handoff.h"

/* Adds the memory [start, end), rounded inwards to whole pages and without page 0, to what pages_alloc() gives. It must be
 * mapped writable, and nobody else may use it. No work per page; reads and writes at most two pages of it. Memory that is added
 * twice ends in `PANIC PAGES`. */
void pages_add(uint64_t start, uint64_t end);

/* Adds all regions of one type (enum handoff_memory_type): first HANDOFF_MEMORY_USABLE, and the reclaimable types once what lies
 * there was read. The list is sorted, without overlaps, and does not lie in the memory that it adds. */
void pages_add_regions(const struct handoff_region *region, size_t count, uint32_t type);

/* Looks at all of the allocator's notes: true when they agree. Takes time with the number of free ranges: for tests. */
bool pages_check(void);
