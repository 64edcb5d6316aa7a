/* Lines are put together on the caller's stack, kept in a ring (core/log_ring.c), and drained to the sinks: by the caller while the machine
 * starts or ends, by others (core/drain.c) while main runs. */
#define LOG_SUBSYSTEM log
#include "core/log.h"

#include "core/clock.h"
#include "core/digits.h"
#include "core/display.h"
#include "core/drain.h"
#include "core/log_ring.h"
#include "core/recorder.h"
#include "core/serial.h"

#include <stdatomic.h>
#include <stddef.h>

#include <ingot/console.h>
#include <ingot/cpu.h>
#include <ingot/format.h>
#include <ingot/string.h>
#include <ingot/time.h>
#include <ingot/utf8.h>

LOG_SUBSYSTEM_DEFINE(log);
LOG_SUBSYSTEM_DEFINE(app);

enum {
    /* Brackets, dots and blanks, 11 + 6 digits of time, 5 of the CPU, 6 bytes of level, 14 of the subsystem's name. */
    PREFIX_BYTES   = 56,
    JSON_BYTES     = 80 + 20 + 5 + 6 + 14 + 2 * LOG_LINE_BYTES,    /* names and quotes, then as above; each byte of text may need a backslash */
    FLUSH_BOUND_US = 1000000,
    ROOM_LOOKS     = 10000000,                 /* a second or so */
    ROOM_BOUND_US  = 1000000,
    REPEATS_SHOWN  = 3,
};
static const uint64_t REPEATS_NS = 1000000000;

static _Atomic bool open, dying;
static _Atomic bool later;                     /* callers leave the sinks to others */
static bool never_later;                       /* log=now */
static _Atomic bool at_prompt;                 /* the last line is a prompt and what was typed */
static _Atomic bool sending;                   /* a serial port may have got half a line */
static bool json;

/* The drainer's: the last line that was shown, and how often it came again, untold. */
static struct log_entry last __attribute__((section(".noinit")));
static uint32_t repeats, repeats_shown;
static _Atomic uint64_t repeated_sum;          /* of the line that comes again and again; 0: of none */
static bool has_last;

/* ANSI colours for the screen: what is lost is red, what is missing is yellow. */
static const char level_color[][8] = { "", "\033[1;31m", "\033[1;33m", "", "\033[2m" };
static const char level_name[][8] = { "", "error ", "warn  ", "info  ", "debug " };

typedef uint64_t __attribute__((may_alias, aligned(1))) any_word;

/* A byte below ' ', or from 0x7f on, leaves the highest bit of its place set in one of three sums; one more byte may be taken for such. */
static bool is_plain_word(uint64_t word)
{
    const uint64_t ones = UINT64_MAX / 0xff;

    return !(((word - ones * ' ') | (word + ones) | word) & ones * 0x80);
}

