/* Reading a symbol table (core/symbol_table.h). */
#pragma once

#include "core/symbol_table.h"

/* What reading a table takes. */
struct symbol_room {
    struct symbol_walk walk;
    const uint8_t *at, *end;                   /* of the table's bits, not read yet */
    uint32_t low, high, value;
};

/* Makes room for writing or reading a table of so many functions. */
void symbol_room_start(struct symbol_room *room, const uint8_t *program, uint32_t program_bytes, uint32_t functions);

/* Reads a table's names; rows then come by symbol_walk_row(&room->walk, NULL). ERR_NOT_FOUND: there is no table; ERR_BAD_DATA: it is not of
 * this text, or makes no sense. */
int symbol_room_open(struct symbol_room *room, const uint8_t *table, uint32_t table_bytes, const uint8_t *program, uint32_t program_bytes);

/* Of function number function, once the table is open. Valid until the room is used again. */
const char *symbol_name(const struct symbol_room *room, uint32_t function);
const char *symbol_file(const struct symbol_room *room, uint32_t function);
