#include "core/panic_screen.h"

#include "core/display.h"
#include "core/qr.h"

#include <ingot/format.h>
#include <ingot/mmio.h>

enum { HEADLINE_BYTES = 240, DOTS = 4, OFFSETS_MAX = 10, LARGE_HEIGHT = 1600, LEAST_WIDTH = 800 };

static char headline[HEADLINE_BYTES], code_text[QR_TEXT_BYTES + 1];
static bool is_drawn;
static struct qr qr __attribute__((section(".noinit")));

void panic_screen_note(const char *code, const char *sentence, const uint8_t *build, const uint32_t *offset, size_t offsets)
{
    size_t used;

    format(headline, sizeof(headline), "PANIC %s: %s", code, sentence);
    used = (size_t)format(code_text, sizeof(code_text), "INGOT %02x%02x%02x%02x %s", build[0], build[1], build[2], build[3], code);
    for (size_t i = 0; i < offsets && i < OFFSETS_MAX && used < sizeof(code_text); i++)
        used += (size_t)format(code_text + used, sizeof(code_text) - used, " %x", offset[i]);
    if (used < sizeof(code_text))
        format(code_text + used, sizeof(code_text) - used, ": %s", sentence);
}

static void draw_headline(const struct display *d, uint32_t scale)
{
    struct display_text_look look = { display_color(d, 255, 255, 255), display_color(d, 160, 0, 0), scale };

    display_fill(d, 0, 0, d->width, DISPLAY_TEXT_HEIGHT * scale, look.paper);
    display_text(d, 0, 0, &look, headline);
}

static void draw_code(const struct display *d, uint32_t scale)
{
    uint32_t dots = DOTS * scale, side = (QR_MODULES + 2 * QR_QUIET) * dots, left = d->width - side, top = DISPLAY_TEXT_HEIGHT * scale;

    qr_make(&qr, code_text);
    display_fill(d, left, top, side, side, display_color(d, 255, 255, 255));
    for (uint32_t y = 0; y < QR_MODULES; y++)
        for (uint32_t x = 0; x < QR_MODULES; x++)
            if (qr_is_dark(&qr, x, y))
                display_fill(d, left + (QR_QUIET + x) * dots, top + (QR_QUIET + y) * dots, dots, dots, 0);
}

void panic_screen_draw(void)
{
    const struct display *d = display(0);
    uint32_t scale;

    if (!*headline || !d || !display_glyphs())
        return;
    if (is_drawn)                              /* a fault in drawing does not begin it again */
        return;
    is_drawn = true;
    scale = d->height >= LARGE_HEIGHT ? 2 : 1;
    draw_headline(d, scale);
    if (d->width >= LEAST_WIDTH)
        draw_code(d, scale);
    write_combining_flush();
}
