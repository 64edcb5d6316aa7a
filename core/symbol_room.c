#include "core/symbol_room.h"

#include <ingot/error.h>

/* Carry-less arithmetic decoding: a bit's two values share [low, high] by their chances; 1 has the lower part. */
static unsigned read_bit(struct symbol_walk *walk, unsigned chance, unsigned unused)
{
    struct symbol_room *room = (struct symbol_room *)walk;
    uint32_t middle = room->low + (uint32_t)((uint64_t)(room->high - room->low) * chance / SYMBOL_ONE);
    unsigned bit = room->value <= middle;

    (void)unused;
    if (bit)
        room->high = middle;
    else
        room->low = middle + 1;
    for (; (room->low ^ room->high) >> 24 == 0; room->low <<= 8, room->high = room->high << 8 | 0xff)
        room->value = room->value << 8 | (room->at < room->end ? *room->at++ : 0);
    return bit;
}
_Static_assert(offsetof(struct symbol_room, walk) == 0, "read_bit() finds the room by its walk");

void symbol_room_start(struct symbol_room *room, const uint8_t *program, uint32_t program_bytes, uint32_t functions)
{
    struct symbol_walk *walk = &room->walk;

    walk->bit = read_bit;
    walk->program = program;
    walk->program_bytes = program_bytes;
    walk->functions = functions;
    walk->used = walk->files = walk->text_used = 0;
    walk->row = (struct symbol_row){ 0 };
    walk->broken = functions > SYMBOL_FUNCTIONS;
    walk->shape = walk->dropped_from = walk->instructions = walk->line_step = walk->before = walk->last = walk->next = 0;
    room->low = room->value = 0;
    room->high = 0xffffffff;
}

int symbol_room_open(struct symbol_room *room, const uint8_t *table, uint32_t table_bytes, const uint8_t *program, uint32_t program_bytes)
{
    const struct symbol_header *header = (const struct symbol_header *)table;

    if (table_bytes < sizeof(*header))
        return ERR_NOT_FOUND;
    if (header->text_bytes != program_bytes || header->text_sum != symbol_text_sum(program, program_bytes))
        return ERR_BAD_DATA;
    symbol_room_start(room, program, program_bytes, header->functions);
    room->at = table + sizeof(*header);
    room->end = table + table_bytes;
    for (unsigned i = 0; i < 4; i++)
        room->value = room->value << 8 | (room->at < room->end ? *room->at++ : 0);
    symbol_walk_functions(&room->walk, NULL, NULL);
    return room->walk.broken ? ERR_BAD_DATA : 0;
}

const char *symbol_name(const struct symbol_room *room, uint32_t function)
{
    return &room->walk.text[room->walk.function[function].name];
}

const char *symbol_file(const struct symbol_room *room, uint32_t function)
{
    return &room->walk.text[room->walk.path[room->walk.function[function].file]];
}
