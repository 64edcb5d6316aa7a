/* The log: how lines look, what is kept, what is lost and told. Each run is a process of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/clock.h"
#include "core/display.h"
#include "core/drain.h"
#include "core/log.h"
#include "core/serial.h"

#include <ingot/console.h>
#include <ingot/cpu.h>
#define LOG_SUBSYSTEM test
#include <ingot/log.h>
#include <ingot/time.h>

#include "tests/host/model_run.h"
#include "tests/host/fault_seen.h"

LOG_SUBSYSTEM_DEFINE(test);

enum { LINES_MAX = 4000, LINE_BYTES = 800, RING_BYTES = 32768 };

struct outcome {
    unsigned lines;                              /* on the serial port */
    char line[LINES_MAX][LINE_BYTES];
    unsigned replayed, shown, told_in_panic;
    char color[LINES_MAX][16];                   /* of each line on the screen */
    char quotes[65];
    bool full;                                   /* a port would make a line wait */
    bool at_once;                                /* a line is out when its call returns */
    unsigned calls;                              /* of somebody who drains */
    size_t longest;                              /* text, without its prefix */
};
static struct outcome *outcome;
static uint64_t now_ns = 12345678;
static uint32_t this_cpu;
static bool interrupts_off;
static void (*when_sending)(void);               /* what happens while a line is on its way */

/* ---- what the log stands on ---- */

uint64_t clock_stamp(void) { return now_ns / 10; }
uint64_t clock_stamp_ns(uint64_t stamp) { return stamp * 10; }
uint32_t cpu_id(void) { return this_cpu; }
uint64_t cpu_interrupts_off(void) { return 0; }
void cpu_interrupts_restore(uint64_t flags) { (void)flags; }
void cpu_relax(void) { }
void delay_us(uint32_t us) { (void)us; }

static bool somebody_comes;

bool drain_call(uint64_t at_ns)
{
    outcome->calls += at_ns == now_ns / 10 * 10;
    return somebody_comes;
}

static void add_line(const char *prefix, size_t prefix_bytes, const char *text, size_t text_bytes)
{
    char *line = outcome->line[outcome->lines++ % LINES_MAX];

    snprintf(line, LINE_BYTES, "%.*s%.*s", (int)prefix_bytes, prefix, (int)text_bytes, text);
    if (text_bytes > outcome->longest)
        outcome->longest = text_bytes;
}

void serial_send_line(const char *prefix, size_t prefix_bytes, const char *text, size_t text_bytes)
{
    void (*event)(void) = when_sending;

    add_line(prefix, prefix_bytes, text, text_bytes);
    when_sending = NULL;
    if (event)
        event();
}

/* Text takes a line of its own here, in braces. */
void serial_send_text(const char *text, size_t bytes)
{
    add_line("{", 1, text, bytes);
}

void console_wake(void) { }
void display_console_text(const char *text, size_t bytes) { (void)text, (void)bytes; }
void display_show(void) { }

uint64_t time_ns(void) { return now_ns; }
bool cpu_interrupts_are_on(void) { return !interrupts_off; }
bool serial_has_room(void) { return !outcome->full; }
void serial_drain(bool for_good) { outcome->at_once |= for_good; }

void serial_send_untold(const char *text, size_t bytes)
{
    add_line("", 0, text, bytes);
    outcome->replayed++;
}

static unsigned displays = 1;
static bool untold = true;

unsigned display_count(void) { return displays; }
bool serial_has_untold(void) { return untold; }

void display_log_line(const char *color, const char *prefix, size_t prefix_bytes, const char *text, size_t text_bytes)
{
    (void)prefix, (void)prefix_bytes, (void)text, (void)text_bytes;
    snprintf(outcome->color[outcome->shown++ % LINES_MAX], 16, "%s", color);
}

/* ---- runs ---- */

static void run(void (*fn)(const void *argument))
{
    memset(outcome, 0, sizeof(*outcome));
    assert_int_equal(model_run(fn, NULL), 0);
}

static void expect(unsigned number, const char *line)
{
    assert_true(number < outcome->lines);
    assert_string_equal(outcome->line[number], line);
}

