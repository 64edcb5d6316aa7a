#include "core/last_run.h"

#include "core/recorder.h"

#define LOG_SUBSYSTEM last
#include <ingot/last_run.h>
#include <ingot/log.h>
#include <ingot/string.h>

LOG_SUBSYSTEM_DEFINE(last);

enum { LINES_TOLD = 12 };

static struct last_run run;

bool last_run(struct last_run *out_run)
{
    if (run.bytes == 0)
        return false;
    *out_run = run;
    return true;
}

void next_run_tell(const char *line, size_t bytes)
{
    recorder_write("", 0, line, bytes);
    recorder_leave();
}

/* The line behind the one at at, or the end of all. */
static const char *next_line(const char *at)
{
    const char *end = run.text + run.bytes;

    while (at < end && *at++ != '\n')
        ;
    return at;
}

/* A panic's own lines, or where there is none the last of all: back from the end as many lines as are told. */
static const char *find_story(void)
{
    static const char panic[] = "PANIC ", refused[] = "REFUSED ";
    const char *end = run.text + run.bytes, *at = next_line(run.text), *story = end;

    for (; at < end; at = next_line(at))
        if ((size_t)(end - at) > sizeof(refused) && (!memcmp(at, panic, sizeof(panic) - 1) || !memcmp(at, refused, sizeof(refused) - 1)))
            return at;
    for (unsigned lines = 0; story > next_line(run.text) && (lines += story[-1] == '\n') <= LINES_TOLD; story--)
        ;
    return story;
}

static void tell(const char *line)
{
    log_warn("| %.*s", (int)(next_line(line) - line - 1), line);
}

void last_run_start(const struct handoff_last_run *record)
{
    const char *at;

    if (!record)
        return;
    run = (struct last_run){ (enum last_run_end)record->end, record->saved != 0, (const char *)(uintptr_t)record->text, record->bytes };
    log_at(run.end == LAST_RUN_LEFT ? LOG_INFO : LOG_WARN, "%.*s; %s", (int)(next_line(run.text) - run.text - 1), run.text,
           run.saved ? "see \\ingot\\last.log" : "no file could be written");
    if (run.end == LAST_RUN_LEFT)
        return;
    at = find_story();
    for (unsigned i = 0; i < LINES_TOLD && at < run.text + run.bytes; i++, at = next_line(at))
        tell(at);
}
