/* A line typed on the console, edited as in a shell: arrows, Home, End, Ctrl-A to Ctrl-W, the last 16 lines by up and down. CPU 0, not in
 * interrupts. */
#pragma once

#include <stdbool.h>

enum { LINE_BYTES = 256 };               /* with its NUL; what is typed beyond is not taken */

enum line_end {
    LINE_TYPED,                          /* Enter */
    LINE_GIVEN_UP,                       /* Ctrl-C: the line is empty */
    LINE_ENDED,                          /* Ctrl-D on an empty line: there is no more to come */
};

/* Names by number, NULL past the last. */
typedef const char *line_names(unsigned index);

/* What the word of line that begins at byte `word` may be, for Tab; NULL: nobody knows. */
typedef line_names *line_completion(const char *line, unsigned word);

struct line_wish {
    const char *prompt;                  /* what stands in front of the line: drawn anew when a log line has taken its place */
    line_completion *completion;         /* may be NULL */
    bool may_end;                        /* Ctrl-D on an empty line ends; else it does nothing */
};

/* Waits for a line, which is printable ASCII, without its end. */
enum line_end line_read(const struct line_wish *wish, char out_line[LINE_BYTES]);

/* Line *number of all that were typed, or the oldest that is still known: *number is set to it. NULL past the last. */
const char *line_history(unsigned *number);