static void type_at_a_prompt(const void *argument)
{
    char lengthy[600];

    (void)argument;
    memset(lengthy, 'x', sizeof(lengthy));
    log_open("");
    log_text("> ", 2);
    log_at_prompt();
    if (log_took_prompt())
        log_text("?", 1);
    log_raw("a line");
    log_raw("another");
    if (log_took_prompt())
        log_text("> again", 7);
    log_at_prompt();
    log_left_prompt();
    log_raw("behind");
    log_text(lengthy, sizeof(lengthy));
}

static void a_line_takes_the_prompt_away_once(void **state)
{
    static const char *const expected[] = { "{> ", "{\r\033[K", "a line", "another", "{> again", "behind" };

    (void)state;
    run(type_at_a_prompt);
    for (unsigned i = 0; i < 6; i++)
        expect(i, expected[i]);
    assert_int_equal(outcome->lines, 9);             /* 600 bytes: 255, 255, 90 */
    assert_int_equal(strlen(outcome->line[6]) + strlen(outcome->line[7]) + strlen(outcome->line[8]), 603);
}

static void say_each_level(const void *argument)
{
    (void)argument;
    log_open("");
    log_subsystem_test.level = LOG_DEBUG;
    log_error("lost %d", 1);
    log_warn("missing");
    this_cpu = 300;
    now_ns = 98765432123456ull;
    log_info("fact");
    log_debug("detail");
    log_raw("READY 1 cpu");
}

static void a_line_has_time_cpu_level_and_subsystem(void **state)
{
    (void)state;
    run(say_each_level);
    expect(0, "[    0.012345] 0 error test: lost 1");
    expect(1, "[    0.012345] 0 warn  test: missing");
    expect(2, "[98765.432123] 300 info  test: fact");
    expect(3, "[98765.432123] 300 debug test: detail");
    expect(4, "READY 1 cpu");
    assert_int_equal(outcome->shown, 5);
    assert_string_equal(outcome->color[0], "\033[1;31m");
    assert_string_equal(outcome->color[1], "\033[1;33m");
    assert_string_equal(outcome->color[2], "");
    assert_string_equal(outcome->color[4], "");
}

static void say_by_level(const void *argument)
{
    (void)argument;
    log_open("");
    for (unsigned level = 0; level <= LOG_DEBUG; level++) {
        log_subsystem_test.level = (uint8_t)level;
        log_error("e%u", level);
        log_warn("w%u", level);
        log_info("i%u", level);
        log_debug("d%u", level);
    }
}

static void a_subsystems_level_decides_what_is_made(void **state)
{
    static const char *const tails[] = { "e1", "e2", "w2", "e3", "w3", "i3", "e4", "w4", "i4", "d4" };

    (void)state;
    assert_int_equal(log_subsystem_test.level, LOG_INFO);
    run(say_by_level);
    assert_int_equal(outcome->lines, 10);
    for (unsigned i = 0; i < 10; i++)
        assert_string_equal(strrchr(outcome->line[i], ' ') + 1, tails[i]);
}

/* ---- text that would do something ---- */

static void say_every_byte(const void *argument)
{
    (void)argument;
    log_open("");
    for (unsigned byte = 1; byte < 256; byte++)
        log_raw("a%cb", (int)byte);
}

/* No byte alone may do more than stand there: control characters of ASCII, and those of 8-bit terminals. */
static void no_byte_can_steer_a_terminal(void **state)
{
    char expected[16];

    (void)state;
    run(say_every_byte);
    assert_int_equal(outcome->lines, 255);
    for (unsigned byte = 1; byte < 256; byte++) {
        if (byte >= ' ' && byte < 0x7f)
            snprintf(expected, sizeof(expected), "a%cb", (int)byte);
        else
            snprintf(expected, sizeof(expected), "a\\x%02xb", byte);
        expect(byte - 1, expected);
    }
    fault_seen("F5.lines", 'R', "");
}

