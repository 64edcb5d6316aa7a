/* The console takes any bytes. Two consoles get the same text: one in small pieces, drawing after each; one at once, drawing everything at
 * the end over rubbish. They must show the same. The first bytes choose the display. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/screen.h"

enum { HEAD = 4 };

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes);

uint32_t display_color(const struct display *display, uint8_t red, uint8_t green, uint8_t blue)
{
    return (red * 0x01010101u & display->red_mask) | (green * 0x01010101u & display->green_mask) |
           (blue * 0x01010101u & display->blue_mask);
}

static struct display make_display(const uint8_t *head)
{
    struct display display = { .width = 8 + head[0] % 120, .height = 16 + head[1] % 100, .bits_per_pixel = 16 + head[2] % 3 * 8u };

    display.red_mask = 0x7c00, display.green_mask = 0x03e0, display.blue_mask = 0x001f;
    display.pitch_bytes = display.width * display.bits_per_pixel / 8 + head[3] % 9;
    display.bytes = (uint64_t)display.pitch_bytes * display.height;
    display.pixels = malloc(display.bytes);
    memset(display.pixels, 0, display.bytes);
    return display;
}

static void *open_console(struct screen *screen, const struct display *display)
{
    size_t bytes = screen_bytes(display);
    void *memory = malloc(bytes);

    if (screen_init(screen, display, memory, bytes, true) < 0)
        abort();
    return memory;
}

static void check(const struct screen *screen)
{
    if (screen->cursor.row >= screen->rows || screen->cursor.column > screen->columns)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes)
{
    static struct screen one, other;

    if (bytes < HEAD)
        return 0;
    struct display display = make_display(input), copy = make_display(input);
    void *memory = open_console(&one, &display), *other_memory = open_console(&other, &copy);

    screen_set_scroll(&one, input[3] >> 5);
    screen_set_scroll(&other, input[3] >> 5);
    for (size_t at = HEAD, piece; at < bytes; at += piece) {
        piece = 1 + input[at] % 7u;
        piece = piece < bytes - at ? piece : bytes - at;
        screen_write(&one, (const char *)input + at, piece);
        check(&one);
        screen_flush(&one);
    }
    screen_write(&other, (const char *)input + HEAD, bytes - HEAD);
    for (uint32_t y = 0; y < copy.height; y++)
        memset(copy.pixels + (size_t)y * copy.pitch_bytes, 0x77, copy.width * copy.bits_per_pixel / 8);
    screen_redraw_all(&other);
    if (memcmp(display.pixels, copy.pixels, display.bytes) != 0)
        abort();
    free(memory);
    free(other_memory);
    free(display.pixels);
    free(copy.pixels);
    return 0;
}
