/* Terminal control sequences (ECMA-48, "Control sequences"; ISO 2022 escapes), recognised byte by byte: what a program sends to a
 * screen, and what a terminal sends for its arrow keys.
 *
 * Nothing can make it lose text for long. A sequence ends at its final byte, and at any control character or byte beyond ASCII, which
 * then counts; the strings that carry titles and the like also end at ANSI_STRING_MAX bytes. Any context. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { ANSI_PARAMETERS_MAX = 16, ANSI_PARAMETER_MAX = 9999, ANSI_STRING_MAX = 256 };

struct ansi {                         /* starts as all zeros */
    uint8_t state;
    uint8_t count;                    /* parameters that are there: at least 1 in a command */
    uint8_t prefix;                   /* '?', '<', '=' or '>' if the parameters began with one, else 0 */
    bool intermediate;                /* the sequence has bytes that make its final byte mean something else */
    uint16_t string_bytes;
    uint16_t parameter[ANSI_PARAMETERS_MAX];    /* 0 where none was written */
};

enum ansi_result {
    ANSI_TEXT,                        /* the byte belongs to no sequence */
    ANSI_PART,                        /* it does, and there is nothing to do */
    ANSI_CSI,                         /* it ends ESC [ prefix parameters byte */
    ANSI_ESCAPE,                      /* it ends ESC byte */
};

/* For ANSI_CSI, prefix, count and parameter hold until the next call. */
enum ansi_result ansi_feed(struct ansi *ansi, uint8_t byte);

/* Whether the next byte can only be text or the start of a sequence. */
static inline bool ansi_idle(const struct ansi *ansi) { return ansi->state == 0; }

/* Parameter index, or value where it is absent or 0. */
static inline unsigned ansi_parameter(const struct ansi *ansi, unsigned index, unsigned value)
{
    return index < ansi->count && ansi->parameter[index] ? ansi->parameter[index] : value;
}