static const struct { const char *said, *seen; } utf8[] = {
    { "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80" },
    { "\xc2\xa0", "\xc2\xa0" },
    { "\xc2\x9b" "2J", "\\xc2\\x9b2J" },                         /* CSI, which xterm obeys in UTF-8 too */
    { "\xc2\x80\xc2\x9f", "\\xc2\\x80\\xc2\\x9f" },
    { "\x9b" "31m", "\\x9b31m" },
    { "x\xe2\x82", "x\\xe2\\x82" },                              /* cut short */
    { "\xc0\x8a", "\\xc0\\x8a" },                                /* a long way to write a line feed */
    { "\xe0\x80\x9b", "\\xe0\\x80\\x9b" },
    { "\xed\xa0\x80", "\\xed\\xa0\\x80" },                       /* half a surrogate */
    { "\xef\xbf\xbd", "\xef\xbf\xbd" },                          /* the replacement character itself */
    { "\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80" },
    { "one\r\n[    0.000000] 0 info  forged: line", "one\\x0d\\x0a[    0.000000] 0 info  forged: line" },
    { "\x1b]0;title\x07", "\\x1b]0;title\\x07" },
};

static void say_with_a_long_name(const void *argument)
{
    struct log_subsystem subsystem = { "nnnnnnnnnnnnnn", LOG_INFO };

    (void)argument;
    log_open("");
    now_ns = UINT64_MAX;
    this_cpu = 65535;
    log_line(&subsystem, LOG_WARN, "fact");
}

static void a_subsystem_with_a_long_name_does_no_harm(void **state)
{
    (void)state;
    run(say_with_a_long_name);
    assert_non_null(strstr(outcome->line[0], "nnn: fact"));
    assert_true(strlen(outcome->line[0]) <= 60);
}

static void say_utf8(const void *argument)
{
    (void)argument;
    log_open("");
    for (unsigned i = 0; i < sizeof(utf8) / sizeof(utf8[0]); i++)
        log_raw("%s", utf8[i].said);
}

static void utf8_passes_and_what_only_looks_like_it_does_not(void **state)
{
    (void)state;
    run(say_utf8);
    for (unsigned i = 0; i < sizeof(utf8) / sizeof(utf8[0]); i++)
        expect(i, utf8[i].seen);
}

/* ---- long lines ---- */

static void say_long(const void *argument)
{
    static char text[70000];

    (void)argument;
    log_open("");
    for (unsigned length = LOG_LINE_BYTES - 3; length <= LOG_LINE_BYTES + 2; length++) {
        memset(text, 'x', length);
        text[length] = 0;
        log_raw("%s", text);
    }
    memset(text, 'y', 65536);
    log_raw("%s", text);
    memset(text, '\n', 65536);
    log_raw("%s", text);
    for (unsigned i = 0; i < 300; i += 3)
        memcpy(text + i, "\xe2\x82\xac", 3);
    text[300] = 0;
    for (unsigned shift = 0; shift < 4; shift++)
        log_raw("%.*s%s", (int)shift, "....", text);
}

static void a_long_line_is_cut_and_shows_it(void **state)
{
    (void)state;
    run(say_long);
    for (unsigned i = 0; i < 6; i++) {
        size_t said = LOG_LINE_BYTES - 3 + i, kept = said < LOG_LINE_BYTES ? said : LOG_LINE_BYTES - 1;

        assert_int_equal(strlen(outcome->line[i]), kept);
        assert_string_equal(outcome->line[i] + kept - 3, said < LOG_LINE_BYTES ? "xxx" : "...");
    }
    assert_int_equal(strlen(outcome->line[6]), LOG_LINE_BYTES - 1);
    assert_string_equal(outcome->line[6] + LOG_LINE_BYTES - 5, "y...");
    assert_int_equal(strlen(outcome->line[7]) % 4, 3);           /* whole escapes, then the dots */
    assert_string_equal(outcome->line[7] + strlen(outcome->line[7]) - 7, "\\x0a...");
    assert_true(outcome->longest <= LOG_LINE_BYTES - 1);
    for (unsigned i = 8; i < 12; i++) {
        size_t length = strlen(outcome->line[i]);

        assert_memory_equal(outcome->line[i] + length - 6, "\xe2\x82\xac...", 6);    /* no half character */
        assert_true(length > LOG_LINE_BYTES - 8);
    }
    fault_seen("F5.lines", 'R', "");
}