/* Nearly all text is plain, so it is looked at before it is copied: eight bytes at a time, the last of them for the second time. */
static bool is_plain(const char *text, size_t bytes)
{
    const char *end = text + bytes;

    if (bytes < sizeof(any_word)) {
        while (text < end && is_plain_word(UINT64_MAX / 0xff * (unsigned char)*text))
            text++;
        return text == end;
    }
    for (; end - text > (ptrdiff_t)sizeof(any_word); text += sizeof(any_word))
        if (!is_plain_word(*(const any_word *)text))
            return false;
    return is_plain_word(*(const any_word *)(end - sizeof(any_word)));
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
static __attribute__((noinline)) size_t escape(char text[LOG_LINE_BYTES], size_t length, bool cut)
{
    char shown[TEXT_BYTES], piece[ESCAPED_BYTES + 1];
    size_t used = 0, dots_at = 0, taken, more;

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

/* value in at least so many places, filled up on the left. */
static __attribute__((noinline)) char *put_number(char *to, uint64_t value, unsigned places, char fill)
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

/* "[    0." of seconds; returns where it ends. */
static char *put_seconds(char *to, uint64_t seconds)
{
    char *at = to + 6;

    if (seconds > 99999)
        return put_text(put_number(put_text(to, "["), seconds, 5, ' '), ".");
    *(any_word *)to = *(const any_word *)"[     .";
    for (; seconds >= 10; seconds /= 100) {
        *--at = digit_pairs[seconds % 100 * 2 + 1];
        *--at = digit_pairs[seconds % 100 * 2];
    }
    if (seconds || at == to + 6)
        *--at = (char)('0' + seconds);
    return to + 7;
}

static char *put_pair(char *to, uint32_t number)
{
    *to++ = digit_pairs[number * 2];
    *to++ = digit_pairs[number * 2 + 1];
    return to;
}

/* "[    0.012345] 0 info  smp: " into prefix, which has PREFIX_BYTES; returns its length. By hand, as every line has one. */
static size_t put_prefix(char *prefix, const struct log_entry *entry)
{
    uint64_t us = clock_stamp_ns(entry->stamp) / 1000, seconds = us / 1000000;
    uint32_t rest = (uint32_t)(us - seconds * 1000000);
    char *to = put_seconds(prefix, seconds);

    to = put_pair(put_pair(put_pair(to, rest / 10000), rest / 100 % 100), rest % 100);
    *to++ = ']';
    *to++ = ' ';
    if (entry->cpu < 10)
        *to++ = (char)('0' + entry->cpu);
    else
        to = put_number(to, entry->cpu, 1, 0);
    *to++ = ' ';
    *(any_word *)to = *(const any_word *)level_name[entry->level];    /* six characters, and what is written over */
    to = put_text(to + 6, entry->subsystem);
    *to++ = ':';
    *to++ = ' ';
    return (size_t)(to - prefix);
}

/* A level's name without its padding. */
static size_t word_bytes(const char *name)
{
    const char *end = strchr(name, ' ');

    return end ? (size_t)(end - name) : strlen(name);
}

static char *put_quoted(char *to, const char *text, size_t bytes)
{
    *to++ = '"';
    for (; bytes--; *to++ = *text++)
        if (*text == '"' || *text == '\\')
            *to++ = '\\';
    *to++ = '"';
    return to;
}

/* One object (RFC 8259), into to, which has JSON_BYTES; returns its length. Control characters are in no text: escape() has seen to it. */
static size_t put_json(char *to, const struct log_entry *entry)
{
    const char *level = entry->level == LOG_RAW ? "raw" : level_name[entry->level];
    char *at = put_number(put_text(to, "{\"ns\":"), clock_stamp_ns(entry->stamp), 1, 0);

    at = put_number(put_text(at, ",\"cpu\":"), entry->cpu, 1, 0);
    at = put_quoted(put_text(at, ",\"level\":"), level, word_bytes(level));
    at = put_quoted(put_text(at, ",\"subsystem\":"), entry->subsystem, strlen(entry->subsystem));
    at = put_quoted(put_text(at, ",\"text\":"), entry->text, entry->bytes);
    return (size_t)(put_text(at, "}") - to);
}

void log_use_json(void) { json = true; }
void log_use_now(void) { never_later = true; }

static void to_serial(const struct log_entry *entry, const char *prefix, size_t prefix_bytes)
{
    static char object[JSON_BYTES] __attribute__((section(".noinit")));    /* one CPU sends at a time, and stacks of NMIs are small */

    if (json)
        serial_send_line("", 0, object, put_json(object, entry));
    else
        serial_send_line(prefix, prefix_bytes, entry->text, entry->bytes);
}

/* On the screen the line that says what a panic is stands out from those around it. */
static const char *color_of(const struct log_entry *entry)
{
    bool headline = dying && entry->level == LOG_RAW && entry->bytes > 5 && !memcmp(entry->text, "PANIC", 5);

    return level_color[headline ? LOG_ERROR : entry->level];
}

/* A line is not appended to what stands at a prompt. */
static void leave_prompt(void)
{
    static const char clear_line[] = "\r\033[K";

    if (!atomic_load_explicit(&at_prompt, memory_order_relaxed) || !atomic_exchange(&at_prompt, false))
        return;
    console_wake();                      /* it is to be drawn again, behind the line */
    serial_send_text(clear_line, sizeof(clear_line) - 1);
    display_console_text(clear_line, sizeof(clear_line) - 1);
}

static void text_to_sinks(const struct log_entry *entry)
{
    serial_send_text(entry->text, entry->bytes);
    log_ring_sent(entry);
    display_console_text(entry->text, entry->bytes);
}

static void line_to_sinks(const struct log_entry *entry)
{
    char prefix[PREFIX_BYTES];
    size_t prefix_bytes = entry->level == LOG_RAW ? 0 : put_prefix(prefix, entry);

    if (!entry->recorded)                      /* the recorder first: another sink may be what ends the run */
        recorder_write(prefix, prefix_bytes, entry->text, entry->bytes);
    atomic_store_explicit(&sending, true, memory_order_relaxed);
    to_serial(entry, prefix, prefix_bytes);
    atomic_store_explicit(&sending, false, memory_order_relaxed);
    log_ring_sent(entry);                      /* before the screen: should that be what breaks, then not over the same line again */
    display_log_line(color_of(entry), prefix, prefix_bytes, entry->text, entry->bytes);
}

static void to_sinks(const struct log_entry *entry)
{
    if (entry->level == LOG_TEXT)
        return text_to_sinks(entry);
    leave_prompt();
    line_to_sinks(entry);
}

static inline __attribute__((always_inline)) void make(struct log_entry *entry, const char *subsystem, unsigned level, const char *pattern, va_list args)
{
    size_t length = (size_t)format_va(entry->text, sizeof(entry->text), pattern, args);
    bool cut = length >= sizeof(entry->text);

    entry->stamp = clock_stamp();
    entry->subsystem = subsystem;
    entry->cpu = (uint16_t)cpu_id();
    entry->level = (uint8_t)level;
    if (cut || !is_plain(entry->text, length))
        length = escape(entry->text, cut ? TEXT_BYTES : length, cut);
    entry->bytes = (uint8_t)length;
    entry->recorded = false;
}

/* Not through the ring: it would be lost there itself. */
static void tell(unsigned level, const char *pattern, ...)
{
    struct log_entry entry;
    va_list args;

    va_start(args, pattern);
    make(&entry, log_subsystem_log.name, level, pattern, args);
    va_end(args);
    to_sinks(&entry);
}

/* ---- lines that come again and again ---- */

static bool is_repeat(const struct log_entry *line)
{
    return has_last && line->level != LOG_RAW && line->level != LOG_TEXT && line->subsystem == last.subsystem &&
           line->level == last.level && line->cpu == last.cpu && line->bytes == last.bytes && !memcmp(line->text, last.text, last.bytes);
}

static void tell_repeats(void)
{
    uint32_t count = repeats;

    repeats = 0;
    if (count)
        tell(last.level, "the line above was repeated %u times", count);
}

/* Of what makes a line the same as another one. */
static uint64_t sum_of(const struct log_entry *entry)
{
    uint64_t sum = (uintptr_t)entry->subsystem ^ (uint64_t)entry->cpu << 48 ^ (uint64_t)entry->level << 40, first = 0;
    size_t left = entry->bytes;

    for (; left >= sizeof(any_word); left -= sizeof(any_word))
        sum = (sum ^ *(const any_word *)(entry->text + left - sizeof(any_word))) * 0x9e3779b97f4a7c15ull;
    while (left--)
        first = first << 8 | (uint8_t)entry->text[left];
    return (sum ^ first) * 0x9e3779b97f4a7c15ull;
}

/* A few are shown, then they are told by their number: once a second, and before the next line that is another one. */
static void show_or_count(const struct log_entry *line)
{
    bool repeat = is_repeat(line);

    if (repeat && repeats_shown == REPEATS_SHOWN) {
        repeated_sum = sum_of(line);
        repeats++;
        log_ring_sent(line);
        if (clock_stamp_ns(line->stamp) - clock_stamp_ns(last.stamp) < REPEATS_NS)
            return;
        last.stamp = line->stamp;
        tell_repeats();
        return;
    }
    repeated_sum = 0;
    tell_repeats();
    repeats_shown = repeat ? repeats_shown + 1 : 0;
    to_sinks(line);
    memcpy(&last, line, offsetof(struct log_entry, text) + line->bytes);
    has_last = true;
}

/* Lines that come together are drawn together. */
static void send(const struct log_entry *line, uint32_t lost)
{
    if (line)
        show_or_count(line);
    else if (lost)
        tell(LOG_WARN, "%u lines were lost: there was no room for them, or nobody to finish them", lost);
    else
        display_show();
}

/* Who has interrupts off must not wait for a line: a port that is full takes the rest when its own interrupt has made room. */
static bool may_send(void)
{
    return dying || cpu_interrupts_are_on() || serial_has_room();
}

void log_drain(void)
{
    log_ring_drain(send, may_send);
}

bool log_drain_while(bool (*may_go_on)(void))
{
    log_ring_drain(send, may_go_on);
    return !log_ring_has_sent(log_ring_end());
}

void log_drain_soon(void)
{
    if (!atomic_load_explicit(&later, memory_order_relaxed) || !drain_call(time_ns()))
        log_drain();
}

void log_flush(void)
{
    uint32_t end = log_ring_end();

    log_drain();
    for (uint32_t us = 0; us < FLUSH_BOUND_US && !log_ring_has_sent(end); us += 10) {
        delay_us(10);                          /* another CPU is at it */
        log_drain();                           /* or has left it to us */
    }
    serial_drain(false);
}

void log_send_later(void)
{
    log_flush();
    later = !never_later;
}

void log_end(void)
{
    later = false;
    log_flush();
    serial_drain(true);
    recorder_end(RECORDER_CLEAN);
}

/* A line that comes for ever must not drive all others out of the recorder; how often it came tells the drainer, who has found out. */
static bool is_known_to_come_again(const struct log_entry *entry)
{
    uint64_t sum = atomic_load_explicit(&repeated_sum, memory_order_relaxed);

    return sum && sum_of(entry) == sum;
}

/* A run that hangs before a sink is open, or takes the line, tells too. */
static void record(struct log_entry *entry)
{
    char prefix[PREFIX_BYTES];

    if (!is_known_to_come_again(entry))
        recorder_write(prefix, entry->level == LOG_RAW ? 0 : put_prefix(prefix, entry), entry->text, entry->bytes);
    entry->recorded = true;
}

static inline void add(const struct log_entry *entry)
{
    uint64_t flags = cpu_interrupts_off();

    log_ring_put(entry);
    cpu_interrupts_restore(flags);
}

/* Who can wait does, or lines would be lost soon. No delay_us(): it may log itself. */
static void wait_for_room(void)
{
    for (uint32_t looks = 0; looks < ROOM_LOOKS && log_ring_is_filling() && cpu_interrupts_are_on(); looks++) {
        log_drain();
        cpu_relax();                           /* another CPU is at it */
    }
}

/* Returns soon: the drainer, whoever that is, does the rest. */
static void hand_over(uint64_t now_ns)
{
    if (!drain_call(now_ns))
        log_drain();
    if (log_ring_is_filling())
        wait_for_room();
}

static inline void put(struct log_entry *entry)
{
    bool is_open = atomic_load_explicit(&open, memory_order_relaxed), is_later = atomic_load_explicit(&later, memory_order_relaxed);

    if (is_later || !is_open || !may_send())
        record(entry);
    add(entry);
    if (is_later)
        hand_over(clock_stamp_ns(entry->stamp));
    else if (is_open)
        log_drain();
}

static void keep(const char *subsystem, unsigned level, const char *pattern, va_list args)
{
    struct log_entry entry;

    make(&entry, subsystem, level, pattern, args);
    put(&entry);
}

/* Text is what a program says, so it waits for room where lines are counted. */
static void put_text_entry(struct log_entry *entry)
{
    for (uint32_t us = 0; us < ROOM_BOUND_US && cpu_interrupts_are_on() && !dying; us += 10) {
        uint64_t flags = cpu_interrupts_off();
        bool is_in = log_ring_try_put(entry);

        cpu_interrupts_restore(flags);
        log_drain();
        if (is_in)
            return;
        delay_us(10);                          /* another CPU is at it */
    }
    add(entry);
    if (atomic_load_explicit(&open, memory_order_relaxed))
        log_drain();
}

void log_text(const char *text, size_t bytes)
{
    enum { ONCE = 255 };                       /* entry.bytes has no more */

    while (bytes) {
        struct log_entry entry;                /* its text is not cleared first */

        entry.stamp = clock_stamp();
        entry.subsystem = "";
        entry.cpu = (uint16_t)cpu_id();
        entry.level = LOG_TEXT;
        entry.bytes = (uint8_t)(bytes < ONCE ? bytes : ONCE);
        entry.recorded = false;
        memcpy(entry.text, text, entry.bytes);
        put_text_entry(&entry);
        text += entry.bytes;
        bytes -= entry.bytes;
    }
}

void log_at_prompt(void) { atomic_store(&at_prompt, true); }
void log_left_prompt(void) { atomic_store(&at_prompt, false); }
bool log_took_prompt(void) { return !atomic_load(&at_prompt); }

void log_line(const struct log_subsystem *subsystem, enum log_level level, const char *pattern, ...)
{
    va_list args;

    if (level > subsystem->level)
        return;
    va_start(args, pattern);
    keep(subsystem->name, level, pattern, args);
    va_end(args);
}

void log_raw(const char *pattern, ...)
{
    va_list args;

    va_start(args, pattern);
    keep("", LOG_RAW, pattern, args);
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
    log_drain();
}

void log_panic_mode(void)
{
    dying = true;
    open = true;
    later = false;
    log_ring_seize();
    recorder_end(RECORDER_PANIC);
    serial_drain(true);
    if (atomic_exchange_explicit(&sending, false, memory_order_relaxed))
        serial_send_line("", 0, "", 0);        /* ends the line, which comes once more */
    log_drain();
}

uint32_t log_end_now(void)
{
    return log_ring_end();
}

static void tell_again(const struct log_entry *entry)
{
    char prefix[PREFIX_BYTES];
    size_t prefix_bytes = entry->level == LOG_RAW ? 0 : put_prefix(prefix, entry);

    log_raw("  | %.*s%.*s", (int)prefix_bytes, prefix, (int)entry->bytes, entry->text);
}

void log_tell_last(uint32_t end, unsigned lines)
{
    const struct log_entry *entry = log_ring_before(&end);

    while (entry && entry->level == LOG_TEXT)  /* the console's, in pieces that are no lines */
        entry = log_ring_before(&end);
    if (lines == 0 || !entry)
        return;
    log_tell_last(end, lines - 1);
    tell_again(entry);
}
