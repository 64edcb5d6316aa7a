/* Mandel: a picture that takes much computing, drawn by all CPUs. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct display;

/* ---- set.c: the Mandelbrot set ---- */

struct view {
    double x, y;                         /* the middle */
    double height;                       /* what is seen from top to bottom; pixels are square */
    uint32_t iterations;                 /* after so many a point is taken for one of the set */
};

enum { SHADES = 1024 };                  /* colours come round after so many; the one behind them is the set's own */

/* The shades of `count` pixels of a line, from column x on, of a picture of width x height. Returns how many iterations they took. */
uint64_t set_shades(const struct view *view, uint32_t width, uint32_t height, uint32_t x, uint32_t y, uint16_t *out_shades, uint32_t count);

struct color { uint8_t red, green, blue; };
struct color set_color(uint32_t shade);

/* ---- canvas.c: what is drawn on ---- */

struct table_line {
    uint32_t cpus;
    uint64_t ns, iterations;
    uint64_t percent;                    /* speed-up, 100 for one CPU */
};

struct canvas {
    const struct display *display;       /* NULL: pixels go to memory */
    uint32_t *memory;
    uint32_t width, height;              /* of the picture */
    uint32_t scale, line;                /* of text: pixels a dot, height of a line */
    uint32_t top, edge;                  /* above the picture: the status; on its right: who drew the line */
    uint32_t panel_y, panel_width, panel_height, panel_lines;    /* in the picture's lower left corner: the table */
    uint32_t pixel[SHADES + 1];
};

/* Takes display 0, if there is one. False: no memory for a picture, and the log has told it. */
bool canvas_start(struct canvas *canvas, uint32_t table_lines);

/* Shades of a line of the picture, from column x on, colours moved on by turn. Any CPU; several at once. */
void canvas_put(const struct canvas *canvas, uint32_t x, uint32_t y, const uint16_t *shades, uint32_t count, uint32_t turn);

/* This CPU has drawn line y. */
void canvas_sign(const struct canvas *canvas, uint32_t y);

/* Says how far it is. */
void canvas_status(const struct canvas *canvas, const char *text, uint32_t percent);

void canvas_table(const struct canvas *canvas, const struct table_line *table, uint32_t lines);
