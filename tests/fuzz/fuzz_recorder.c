/* A flight recorder that anything may have happened to: what the loader reads of it, and what the core tells of that. The input is a list
 * of things to do, five bytes each: lines are written, stages and ends are marked, bytes are changed, cleared and moved. */
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/last_run.h"
#include "core/recorder.h"
#include "efi/last_run.h"
#include "tests/host/recorder_left.h"

#include <ingot/last_run.h>
#include <ingot/log.h>

enum { STEP = 5, TO_BYTES = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes);

void log_line(const struct log_subsystem *subsystem, enum log_level level, const char *pattern, ...)
{
    char line[512];
    va_list args;

    (void)subsystem, (void)level;
    va_start(args, pattern);
    vsnprintf(line, sizeof(line), pattern, args);
    va_end(args);
}

static void write_line(uint8_t kind, uint8_t length, uint8_t letter)
{
    static const char *const starts[] = { "", "PANIC ", "REFUSED ", "READY", "PANIC", "\n", "%s%n" };
    char text[300];

    memset(text, letter, sizeof(text));
    memcpy(text, starts[kind % 7], strlen(starts[kind % 7]));
    recorder_write(text, length / 2, text + length / 2, length - length / 2u);
}

static void change(struct recorder *area, const uint8_t *step)
{
    uint8_t *memory = (uint8_t *)area;
    uint32_t at = (step[1] | (uint32_t)step[2] << 8) % LEFT_BYTES, length = step[3] < LEFT_BYTES - at ? step[3] : LEFT_BYTES - at;

    switch (step[0] % 5) {
    case 0: memory[at] ^= step[4]; break;
    case 1: memset(memory + at, step[4], length); break;
    case 2: memmove(memory + at, memory + (at + step[4] * 64u) % (LEFT_BYTES - 256), length); break;
    case 3: area->next = (uint64_t)step[3] << 56 | (uint64_t)step[4] << 32 | at; break;
    case 4: area->sum = area->bytes == LEFT_BYTES ? recorder_header_sum(area) : 0; break;
    }
}

static void make(struct recorder *area, const uint8_t *input, size_t bytes)
{
    for (; bytes >= STEP; bytes -= STEP, input += STEP)
        if (input[0] & 0x80)
            change(area, input);
        else if (input[0] & 0x40)
            recorder_stage(input[1] % (HANDOFF_STAGE_MAIN + 3u));
        else if (input[0] & 0x20)
            recorder_end(input[1] % 6u);
        else
            write_line(input[0], input[1], input[2]);
}

static void read_it(const struct recorder *area)
{
    static uint8_t to[TO_BYTES];
    struct handoff_last_run run = { .saved = 0 };
    const char *text;

    last_run_read(area, (char *)to, sizeof(to), &run);
    text = (const char *)(uintptr_t)run.text;
    if (text < (char *)to || run.bytes == 0 || run.bytes > (uint64_t)((char *)to + sizeof(to) - text) || text[run.bytes - 1] != '\n' ||
        memcmp(text, "run ", 4) != 0)
        abort();
    last_run_start(&run);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes)
{
    static struct recorder *area;

    if (!area)
        area = aligned_alloc(4096, LEFT_BYTES);
    memset(area, 0x5a, LEFT_BYTES);
    left_begin(area, 0x1234567, HANDOFF_STAGE_EXIT, RECORDER_RUNNING);
    recorder_start(&(struct handoff_recorder){ .base = (uintptr_t)area, .bytes = LEFT_BYTES });
    make(area, input, bytes);
    if (last_run_is_there(area, LEFT_BYTES))
        read_it(area);
    return 0;
}
