/* The text console on a display: takes text, shows it. It knows what is to be seen (wanted) and what is seen (shown), so that only
 * what differs is drawn, and nothing is ever read from the framebuffer: thousands of lines that scroll by between two calls of
 * screen_flush() cost no pixel.
 *
 * Text is UTF-8; what is malformed, wide, or not in the font shows as the replacement character, one place each. Long lines go on in
 * the next one. Control: CR, LF (which also returns to the first column), BS, TAB; CSI A B C D (cursor), H f (to row;column), G (to
 * column), J K (erase), s u (save, restore), m (colours: 0, 1, 2, 7, 22, 27, 30-37, 39, 40-47, 49, 90-97, 100-107, and 38;5;N and 48;5;N
 * below 16), ?25h ?25l (cursor shown or not; not, at first); ESC 7, ESC 8, ESC c. All other control is swallowed.
 *
 * Any context, in panics too: no lock, no allocation, no log line. The caller sees to it that one CPU at a time is in here, and flushes
 * write-combining buffers after screen_flush() and screen_redraw_all(). */
#pragma once

#include "core/ansi.h"
#include "core/pen.h"

#include <ingot/display.h>
#include <ingot/utf8.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct screen_place { unsigned row, column; };    /* column may be one past the last: the next character goes to the next row */

struct screen_style {
    uint8_t ink, paper;               /* ANSI colours 0 to 15, before bold, dim and reverse */
    bool bold, dim, reverse;
    screen_cell colors, blank;        /* of a character, of an erased place */
};

struct screen_span { uint16_t from, to; };        /* columns [from, to) */

struct screen {
    unsigned rows, columns;           /* 0 before screen_init() has succeeded: then nothing is shown, and all calls are allowed */
    unsigned scroll_rows;             /* how far the text moves when it passes the last row: 1 */
    unsigned top;                     /* which row of wanted is seen first: scrolling moves this, not the text */
    struct screen_place cursor, saved;
    struct screen_style style;
    bool cursor_shown;
    screen_cell *wanted;              /* rows in a ring */
    screen_cell *shown;               /* rows as seen */
    struct screen_span *touched;      /* a row as seen: where wanted may differ from shown */
    struct ansi ansi;
    struct utf8_decoder decoder;
    struct pen pen;
};

/* The memory that the console needs for a display, in bytes; 0 if the display is too small for one character. */
size_t screen_bytes(const struct display *display);

/* Starts an empty console in memory (aligned to 8; it and the display stay with the console for ever). already_black: the display shows
 * nothing yet; otherwise all of it is made black. Returns 0; ERR_NO_MEMORY if bytes is less than screen_bytes(); ERR_UNSUPPORTED
 * for a display that is smaller than one character or has other than 16, 24 or 32 bits a pixel; ERR_BAD_DATA for one whose numbers
 * cannot be true. */
int screen_init(struct screen *screen, const struct display *display, void *memory, size_t bytes, bool already_black);

/* Adds text, which may end anywhere, within a character or a sequence too. Draws nothing. */
void screen_write(struct screen *screen, const char *text, size_t bytes);

/* Draws what has changed since the last time. */
void screen_flush(struct screen *screen);

/* Draws everything, whatever is on the display now. */
void screen_redraw_all(struct screen *screen);

/* How far text moves when it passes the last row: 1 is smooth, more is cheaper where every line is flushed by itself. 1 to rows. */
void screen_set_scroll(struct screen *screen, unsigned rows);

/* Bytes written to the framebuffer since screen_init(), its first clearing included. */
uint64_t screen_bytes_written(const struct screen *screen);