/* ---- before the log is open ---- */

static void say_early(const void *argument)
{
    (void)argument;
    for (unsigned i = 0; i < 10; i++) {
        now_ns = i * 1000000;
        log_info("early %u", i);
    }
    if (outcome->lines)
        _exit(1);
    now_ns = 50000000;
    log_open("loader one\nloader two\n\nloader without an end");
    log_info("late");
}

static void early_lines_come_in_order_behind_the_loaders_with_their_time(void **state)
{
    char expected[64];

    (void)state;
    run(say_early);
    assert_int_equal(outcome->lines, 4 + 10 + 1);
    assert_int_equal(outcome->replayed, 4);
    expect(0, "loader one");
    expect(2, "");
    expect(3, "loader without an end");
    for (unsigned i = 0; i < 10; i++) {
        snprintf(expected, sizeof(expected), "[    0.%06u] 0 info  test: early %u", i * 1000, i);
        expect(4 + i, expected);
    }
    expect(14, "[    0.050000] 0 info  test: late");
    assert_string_equal(outcome->color[0], "\033[2m");
}

static void say_to_those_who_know(const void *argument)
{
    (void)argument;
    displays = 0;
    untold = false;
    log_open("loader one\nloader two");
    log_info("ours");
}

static void the_loaders_lines_are_not_told_twice(void **state)
{
    (void)state;
    run(say_to_those_who_know);
    assert_int_equal(outcome->replayed, 0);
    assert_int_equal(outcome->lines, 1);
}

enum { TOO_MANY = 3000 };

static void say_too_much(const void *argument)
{
    (void)argument;
    for (unsigned i = 0; i < TOO_MANY; i++)
        log_info("number %u of many lines that nobody can take yet", i);
    log_open("");
    log_info("late");
}

static void lost_lines_are_counted_and_told(void **state)
{
    unsigned kept = 0;
    char expected[100];

    (void)state;
    run(say_too_much);
    while (kept < outcome->lines && strstr(outcome->line[kept], "number"))
        kept++;
    assert_true(kept > 300 && kept < TOO_MANY);
    assert_true(kept * 72 <= RING_BYTES);
    snprintf(expected, sizeof(expected), "warn  log: %u lines were lost: there was no room for them", TOO_MANY - kept);
    assert_non_null(strstr(outcome->line[kept], expected));
    assert_non_null(strstr(outcome->line[kept + 1], "late"));
    assert_int_equal(outcome->lines, kept + 2);
}

static void flood_while_sending(void)
{
    for (unsigned i = 0; i < TOO_MANY; i++)
        log_info("from an interrupt %u", i);
}

static void say_while_sending(const void *argument)
{
    (void)argument;
    log_open("");
    when_sending = flood_while_sending;
    log_info("first");
    log_info("last");
}

static void lines_lost_while_the_log_is_open_are_told_too(void **state)
{
    unsigned kept = 0, lost = 0, told = 0;

    (void)state;
    run(say_while_sending);
    assert_non_null(strstr(outcome->line[0], "first"));
    for (unsigned i = 0; i < outcome->lines; i++) {
        const char *at = strstr(outcome->line[i], "log: ");

        kept += strstr(outcome->line[i], "from an interrupt") != NULL;
        if (at && sscanf(at, "log: %u lines were lost", &lost) == 1)
            told++;
    }
    assert_int_equal(told, 1);
    assert_int_equal(kept + lost, TOO_MANY);
    assert_non_null(strstr(outcome->line[outcome->lines - 1], "last"));
}

static void one_more(void) { log_info("second, from the sink"); }

static void say_within(const void *argument)
{
    (void)argument;
    log_open("");
    when_sending = one_more;
    log_info("first");
    log_info("third");
}

static void a_line_from_within_a_sink_comes_next(void **state)
{
    (void)state;
    run(say_within);
    assert_int_equal(outcome->lines, 3);
    assert_non_null(strstr(outcome->line[0], "first"));
    assert_non_null(strstr(outcome->line[1], "second"));
    assert_non_null(strstr(outcome->line[2], "third"));
}

