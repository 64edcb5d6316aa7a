/* What the run before this one left in the flight recorder, when it did not end well: a panic, a refusal, or an end without a word (a reset,
 * a triple fault, a hang). The recorder is memory that outlives a warm reset, not the loss of power. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum last_run_end {
    LAST_RUN_CUT_OFF = 1,                /* it did not come to say how it ended */
    LAST_RUN_PANIC   = 3,
    LAST_RUN_REFUSED = 4,                /* the loader did not start the core */
};

struct last_run {
    enum last_run_end end;
    bool saved;                          /* the loader has written the text to \ingot\last.log */
    const char *text;                    /* lines, each ended by \n; the first says how the run ended. UTF-8; no NUL ends it. Valid for ever */
    size_t bytes;
};

/* Fills *out_run, or returns false: the last run ended as it was asked to, or nothing is known of it. Any context. */
bool last_run(struct last_run *out_run);
