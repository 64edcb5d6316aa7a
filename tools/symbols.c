/* symbols TEXT <DESCRIPTION >TABLE: the writer of the symbol table (core/symbol_table.h), for tools/symbols.py. TEXT is a file with the program's
 * text. The description has all numbers decimal: a line "FUNCTIONS ROWS"; a line "FILE NAME" for each function; a line
 * "START END FUNCTION LINE [FUNCTION LINE]..." for each row, the outermost frame first. Before the
 * table is written it is read back, by the same code that reads it on the target, and compared.
 * symbols TEXT TABLE >DESCRIPTION: only reads it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/symbol_room.h"

enum { TABLE_BYTES = 1 << 24, PADDING = 32 };

static const char **file_of, **name_of;
static struct symbol_row *rows;
static uint32_t functions, row_count;

static struct symbol_room room;
static uint8_t *table;
static uint32_t table_bytes = sizeof(struct symbol_header), low, high = UINT32_MAX;

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "symbols: %s\n", what);
    exit(1);
}

static uint8_t *read_text(const char *path, uint32_t *out_bytes)
{
    FILE *file = fopen(path, "rb");
    uint8_t *text = calloc(1, TABLE_BYTES + PADDING);

    if (!file || !text)
        fail("the text cannot be read");
    *out_bytes = (uint32_t)fread(text, 1, TABLE_BYTES, file);
    fclose(file);
    return text;
}

static void read_row(struct symbol_row *row)
{
    unsigned line, function, more;

    if (scanf("%u %u", &row->start, &row->end) != 2)
        fail("a row cannot be read");
    while ((more = (unsigned)getchar()) == ' ' && row->depth < SYMBOL_DEPTH && scanf("%u %u", &function, &line) == 2)
        row->frame[row->depth++] = (struct symbol_frame){ (uint16_t)function, (uint16_t)line };
    if (more != '\n' || row->depth == 0)
        fail("a row has no frames, or too many");
}

static void read_description(void)
{
    if (scanf("%u %u", &functions, &row_count) != 2 || functions > SYMBOL_FUNCTIONS)
        fail("too many functions");
    file_of = calloc(functions, sizeof(*file_of));
    name_of = calloc(functions, sizeof(*name_of));
    rows = calloc(row_count, sizeof(*rows));
    for (uint32_t i = 0; i < functions; i++)
        if (scanf("%ms %ms", (char **)&file_of[i], (char **)&name_of[i]) != 2)
            fail("a function cannot be read");
    for (uint32_t i = 0; i < row_count; i++)
        read_row(&rows[i]);
}

/* The other half of read_bit() in core/symbols.c. */
static unsigned write_bit(struct symbol_walk *walk, unsigned chance, unsigned bit)
{
    uint32_t middle = low + (uint32_t)((uint64_t)(high - low) * chance / SYMBOL_ONE);

    (void)walk;
    if (bit)
        high = middle;
    else
        low = middle + 1;
    for (; (low ^ high) >> 24 == 0; low <<= 8, high = high << 8 | 0xff) {
        if (table_bytes >= TABLE_BYTES - 8)
            fail("the table is too long");
        table[table_bytes++] = (uint8_t)(high >> 24);
    }
    return bit;
}

static void write_table(const uint8_t *text, uint32_t text_bytes)
{
    struct symbol_header header = { .text_bytes = text_bytes, .text_sum = symbol_text_sum(text, text_bytes), .functions = functions };
    struct symbol_walk *walk = &room.walk;

    symbol_room_start(&room, text, text_bytes, functions);
    walk->bit = write_bit;
    symbol_walk_functions(walk, file_of, name_of);
    for (uint32_t i = 0; i < row_count && symbol_walk_row(walk, &rows[i]); i++)
        ;
    if (walk->broken)
        fail("more names, files or lines than the table can hold");
    table[table_bytes++] = (uint8_t)(high >> 24);                 /* whatever follows, it lies between low and high */
    while (table_bytes % 4)
        table[table_bytes++] = 0;
    memcpy(table, &header, sizeof(header));
}

static bool is_same(const struct symbol_row *row, const struct symbol_row *wanted)
{
    return row->depth == wanted->depth && !memcmp(row->frame, wanted->frame, row->depth * sizeof(row->frame[0]));
}

/* Names and rows must be as they were described. */
static void read_back(const uint8_t *text, uint32_t text_bytes)
{
    uint32_t row = 0;

    if (symbol_room_open(&room, table, table_bytes, text, text_bytes))
        fail("the table cannot be opened");
    for (uint32_t i = 0; i < functions; i++)
        if (strcmp(symbol_name(&room, i), name_of[i]) || strcmp(symbol_file(&room, i), file_of[i]))
            fail("a name reads back as another");
    while (symbol_walk_row(&room.walk, NULL) && row < row_count && is_same(&room.walk.row, &rows[row]))
        row++;
    if (row != row_count)
        fail("a row reads back as another");
}

static int print_table(const uint8_t *text, uint32_t text_bytes, const char *path)
{
    table = read_text(path, &table_bytes);
    if (symbol_room_open(&room, table, table_bytes, text, text_bytes))
        fail("the table cannot be opened");
    for (uint32_t i = 0; i < room.walk.functions; i++)
        printf("%s %s\n", symbol_file(&room, i), symbol_name(&room, i));
    while (symbol_walk_row(&room.walk, NULL)) {
        const struct symbol_row *row = &room.walk.row;

        printf("%u %u", row->start, row->end);
        for (unsigned i = 0; i < row->depth; i++)
            printf(" %u %u", row->frame[i].function, row->frame[i].line);
        printf("\n");
    }
    return room.walk.broken;
}

int main(int argc, char **argv)
{
    uint32_t text_bytes;
    uint8_t *text = argc >= 2 ? read_text(argv[1], &text_bytes) : NULL;

    if (!text)
        fail("symbols TEXT <DESCRIPTION >TABLE, or symbols TEXT TABLE >DESCRIPTION");
    if (argc == 3)
        return print_table(text, text_bytes, argv[2]);
    table = calloc(1, TABLE_BYTES);
    if (!table)
        fail("no memory");
    read_description();
    write_table(text, text_bytes);
    read_back(text, text_bytes);
    return fwrite(table, 1, table_bytes, stdout) == table_bytes && fflush(stdout) == 0 ? 0 : 1;
}
