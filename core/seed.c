/* SipHash-2-4 of a counter, with all of its state as the key (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012): the
 * seed has just as many bits. */
#include "core/seed.h"

#include <stdatomic.h>

#include <ingot/cpu.h>
#define LOG_SUBSYSTEM cpu
#include <ingot/log.h>
#include <ingot/string.h>

static uint64_t key[HANDOFF_SEED_BYTES / 8];

void seed_start(struct handoff_seed *seed)
{
    if (seed) {
        memcpy(key, seed->seed, sizeof(key));
        memset(seed->seed, 0, sizeof(seed->seed));
    }
    key[0] ^= cpu_ticks();
    if (!seed || seed->source == HANDOFF_SEED_JITTER)
        log_warn("the loader gave %s: canaries can be foreseen", seed ? "a weak seed" : "no seed");
}

static inline uint64_t rotate(uint64_t value, unsigned bits)
{
    return value << bits | value >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[2] += v[3];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] = rotate(v[0], 32) + v[3];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] = rotate(v[2], 32);
}

uint64_t seed_next(void)
{
    static _Atomic uint64_t calls;
    uint64_t word = atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed), v[4] = { key[0], key[1], key[2], key[3] ^ word };

    for (unsigned round = 0; round < 6; round++) {
        if (round == 2) {                      /* the word is in, the end begins */
            v[0] ^= word;
            v[2] ^= 0xff;
        }
        sip_round(v);
    }
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}
