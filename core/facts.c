#include <ingot/facts.h>

#include "core/console.h"
#include "core/log.h"
#include "core/prompt.h"

#include <ingot/console.h>
#include <ingot/format.h>
#include <ingot/last_run.h>
#include <ingot/log.h>
#include <ingot/panic.h>
#include <ingot/prompt.h>
#include <ingot/string.h>
#include <ingot/utf8.h>

enum { DEPTH_MAX = 16, OUT_BYTES = 512, NUMBER_BYTES = 40, TEXT_BYTES = 256, KEPT_BYTES = 336, KEPT_FULL = 160 };

static bool json;
static char closing[DEPTH_MAX];          /* what ends each that is open: } a row, ] a list */
static unsigned depth, rows;             /* open ones, and how many of them are rows */
static bool first;                       /* nothing stands in the innermost one yet */

static char out[OUT_BYTES];
static unsigned out_bytes;

static void send(void)
{
    out[out_bytes] = 0;
    if (!json) {
        console_print("%s", out);
    } else {
        log_text(out, out_bytes);
        log_flush();
    }
    out_bytes = 0;
}

/* ---- what the next run is told as well ---- */

static size_t room;                      /* bytes that it may still be told */
static char kept[KEPT_BYTES];
static unsigned kept_bytes;
static bool in_string, behind_backslash;

static void tell_kept(void)
{
    static const char cut[] = "... the rest had no room here ...";

    if (kept_bytes && room >= kept_bytes) {
        next_run_tell(kept, kept_bytes);
        room -= kept_bytes;
    } else if (kept_bytes && room) {
        next_run_tell(cut, sizeof(cut) - 1);
        room = 0;
    }
    kept_bytes = 0;
}

/* A row is broken where JSON allows it: behind a comma that is in no string. */
static void keep(char character)
{
    if (character == '\n')
        return tell_kept();
    in_string ^= character == '"' && !behind_backslash;
    behind_backslash = character == '\\' && !behind_backslash;
    kept[kept_bytes++] = character;
    if (kept_bytes == KEPT_BYTES || (kept_bytes > KEPT_FULL && character == ',' && !in_string))
        tell_kept();
}

void facts_tell_next_run(size_t bytes)
{
    tell_kept();
    room = bytes;
    in_string = behind_backslash = false;
}

static void put(char character)
{
    if (json && room)
        keep(character);
    if (character == '\n' && json)
        out[out_bytes++] = '\r';
    out[out_bytes++] = character;
    if (character == '\n' || out_bytes >= OUT_BYTES - 3)
        send();
}

static void put_text(const char *text)
{
    while (*text)
        put(*text++);
}

/* \uXXXX, two of them for what lies above U+FFFF (RFC 8259, "Strings"). */
static void put_escaped(uint32_t character)
{
    char escaped[16];

    if (character > 0xffff)
        format(escaped, sizeof(escaped), "\\u%04x\\u%04x", 0xd800 + ((character - 0x10000) >> 10), 0xdc00 + (character & 0x3ff));
    else
        format(escaped, sizeof(escaped), "\\u%04x", character);
    put_text(escaped);
}

static void put_character(uint32_t character, const char *bytes, size_t count)
{
    bool plain = character >= ' ' && (character < 0x7f || (character >= 0xa0 && character != UTF8_REPLACEMENT));

    if (json && (!plain || character >= 0x7f)) {
        put_escaped(character);
    } else if (!plain) {
        put('.');
    } else {
        if (json && (character == '"' || character == '\\'))
            put('\\');
        while (count--)
            put(*bytes++);
    }
}

static void put_string(const char *text)
{
    size_t left = strlen(text), taken;
    uint32_t character;

    if (json)
        put('"');
    for (; left; text += taken, left -= taken) {
        taken = utf8_decode(text, left, &character);
        put_character(character, text, taken);
    }
    if (json)
        put('"');
}

static void separate(const char *for_people)
{
    if (!first)
        put_text(json ? "," : for_people);
    first = false;
}

static void put_name(const char *name, size_t bytes)
{
    if (json)
        put('"');
    while (bytes--) {
        put(*name == '_' && !json ? ' ' : *name);
        name++;
    }
    put_text(json ? "\":" : "");
}

/* One conversion: up to behind it. */
struct conversion {
    char kind;
    bool is_long, is_flag;
    unsigned width;
};

static const char *read_conversion(const char *at, struct conversion *c)
{
    *c = (struct conversion){ 0 };
    for (at++; *at == '#' || (*at >= '0' && *at <= '9'); at++)
        c->width = *at == '#' ? 0 : c->width * 10 + (unsigned)(*at - '0');
    for (; *at == 'l' || *at == 'h'; at++)
        *(*at == 'l' ? &c->is_long : &c->is_flag) = true;
    c->kind = *at;
    return at + 1;
}

