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
#include <ingot/utf8.h>

LOG_SUBSYSTEM_DEFINE(log);
LOG_SUBSYSTEM_DEFINE(app);

/* A prefix: brackets, dots and blanks, 11 + 6 digits of time, 5 of the CPU, 6 bytes of level, 14 of the subsystem's name. */
enum { RING_BYTES = 32768, RAW = 0, PREFIX_BYTES = 56 };

struct entry {
    uint64_t stamp;                            /* clock_stamp() */
    const char *subsystem;
    uint16_t level;                            /* enum log_level, or RAW */
    uint16_t cpu;
    uint16_t bytes;                            /* of the text that follows; the next entry is at the next multiple of 8 */
};
_Static_assert(RING_BYTES % 8 == 0 && sizeof(struct entry) % 8 == 0, "entries stay aligned");

static uint8_t ring[RING_BYTES] __attribute__((section(".noinit"), aligned(8)));
static size_t ring_used, ring_drained;         /* offsets; kept lines lie between. Refilled from 0 once all is drained */
static uint32_t lost_lines;                    /* not told yet */
static bool open, draining, dying;

/* ANSI colours for the screen: what is lost is red, what is missing is yellow. */
static const char level_color[][8] = { "", "\033[1;31m", "\033[1;33m", "", "\033[2m" };
static const char level_name[][8] = { "", "error ", "warn  ", "info  ", "debug " };

/* Nearly all text is plain, so it is looked at before it is copied. */
static bool is_plain(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || (unsigned char)*text >= 0x7f)
            return false;
    return true;
}

/* How many bytes of text, which is not empty, are one character that only shows; 0 when its first byte must not stand as it is.
 * Terminals obey U+0080 to U+009F too: U+009B is ESC and [ in one (ECMA-48, "C1 set"). */
static size_t harmless(const char *text, size_t bytes)
{
    static const char replacement[] = "\xef\xbf\xbd";          /* itself, rather than what utf8_decode() makes of malformed bytes */
    uint32_t character;
    size_t taken = utf8_decode(text, bytes, &character);

    if (character < ' ' || (character >= 0x7f && character < 0xa0))
        return 0;
    return character != UTF8_REPLACEMENT || (taken == 3 && !memcmp(text, replacement, 3)) ? taken : 0;
}

enum { TEXT_BYTES = LOG_LINE_BYTES - 1, DOTS_BYTES = 3, ESCAPED_BYTES = 4 };

/* The first character of text as it may be shown, in to; returns its bytes there. */
static size_t show(char to[ESCAPED_BYTES + 1], const char *text, size_t bytes, size_t *out_taken)
{
    size_t taken = harmless(text, bytes);

    *out_taken = taken ? taken : 1;
    if (taken == 0)
        return (size_t)format(to, ESCAPED_BYTES + 1, "\\x%02x", (unsigned char)*text);
    memcpy(to, text, taken);
    return taken;
}

/* Replaces what could steer a terminal or end the line, in place. What is too long, or was cut already, ends in dots behind a whole
 * character. */
static size_t escape(char text[LOG_LINE_BYTES], size_t length, bool cut)
{
    char shown[TEXT_BYTES], piece[ESCAPED_BYTES + 1];
    size_t used = 0, dots_at = 0, taken, more;

    if (!cut && is_plain(text))
        return length;
    for (size_t at = 0; at < length; at += taken, used += more) {
        more = show(piece, text + at, length - at, &taken);
        if (used + more > TEXT_BYTES) {
            cut = true;
            break;
        }
        memcpy(shown + used, piece, more);
        if (used + more + DOTS_BYTES <= TEXT_BYTES)
            dots_at = used + more;
    }
    if (cut) {
        memcpy(shown + dots_at, "...", DOTS_BYTES);
        used = dots_at + DOTS_BYTES;
    }
    memcpy(text, shown, used);
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
    char *to = put_text(prefix, "[");

    to = put_number(to, us / 1000000, 5, ' ');
    to = put_text(to, ".");
    to = put_number(to, us % 1000000, 6, '0');
    to = put_text(to, "] ");
    to = put_number(to, entry->cpu, 1, ' ');
    to = put_text(to, " ");
    to = put_text(to, level_name[entry->level]);
    to = put_text(to, entry->subsystem);
    return (size_t)(put_text(to, ": ") - prefix);
}

/* On the screen the line that says what a panic is stands out from those around it. */
static const char *color_of(const struct entry *entry, const char *text)
{
    bool headline = dying && entry->level == RAW && entry->bytes > 5 && !memcmp(text, "PANIC", 5);

    return level_color[headline ? LOG_ERROR : entry->level];
}

static void to_sinks(const struct entry *entry, const char *text)
{
    char prefix[PREFIX_BYTES];
    size_t prefix_bytes = entry->level == RAW ? 0 : put_prefix(prefix, entry);

    serial_send_line(prefix, prefix_bytes, text, entry->bytes);
    display_log_line(color_of(entry, text), prefix, prefix_bytes, text, entry->bytes);
}

static void drain(void)
{
    while (ring_drained < ring_used) {
        struct entry entry;

        memcpy(&entry, ring + ring_drained, sizeof(entry));
        const char *text = (const char *)ring + ring_drained + sizeof(entry);
        ring_drained += (sizeof(entry) + entry.bytes + 7) & ~(size_t)7;
        to_sinks(&entry, text);
    }
    ring_used = ring_drained = 0;
}

void log_flush(void)
{
    if (draining && !dying)
        return;
    draining = true;
    drain();
    while (lost_lines) {
        uint32_t lost = lost_lines;

        lost_lines = 0;
        log_warn("%u lines were lost: there was no room for them", lost);
        drain();
    }
    draining = false;
}

static void keep(const char *subsystem, unsigned level, const char *text, size_t bytes)
{
    struct entry entry = { clock_stamp(), subsystem, (uint16_t)level, (uint16_t)cpu_id(), (uint16_t)bytes };
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
    size_t length = (size_t)format_va(text, sizeof(text), pattern, args);
    bool cut = length >= sizeof(text);

    keep(subsystem, level, text, escape(text, cut ? sizeof(text) - 1 : length, cut));
}

void log_line(const struct log_subsystem *subsystem, enum log_level level, const char *pattern, ...)
{
    va_list args;

    if (level > subsystem->level)
        return;
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
    if (!serial_has_untold() && display_count() == 0)
        return;                                /* all who can be told have seen it */
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
}

void log_panic_mode(void)
{
    dying = true;
    open = true;
    log_flush();
}
