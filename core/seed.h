/* Numbers that nobody can foresee, from the loader's seed: for canaries. Nothing here waits for hardware. */
#pragma once

#include "core/handoff.h"

/* Takes the seed and wipes it where it lay; the block's checksum no longer holds. A weak seed, or none (NULL), is told. The counter's
 * value joins it in any case. Boot CPU, once, after handoff_check(). */
void seed_start(struct handoff_seed *seed);

/* 64 bits, others at every call. They say nothing about the seed or about each other. Any context, after seed_start(). */
uint64_t seed_next(void);
