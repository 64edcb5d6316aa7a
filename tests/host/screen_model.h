/* A terminal as it is described in core/screen.h, written a second time and simply: places in an array that scrolling moves, and a
 * renderer that asks for every pixel which dot it belongs to. Only the font is the console's own. */
#pragma once

#include <ingot/display.h>
#include <stdbool.h>
#include <stdint.h>

struct model_place { uint32_t character; unsigned ink, paper; };

struct model {
    unsigned rows, columns, scale, scroll_rows;
    unsigned row, column, saved_row, saved_column;
    unsigned ink, paper;
    bool bold, dim, reverse, cursor;
    struct model_place *place;
};

void model_open(struct model *model, const struct display *display);
void model_close(struct model *model);
void model_put(struct model *model, uint32_t character);     /* one that is shown: no control */
void model_control(struct model *model, char control);       /* CR, LF, BS, TAB */
void model_move(struct model *model, long row, long column); /* to the nearest place that there is */
void model_erase_line(struct model *model, unsigned what);
void model_erase_screen(struct model *model, unsigned what);
void model_style(struct model *model, unsigned code);
void model_reset(struct model *model);

/* The pixel at x, y as the display's format has it. */
uint32_t model_pixel(const struct model *model, const struct display *display, unsigned x, unsigned y);
