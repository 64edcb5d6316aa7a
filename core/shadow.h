/* SAN=address: one byte for each 8 bytes of memory says which of them may be used. The page allocator and the heap keep it up to date, the
 * compiler's code looks (core/asan.c). Without SAN=address INGOT_SHADOW is 0, nobody calls these, and none is linked.
 *
 * The byte lies at address / 8 + SHADOW_START, a constant, as the code that gcc makes for the stack has it built in. So the memory from
 * SHADOW_START on, an eighth of all, must be usable; memory beyond what it can say anything about is left unused, and addresses there,
 * registers above all, pass. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/handoff_view.h"

#ifndef INGOT_SHADOW
#define INGOT_SHADOW 0
#endif

#define SHADOW_START 0x4000000ull        /* core.mk tells the compiler the same */
enum { SHADOW_BYTES = 8 };               /* of memory, for which there is one byte */

/* What a byte says. 0: all 8 may be used; 1 to 7: so many, from the first on. The compiler's own are as gcc 12's gcc/asan.h has them. */
enum shadow {
    SHADOW_OPEN        = 0,
    SHADOW_STACK_LEFT  = 0xf1,
    SHADOW_STACK_MID   = 0xf2,
    SHADOW_STACK_RIGHT = 0xf3,
    SHADOW_STACK_SCOPE = 0xf8,
    SHADOW_GLOBAL      = 0xf9,
    SHADOW_HEAP        = 0xfa,           /* around blocks */
    SHADOW_FREED       = 0xfd,           /* in blocks that were given back */
    SHADOW_PAGE        = 0xfe,           /* pages that nobody has */
};

/* Before memory_start(): finds room, and from here on the compiler's code looks. Boot CPU. Panics where the memory for it is not usable. */
void shadow_start(const struct handoff_view *view);

/* Closes what lies behind each global variable: the compiler has described them (core/asan.c). Once, after shadow_start(). */
void shadow_globals(void);

/* For the page allocator, which is given [start, end): the first part of it that it must not have. False: there is none. */
bool shadow_keeps(uint64_t start, uint64_t end, uint64_t *out_start, uint64_t *out_end);

/* [start, start + bytes), start a multiple of 8, may be used; or not, for the reason `why`, up to the end of the last 8 bytes. */
void shadow_open(const void *start, size_t bytes);
void shadow_close(const void *start, size_t bytes, enum shadow why);

/* The first byte in [address, address + bytes) that may not be used; 0: there is none. */
uintptr_t shadow_fault(uintptr_t address, size_t bytes);

/* What the byte for address says; SHADOW_OPEN where there is none. */
enum shadow shadow_of(uintptr_t address);

/* How far there is any shadow; 0 before shadow_start(). */
uintptr_t shadow_limit(void);
