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

/* Stops the log's console from drawing, so that the application has the screen, or gives it back (all is redrawn). Any CPU, not in
 * interrupts. A panic takes the screen whatever was said here. */
void display_take(void);
void display_release(void);