/* ---- ports that are full ---- */

static void say_to_a_full_port(const void *argument)
{
    (void)argument;
    log_open("");
    outcome->full = true;
    log_info("who may wait waits");
    interrupts_off = true;
    log_info("from an interrupt");
    if (outcome->lines != 1)
        _exit(4);
    outcome->full = false;
    log_drain();                                 /* as the port's own interrupt does */
    if (outcome->lines != 2)
        _exit(5);
    outcome->full = true;
    log_info("kept");
    log_panic_mode();
}

static void an_interrupt_does_not_wait_for_a_port(void **state)
{
    (void)state;
    run(say_to_a_full_port);
    assert_int_equal(outcome->lines, 3);
    assert_non_null(strstr(outcome->line[1], "from an interrupt"));
    assert_non_null(strstr(outcome->line[2], "kept"));
}

/* ---- while main runs ---- */

static bool for_ever(void) { return true; }

static void begin_later(void)
{
    log_open("");
    log_send_later();
    somebody_comes = true;
}

static void say_and_go_on(const void *argument)
{
    (void)argument;
    begin_later();
    log_info("one");
    log_info("two");
    if (outcome->lines || outcome->calls != 2)
        _exit(6);
    if (log_drain_while(for_ever) || outcome->lines != 2)
        _exit(7);
    log_info("three");
    log_text("> ", 2);                           /* the console does not wait for others, and what came before comes first */
    if (outcome->lines != 4)
        _exit(8);
    somebody_comes = false;
    log_info("nobody comes");
    somebody_comes = true;
    log_info("the end");
    log_end();
    log_info("behind it");
}

static void main_does_not_wait_for_its_lines(void **state)
{
    static const char *const tails[] = { "one", "two", "three", "{> ", "nobody comes", "the end", "behind it" };

    (void)state;
    run(say_and_go_on);
    assert_int_equal(outcome->lines, 7);
    for (unsigned i = 0; i < 7; i++)
        assert_string_equal(outcome->line[i] + strlen(outcome->line[i]) - strlen(tails[i]), tails[i]);
}

static bool once(void)
{
    static bool been;
    bool first = !been;

    been = true;
    return first;
}

static void say_to_somebody_with_little_time(const void *argument)
{
    (void)argument;
    begin_later();
    for (unsigned i = 0; i < 3; i++)
        log_info("number %u", i);
    if (!log_drain_while(once) || outcome->lines != 1)
        _exit(9);
    log_flush();
}

static void who_drains_may_stop_and_tells_what_is_left(void **state)
{
    (void)state;
    run(say_to_somebody_with_little_time);
    assert_int_equal(outcome->lines, 3);
}

static void say_more_than_there_is_room_for(const void *argument)
{
    (void)argument;
    begin_later();
    for (unsigned i = 0; i < TOO_MANY; i++)
        log_info("number %u of many lines", i);
    log_flush();
    interrupts_off = true;
    for (unsigned i = 0; i < TOO_MANY; i++)
        log_info("number %u that cannot wait", i);
    log_flush();
}

/* Where it can: with interrupts off lines are lost, and counted. */
static void who_says_too_much_waits_for_room(void **state)
{
    unsigned kept = 0, lost = 0;

    (void)state;
    run(say_more_than_there_is_room_for);
    for (unsigned i = 0; i < TOO_MANY; i++)
        assert_non_null(strstr(outcome->line[i], "of many lines"));
    for (unsigned i = TOO_MANY; i < outcome->lines; i++) {
        const char *told = strstr(outcome->line[i], "log: ");

        kept += strstr(outcome->line[i], "cannot wait") != NULL;
        if (told)
            assert_int_equal(sscanf(told, "log: %u lines were lost", &lost), 1);
    }
    assert_true(lost > 0);
    assert_int_equal(kept + lost, TOO_MANY);
}

static void say_now(const void *argument)
{
    (void)argument;
    log_use_now();
    begin_later();
    log_info("one");
    if (outcome->lines != 1 || outcome->calls)
        _exit(10);
}

