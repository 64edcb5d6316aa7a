/* What scrolling costs: bytes written to the framebuffer for 1,000 lines of a dump at 1920x1080, each shown at once, as the log does it, beside
 * what drawing the whole screen for each line would write. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/arch.h"
#include "core/display.h"
#include "core/screen.h"

enum { LINES = 1000, ROW = 16 };

void arch_clear(void *to, size_t bytes) { memset(to, 0, bytes); }
uint32_t display_color(const struct display *d, uint8_t red, uint8_t green, uint8_t blue)
{
    (void)d;
    return (uint32_t)red << 16 | (uint32_t)green << 8 | blue;
}

static int dump_line(char *line, unsigned number)
{
    int used = sprintf(line, "%016x  ", number * ROW);
    uint8_t byte[ROW];

    for (int i = 0; i < ROW; i++)
        used += sprintf(line + used, "%02x ", byte[i] = (uint8_t)rand());
    used += sprintf(line + used, " |");
    for (int i = 0; i < ROW; i++)
        line[used++] = (char)(byte[i] % 95 + ' ');
    return used + sprintf(line + used, "|\r\n");
}

int main(void)
{
    struct display d = {
        .width = 1920, .height = 1080, .pitch_bytes = 1920 * 4, .bits_per_pixel = 32, .red_mask = 0xff0000, .green_mask = 0xff00, .blue_mask = 0xff,
    };
    static struct screen screen;
    size_t bytes = screen_bytes(&d);
    uint64_t before, written;
    char line[200];

    d.bytes = (uint64_t)d.pitch_bytes * d.height;
    d.pixels = malloc(d.bytes);
    if (!d.pixels || screen_init(&screen, &d, calloc(1, bytes), bytes, true))
        return 1;
    screen_set_scroll(&screen, DISPLAY_SCROLL_ROWS);
    before = screen_bytes_written(&screen);
    for (unsigned i = 0; i < LINES; i++) {
        screen_write(&screen, line, (size_t)dump_line(line, i));
        screen_flush(&screen);
    }
    written = screen_bytes_written(&screen) - before;
    printf("scroll %llu of %llu\n", (unsigned long long)written, (unsigned long long)d.bytes * LINES);
    return 0;
}
