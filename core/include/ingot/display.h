/* Displays: memory that is seen. The core found them in the handoff; the log's console is on the primary one.
 * Writing is write-combined: fast in order, flushed by write_combining_flush(); reading is 10 to 100 times slower, so keep your own copy. */
#pragma once

#include <stdint.h>

struct display {
    uint8_t *pixels;               /* first byte of the first line */
    uint64_t bytes;                /* what may be written, from pixels on */
    uint32_t width, height;        /* pixels */
    uint32_t pitch_bytes;          /* from line to line */
    uint32_t bits_per_pixel;       /* 16, 24 or 32 */
    uint32_t red_mask, green_mask, blue_mask;
};

enum { DISPLAYS_MAX = 8 };

/* Display number index (0 is the primary one), or NULL. Valid for ever. Any context, after the core has started. */
const struct display *display(unsigned index);

/* The pixel value for a colour of 8 bits a channel. */
uint32_t display_color(const struct display *display, uint8_t red, uint8_t green, uint8_t blue);

/* ---- drawing: on a display of any depth, cut to its size. Pixel values are those of display_color(). Any context; several CPUs may
 * draw at once. write_combining_flush() (ingot/mmio.h) on the CPU that drew shows the last of it at once. ---- */

/* count pixels from (x, y) on to the right. */
void display_pixels(const struct display *display, uint32_t x, uint32_t y, const uint32_t *pixels, uint32_t count);

/* A rectangle, its upper left corner at (x, y). */
void display_fill(const struct display *display, uint32_t x, uint32_t y, uint32_t width, uint32_t height, uint32_t pixel);

enum { DISPLAY_TEXT_WIDTH = 8, DISPLAY_TEXT_HEIGHT = 16 };    /* pixels of a character at scale 1 */

struct display_text_look {
    uint32_t ink, paper;           /* pixel values */
    uint32_t scale;                /* pixels a dot, each way: 1 to 8 */
};

/* UTF-8 text in one line, in the console's font; every character takes DISPLAY_TEXT_WIDTH * scale pixels. Returns the x behind it. Where
 * there is no console, which the log has told, nothing is drawn. */
uint32_t display_text(const struct display *display, uint32_t x, uint32_t y, const struct display_text_look *look, const char *text);

/* Stops the log's console from drawing, so that the application has the screen, or gives it back (all is redrawn). Any CPU, not in
 * interrupts. A panic takes the screen whatever was said here. */
void display_take(void);
void display_release(void);
