/* Function, file and line of places in the program's text, from the table that is linked into the image (core/symbol_table.h). */
#pragma once

#include "core/symbol_room.h"

struct symbol {                                /* what lies at an address */
    uintptr_t address;
    uintptr_t start;                           /* where its function begins */
    unsigned depth;                            /* frames; 0: nothing is known */
    struct symbol_frame frame[SYMBOL_DEPTH];   /* as in struct symbol_row */
};

enum { SYMBOL_WORDS_BYTES = 200, SYMBOLS_WANTED = 128 };

/* A pass through the table takes milliseconds, so what will be asked for is said first, and all of it is looked up in one:
 * symbols_forget(), symbols_want() each address, symbols_find(), then symbol_at(). For one CPU at a time, which sees to that itself, as a panic
 * does. Any context. */
void symbols_forget(void);
void symbols_want(uintptr_t address);          /* no more than SYMBOLS_WANTED different ones: others have no names */

/* The room in which the names are, or NULL: there are none. */
const struct symbol_room *symbols_find(void);

/* What is known of a wanted address; depth 0 where that is nothing. Valid until symbols_forget(). */
const struct symbol *symbol_at(uintptr_t address);

/* Where a function begins that is not inlined everywhere, by its name; in one pass as above. False: there is none, or no table. Same callers. */
bool symbol_address(const char *name, uintptr_t *out_address);

/* Names of such functions: index 0 is the first, then 1, 2 ... in turn, without looking back. NULL past the last. Same callers. */
const char *symbol_function(unsigned index);

/* Whether symbols_find() has been interrupted by what is calling. From now on it finds nothing. */
bool symbols_give_up(void);

/* " name (file:line)" of frame number level of a symbol, counted from the innermost; the outermost with its offset, " name+0x12 (file:line)".
 * Empty where nothing is known. */
const char *symbol_words(const struct symbol_room *room, const struct symbol *symbol, unsigned level, char *buffer, size_t bytes);

/* The innermost function's name, or an empty one. */
const char *symbol_inner(const struct symbol_room *room, const struct symbol *symbol);
