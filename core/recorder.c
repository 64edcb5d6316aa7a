#include "core/recorder.h"

#define LOG_SUBSYSTEM recorder
#include <ingot/log.h>
#include <ingot/mmio.h>
#include <ingot/string.h>

LOG_SUBSYSTEM_DEFINE(recorder);

static struct recorder *recorder;
static uint64_t bytes_begun, key;              /* as the loader has made it */
static bool is_left;

/* Each time: a stray store may have hit it, and a panic must not fall over that. */
static bool is_sound(void)
{
    return recorder && recorder->bytes == bytes_begun && recorder->key == key;
}

void recorder_start(const struct handoff_recorder *record)
{
    if (!record) {
        log_warn("the loader found no memory for one");
        return;
    }
    recorder = (struct recorder *)(uintptr_t)record->base;
    bytes_begun = record->bytes;
    key = recorder->key;
    if (recorder->magic == RECORDER_MAGIC && recorder->version == RECORDER_VERSION && is_sound() &&
        recorder->sum == recorder_header_sum(recorder)) {
        recorder_stage(HANDOFF_STAGE_CORE);
        return;
    }
    recorder = NULL;
    log_warn("the loader has begun none that this core knows: nothing is recorded");
}

void recorder_write(const char *prefix, size_t prefix_bytes, const char *text, size_t bytes)
{
    struct recorder_line *line;
    size_t rest;

    if (!is_sound())
        return;
    line = recorder_begin(recorder, prefix_bytes + bytes);
    if (prefix_bytes > line->bytes)
        prefix_bytes = line->bytes;
    rest = line->bytes - prefix_bytes;
    memcpy(line->text, prefix, prefix_bytes);
    memcpy(line->text + prefix_bytes, text, rest);
    cache_write_back(line, recorder_finish(recorder, line));
}

void recorder_stage(uint32_t stage)
{
    if (!is_sound())
        return;
    recorder->stage = recorder_mark(recorder->key, stage);
    cache_write_back(recorder, sizeof(*recorder));
}

void recorder_leave(void) { is_left = true; }

void recorder_end(uint32_t end)
{
    if (!is_sound() || recorder_marked(recorder->key, recorder->end) == RECORDER_PANIC)
        return;
    recorder->end = recorder_mark(recorder->key, end == RECORDER_CLEAN && is_left ? RECORDER_LEFT : end);
    cache_write_back(recorder, sizeof(*recorder));
}
