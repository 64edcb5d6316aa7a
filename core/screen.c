#include "core/screen.h"

#include <ingot/error.h>
#include <ingot/string.h>

enum { TAB_COLUMNS = 8, SIDE_MAX = 16384 };
enum { SCALE_WIDTH = 1920, SCALE_HEIGHT = 1200 };     /* up to this size a dot is one pixel */

/* ---- the grid ---- */

static screen_cell *wanted_row(const struct screen *screen, unsigned row)
{
    unsigned at = screen->top + row;

    return screen->wanted + (size_t)(at < screen->rows ? at : at - screen->rows) * screen->columns;
}

static void touch(struct screen *screen, unsigned row, unsigned from, unsigned to)
{
    struct screen_span *span = &screen->touched[row];

    if (from < span->from)
        span->from = (uint16_t)from;
    if (to > span->to)
        span->to = (uint16_t)to;
}

static void touch_all(struct screen *screen)
{
    for (unsigned row = 0; row < screen->rows; row++)
        screen->touched[row] = (struct screen_span){ 0, (uint16_t)screen->columns };
}

static void fill(screen_cell *to, screen_cell cell, size_t count)
{
    if (cell == 0)
        memset(to, 0, count * sizeof(*to));
    else
        while (count--)
            *to++ = cell;
}

static void erase(struct screen *screen, unsigned row, unsigned from, unsigned to)
{
    if (from < to) {
        fill(wanted_row(screen, row) + from, screen->style.blank, to - from);
        touch(screen, row, from, to);
    }
}

static void erase_rows(struct screen *screen, unsigned from, unsigned to)
{
    for (; from < to; from++)
        erase(screen, from, 0, screen->columns);
}

static void scroll(struct screen *screen)
{
    unsigned count = screen->scroll_rows;

    screen->top = (screen->top + count) % screen->rows;
    screen->cursor.row -= count - 1;
    erase_rows(screen, screen->rows - count, screen->rows);
    touch_all(screen);
}

static void next_row(struct screen *screen)
{
    screen->cursor.column = 0;
    if (screen->cursor.row + 1 < screen->rows)
        screen->cursor.row++;
    else
        scroll(screen);
}

/* ---- characters ---- */

static void put_glyph(struct screen *screen, unsigned glyph)
{
    if (screen->cursor.column == screen->columns)
        next_row(screen);

    struct screen_place at = screen->cursor;

    wanted_row(screen, at.row)[at.column] = glyph ? glyph | screen->style.colors : screen->style.blank;
    touch(screen, at.row, at.column, at.column + 1);
    screen->cursor.column++;
}

static inline bool is_plain(char character) { return character >= ' ' && character <= '~'; }

/* The common case in a few instructions a character: ASCII, as far as the row reaches. Returns how many were taken. */
static size_t put_plain(struct screen *screen, const char *text, size_t bytes)
{
    const struct screen_style style = screen->style;
    unsigned from = screen->cursor.column;
    screen_cell *to = wanted_row(screen, screen->cursor.row) + from;
    size_t room = screen->columns - from, count = 0;

    for (room = room < bytes ? room : bytes; count < room && is_plain(text[count]); count++) {
        unsigned glyph = font_ranges[0].glyph + (unsigned)(text[count] - ' ');

        to[count] = glyph ? glyph | style.colors : style.blank;
    }
    screen->cursor.column += (unsigned)count;
    if (count)
        touch(screen, screen->cursor.row, from, screen->cursor.column);
    return count;
}

/* ---- style ---- */

/* A space's ink is not seen, so it is always the default one: equal looks have equal cells. */
static void compose_style(struct screen_style *style)
{
    unsigned ink = style->ink, paper = style->paper;

    if (style->bold)
        ink |= 8;
    else if (style->dim && ink == PEN_DEFAULT_INK)
        ink = 8;
    if (style->reverse) {
        unsigned swapped = ink;

        ink = paper, paper = swapped;
    }
    style->blank = paper << CELL_PAPER_SHIFT;
    style->colors = style->blank | (ink ^ PEN_DEFAULT_INK) << CELL_INK_SHIFT;
}