static void with_now_a_line_is_out_when_its_call_returns(void **state)
{
    (void)state;
    run(say_now);
    assert_int_equal(outcome->lines, 1);
}

/* ---- lines that come again and again ---- */

enum { AGAIN = 1205 };

static void say_again_and_again(const void *argument)
{
    (void)argument;
    log_open("");
    for (unsigned i = 0; i < AGAIN; i++)
        log_warn("no link");
    log_warn("link");
    for (unsigned i = 0; i < 4; i++)
        log_warn("no link");                     /* few enough */
    log_info("no link");                         /* another level */
    for (unsigned i = 0; i < 6; i++)
        log_raw("row");
    for (unsigned i = 0; i < 6; i++)
        log_text("k", 1);                        /* a key that is held down at a prompt */
}

static void a_line_that_comes_again_is_told_by_its_number(void **state)
{
    (void)state;
    run(say_again_and_again);
    for (unsigned i = 0; i < 4; i++)
        assert_non_null(strstr(outcome->line[i], "warn  test: no link"));
    assert_non_null(strstr(outcome->line[4], "warn  log: the line above was repeated 1201 times"));
    assert_non_null(strstr(outcome->line[5], "test: link"));
    for (unsigned i = 6; i < 10; i++)
        assert_non_null(strstr(outcome->line[i], "warn  test: no link"));
    assert_non_null(strstr(outcome->line[10], "info  test: no link"));
    for (unsigned i = 11; i < 17; i++)
        expect(i, "row");
    for (unsigned i = 17; i < 23; i++)
        expect(i, "{k");
    assert_int_equal(outcome->lines, 23);
}

static void say_for_three_seconds(const void *argument)
{
    (void)argument;
    log_open("");
    for (unsigned i = 0; i <= 3000; i++, now_ns += 1000000)
        log_warn("no link");
}

static void a_long_repetition_is_told_once_a_second(void **state)
{
    (void)state;
    run(say_for_three_seconds);
    assert_in_range(outcome->lines, 4 + 2, 4 + 3);
    assert_non_null(strstr(outcome->line[5], "repeated 1000 times"));
}

/* ---- lines for programs ---- */

static void say_json(const void *argument)
{
    (void)argument;
    log_use_json();
    log_open("");
    this_cpu = 3;
    log_warn("say \"caf\xc3\xa9\" in C:\\ingot\r\n");
    log_raw("READY 1 cpu");
    log_error("%0255d", 0);
    for (unsigned i = 0; i < 64; i++)
        outcome->quotes[i] = '"';
    log_raw("%s%s%s%s", outcome->quotes, outcome->quotes, outcome->quotes, outcome->quotes);
}

static void json_lines_carry_the_same_facts(void **state)
{
    (void)state;
    run(say_json);
    expect(0, "{\"ns\":12345670,\"cpu\":3,\"level\":\"warn\",\"subsystem\":\"test\","
              "\"text\":\"say \\\"caf\xc3\xa9\\\" in C:\\\\ingot\\\\x0d\\\\x0a\"}");
    expect(1, "{\"ns\":12345670,\"cpu\":3,\"level\":\"raw\",\"subsystem\":\"\",\"text\":\"READY 1 cpu\"}");
    assert_non_null(strstr(outcome->line[2], "\"level\":\"error\""));
    assert_int_equal(strlen(strstr(outcome->line[3], "\"text\"")), 8 + 2 * (LOG_LINE_BYTES - 4) + 3 + 2);     /* 252 quotes, three dots */
}

/* ---- panics ---- */

static void panic_while_sending(void)
{
    log_panic_mode();
    log_raw("PANIC TEST: in the middle of a line");
    outcome->told_in_panic = outcome->lines;     /* nobody comes back from a panic to send the rest */
    _exit(0);
}

static void say_and_panic(const void *argument)
{
    (void)argument;
    for (unsigned i = 0; i < 5; i++)
        log_info("kept %u", i);
    when_sending = panic_while_sending;
    log_open("");
}

