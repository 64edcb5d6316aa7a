/* The symbol table: for each instruction of the program's text the function that it is part of, the functions that were inlined there, and
 * the line of each. tools/symbols.py makes it at build time; link.ld places it behind the constants.
 *
 * First come all functions' files and names, in the order in which the text needs them; then the rows: runs of instructions with the same
 * answer. All of it is one stream of bits coded by symbol_model.h. Rows are as long as so many instructions, not bytes: their lengths are
 * read off the text itself, whose instructions also say much about what comes next. So a text that was changed, by a breakpoint for
 * instance, cannot be read any more; the header has a sum that tells.
 *
 * This file is the order of the stream, and the same code for writer and reader: each step gets the value as the writer has it, and
 * returns it as the reader has it. No memory but the caller's; bounded whatever the bits are. Any context. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/symbol_model.h"

enum {                                         /* what there is room for; tools/symbols.py knows them too */
    SYMBOL_DEPTH = 12, SYMBOL_LINES = 65536, SYMBOL_FUNCTIONS = 2048, SYMBOL_FILES = 256, SYMBOL_NAME_BYTES = 128, SYMBOL_TEXT_BYTES = 28672,
};

struct symbol_header {                         /* at the start of the table, which is aligned to 4 */
    uint32_t text_bytes;
    uint32_t text_sum;                         /* symbol_text_sum() */
    uint32_t functions;
};

struct symbol_function {
    uint16_t name;                             /* where it is in symbol_walk.text */
    uint16_t line;                             /* the last one seen in it */
    int16_t step[2];                           /* the last two distances from line to line */
    uint8_t file;                              /* of symbol_walk.path */
};

struct symbol_frame {
    uint16_t function, line;                   /* line 0: not known */
};

struct symbol_row {
    uint32_t start, end;                       /* offsets in the text */
    uint32_t function_start;                   /* where the outermost function began */
    unsigned depth;                            /* 1 to SYMBOL_DEPTH */
    struct symbol_frame frame[SYMBOL_DEPTH];   /* the outermost first; each was inlined into the one before */
};

struct symbol_walk {
    struct symbol_model model;
    unsigned (*bit)(struct symbol_walk *walk, unsigned chance, unsigned bit);    /* writes a bit, or reads it. Of SYMBOL_ONE */
    const uint8_t *program;                    /* the text */
    uint32_t program_bytes;
    struct symbol_function function[SYMBOL_FUNCTIONS];
    uint32_t functions, used;                  /* used: seen in a row so far */
    uint16_t path[SYMBOL_FILES];               /* where it is in text */
    uint16_t file_line[SYMBOL_FILES];          /* the last one seen in it */
    uint32_t files, text_used;
    char text[SYMBOL_TEXT_BYTES];              /* names and paths, each with its NUL */
    struct symbol_row row;
    bool broken;                               /* the bits make no sense, or there was no room */
    uint32_t shape, dropped_from, instructions, line_step;          /* contexts: what the last row was like */
    uint32_t before, last, next;               /* kinds of the last instructions of a row, and of the first of the next */
};

/* A sum over the kinds and lengths of all instructions, which is the same wherever the program lies. Up to 20 bytes behind it are read. */
uint32_t symbol_text_sum(const uint8_t *program, uint32_t bytes);

/* The functions' files and names: first, once. file_of and name_of are the writer's, by number; the reader's are NULL. */
void symbol_walk_functions(struct symbol_walk *walk, const char *const *file_of, const char *const *name_of);

/* The next row, in walk->row. next is the writer's row, or NULL. False behind the last, and when walk->broken. */
bool symbol_walk_row(struct symbol_walk *walk, const struct symbol_row *next);
