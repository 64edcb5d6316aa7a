/* Guesses the next bit of the symbol table from what was seen in like places before. The table's writer (tools/symbols.c) and its reader
 * (core/symbols.c) both ask it and both tell it what the bit was: a good guess makes the bit cost next to nothing, and as both guess alike,
 * the reader can tell what was written.
 *
 * A place is described by up to SYMBOL_CONTEXTS numbers. For each there is a slot that remembers how likely a 1 was there and how often it
 * was asked; their opinions are added up on a logistic scale with weights that follow who was right. Integers only. Any context; the state
 * is the caller's. */
#pragma once

#include <stdint.h>

enum { SYMBOL_CONTEXTS = 8, SYMBOL_KINDS = 11, SYMBOL_SETS = 16, SYMBOL_SLOTS = 24576, SYMBOL_ONE = 4096 };

struct symbol_model {
    uint16_t state[SYMBOL_SLOTS];              /* [15:4] chance of a 1, of SYMBOL_ONE; [3:0] how often it was asked, up to 15 */
    uint8_t check[SYMBOL_SLOTS];               /* whose slot it is */
    uint32_t misses;
    int16_t stretched[SYMBOL_ONE];
    int32_t weight[SYMBOL_KINDS][SYMBOL_SETS][SYMBOL_CONTEXTS];    /* 65536 is 1 */
    /* of the guess that waits for its answer: */
    uint16_t *slot[SYMBOL_CONTEXTS], spare[SYMBOL_CONTEXTS];
    int32_t opinion[SYMBOL_CONTEXTS], *weights;
    unsigned contexts, chance;
};

struct symbol_place {
    unsigned kind;                             /* what is asked for, below SYMBOL_KINDS */
    unsigned contexts;
    uint32_t context[SYMBOL_CONTEXTS];
};

static inline uint32_t symbol_hash(uint32_t a, uint32_t b)
{
    uint32_t hash = a * 0x9e3779b1u ^ b * 0x85ebca6bu;

    hash = (hash ^ hash >> 15) * 0x2c1b3c6du;
    return hash ^ hash >> 13;
}

/* Forgets everything. */
void symbol_model_start(struct symbol_model *model);

/* The chance that the next bit at place is 1, of SYMBOL_ONE, neither 0 nor all; node tells the bits of one value from each other. */
unsigned symbol_model_guess(struct symbol_model *model, const struct symbol_place *place, uint32_t node);

/* What the bit that was guessed last is. */
void symbol_model_learn(struct symbol_model *model, unsigned bit);
