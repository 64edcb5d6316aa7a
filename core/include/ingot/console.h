/* The console: keys from every serial port and keyboard, text to every serial port and the screen, in its place among the log's lines.
 * One CPU at a time, not in interrupts. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {                                   /* keys besides characters; control characters are those of ASCII */
    KEY_CTRL_C = 3, KEY_BACKSPACE = 8, KEY_TAB = 9, KEY_ENTER = 13, KEY_ESCAPE = 27,
    KEY_UP = 0x110000, KEY_DOWN, KEY_RIGHT, KEY_LEFT, KEY_HOME, KEY_END, KEY_DELETE, KEY_PAGE_UP, KEY_PAGE_DOWN,
};

/* The next key: a Unicode character, or one of the above; -1 when none has come until time_ns() is deadline_ns (0: it does not wait), or
 * when a log line has taken the prompt's place. What terminals send for their keys is recognised; Backspace and Delete as they send them are
 * one; so are CR, LF and both together. On the boot CPU it sleeps until an interrupt, but for ports and keyboards that have none. */
int console_key(uint64_t deadline_ns);

/* Ctrl-C was typed since the last call, or q where a page was full. For long work; keys typed meanwhile are kept for console_key(), up to 512. */
bool console_interrupted(void);

/* Text as printf makes it, up to 1,023 bytes at a time; \n ends a line. Waits until it is out, within log_flush()'s bounds. */
void console_print(const char *pattern, ...) __attribute__((format(gnu_printf, 1, 2)));

/* Text as it stands; \n ends a line. Waits while there is no room, within a second, but not until it is out. Up to 255 bytes, a line end counting
 * as two, come out in one piece; what several CPUs write at once is mixed beyond that. Any CPU, any context: where interrupts are off it does
 * not wait, and pieces that find no room are lost, which the log tells. */
void console_write(const char *text, size_t bytes);

/* Has text stop after so many rows until a key is pressed; 0: never. console_begin_page() begins to count anew. */
void console_set_page(unsigned rows);
void console_begin_page(void);

/* A source of keys besides serial ports, such as a keyboard's driver. The caller keeps *input alive for ever. Boot CPU. */
struct console_input {
    int (*key)(struct console_input *input);     /* as console_key(0) returns it */
    bool polled;                                 /* else an interrupt of the boot CPU calls console_wake() when there may be one */
    struct console_input *next;
};

/* Adds a source of keys besides serial ports. Boot CPU. */
void console_add_input(struct console_input *input);

/* Something may have come in: who waits for a key looks, at once if this is an interrupt of the boot CPU. Any context. */
void console_wake(void);

/* Drivers of such sources. The first question for a key calls start, which adds its source where the device is there; a program that
 * asks for none has none linked. */
struct input_driver {
    void (*start)(void);
};
/* Announces one, in any file that is linked. */
#define INPUT_DRIVER(driver_name, driver_start) \
    static const struct input_driver input_##driver_name __attribute__((used, aligned(8), section("input_drivers"))) = { driver_start }
