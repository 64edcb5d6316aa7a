/* The symbol table, from any bits over any text. The input: a byte for the number of functions, one for the bytes of text, the text, then
 * the bits; length and sum in the header are made right. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/symbol_room.h"

enum { BEHIND = 20 };           /* arch_instruction() looks so far */

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes);

static struct symbol_room room;

static void must_be_name(const char *name)
{
    if (name < room.walk.text || name >= room.walk.text + SYMBOL_TEXT_BYTES || !memchr(name, 0, (size_t)(room.walk.text + SYMBOL_TEXT_BYTES - name)))
        abort();
}

static void read_rows(uint32_t text_bytes, uint32_t functions)
{
    const struct symbol_row *row = &room.walk.row;
    uint32_t end = 0, rows = 0;

    while (symbol_walk_row(&room.walk, NULL)) {
        if (row->start != end || row->end <= row->start || row->end > text_bytes || row->depth > SYMBOL_DEPTH || ++rows > text_bytes)
            abort();
        for (unsigned level = 0; level < row->depth; level++) {
            if (row->frame[level].function >= functions)
                abort();
            must_be_name(symbol_name(&room, row->frame[level].function));
            must_be_name(symbol_file(&room, row->frame[level].function));
        }
        end = row->end;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes)
{
    uint32_t text_bytes, functions;
    struct symbol_header *table;
    uint8_t *text;

    if (bytes < 2 || bytes - 2 < input[1])
        return 0;
    functions = input[0] == 255 ? SYMBOL_FUNCTIONS + 1 : input[0];
    text_bytes = input[1];
    text = calloc(text_bytes + BEHIND, 1);
    memcpy(text, input + 2, text_bytes);
    bytes -= 2 + text_bytes;
    table = malloc(sizeof(*table) + bytes);
    *table = (struct symbol_header){ text_bytes, symbol_text_sum(text, text_bytes), functions };
    memcpy(table + 1, input + 2 + text_bytes, bytes);
    if (symbol_room_open(&room, (const uint8_t *)table, (uint32_t)(sizeof(*table) + bytes), text, text_bytes) == 0)
        read_rows(text_bytes, functions);
    free(table);
    free(text);
    return 0;
}