static void reset_style(struct screen_style *style)
{
    *style = (struct screen_style){ .ink = PEN_DEFAULT_INK };
}

/* 38 and 48 take parameters of their own: 5;N for a colour by number, 2;R;G;B for any. Returns how many follow. */
static unsigned extended_color(const struct ansi *ansi, unsigned index, uint8_t *out_color)
{
    unsigned kind = ansi_parameter(ansi, index + 1, 0), number = ansi_parameter(ansi, index + 2, 0);

    if (kind == 5 && index + 2 < ansi->count && number < PEN_COLORS)
        *out_color = (uint8_t)number;
    return kind == 5 ? 2 : kind == 2 ? 4 : 0;
}

static void set_color(struct screen_style *style, unsigned code)
{
    unsigned bright = code >= 90 ? 8 : 0, plain = bright ? code - 60 : code;    /* 90 to 107 are the bright ones of 30 to 47 */

    if (plain >= 30 && plain <= 37)
        style->ink = (uint8_t)(plain - 30 + bright);
    else if (plain >= 40 && plain <= 47)
        style->paper = (uint8_t)(plain - 40 + bright);
}

static void select_style(struct screen_style *style, const struct ansi *ansi)
{
    for (unsigned i = 0; i < ansi->count; i++) {
        switch (ansi->parameter[i]) {
        case 0:  reset_style(style); break;
        case 1:  style->bold = true; break;
        case 2:  style->dim = true; break;
        case 7:  style->reverse = true; break;
        case 22: style->bold = style->dim = false; break;
        case 27: style->reverse = false; break;
        case 38: i += extended_color(ansi, i, &style->ink); break;
        case 39: style->ink = PEN_DEFAULT_INK; break;
        case 48: i += extended_color(ansi, i, &style->paper); break;
        case 49: style->paper = 0; break;
        default: set_color(style, ansi->parameter[i]);
        }
    }
    compose_style(style);
}

/* ---- control ---- */

static unsigned at_most(unsigned value, unsigned limit) { return value < limit ? value : limit; }

static void move_to(struct screen *screen, unsigned row, unsigned column)
{
    screen->cursor.row = at_most(row, screen->rows - 1);
    screen->cursor.column = at_most(column, screen->columns - 1);
}

static void erase_in_line(struct screen *screen, unsigned what)
{
    struct screen_place at = screen->cursor;

    if (what > 2)
        return;
    erase(screen, at.row, what == 0 ? at_most(at.column, screen->columns - 1) : 0,
          what == 1 ? at_most(at.column + 1, screen->columns) : screen->columns);
}

static void erase_in_screen(struct screen *screen, unsigned what)
{
    if (what < 2)
        erase_in_line(screen, what);
    if (what == 0)
        erase_rows(screen, screen->cursor.row + 1, screen->rows);
    else if (what == 1)
        erase_rows(screen, 0, screen->cursor.row);
    else if (what <= 3)
        erase_rows(screen, 0, screen->rows);
}

static void start_over(struct screen *screen)
{
    reset_style(&screen->style);
    screen->cursor = screen->saved = (struct screen_place){ 0, 0 };
    screen->cursor_shown = false;
    erase_rows(screen, 0, screen->rows);
}

static void obey_escape(struct screen *screen, uint8_t final)
{
    switch (final) {
    case '7': screen->saved = screen->cursor; break;
    case '8': screen->cursor = screen->saved; break;
    case 'c': start_over(screen); break;
    }
}

static void obey_private(struct screen *screen, uint8_t final)
{
    if (screen->ansi.prefix == '?' && screen->ansi.parameter[0] == 25 && (final == 'h' || final == 'l'))
        screen->cursor_shown = final == 'h';
}

