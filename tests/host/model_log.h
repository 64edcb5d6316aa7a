/* The log's lines, kept: log_line() and log_raw() for subjects that are tested without the log itself. Include once, in the test. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <ingot/log.h>

enum { LOG_LINES_MAX = 64 };

struct model_log {
    unsigned lines, warnings;                    /* made so far; lines above LOG_LINES_MAX are counted only */
    char line[LOG_LINES_MAX][LOG_LINE_BYTES];    /* "warn clock: HPET does not count: left" */
};
static struct model_log own_log, *model_log = &own_log;

static void model_keep(const char *level, const char *subsystem, const char *pattern, va_list args)
{
    if (model_log->lines < LOG_LINES_MAX) {
        char *line = model_log->line[model_log->lines];
        int used = snprintf(line, LOG_LINE_BYTES, "%s %s: ", level, subsystem);

        vsnprintf(line + used, LOG_LINE_BYTES - (size_t)used, pattern, args);
    }
    model_log->lines++;
}

void log_line(const struct log_subsystem *subsystem, enum log_level level, const char *pattern, ...)
{
    static const char *const name[] = { "", "error", "warn", "info", "debug" };
    va_list args;

    va_start(args, pattern);
    model_keep(name[level], subsystem->name, pattern, args);
    va_end(args);
    model_log->warnings += level <= LOG_WARN;
}

static inline void log_forget(void) { memset(model_log, 0, sizeof(*model_log)); }

/* How many lines hold the text. */
static inline unsigned log_told(const char *text)
{
    unsigned count = 0;

    for (unsigned i = 0; i < model_log->lines && i < LOG_LINES_MAX; i++)
        count += strstr(model_log->line[i], text) != NULL;
    return count;
}

static inline void log_print(void)
{
    for (unsigned i = 0; i < model_log->lines && i < LOG_LINES_MAX; i++)
        fprintf(stderr, "    | %s\n", model_log->line[i]);
}
