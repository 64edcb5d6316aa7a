#include "core/display.h"

#include "core/log.h"
#include "core/screen.h"

#include <stdatomic.h>

#include <ingot/cpu.h>
#include <ingot/error.h>
#include <ingot/mmio.h>
#define LOG_SUBSYSTEM display
#include <ingot/log.h>
#include <ingot/pages.h>
#include <ingot/time.h>

LOG_SUBSYSTEM_DEFINE(display);

enum { REDRAW_BOUND_US = 1000000 };

static struct display displays[DISPLAYS_MAX];
static bool is_black[DISPLAYS_MAX];
static unsigned count;
static struct screen console;
static bool console_open;
static _Atomic bool console_hidden, drawing, redraw_wanted;

static void add(const struct handoff_framebuffer *fb)
{
    is_black[count] = fb->flags & HANDOFF_DISPLAY_BLACK;
    displays[count++] = (struct display){
        .pixels = (uint8_t *)(uintptr_t)fb->base, .bytes = fb->bytes, .width = fb->width, .height = fb->height,
        .pitch_bytes = fb->pitch_bytes, .bits_per_pixel = fb->bits_per_pixel,
        .red_mask = fb->red_mask, .green_mask = fb->green_mask, .blue_mask = fb->blue_mask,
    };
}

void display_start(const struct handoff_view *view)
{
    for (int primary = 1; primary >= 0; primary--)
        for (uint32_t i = 0; i < view->framebuffers; i++)
            if (!!(view->framebuffer[i]->flags & HANDOFF_DISPLAY_PRIMARY) == primary && count < DISPLAYS_MAX)
                add(view->framebuffer[i]);
}

const struct display *display(unsigned index)
{
    return index < count ? &displays[index] : NULL;
}

unsigned display_count(void)
{
    return count;
}

const struct font_glyph *display_glyphs(void)
{
    return console_open ? console.pen.glyphs : NULL;
}

/* The upper bits of an 8-bit value, at the place and in the width that a mask gives; wider channels repeat them below. */
static uint32_t channel(uint32_t mask, uint8_t value)
{
    unsigned shift = (unsigned)__builtin_ctz(mask), bits = 32 - (unsigned)__builtin_clz(mask >> shift);
    uint32_t wide = value * 0x01010101u;

    return (wide >> (32 - bits)) << shift;
}

uint32_t display_color(const struct display *d, uint8_t red, uint8_t green, uint8_t blue)
{
    return channel(d->red_mask, red) | channel(d->green_mask, green) | channel(d->blue_mask, blue);
}

/* Why there is no console on d; NULL when there is one. */
static const char *start_console(const struct display *d)
{
    size_t bytes = screen_bytes(d);
    void *memory;
    int error;

    if (bytes == 0)
        return "no text fits";
    memory = pages_alloc((bytes + PAGE_BYTES - 1) / PAGE_BYTES, 0, PAGES_ANYWHERE);
    if (!memory)
        return error_name(ERR_NO_MEMORY);
    error = screen_init(&console, d, memory, bytes, is_black[0]);
    screen_set_scroll(&console, DISPLAY_SCROLL_ROWS);
    return error ? error_name(error) : NULL;
}

void display_open_console(void)
{
    const struct display *d = &displays[0];
    const char *fault;

    if (count == 0) {
        log_info("no framebuffer: the log goes to serial ports only");
        return;
    }
    fault = start_console(d);
    console_open = !fault;
    if (fault)
        log_warn("no console on %u x %u pixels (%s): the screen stays as it is", d->width, d->height, fault);
}

void display_show(void)
{
    if (!console_open)
        return;
    drawing = true;
    if (!console_hidden) {
        if (atomic_exchange(&redraw_wanted, false))
            screen_redraw_all(&console);
        else
            screen_flush(&console);
        write_combining_flush();
    }
    drawing = false;
}

void display_console_text(const char *text, size_t bytes)
{
    if (console_open)
        screen_write(&console, text, bytes);
}

void display_log_line(const char *color, const char *prefix, size_t prefix_bytes, const char *text, size_t text_bytes)
{
    static const char end[] = "\033[0m\r\n";

    if (!console_open)
        return;
    for (size_t length = 0; color[length]; length++)
        screen_write(&console, color + length, 1);
    screen_write(&console, prefix, prefix_bytes);
    screen_write(&console, text, text_bytes);
    screen_write(&console, end, sizeof(end) - 1);
}

/* When it returns, nothing draws any more. */
void display_take(void)
{
    console_hidden = true;
    while (drawing)
        cpu_relax();                           /* on another CPU */
}

void display_release(void)
{
    redraw_wanted = true;
    console_hidden = false;
    for (uint32_t us = 0; us < REDRAW_BOUND_US && console_open && redraw_wanted; us += 10) {
        log_drain();
        delay_us(10);                          /* another CPU is at it, and draws */
    }
}

void display_panic(void)
{
    redraw_wanted = console_hidden;
    console_hidden = false;
}
