#include "screen_model.h"

#include <stdlib.h>
#include <string.h>

#include "core/font.h"

/* Declared by ingot/display.h; the console takes it from here, too. */
uint32_t display_color(const struct display *display, uint8_t red, uint8_t green, uint8_t blue)
{
    const uint32_t masks[] = { display->red_mask, display->green_mask, display->blue_mask };
    const uint8_t values[] = { red, green, blue };
    uint32_t pixel = 0;

    for (int i = 0; i < 3; i++) {
        uint64_t lowest = masks[i] & -masks[i], most = masks[i] / lowest;

        pixel |= (uint32_t)(values[i] * most / 255 * lowest);
    }
    return pixel;
}

static struct model_place *place(struct model *model, unsigned row, unsigned column)
{
    return &model->place[row * model->columns + column];
}

static struct model_place styled(const struct model *model, uint32_t character)
{
    unsigned ink = model->ink, paper = model->paper;

    if (model->dim && !model->bold && ink == 7)
        ink = 8;
    if (model->bold && ink < 8)
        ink += 8;
    return (struct model_place){ character, model->reverse ? paper : ink, model->reverse ? ink : paper };
}

static void blank(struct model *model, unsigned row, unsigned from, unsigned to)
{
    for (; from < to; from++)
        *place(model, row, from) = styled(model, ' ');
}

void model_open(struct model *model, const struct display *display)
{
    unsigned scale = 1;

    while (scale < 8 && display->width > scale * 1920 && display->height > scale * 1200)
        scale++;
    *model = (struct model){ .scale = scale, .columns = display->width / 8 / scale, .rows = display->height / 16 / scale,
                             .scroll_rows = 1 };
    model->place = calloc((size_t)model->rows * model->columns, sizeof(*model->place));
    model_reset(model);
}

void model_close(struct model *model) { free(model->place); }

void model_reset(struct model *model)
{
    model->row = model->column = model->saved_row = model->saved_column = 0;
    model->ink = 7, model->paper = 0;
    model->bold = model->dim = model->reverse = model->cursor = false;
    model_erase_screen(model, 2);
}

static void next_row(struct model *model)
{
    size_t row_bytes = model->columns * sizeof(*model->place);
    unsigned kept = model->rows - model->scroll_rows;

    model->column = 0;
    if (++model->row < model->rows)
        return;
    memmove(model->place, place(model, model->scroll_rows, 0), kept * row_bytes);
    for (unsigned row = kept; row < model->rows; row++)
        blank(model, row, 0, model->columns);
    model->row = kept;
}

void model_put(struct model *model, uint32_t character)
{
    if (model->column == model->columns)
        next_row(model);
    *place(model, model->row, model->column++) = styled(model, character);
}

void model_control(struct model *model, char control)
{
    if (control == '\r')
        model->column = 0;
    else if (control == '\n')
        next_row(model);
    else if (control == '\b')
        model_move(model, model->row, (long)model->column - 1);
    else
        model_move(model, model->row, (long)model->column / 8 * 8 + 8);
}

static unsigned nearest(long value, unsigned count) { return value < 0 ? 0 : value >= (long)count ? count - 1 : (unsigned)value; }

void model_move(struct model *model, long row, long column)
{
    model->row = nearest(row, model->rows);
    model->column = nearest(column, model->columns);
}

void model_erase_line(struct model *model, unsigned what)
{
    unsigned column = nearest(model->column, model->columns);

    if (what <= 2)
        blank(model, model->row, what == 0 ? column : 0, what == 1 ? column + 1 : model->columns);
}

void model_erase_screen(struct model *model, unsigned what)
{
    if (what > 3)
        return;
    for (unsigned row = 0; row < model->rows; row++) {
        if (what >= 2 || (what == 0 && row > model->row) || (what == 1 && row < model->row))
            blank(model, row, 0, model->columns);
    }
    if (what < 2)
        model_erase_line(model, what);
}

void model_style(struct model *model, unsigned code)
{
    switch (code) {
    case 0:  model->ink = 7, model->paper = 0, model->bold = model->dim = model->reverse = false; break;
    case 1:  model->bold = true; break;
    case 2:  model->dim = true; break;
    case 7:  model->reverse = true; break;
    case 22: model->bold = model->dim = false; break;
    case 27: model->reverse = false; break;
    case 39: model->ink = 7; break;
    case 49: model->paper = 0; break;
    default:
        if (code / 10 == 3 && code % 10 < 8)
            model->ink = code % 10;
        if (code / 10 == 4 && code % 10 < 8)
            model->paper = code % 10;
        if (code / 10 == 9 && code % 10 < 8)
            model->ink = code % 10 + 8;
        if (code / 10 == 10 && code % 10 < 8)
            model->paper = code % 10 + 8;
    }
}

/* ---- pixels ---- */

static const uint8_t *glyph(uint32_t character)
{
    static struct font_glyph *glyphs;

    if (!glyphs) {
        glyphs = malloc(font_glyph_count * sizeof(*glyphs));
        font_unpack(font_packed, font_packed_bytes, glyphs, font_glyph_count);
    }
    for (unsigned i = 0; i < font_range_count; i++) {
        if (character >= font_ranges[i].first && character <= font_ranges[i].last)
            return glyphs[font_ranges[i].glyph + character - font_ranges[i].first].row;
    }
    return glyphs[font_replacement].row;
}

/* Half intensity for each of the bits red, green, blue, and the other half for bit 3; dark yellow is brown. */
static uint32_t color_pixel(const struct display *display, unsigned color)
{
    unsigned half = color & 8 ? 0x55 : 0;
    unsigned green = color == 3 ? 0x55 : (color >> 1 & 1) * 0xaa + half;

    return display_color(display, (uint8_t)((color & 1) * 0xaa + half), (uint8_t)green, (uint8_t)((color >> 2 & 1) * 0xaa + half));
}

uint32_t model_pixel(const struct model *model, const struct display *display, unsigned x, unsigned y)
{
    unsigned column = x / (8 * model->scale), row = y / (16 * model->scale);

    if (column >= model->columns || row >= model->rows)
        return 0;

    struct model_place at = model->place[row * model->columns + column];
    bool dot = glyph(at.character)[y / model->scale % 16] & 0x80 >> x / model->scale % 8;

    if (model->cursor && row == model->row && column == nearest(model->column, model->columns)) {
        dot = !dot;
        at.ink = at.character == ' ' ? 7 : at.ink;
        at.ink = at.ink != at.paper ? at.ink : at.paper == 7 ? 0 : 7;
    }
    return color_pixel(display, dot ? at.ink : at.paper);
}
