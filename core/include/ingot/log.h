/* The log: what this machine does, one line a fact, on every serial port and on the screen.
 *
 *     [    0.012345] 0 info  smp: 7 of 8 CPUs online after 12 ms
 *      seconds since  |  |     |
 *      power-on     CPU level  subsystem
 *
 * A line with more than LOG_LINE_BYTES - 1 bytes behind its prefix is cut and ends in "...". Text is UTF-8; control characters, and
 * bytes that are none, are shown as \xNN, so that no text can forge a line or drive a terminal. Lines for which there was no room are
 * counted, and the count is told as soon as there is. A line that comes more than four times in a row is told by its number from then on.
 * With log=json on the command line, serial ports get one JSON object a line: {"ns":12345678,"cpu":0,"level":"info","subsystem":"smp","text":"..."}
 * Levels: an error is something lost, a warning something missing that the boot goes on without.
 *
 * A file of the core or of a driver names its subsystem above its includes:   #define LOG_SUBSYSTEM smp
 * and one file of the subsystem defines it:                                   LOG_SUBSYSTEM_DEFINE(smp);
 * An application needs neither: its lines say "app". A line that is not wanted costs one load and one branch (built for size, as the core is:
 * a call, but for debug lines).
 *
 * While main runs, a line is in memory and in the flight recorder when its call returns, after some 1,000 instructions, whatever ports and screens
 * do: a CPU that has nothing to do sends it at once, or the boot CPU in an interrupt, a millisecond later (and when they are on, if they are off).
 * Who logs half a ring of lines (16 KiB) ahead of the sinks waits for them; with interrupts off nobody waits, and lines may be lost.
 * To hunt for what stops a machine dead: with log=now on the command line a line is out when its call returns.
 *
 * Any context, any CPU. */
#pragma once

#include <stdint.h>

enum log_level { LOG_ERROR = 1, LOG_WARN, LOG_INFO, LOG_DEBUG };
enum { LOG_LINE_BYTES = 256 };

struct log_subsystem {
    char name[15];                       /* no pointer: it would cost more than most names */
    uint8_t level;                       /* lines above it (enum log_level) are not made */
};
_Static_assert(sizeof(struct log_subsystem) == 16, "link.ld gathers them without gaps");

#ifndef LOG_SUBSYSTEM
#define LOG_SUBSYSTEM app
#endif
#define LOG_PASTE(a, b)  a##b
#define LOG_NAME(name)   LOG_PASTE(log_subsystem_, name)
extern struct log_subsystem LOG_NAME(LOG_SUBSYSTEM);

/* In one file of a subsystem: makes it, with the level info. Names have up to 14 characters. */
#define LOG_SUBSYSTEM_DEFINE(subsystem) \
    _Static_assert(sizeof(#subsystem) <= sizeof(((struct log_subsystem *)0)->name), "the name of a subsystem is too long"); \
    struct log_subsystem LOG_PASTE(log_subsystem_, subsystem) \
        __attribute__((used, section(".log_subsystems"))) = { #subsystem, LOG_INFO }

/* Made only up to the subsystem's level. */
void log_line(const struct log_subsystem *subsystem, enum log_level level, const char *pattern, ...)
    __attribute__((format(gnu_printf, 3, 4)));

#ifdef __OPTIMIZE_SIZE__                 /* what is not wanted is found out by log_line() */
#define LOG_IS_FOR_SIZE 1
#else
#define LOG_IS_FOR_SIZE 0
#endif

/* A line of this file's subsystem; printf's pattern, as <ingot/format.h> has it, without \n. Its arguments are not even looked at where such
 * lines are not wanted; but for debug lines that holds only for code that is not built for size. */
#define log_at(line_level, ...) \
    ((LOG_IS_FOR_SIZE && (line_level) < LOG_DEBUG) || (line_level) <= LOG_NAME(LOG_SUBSYSTEM).level ? \
     log_line(&LOG_NAME(LOG_SUBSYSTEM), (line_level), __VA_ARGS__) : (void)0)

/* The same, with the level in the name. */
#define log_error(...) log_at(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_at(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_at(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_DEBUG, __VA_ARGS__)

/* Subsystem number index, in no order; NULL past the last. */
const struct log_subsystem *log_subsystem(unsigned index);

/* Sets levels by a word: "warn" for all, "acpi:debug" for one. 0; ERR_BAD_VALUE: levels are none error warn info debug; ERR_NOT_FOUND: no
 * such subsystem. */
int log_set_level(const char *word);

/* Returns when all lines so far are out, or a port has taken nothing for its bound (20 ms; a second under flow=), or another CPU has not
 * come to their end within a second. The core does so itself before it switches off, resets or halts, and from then on a line is out when its
 * call returns. Any CPU, not in interrupts. */
void log_flush(void);

/* A line without a prefix, for what programs read as it stands (READY, PANIC, tables). Same contexts. */
void log_raw(const char *pattern, ...) __attribute__((format(gnu_printf, 1, 2)));