static void obey_csi(struct screen *screen, uint8_t final)
{
    struct screen_place at = screen->cursor;
    unsigned first = ansi_parameter(&screen->ansi, 0, 1);

    switch (final) {
    case 'A': at.row -= at_most(first, at.row); break;
    case 'B': at.row += first; break;
    case 'C': at.column += first; break;
    case 'D': at.column -= at_most(first, at.column); break;
    case 'G': at.column = first - 1; break;
    case 'H':
    case 'f': at = (struct screen_place){ first - 1, ansi_parameter(&screen->ansi, 1, 1) - 1 }; break;
    case 'J': erase_in_screen(screen, screen->ansi.parameter[0]); return;
    case 'K': erase_in_line(screen, screen->ansi.parameter[0]); return;
    case 'm': select_style(&screen->style, &screen->ansi); return;
    case 's': screen->saved = at; return;
    case 'u': screen->cursor = screen->saved; return;
    default:  return;
    }
    move_to(screen, at.row, at.column);
}

static void obey_control(struct screen *screen, uint8_t control)
{
    struct screen_place at = screen->cursor;

    switch (control) {
    case '\r': screen->cursor.column = 0; break;
    case '\n': next_row(screen); break;
    case '\b': move_to(screen, at.row, at.column - (at.column > 0)); break;
    case '\t': move_to(screen, at.row, (at.column / TAB_COLUMNS + 1) * TAB_COLUMNS); break;
    }
}

static void put_character(struct screen *screen, uint32_t character)
{
    if (character < ' ')
        obey_control(screen, (uint8_t)character);
    else if (character != 0x7f)
        put_glyph(screen, font_find(character));
}

static void put_text_byte(struct screen *screen, uint8_t byte)
{
    uint32_t character;
    enum utf8_result result;

    do {
        result = utf8_feed(&screen->decoder, byte, &character);
        if (result != UTF8_MORE)
            put_character(screen, character);
    } while (result == UTF8_AGAIN);
}

static void put_byte(struct screen *screen, uint8_t byte)
{
    enum ansi_result result = ansi_feed(&screen->ansi, byte);

    if (result == ANSI_TEXT) {
        put_text_byte(screen, byte);
        return;
    }
    if (screen->decoder.missing) {               /* a sequence cuts a character short */
        screen->decoder.missing = 0;
        put_character(screen, UTF8_REPLACEMENT);
    }
    if (result == ANSI_ESCAPE)
        obey_escape(screen, byte);
    else if (result == ANSI_CSI && screen->ansi.prefix)
        obey_private(screen, byte);
    else if (result == ANSI_CSI)
        obey_csi(screen, byte);
}

/* ---- drawing ---- */

/* The place under the cursor: ink and paper change sides. Where they are the same, a cursor must still be seen. */
static screen_cell reversed(screen_cell cell)
{
    unsigned ink = (cell >> CELL_INK_SHIFT & 15) ^ PEN_DEFAULT_INK, paper = cell >> CELL_PAPER_SHIFT & 15;

    if (ink == paper)
        ink = paper == PEN_DEFAULT_INK ? 0 : PEN_DEFAULT_INK;
    return (cell & CELL_GLYPH) | ink << CELL_PAPER_SHIFT | (paper ^ PEN_DEFAULT_INK) << CELL_INK_SHIFT;
}

static void draw_touched(struct screen *screen)
{
    for (unsigned row = 0; row < screen->rows; row++) {
        struct screen_span *span = &screen->touched[row];

        if (span->from >= span->to)
            continue;
        pen_draw(&screen->pen, row, span->from, wanted_row(screen, row) + span->from,
                 screen->shown + (size_t)row * screen->columns + span->from, (unsigned)(span->to - span->from));
        *span = (struct screen_span){ (uint16_t)screen->columns, 0 };
    }
}

/* ---- public ---- */

static unsigned scale_of(const struct display *display)
{
    unsigned wide = (display->width + SCALE_WIDTH - 1) / SCALE_WIDTH, high = (display->height + SCALE_HEIGHT - 1) / SCALE_HEIGHT;

    return at_most(at_most(wide, high), PEN_SCALE_MAX);
}

static unsigned columns_of(const struct display *display) { return display->width / (FONT_WIDTH * scale_of(display)); }
static unsigned rows_of(const struct display *display) { return display->height / (FONT_HEIGHT * scale_of(display)); }

