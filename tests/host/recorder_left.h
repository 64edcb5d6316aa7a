/* A recorder as a run leaves it, for tests. */
#pragma once

#include <stdio.h>
#include <string.h>

#include "core/handoff.h"

enum { LEFT_BYTES = 128 << 10 };

static inline void left_begin(struct recorder *to, uint64_t key, uint32_t stage, uint32_t end)
{
    *to = (struct recorder){ .magic = RECORDER_MAGIC, .key = key, .version = RECORDER_VERSION, .run = 7, .bytes = LEFT_BYTES,
                             .stage = recorder_mark(key, stage), .end = recorder_mark(key, end), .next = 1ull << 32 | sizeof(*to) };
    to->sum = recorder_header_sum(to);
}

static inline void left_add(struct recorder *to, const char *text)
{
    struct recorder_line *line = recorder_begin(to, strlen(text));

    memcpy(line->text, text, line->bytes);
    recorder_finish(to, line);
}

/* Line number 1, 2 ... of a long log: what it says follows from its number. Not ended by a new-line. */
static inline void left_line(char to[400], uint32_t number)
{
    int length = snprintf(to, 400, "[%5u.%06u] 0 info  test: line %u of many, ", number / 100, number % 100 * 10000, number);

    for (uint32_t i = 0; i < number * 7 % 120; i++)
        to[length++] = (char)('a' + (number + i) % 26);
    to[length] = '\0';
}

static inline void left_add_lines(struct recorder *to, uint32_t count)
{
    char text[400];

    for (uint32_t i = 0; i < count; i++) {
        left_line(text, (uint32_t)(to->next >> 32));
        left_add(to, text);
    }
}
