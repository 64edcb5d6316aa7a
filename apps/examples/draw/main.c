/* Drawing: rectangles, text, and pixels of one's own on the screen. A key ends it.
 *
 *     make run APP=apps/examples/draw DISPLAY=std
 *
 * What you will see:
 *
 *     app: 1280x800, 32 bits a pixel
 *     on the screen: Ingot draws
 *     the middle of the screen, from left to right: white yellow cyan green magenta red blue
 *     the foot of the screen, from left to right: from black to white
 *     you press: esc
 *     app: left by a key
 *
 * The screen is memory: what is stored at display->pixels is seen. Without DISPLAY= the machine has none. */
#include <stddef.h>

#include <ingot/console.h>
#include <ingot/display.h>
#include <ingot/log.h>
#include <ingot/mmio.h>

enum { TITLE_HEIGHT = 96, BARS = 7, LINE_MAX = 8192 };

static void draw_title(const struct display *screen)
{
    struct display_text_look look = { .ink = display_color(screen, 255, 176, 0), .paper = display_color(screen, 0, 0, 0), .scale = 2 };

    display_fill(screen, 0, 0, screen->width, TITLE_HEIGHT, look.paper);
    display_text(screen, 32, 32, &look, "Ingot draws");
}

/* Ready-made rectangles: the seven colours of which a light or none of red, green and blue is a part. */
static void draw_bars(const struct display *screen, uint32_t y, uint32_t height)
{
    static const uint8_t bars[BARS][3] = {
        { 255, 255, 255 }, { 255, 255, 0 }, { 0, 255, 255 }, { 0, 255, 0 }, { 255, 0, 255 }, { 255, 0, 0 }, { 0, 0, 255 },
    };

    for (uint32_t i = 0; i < BARS; i++) {
        uint32_t x = screen->width * i / BARS, past = screen->width * (i + 1) / BARS;

        display_fill(screen, x, y, past - x, height, display_color(screen, bars[i][0], bars[i][1], bars[i][2]));
    }
}

/* Pixels of one's own: a line is computed once, and drawn as often as it is wanted. Never read from the screen: that is slow. */
static void draw_ramp(const struct display *screen, uint32_t y, uint32_t past)
{
    static uint32_t line[LINE_MAX];
    uint32_t width = screen->width < LINE_MAX ? screen->width : LINE_MAX;

    for (uint32_t x = 0; x < width; x++) {
        uint8_t level = (uint8_t)(x * 255 / (width - 1));

        line[x] = display_color(screen, level, level, level);
    }
    for (; y < past; y++)
        display_pixels(screen, 0, y, line, width);
}

int main(void)
{
    const struct display *screen = display(0);

    if (!screen) {
        log_error("this machine has no screen");
        return 1;
    }
    log_info("%ux%u, %u bits a pixel", screen->width, screen->height, screen->bits_per_pixel);

    uint32_t ramp_y = screen->height - screen->height / 4;

    display_take();                      /* from the log, which goes on at the serial ports */
    draw_title(screen);
    draw_bars(screen, TITLE_HEIGHT, ramp_y - TITLE_HEIGHT);
    draw_ramp(screen, ramp_y, screen->height);
    write_combining_flush();
    console_key(UINT64_MAX);
    display_release();
    log_info("left by a key");
    return 0;
}
