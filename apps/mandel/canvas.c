#include "mandel.h"

#include <ingot/cpu.h>
#include <ingot/display.h>
#include <ingot/format.h>
#include <ingot/heap.h>
#include <ingot/log.h>
#include <ingot/mmio.h>

enum {
    MEMORY_WIDTH = 640, MEMORY_HEIGHT = 480,
    EDGE_PIXELS = 8,
    TABLE_CHARS = 31, BAR_CHARS = 12,  /* with the margin on the left */
    TEXT_BYTES = 128,
};

static const struct color paper = { 0x10, 0x13, 0x1a }, field = { 0x1d, 0x22, 0x2c }, bright = { 0xf0, 0xf2, 0xf5 },
                          plain = { 0xb8, 0xc0, 0xcc }, dim = { 0x74, 0x7e, 0x8e }, accent = { 0x4c, 0xa8, 0xff };

static uint32_t at_least(uint32_t value, uint32_t limit) { return value > limit ? value : limit; }
static uint32_t at_most(uint32_t value, uint32_t limit) { return value < limit ? value : limit; }

static uint32_t pixel_of(const struct canvas *canvas, struct color color)
{
    const struct display *d = canvas->display;

    return d ? display_color(d, color.red, color.green, color.blue) : (uint32_t)(color.red << 16 | color.green << 8 | color.blue);
}

/* ---- start ---- */

static void lay_out(struct canvas *canvas, uint32_t table_lines)
{
    const struct display *d = canvas->display;
    uint32_t character;

    canvas->scale = at_least(at_most(d->width / 1280, d->height / 800), 1);
    canvas->line = DISPLAY_TEXT_HEIGHT * canvas->scale;
    character = DISPLAY_TEXT_WIDTH * canvas->scale;
    canvas->top = 2 * canvas->line;
    canvas->edge = EDGE_PIXELS * canvas->scale;
    canvas->width = at_least(d->width, canvas->edge + 1) - canvas->edge;
    canvas->height = at_least(d->height, canvas->top + 1) - canvas->top;
    canvas->panel_lines = at_most(table_lines + 1, canvas->height / canvas->line - 1);
    canvas->panel_height = (canvas->panel_lines + 1) * canvas->line;
    canvas->panel_width = at_most((TABLE_CHARS + BAR_CHARS) * character, canvas->width);
    canvas->panel_y = canvas->height - at_most(canvas->panel_height, canvas->height);
}

bool canvas_start(struct canvas *canvas, uint32_t table_lines)
{
    canvas->display = display(0);
    if (canvas->display) {
        display_take();
        lay_out(canvas, table_lines);
        display_fill(canvas->display, 0, 0, canvas->display->width, canvas->display->height, pixel_of(canvas, paper));
    } else {
        canvas->width = MEMORY_WIDTH;
        canvas->height = MEMORY_HEIGHT;
        canvas->memory = malloc((size_t)MEMORY_WIDTH * MEMORY_HEIGHT * sizeof(*canvas->memory));
        log_info("no display: a picture of %u x %u pixels is computed into memory", MEMORY_WIDTH, MEMORY_HEIGHT);
    }
    for (uint32_t shade = 0; shade <= SHADES; shade++)
        canvas->pixel[shade] = pixel_of(canvas, set_color(shade));
    return canvas->display || canvas->memory;
}

/* ---- the picture ---- */

/* The table hides what is behind it. */
static void show(const struct canvas *canvas, uint32_t x, uint32_t y, const uint32_t *pixels, uint32_t count)
{
    uint32_t hidden = y >= canvas->panel_y && x < canvas->panel_width ? at_most(canvas->panel_width - x, count) : 0;

    display_pixels(canvas->display, x + hidden, canvas->top + y, pixels + hidden, count - hidden);
}

void canvas_put(const struct canvas *canvas, uint32_t x, uint32_t y, const uint16_t *shades, uint32_t count, uint32_t turn)
{
    uint32_t pixels[count];

    for (uint32_t i = 0; i < count; i++)
        pixels[i] = canvas->pixel[shades[i] < SHADES ? (shades[i] + turn) % SHADES : SHADES];
    if (canvas->display)
        show(canvas, x, y, pixels, count);
    else
        for (uint32_t i = 0; i < count; i++)
            canvas->memory[y * canvas->width + x + i] = pixels[i];
}

void canvas_sign(const struct canvas *canvas, uint32_t y)
{
    if (!canvas->display)
        return;
    display_fill(canvas->display, canvas->width + canvas->scale, canvas->top + y, canvas->edge - canvas->scale, 1,
                 canvas->pixel[SHADES / 8 + cpu_id() * (SHADES * 3 / 4) / cpu_count()]);
    write_combining_flush();
}

/* ---- words ---- */

static uint32_t say(const struct canvas *canvas, uint32_t x, uint32_t y, struct color color, const char *text)
{
    const struct display_text_look look = { pixel_of(canvas, color), pixel_of(canvas, paper), canvas->scale };

    return display_text(canvas->display, x, y, &look, text);
}

static void fill(const struct canvas *canvas, uint32_t x, uint32_t y, uint32_t width, uint32_t height, struct color color)
{
    display_fill(canvas->display, x, y, width, height, pixel_of(canvas, color));
}

void canvas_status(const struct canvas *canvas, const char *text, uint32_t percent)
{
    uint32_t margin = canvas->line / 2, y = canvas->line / 4, bar_y = canvas->line * 3 / 2, end;

    if (!canvas->display)
        return;

    uint32_t whole = canvas->display->width - 2 * margin, done = whole * percent / 100;

    end = say(canvas, margin, y, bright, text);
    if (end < margin + whole)
        fill(canvas, end, y, margin + whole - end, canvas->line, paper);
    fill(canvas, margin, bar_y, done, 3 * canvas->scale, accent);
    fill(canvas, margin + done, bar_y, whole - done, 3 * canvas->scale, field);
    write_combining_flush();
}

static void draw_table_line(const struct canvas *canvas, uint32_t y, const struct table_line *line)
{
    uint32_t margin = canvas->line / 2, bar_width = canvas->panel_width * BAR_CHARS / (TABLE_CHARS + BAR_CHARS) - margin, used, x;
    char text[TEXT_BYTES];

    format(text, sizeof(text), "%4u %7llu.%03u ms %5llu.%02u  ", line->cpus, (unsigned long long)line->ns / 1000000,
           (unsigned)(line->ns / 1000 % 1000), (unsigned long long)line->percent / 100, (unsigned)(line->percent % 100));
    x = say(canvas, margin, y, plain, text);
    used = bar_width * (uint32_t)(line->percent < line->cpus * 100ull ? line->percent : line->cpus * 100ull) / (line->cpus * 100);
    fill(canvas, x, y + canvas->line / 4, used, canvas->line / 2, accent);
    fill(canvas, x + used, y + canvas->line / 4, bar_width - used, canvas->line / 2, field);
}

void canvas_table(const struct canvas *canvas, const struct table_line *table, uint32_t lines)
{
    uint32_t y = canvas->top + canvas->panel_y;

    if (!canvas->display)
        return;
    fill(canvas, 0, y, canvas->panel_width, canvas->panel_height, paper);
    y += canvas->line / 2;
    say(canvas, canvas->line / 2, y, dim, "CPUs        time  speed-up  efficiency");
    for (uint32_t i = 0; i < lines && i + 1 < canvas->panel_lines; i++)
        draw_table_line(canvas, y + (i + 1) * canvas->line, &table[i]);
    write_combining_flush();
}
