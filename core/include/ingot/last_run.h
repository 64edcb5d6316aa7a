/* What the run before this one left in the flight recorder, when it did not end well: a panic, a refusal, or an end without a word (a reset,
 * a triple fault, a hang); or when it has left lines on purpose. The recorder is memory that outlives a warm reset, not the loss of power. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum last_run_end {
    LAST_RUN_CUT_OFF = 1,                /* it did not come to say how it ended */
    LAST_RUN_PANIC   = 3,
    LAST_RUN_REFUSED = 4,                /* the loader did not start the core */
    LAST_RUN_LEFT    = 5,                /* it ended well, and next_run_tell() was called */
};

struct last_run {
    enum last_run_end end;
    bool saved;                          /* the loader has written the text to \ingot\last.log */
    const char *text;                    /* lines, each ended by \n; the first says how the run ended. UTF-8; no NUL ends it. Valid for ever */
    size_t bytes;
};

/* A line for the next run, which finds it among the log's in \ingot\last.log, however this one ends, unless so much is said after it that there
 * is no room for it (128 KiB are, for all). Up to 336 bytes, the rest is cut. Any context. */
void next_run_tell(const char *line, size_t bytes);

/* Fills *out_run, or returns false: the last run ended as it was asked to, or nothing is known of it. Any context. */
bool last_run(struct last_run *out_run);
