#include "core/symbol_table.h"

#include "core/arch.h"

enum kind { ROW, DROPPED, PUSHED, RELATION, KNOWN, LINE, NEW_LINE, FILE_NUMBER, ESCAPED, NAME, PATH };
_Static_assert(PATH == SYMBOL_KINDS - 1, "symbol_model.c knows which are texts");
enum relation { AS_BEFORE, SEEN, NEW };
enum { NOTHING = 0xffff, OPCODE = 0x3ff, FULL = 0xff03ff };
enum { LETTER_BITS = 5, LETTER_ESCAPE = 28, NUMBER_BITS = 22, FILE_BITS = 8 };
_Static_assert(SYMBOL_FILES == 1 << FILE_BITS, "all files have a number");

static const char letters[] = " etairn_soclpdmuhfgykbxvwq/.";    /* the most frequent; 0 is the end of a text */

#define PLACE(kind, ...) \
    &(struct symbol_place){ kind, sizeof((uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t), { __VA_ARGS__ } }

static uint32_t mix(uint32_t a, uint32_t b) { return symbol_hash(a, b); }

/* ---- values ---- */

static unsigned code_bit(struct symbol_walk *walk, const struct symbol_place *place, uint32_t node, unsigned bit)
{
    unsigned chance = symbol_model_guess(&walk->model, place, node);

    bit = walk->bit(walk, chance, bit);
    symbol_model_learn(&walk->model, bit);
    return bit;
}

/* One of 2^bits. */
static uint32_t code_choice(struct symbol_walk *walk, const struct symbol_place *place, unsigned bits, uint32_t value)
{
    uint32_t node = 1;

    for (unsigned i = bits; i-- > 0;)
        node = node * 2 + code_bit(walk, place, node, value >> i & 1);
    return node - (1u << bits);
}

/* Small numbers are short: first how many bits behind the highest, then those. */
static uint32_t code_number(struct symbol_walk *walk, const struct symbol_place *place, uint32_t value)
{
    uint32_t bits = 0, number = 1;

    while (bits < NUMBER_BITS && code_bit(walk, place, bits, (value + 1) >> bits >> 1 != 0))
        bits++;
    for (unsigned i = bits; i-- > 0;)
        number = number * 2 + code_bit(walk, place, (bits << 20) + number + 32, (value + 1) >> i & 1);
    return number - 1;
}

static int32_t code_step(struct symbol_walk *walk, const struct symbol_place *place, int32_t step)
{
    uint32_t folded = code_number(walk, place, step < 0 ? (uint32_t)-step * 2 - 1 : (uint32_t)step * 2);

    return folded & 1 ? -(int32_t)((folded + 1) / 2) : (int32_t)(folded / 2);
}

/* ---- names ---- */

static char code_letter(struct symbol_walk *walk, struct symbol_place *place, char letter)
{
    unsigned number = 0;

    while (letter && number < LETTER_ESCAPE && (number == 0 || letters[number] != letter))
        number++;
    number = code_choice(walk, place, LETTER_BITS, number);
    if (number < LETTER_ESCAPE)
        return number ? letters[number] : 0;
    return (char)code_choice(walk, PLACE(ESCAPED, place->context[0]), 8, (uint8_t)letter);
}

/* Returns where it is in walk->text. In the model's eyes a letter depends on up to four before it, its word so far, and its file. */
static uint16_t code_text(struct symbol_walk *walk, enum kind kind, uint32_t file, const char *text)
{
    uint32_t word = 0, last = 0, start = walk->text_used;
    char letter;

    do {
        struct symbol_place *place = PLACE(kind, last & 0xff, last & 0xffff, last & 0xffffff, last, mix(last, word), word, mix(word, file));

        if (walk->text_used >= SYMBOL_TEXT_BYTES || walk->text_used - start >= SYMBOL_NAME_BYTES) {
            walk->broken = true;
            return 0;
        }
        letter = code_letter(walk, place, text ? *text++ : 0);
        walk->text[walk->text_used++] = letter;
        last = last << 8 | (uint8_t)letter;
        word = letter == '_' || letter == '/' ? 0 : mix(word, (uint8_t)letter + 1u);
    } while (letter);
    return (uint16_t)start;
}

static bool is_same(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

/* Files have numbers in the order in which they come; the path of a new one follows. */
static uint8_t code_file(struct symbol_walk *walk, const struct symbol_place *place, const char *path)
{
    uint32_t number = 0;

    while (path && number < walk->files && !is_same(&walk->text[walk->path[number]], path))
        number++;
    number = code_choice(walk, place, FILE_BITS, number);
    if (number == walk->files && number < SYMBOL_FILES)
        walk->path[walk->files++] = code_text(walk, PATH, 0, path);
    walk->broken |= number >= walk->files;
    return (uint8_t)number;
}

void symbol_walk_functions(struct symbol_walk *walk, const char *const *file_of, const char *const *name_of)
{
    uint32_t last = 0, before = 0;

    symbol_model_start(&walk->model);
    for (uint32_t i = 0; i < SYMBOL_FILES; i++)
        walk->file_line[i] = 0;
    for (uint32_t i = 0; i < walk->functions && !walk->broken; i++) {
        struct symbol_function *function = &walk->function[i];

        *function = (struct symbol_function){ 0 };
        function->file = code_file(walk, PLACE(FILE_NUMBER, 0, last, mix(last, before)), file_of ? file_of[i] : NULL);
        function->name = code_text(walk, NAME, function->file, name_of ? name_of[i] : NULL);
        before = last;
        last = function->file + 1u;
    }
    symbol_model_start(&walk->model);
}

/* ---- rows ---- */

static struct symbol_frame innermost(const struct symbol_row *row)
{
    return row->depth ? row->frame[row->depth - 1] : (struct symbol_frame){ 0, 0 };
}

static uint32_t frame_hash(struct symbol_frame frame) { return mix(frame.function, frame.line); }

/* How many of the outermost frames stay as they are. */
static unsigned frames_kept(const struct symbol_row *old, const struct symbol_row *next)
{
    unsigned kept = 0;

    while (kept < old->depth && kept < next->depth && old->frame[kept].function == next->frame[kept].function &&
           old->frame[kept].line == next->frame[kept].line)
        kept++;
    return kept;
}

/* Which frames go, and how many come. Returns how many stay. */
static unsigned code_shape(struct symbol_walk *walk, const struct symbol_row *next, unsigned *out_depth)
{
    const struct symbol_row *old = &walk->row;
    uint32_t depth = old->depth, around = mix(walk->next & OPCODE, walk->last);
    uint32_t inner = frame_hash(innermost(old)), function = innermost(old).function, kept = next ? frames_kept(old, next) : 0, dropped, pushed;
    struct symbol_frame outer;

    dropped = code_number(walk, PLACE(DROPPED, depth, depth | walk->shape << 8, inner, mix(depth, walk->instructions),
                                      mix(function, depth | walk->dropped_from << 8), mix(inner, mix(walk->instructions, 3)), mix(around, depth)),
                          depth - kept);
    walk->broken |= dropped > depth;
    kept = walk->broken ? 0 : depth - dropped;
    outer = kept ? old->frame[kept - 1] : (struct symbol_frame){ 0, 0 };
    pushed = code_number(walk, PLACE(PUSHED, mix(around, mix(dropped, 3)), depth | kept << 8, mix(depth | kept << 8, dropped), mix(inner, kept),
                                     mix(outer.function, 1), mix(depth | kept << 8, walk->instructions), mix(frame_hash(outer), 2)),
                         next ? next->depth - kept : 0);
    walk->broken |= pushed > SYMBOL_DEPTH - kept || pushed + kept == 0;
    walk->shape = dropped | pushed << 4;
    walk->dropped_from = depth;
    *out_depth = kept + pushed;
    return kept;
}

/* The frame's function, given the frame around it, the one that was there before, and whether it is the first that is new. */
static uint32_t code_function(struct symbol_walk *walk, struct symbol_frame outer, uint32_t old, unsigned level, bool is_first, uint32_t function)
{
    uint32_t shape = mix(walk->shape, is_first), bits = 1;
    enum relation relation = function == old ? AS_BEFORE : function < walk->used ? SEEN : NEW;

    relation = code_number(walk, PLACE(RELATION, (level > 0) | (old != NOTHING) << 1 | !is_first << 2, frame_hash(outer), shape,
                                       mix(old, outer.function), mix(outer.function, 5), mix(walk->next & OPCODE, shape)), relation);
    while (walk->functions >> bits)
        bits++;
    if (relation == AS_BEFORE)
        function = old;
    else if (relation == SEEN)
        function = code_choice(walk, PLACE(KNOWN, 0, outer.function, frame_hash(outer), mix(outer.function, old), mix(level == 0, old)), bits,
                               function);
    else
        function = walk->used++;
    walk->broken |= function >= walk->used || function >= walk->functions;
    return walk->broken ? 0 : function;
}

/* The line of a frame, from the last one that was seen in its function; in a new function, from the last one of the same file. */
static uint32_t code_line(struct symbol_walk *walk, struct symbol_frame outer, uint32_t number, uint32_t old, unsigned level, bool is_inner,
                          bool is_new, uint32_t line)
{
    struct symbol_function *function = &walk->function[number];
    uint32_t at = mix(number, function->line), file = function->file;
    int32_t step;

    if (is_new) {
        step = code_step(walk, PLACE(NEW_LINE, 0, level > 0, file), (int32_t)(line - walk->file_line[file]));
        line = walk->file_line[file] + (uint32_t)step;
    } else {
        step = code_step(walk, PLACE(LINE, is_inner | (level > 0) << 1 | (old == number) << 2, (uint32_t)function->step[0],
                                     mix((uint32_t)function->step[0], (uint32_t)function->step[1]), at,
                                     mix(at, mix((uint32_t)function->step[0], old)), mix(walk->shape, walk->line_step),
                                     mix(frame_hash(outer), number), mix(walk->next & OPCODE, is_inner | (level > 0) << 1)),
                         (int32_t)(line - function->line));
        line = function->line + (uint32_t)step;
        function->step[1] = function->step[0];
        function->step[0] = (int16_t)step;
        walk->line_step = (uint32_t)step;
    }
    walk->broken |= line >= SYMBOL_LINES;
    function->line = walk->file_line[file] = (uint16_t)line;
    return line;
}

/* How many instructions the row lasts. */
static void code_length(struct symbol_walk *walk, const struct symbol_row *next)
{
    struct symbol_frame frame = innermost(&walk->row);
    uint32_t here = frame_hash(frame), at = walk->row.start, last, now, count = 0, is_end = 0;
    uint32_t shape = mix(walk->shape, walk->line_step), before = walk->last;

    at += arch_instruction(walk->program + at, &last);
    for (; at < walk->program_bytes && !is_end; at += is_end ? 0 : arch_instruction(walk->program + at, &last)) {
        arch_instruction(walk->program + at, &now);
        count++;
        is_end = code_bit(walk, PLACE(ROW, mix(last & OPCODE, now & OPCODE), mix(last & FULL, now & FULL), mix(count, now & OPCODE),
                                      mix(here, count), mix(mix(before, last & OPCODE), now & OPCODE), mix(shape, mix(last & OPCODE, count)),
                                      mix(frame.function, now & OPCODE), mix(here, mix(last & OPCODE, now & OPCODE))),
                          1, next && at >= next->end);
        before = last & OPCODE;
        walk->next = now;
    }
    walk->last = before;
    walk->instructions = count < 15 ? count : 15;
    walk->row.end = at < walk->program_bytes ? at : walk->program_bytes;
}

bool symbol_walk_row(struct symbol_walk *walk, const struct symbol_row *next)
{
    struct symbol_row row = { .start = walk->row.end, .function_start = walk->row.function_start };
    unsigned kept;

    if (walk->broken || row.start >= walk->program_bytes)
        return false;
    kept = code_shape(walk, next, &row.depth);
    for (unsigned i = 0; i < row.depth && !walk->broken; i++) {
        struct symbol_frame outer = i ? row.frame[i - 1] : (struct symbol_frame){ NOTHING, 0 };
        uint32_t old = i < walk->row.depth ? walk->row.frame[i].function : NOTHING, used = walk->used;

        if (i < kept) {
            row.frame[i] = walk->row.frame[i];
            continue;
        }
        row.frame[i].function = (uint16_t)code_function(walk, outer, old, i, i == kept, next ? next->frame[i].function : 0);
        if (i == 0 && row.frame[i].function != old)
            row.function_start = row.start;
        row.frame[i].line = (uint16_t)code_line(walk, outer, row.frame[i].function, old, i, i + 1 == row.depth, walk->used > used,
                                      next ? next->frame[i].line : 0);
    }
    if (walk->broken)
        return false;
    walk->row = row;
    code_length(walk, next);
    return !walk->broken;
}

uint32_t symbol_text_sum(const uint8_t *program, uint32_t bytes)
{
    uint32_t sum = 0, kind, length;

    for (uint32_t at = 0; at < bytes; at += length) {
        length = arch_instruction(program + at, &kind);
        sum = mix(sum, mix(kind & OPCODE, length));
    }
    return sum;
}