size_t screen_bytes(const struct display *display)
{
    if (display->width < FONT_WIDTH || display->height < FONT_HEIGHT)
        return 0;

    size_t rows = rows_of(display), cells = rows * columns_of(display);

    return font_glyph_count * sizeof(struct font_glyph) + 2 * cells * sizeof(screen_cell) + rows * sizeof(struct screen_span);
}

static int check_display(const struct display *display)
{
    uint64_t line_bytes = (uint64_t)display->width * display->bits_per_pixel / 8;

    if (display->width > SIDE_MAX || display->height > SIDE_MAX || display->pitch_bytes < line_bytes || !display->pixels ||
        display->bytes < (uint64_t)display->pitch_bytes * display->height)
        return ERR_BAD_DATA;
    if (display->bits_per_pixel != 16 && display->bits_per_pixel != 24 && display->bits_per_pixel != 32)
        return ERR_UNSUPPORTED;
    if (!display->red_mask || !display->green_mask || !display->blue_mask)
        return ERR_BAD_DATA;
    return screen_bytes(display) ? 0 : ERR_UNSUPPORTED;
}

int screen_init(struct screen *screen, const struct display *display, void *memory, size_t bytes, bool already_black)
{
    int result = check_display(display);
    struct font_glyph *glyphs = memory;

    screen->rows = screen->columns = 0;
    if (result < 0)
        return result;
    if (bytes < screen_bytes(display))
        return ERR_NO_MEMORY;

    screen->columns = columns_of(display);
    screen->rows = rows_of(display);
    screen->scroll_rows = 1;
    screen->top = 0;
    screen->wanted = (screen_cell *)(glyphs + font_glyph_count);
    screen->shown = screen->wanted + (size_t)screen->rows * screen->columns;
    screen->touched = (struct screen_span *)(screen->shown + (size_t)screen->rows * screen->columns);
    screen->ansi = (struct ansi){ 0 };
    screen->decoder = (struct utf8_decoder){ 0 };
    font_unpack(font_packed, font_packed_bytes, glyphs, font_glyph_count);
    pen_init(&screen->pen, display, glyphs, scale_of(display));
    touch_all(screen);
    start_over(screen);
    if (already_black)
        memset(screen->shown, 0, (size_t)screen->rows * screen->columns * sizeof(screen_cell));
    else
        screen_redraw_all(screen);
    return 0;
}

void screen_write(struct screen *screen, const char *text, size_t bytes)
{
    if (screen->rows == 0)
        return;
    while (bytes) {
        size_t taken = 0;

        if (ansi_idle(&screen->ansi) && screen->decoder.missing == 0)
            taken = put_plain(screen, text, bytes);
        if (taken == 0) {
            put_byte(screen, (uint8_t)*text);
            taken = 1;
        }
        text += taken;
        bytes -= taken;
    }
}

/* The cursor is a place in reversed colours, made for the drawing only; the next time it is looked at again. */
void screen_flush(struct screen *screen)
{
    unsigned row = screen->cursor.row, column = at_most(screen->cursor.column, screen->columns - 1);

    if (screen->rows == 0)
        return;
    if (!screen->cursor_shown) {
        draw_touched(screen);
        return;
    }
    screen_cell *cell = wanted_row(screen, row) + column, kept = *cell;
    *cell = reversed(kept);
    touch(screen, row, column, column + 1);
    draw_touched(screen);
    *cell = kept;
    touch(screen, row, column, column + 1);
}

void screen_redraw_all(struct screen *screen)
{
    if (screen->rows == 0)
        return;
    pen_clear(&screen->pen);
    memset(screen->shown, 0, (size_t)screen->rows * screen->columns * sizeof(screen_cell));
    touch_all(screen);
    screen_flush(screen);
}

void screen_set_scroll(struct screen *screen, unsigned rows)
{
    screen->scroll_rows = rows < 1 ? 1 : at_most(rows, screen->rows);
}

uint64_t screen_bytes_written(const struct screen *screen)
{
    return screen->rows ? pen_bytes_written(&screen->pen) : 0;
}
