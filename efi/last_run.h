/* What a run left in the flight recorder, as text. Pure: it reads the recorder's memory and nothing else, whatever lies there. */
#pragma once

#include <stdbool.h>

#include "core/handoff.h"

/* Whether a recorder of bytes begins here. */
bool last_run_is_there(const struct recorder *from, uint64_t bytes);

/* Puts into to, which has bytes (at least LAST_RUN_BYTES_MIN), a line that says how the run ended, then its lines, the oldest first, and where
 * some are missing how many. Fills text, bytes and end of *out_run. last_run_is_there(from). */
enum { LAST_RUN_BYTES_MIN = 1024 };
void last_run_read(const struct recorder *from, char *to, uint64_t bytes, struct handoff_last_run *out_run);
