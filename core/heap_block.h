/* What a block of the heap looks like. Private to core/heap*.c.
 *
 *   in release builds   struct block | payload                                        a free one begins its payload with its links
 *   in debug builds     struct block | struct guard | front zone | payload | back zone     the links lie in the front zone */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ingot/heap.h>
#include <ingot/pages.h>

enum { HEAP_UNIT = 16 };                         /* block sizes and addresses are multiples of it */

struct block {
    uint32_t mark;                               /* kind ^ address: first, since that is where writing past a block's end begins */
    uint32_t units;                              /* of the whole block; a large one: its pages; the end mark: 0 */
    uint32_t units_before;                       /* of the block right below; 0: first of its area */
    int32_t site;                                /* who allocated it, or freed it if it is free: distance from malloc */
};

struct guard {
    uint64_t bytes;                              /* as asked for */
    int32_t site;                                /* who allocated it: stays when it is freed */
    int32_t unused;
};

struct links {
    struct block *next, *previous;               /* previous NULL: the list's head points here */
};
_Static_assert(sizeof(struct block) == HEAP_UNIT && sizeof(struct links) == HEAP_UNIT && sizeof(struct guard) == HEAP_UNIT,
               "a unit each");

enum {
    LINKS_OFFSET   = sizeof(struct block) + (INGOT_DEBUG ? sizeof(struct guard) : 0),
    PAYLOAD_OFFSET = sizeof(struct block) + (INGOT_DEBUG ? sizeof(struct guard) + HEAP_UNIT : 0),
    BACK_BYTES     = INGOT_DEBUG ? HEAP_UNIT : 0,
    UNITS_MIN      = (LINKS_OFFSET + sizeof(struct links)) / HEAP_UNIT,
};
enum kind {
    KIND_USED = 0x5ed0b10c, KIND_FREE = 0x46ee1f0d, KIND_LARGE = 0x1a46e2b7, KIND_END = 0x0e9dd37a,
    KIND_KEPT = 0x3ee97ac3,                      /* free, but kept whole for the next who asks for its size */
};
enum fill { FILL_NEW = 0xa5, FILL_FREE = 0xde, FILL_ZONE = 0xfb };

static inline uint32_t mark_of(const struct block *block, enum kind kind) { return kind ^ (uint32_t)((uintptr_t)block / HEAP_UNIT); }
static inline enum kind kind_of(const struct block *block) { return (enum kind)mark_of(block, (enum kind)block->mark); }
static inline bool is(const struct block *block, enum kind kind) { return kind_of(block) == kind; }
static inline struct block *above(struct block *block) { return block + block->units; }
static inline struct block *below(struct block *block) { return block - block->units_before; }
static inline struct links *links(struct block *block) { return (struct links *)((char *)block + LINKS_OFFSET); }
static inline struct guard *guard(struct block *block) { return (struct guard *)(block + 1); }
static inline uint8_t *payload(struct block *block) { return (uint8_t *)block + PAYLOAD_OFFSET; }
static inline struct block *block_of(void *memory) { return (struct block *)((char *)memory - PAYLOAD_OFFSET); }

static inline int32_t site_of(const void *caller) { return (int32_t)((uintptr_t)caller - (uintptr_t)malloc); }
static inline const void *caller_of(int32_t site) { return (const void *)((uintptr_t)malloc + (uintptr_t)(intptr_t)site); }

/* The pages of a large block begin on the page that holds its header. */
static inline uint8_t *large_base(struct block *block) { return (uint8_t *)((uintptr_t)block & ~(uintptr_t)(PAGE_BYTES - 1)); }

static inline uint8_t *block_end(struct block *block)
{
    return is(block, KIND_LARGE) ? large_base(block) + (uint64_t)block->units * PAGE_BYTES : (uint8_t *)above(block);
}

/* SAN=address, in core/heap.c: the small block or large one that address lies in, or its surroundings do. */
struct heap_place {
    const void *start;                           /* of what was asked for */
    size_t bytes;
    const void *allocated_by, *freed_by;         /* freed_by NULL: it is in use */
};

/* False where the heap's notes do not tell. For reports: the heap must stand still, or luck is needed. */
bool heap_find(uintptr_t address, struct heap_place *out_place);

/* ---- core/heap_guard.c: debug builds only ---- */

/* Fills both zones of a block that was given to caller. */
void guard_set(struct block *block, size_t bytes, const void *caller);

/* The first byte of a used block's zones that is not as it was, or NULL; and the panic about it. */
const uint8_t *guard_fault(struct block *block);
void guard_check(struct block *block);

/* The first byte of a free block that was written to, or NULL; and the panic about it. */
const uint8_t *fill_fault(struct block *block);
void fill_check(struct block *block);

/* What stays of a free block that becomes part of the one below it: its header, which then says who allocated and who freed it. */
void guard_bury(struct block *block);

/* Who allocated a free block, buried or not. */
const void *guard_allocated_by(struct block *block);
