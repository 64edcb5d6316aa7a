/* The handoff as the core uses it: checked once, then plain pointers into the block.
 * All pointers are borrowed from the block; they hold until the core gives its memory back. Absent things are NULL or 0. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/handoff.h"

enum { HANDOFF_VIEW_MAX = 8 };           /* framebuffers, and serial ports, that are kept; more are passed over */

struct handoff_view {
    const struct handoff *block;
    const struct handoff_memory_map *map;          /* never NULL */
    const struct handoff_image *image;             /* never NULL */
    const struct handoff_framebuffer *framebuffer[HANDOFF_VIEW_MAX];
    const struct handoff_serial *serial[HANDOFF_VIEW_MAX];
    uint32_t framebuffers, serials;
    const struct handoff_roots *roots;
    const char *command_line, *loader_log;         /* never NULL */
    struct handoff_seed *seed;                     /* not const: it is wiped after use */
    const struct handoff_stamps *stamps;
    const struct handoff_recorder *recorder;
    const struct handoff_last_run *last_run;
    const struct handoff_firmware *firmware;
    const struct handoff_x86_state *x86_state;
    uint32_t unknown_records;
};

/* Checks block and fills *out_view. Returns 0, or ERR_BAD_DATA with one sentence in out_why; then nothing of the view may be used.
 * Reads nothing outside the block, whatever it says. Boot CPU, first thing. */
int handoff_check(struct handoff *block, struct handoff_view *out_view, char *out_why, size_t why_bytes);

/* Words for people. Any context. */
const char *handoff_memory_name(uint32_t type);
const char *handoff_stage_name(uint32_t stage);