/* Of a hexadecimal number the width counts its 0x, which 0 has too. */
static void put_number(const struct conversion *c, uint64_t value)
{
    char text[NUMBER_BYTES];

    if (c->kind == 'x' && !json)
        format(text, sizeof(text), "0x%0*llx", c->width > 2 ? (int)c->width - 2 : 1, (unsigned long long)value);
    else
        format(text, sizeof(text), c->kind == 'd' ? "%lld" : "%llu", (unsigned long long)value);
    put_text(text);
}

/* Returns whether it stands there. */
static bool put_fact(const char *name, size_t name_bytes, const struct conversion *c, const char *text, uint64_t value, unsigned number)
{
    if (!json && ((c->kind == 's' && !text) || (c->is_flag && !value)))
        return false;
    separate(number == 1 ? ": " : ", ");
    put_name(name, name_bytes);
    if (!json && !c->is_flag)
        put(' ');
    if (c->is_flag)
        put_text(!json ? "" : value ? "true" : "false");
    else if (c->kind != 's')
        put_number(c, value);
    else if (text)
        put_string(text);
    else
        put_text("null");
    return true;
}

static void put_facts(const char *pattern, va_list args)
{
    struct conversion c;

    for (unsigned number = 0; *pattern;) {
        size_t bytes = (size_t)(strchr(pattern, '%') - pattern);
        const char *name = pattern, *text = NULL;
        uint64_t value = 0;

        pattern = read_conversion(pattern + bytes, &c);
        if (c.kind == 's')
            text = va_arg(args, const char *);
        else if (c.is_long)
            value = va_arg(args, unsigned long long);
        else if (c.kind == 'd')
            value = (uint64_t)va_arg(args, int);
        else
            value = va_arg(args, unsigned);
        number += put_fact(name, bytes - 1, &c, text, value, number);
        pattern += *pattern == ' ';
    }
}

static void enter(char end)
{
    assert(depth < DEPTH_MAX);
    closing[depth++] = end;
    rows += end == '}';
    first = true;
}

static void begin(const char *pattern, va_list args)
{
    if (json) {
        separate("");
        put('{');
    } else {
        for (unsigned i = 0; i < rows * 2; i++)
            put(' ');
    }
    enter('}');
    put_facts(pattern, args);
    if (!json)
        put('\n');
}

void facts_list(const char *name)
{
    if (json) {
        separate("");
        put_string(name);
        put_text(":[\n");
    }
    enter(']');
}

/* What was printed as text while facts are JSON, up to the end of its line. */
static char text_line[TEXT_BYTES];
static unsigned text_bytes;

static void end_text(void)
{
    text_line[text_bytes] = 0;
    text_bytes = 0;
    facts("text %s", text_line);
}

void facts_end(void)
{
    char end;

    if (depth == 2 && text_bytes)
        end_text();                      /* a command's output ends within a line */
    end = closing[--depth];
    rows -= end == '}';
    first = false;
    if (!json)
        return;
    put(end);
    if (end == '}')
        put('\n');
}

void facts_begin(const char *pattern, ...)
{
    va_list args;

    va_start(args, pattern);
    begin(pattern, args);
    va_end(args);
}

void facts(const char *pattern, ...)
{
    va_list args;

    va_start(args, pattern);
    begin(pattern, args);
    va_end(args);
    facts_end();
}

/* ---- JSON ---- */

static void take_text(const char *text)
{
    for (; *text; text++)
        if (*text == '\n')
            end_text();
        else if (text_bytes < TEXT_BYTES - 1)
            text_line[text_bytes++] = *text;
}

void facts_json_begin(void)
{
    json = true;
    console_redirect(take_text);
    put('{');
    enter('}');
}

void facts_json_end(int result)
{
    static const struct conversion number = { .kind = 'd' };

    put_fact("result", 6, &number, NULL, (uint64_t)result, 0);
    facts_end();
    console_redirect(NULL);
    json = false;
}

static int run_as_json(int argc, char **argv)
{
    int result;

    if (argc < 2)
        return PROMPT_USAGE;
    if (json)
        return prompt_run_words(argc - 1, argv + 1);
    facts_json_begin();
    facts_list(argv[1]);
    result = prompt_run_words(argc - 1, argv + 1);
    facts_end();
    facts_json_end(result);
    return 0;
}
COMMAND(json, "COMMAND [WORD...]: what a command prints, as JSON", run_as_json, prompt_command_name);