static void a_panic_gets_out_what_was_kept_even_while_a_line_is_sent(void **state)
{
    (void)state;
    run(say_and_panic);
    assert_int_equal(outcome->lines, 8);
    assert_int_equal(outcome->told_in_panic, 8);
    assert_true(outcome->at_once);
    expect(1, "");                               /* ends the line that may be cut, which then comes whole */
    for (unsigned i = 0; i < 5; i++) {
        char expected[16];

        snprintf(expected, sizeof(expected), "kept %u", i);
        assert_non_null(strstr(outcome->line[i + 2], expected));
    }
    assert_string_equal(outcome->line[0], outcome->line[2]);
    expect(7, "PANIC TEST: in the middle of a line");
}

static void fault_while_panicking(void)
{
    log_raw("PANIC TEST: once more");
    _exit(0);
}

static void panic_and_fault(const void *argument)
{
    (void)argument;
    log_info("kept");
    when_sending = fault_while_panicking;
    log_panic_mode();
}

static void a_fault_in_sending_does_not_send_the_same_line_for_ever(void **state)
{
    (void)state;
    run(panic_and_fault);
    assert_int_equal(outcome->lines, 2);
    assert_non_null(strstr(outcome->line[0], "kept"));
    expect(1, "PANIC TEST: once more");
}

/* ---- any bytes ---- */

enum { RANDOM_LINES = 20000 };

static void say_noise(const void *argument)
{
    uint64_t seed = 0x9e3779b97f4a7c15ull;
    char text[600];

    (void)argument;
    log_open("");
    for (unsigned i = 0; i < RANDOM_LINES; i++) {
        unsigned length = (unsigned)(seed >> 20) % (sizeof(text) - 1);

        for (unsigned at = 0; at <= length; at++) {
            seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
            text[at] = (char)(seed >> 30 & (i % 2 ? 0xff : 0x8f));
        }
        text[length] = 0;
        log_raw("%s", text);
        for (const char *c = outcome->line[(outcome->lines - 1) % LINES_MAX]; *c; c++)
            if ((unsigned char)*c < ' ' || *c == 0x7f)
                _exit(2);
    }
}

static void noise_stays_in_its_line(void **state)
{
    (void)state;
    run(say_noise);
    assert_int_equal(outcome->lines, RANDOM_LINES);
    assert_true(outcome->longest <= LOG_LINE_BYTES - 1);
    fault_seen("F5.lines", 'R', "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_has_time_cpu_level_and_subsystem),
        cmocka_unit_test(a_subsystems_level_decides_what_is_made),
        cmocka_unit_test(no_byte_can_steer_a_terminal),
        cmocka_unit_test(utf8_passes_and_what_only_looks_like_it_does_not),
        cmocka_unit_test(a_subsystem_with_a_long_name_does_no_harm),
        cmocka_unit_test(a_long_line_is_cut_and_shows_it),
        cmocka_unit_test(early_lines_come_in_order_behind_the_loaders_with_their_time),
        cmocka_unit_test(the_loaders_lines_are_not_told_twice),
        cmocka_unit_test(lost_lines_are_counted_and_told),
        cmocka_unit_test(lines_lost_while_the_log_is_open_are_told_too),
        cmocka_unit_test(a_line_from_within_a_sink_comes_next),
        cmocka_unit_test(an_interrupt_does_not_wait_for_a_port),
        cmocka_unit_test(main_does_not_wait_for_its_lines),
        cmocka_unit_test(who_drains_may_stop_and_tells_what_is_left),
        cmocka_unit_test(who_says_too_much_waits_for_room),
        cmocka_unit_test(with_now_a_line_is_out_when_its_call_returns),
        cmocka_unit_test(a_line_that_comes_again_is_told_by_its_number),
        cmocka_unit_test(a_long_repetition_is_told_once_a_second),
        cmocka_unit_test(json_lines_carry_the_same_facts),
        cmocka_unit_test(a_panic_gets_out_what_was_kept_even_while_a_line_is_sent),
        cmocka_unit_test(a_fault_in_sending_does_not_send_the_same_line_for_ever),
        cmocka_unit_test(a_line_takes_the_prompt_away_once),
        cmocka_unit_test(noise_stays_in_its_line),
    };

    outcome = model_shared(sizeof(*outcome));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
