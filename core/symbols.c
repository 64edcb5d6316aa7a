#include "core/symbols.h"

#include <ingot/format.h>
#include <ingot/string.h>

extern const uint8_t core_text_start[], core_text_end[], symbols_start[], symbols_end[];    /* link.ld */

static struct symbol_room the_room __attribute__((section(".noinit")));
static struct symbol wanted[SYMBOLS_WANTED] __attribute__((section(".noinit")));
static size_t wanted_count;
static bool is_looking, is_given_up;

static void take(struct symbol *symbol, const struct symbol_row *row)
{
    uintptr_t offset = symbol->address - (uintptr_t)core_text_start;

    if (offset < row->start || offset >= row->end)
        return;
    symbol->start = (uintptr_t)core_text_start + row->function_start;
    symbol->depth = row->depth;
    for (unsigned i = 0; i < row->depth; i++)
        symbol->frame[i] = row->frame[i];
}

static bool open_room(void)
{
    return symbol_room_open(&the_room, symbols_start, (uint32_t)(symbols_end - symbols_start), core_text_start,
                            (uint32_t)(core_text_end - core_text_start)) == 0;
}

void symbols_forget(void) { wanted_count = 0; }

const struct symbol *symbol_at(uintptr_t address)
{
    static const struct symbol nothing;

    for (size_t i = 0; i < wanted_count; i++)
        if (wanted[i].address == address)
            return &wanted[i];
    return &nothing;
}

void symbols_want(uintptr_t address)
{
    if (wanted_count < SYMBOLS_WANTED && symbol_at(address)->address != address)
        wanted[wanted_count++] = (struct symbol){ .address = address };
}

static const struct symbol_room *look_up(void)
{
    if (!open_room())
        return NULL;
    while (symbol_walk_row(&the_room.walk, NULL))
        for (size_t i = 0; i < wanted_count; i++)
            take(&wanted[i], &the_room.walk.row);
    return the_room.walk.broken ? NULL : &the_room;
}

const struct symbol_room *symbols_find(void)
{
    const struct symbol_room *room;

    if (is_given_up)
        return NULL;
    is_looking = true;
    room = look_up();
    is_looking = false;
    return room;
}

bool symbol_address(const char *name, uintptr_t *out_address)
{
    const struct symbol_row *row = &the_room.walk.row;

    if (is_given_up || !open_room())
        return false;
    while (symbol_walk_row(&the_room.walk, NULL))
        if (row->depth && !strcmp(symbol_name(&the_room, row->frame[0].function), name)) {
            *out_address = (uintptr_t)core_text_start + row->function_start;
            return true;
        }
    return false;
}

const char *symbol_function(unsigned index)
{
    static const char *last;
    const struct symbol_row *row = &the_room.walk.row;

    if (index == 0 && (is_given_up || !open_room()))
        return NULL;
    for (last = index ? last : ""; symbol_walk_row(&the_room.walk, NULL);)
        if (row->depth && strcmp(symbol_name(&the_room, row->frame[0].function), last))
            return last = symbol_name(&the_room, row->frame[0].function);
    return NULL;
}

bool symbols_give_up(void)
{
    is_given_up = true;
    return is_looking;
}

const char *symbol_words(const struct symbol_room *room, const struct symbol *symbol, unsigned level, char *buffer, size_t bytes)
{
    const struct symbol_frame *frame;
    char offset[24] = "", line[12] = "";

    *buffer = 0;
    if (!room || level >= symbol->depth)
        return buffer;
    frame = &symbol->frame[symbol->depth - 1 - level];
    if (level + 1 == symbol->depth)
        format(offset, sizeof(offset), "+%#lx", (unsigned long)(symbol->address - symbol->start));
    if (frame->line)
        format(line, sizeof(line), ":%u", frame->line);
    format(buffer, bytes, " %s%s (%s%s)", symbol_name(room, frame->function), offset, symbol_file(room, frame->function), line);
    return buffer;
}

const char *symbol_inner(const struct symbol_room *room, const struct symbol *symbol)
{
    return room && symbol->depth ? symbol_name(room, symbol->frame[symbol->depth - 1].function) : "";
}
