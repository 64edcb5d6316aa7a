/* Displays, for the core's own files. Applications see <ingot/display.h>. */
#pragma once

#include "core/handoff_view.h"

#include <ingot/display.h>

/* Takes over the framebuffers, the primary one first. Boot CPU, once. */
void display_start(const struct handoff_view *view);

/* Text that passes the last row moves so far: each move draws nearly all text anew, and a framebuffer is slow. */
enum { DISPLAY_SCROLL_ROWS = 4 };

/* Puts the log's console on display 0. Without a display, or memory for its cells, a log line says so. Boot CPU, after
 * memory_start() and display_start(). */
void display_open_console(void);

/* A line on the console: prefix and text, in a colour (an ANSI sequence, "" for plain). It is seen after display_show(). One CPU at a time:
 * the log's drainer, like all up to display_show(); any context. */
void display_log_line(const char *color, const char *prefix, size_t prefix_bytes, const char *text, size_t text_bytes);

/* Text on the console as it stands, ANSI sequences too. */
void display_console_text(const char *text, size_t bytes);

/* Draws what has changed. */
void display_show(void);

/* A panic: the console takes the screen back, with the next line. Any context. */
void display_panic(void);

unsigned display_count(void);

/* The console's font, unpacked, or NULL without a console. Valid for ever. Any context. */
struct font_glyph;
const struct font_glyph *display_glyphs(void);
