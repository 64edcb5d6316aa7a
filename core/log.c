/* Lines are put together on the caller's stack, kept in a ring, and drained to the sinks: at once when they are open. */
#include "core/log.h"

#include "core/clock.h"
#include "core/display.h"
#include "core/serial.h"

#include <ingot/cpu.h>
#include <ingot/format.h>
#define LOG_SUBSYSTEM log
#include <ingot/log.h>
#include <ingot/string.h>

LOG_SUBSYSTEM_DEFINE(log);
LOG_SUBSYSTEM_DEFINE(app);

enum { RING_BYTES = 32768, RAW = 0, PREFIX_BYTES = 96 };

struct entry {
    uint64_t stamp;                            /* clock_stamp() */
    const char *subsystem;
    uint8_t level;                             /* enum log_level, or RAW */
    uint8_t cpu;
    uint16_t bytes;                            /* of the text that follows; the next entry is at the next multiple of 8 */
};
_Static_assert(RING_BYTES % 8 == 0 && sizeof(struct entry) % 8 == 0, "entries stay aligned");

static uint8_t ring[RING_BYTES] __attribute__((section(".noinit"), aligned(8)));
static size_t ring_used, ring_drained;         /* offsets; kept lines lie between. Refilled from 0 once all is drained */
static uint32_t lost_lines;
static bool open, draining, dying;

/* ANSI colours for the screen: what is lost is red, what is missing is yellow. */
static const char *const level_color[] = { "", "\033[1;31m", "\033[1;33m", "", "\033[2m" };
static const char *const level_name[] = { "", "error ", "warn  ", "info  ", "debug " };

/* Nearly all text is plain, so it is looked at before it is copied. */
static bool is_plain(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return false;
    return true;
}

/* Replaces what could steer a terminal or end the line, in place. */
static size_t escape(char *text, size_t length)
{
    char plain[LOG_LINE_BYTES];
    size_t used = 0;

    if (is_plain(text))
        return length;
    for (const char *from = text; *from && used + 5 < sizeof(plain); from++) {
        unsigned char c = (unsigned char)*from;

        if (c >= ' ' && c != 0x7f)
            plain[used++] = (char)c;
        else
            used += (size_t)format(plain + used, sizeof(plain) - used, "\\x%02x", c);
    }
    memcpy(text, plain, used);
    return used;
}

static char *put_text(char *to, const char *text)
{
    while (*text)
        *to++ = *text++;
    return to;
}

/* value in at least so many places, filled up on the left. By hand, as every line has three of them. */
static char *put_number(char *to, uint64_t value, unsigned places, char fill)
{
    char digits[20], *end = digits + sizeof(digits), *at = end;

    do
        *--at = (char)('0' + value % 10);
    while (value /= 10);
    for (unsigned used = (unsigned)(end - at); used < places; used++)
        *to++ = fill;
    while (at < end)
        *to++ = *at++;
    return to;
}

/* "[    0.012345] 0 info  smp: " into prefix, which has PREFIX_BYTES; returns its length. */
static size_t put_prefix(char *prefix, const struct entry *entry)
{
    uint64_t us = clock_stamp_ns(entry->stamp) / 1000;
    char *to = prefix;

    *to++ = '[';
    to = put_number(to, us / 1000000, 5, ' ');
    *to++ = '.';
    to = put_number(to, us % 1000000, 6, '0');
    *to++ = ']';
    *to++ = ' ';
    to = put_number(to, entry->cpu, 1, ' ');
    *to++ = ' ';
    to = put_text(to, level_name[entry->level]);
    to = put_text(to, entry->subsystem);
    *to++ = ':';
    *to++ = ' ';
    return (size_t)(to - prefix);
}

static void to_sinks(const struct entry *entry, const char *text)
{
    char prefix[PREFIX_BYTES];
    size_t prefix_bytes = entry->level == RAW ? 0 : put_prefix(prefix, entry);

    serial_send_line(prefix, prefix_bytes, text, entry->bytes);
    display_log_line(level_color[entry->level], prefix, prefix_bytes, text, entry->bytes);
}

void log_flush(void)
{
    if (draining && !dying)
        return;
    draining = true;
    while (ring_drained < ring_used) {
        struct entry entry;

        memcpy(&entry, ring + ring_drained, sizeof(entry));
        const char *text = (const char *)ring + ring_drained + sizeof(entry);
        ring_drained += (sizeof(entry) + entry.bytes + 7) & ~(size_t)7;
        to_sinks(&entry, text);
    }
    ring_used = ring_drained = 0;
    draining = false;
}

static void keep(const char *subsystem, unsigned level, const char *text, size_t bytes)
{
    struct entry entry = { clock_stamp(), subsystem, (uint8_t)level, (uint8_t)cpu_id(), (uint16_t)bytes };
    size_t needed = (sizeof(entry) + bytes + 7) & ~(size_t)7;
    uint64_t flags = cpu_interrupts_off();

    if (ring_used + needed > RING_BYTES) {
        lost_lines++;
    } else {
        memcpy(ring + ring_used, &entry, sizeof(entry));
        memcpy(ring + ring_used + sizeof(entry), text, bytes);
        ring_used += needed;
    }
    if (open)
        log_flush();
    cpu_interrupts_restore(flags);
}

static void make(const char *subsystem, unsigned level, const char *pattern, va_list args)
{
    char text[LOG_LINE_BYTES];
    int length = format_va(text, sizeof(text), pattern, args);

    keep(subsystem, level, text, escape(text, length < LOG_LINE_BYTES ? (size_t)length : LOG_LINE_BYTES - 1));
}

void log_line(const struct log_subsystem *subsystem, enum log_level level, const char *pattern, ...)
{
    va_list args;

    va_start(args, pattern);
    make(subsystem->name, level, pattern, args);
    va_end(args);
}

void log_raw(const char *pattern, ...)
{
    va_list args;

    va_start(args, pattern);
    make("", RAW, pattern, args);
    va_end(args);
}

static void replay(const char *text)
{
    while (*text) {
        const char *end = strchr(text, '\n');
        size_t bytes = end ? (size_t)(end - text) : strlen(text);

        serial_send_untold(text, bytes);
        display_log_line("\033[2m", "", 0, text, bytes);
        text += bytes + (end != NULL);
    }
}

void log_open(const char *loader_log)
{
    replay(loader_log);
    open = true;
    log_flush();
    if (lost_lines)
        log_warn("%u lines were lost before there was anywhere to send them", lost_lines);
}

void log_panic_mode(void)
{
    dying = true;
    open = true;
    log_flush();
}
