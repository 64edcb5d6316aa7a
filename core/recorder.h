/* The flight recorder (core/handoff.h): every line of the log, in memory that outlives a reset, for the next boot's loader. It goes on where
 * our loader stopped. All does nothing when there is none. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/handoff_view.h"

/* Looks whether the loader has begun one that we know. Boot CPU, once, after the handoff was checked. */
void recorder_start(const struct handoff_recorder *record);

/* A line of two parts, cut if it is too long. Any context, any CPU. */
void recorder_write(const char *prefix, size_t prefix_bytes, const char *text, size_t bytes);

/* A stage has begun (enum handoff_stage). Boot CPU. */
void recorder_stage(uint32_t stage);

/* What was written is to be found by the next boot, even if the run ends clean. */
void recorder_leave(void);

/* How the run ends (enum recorder_end). Once it was a panic it stays one. Any context. */
void recorder_end(uint32_t end);
