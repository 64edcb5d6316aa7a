/* The prompt with the console's keys, as a program: what comes on standard input is typed, what it shows goes to standard output. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "core/symbols.h"

#include <ingot/console.h>
#include <ingot/cpu.h>
#include <ingot/error.h>
#include <ingot/facts.h>
#include <ingot/last_run.h>
#include <ingot/log.h>
#include <ingot/panic.h>
#include <ingot/prompt.h>
#include <ingot/serial.h>
#include <ingot/time.h>

static uint64_t now_ns;

/* Every other time nothing has come, as on a line: who looks while he works takes one key. At the end nothing comes for a while first. */
int serial_read(void)
{
    static unsigned looks, left = 1000;
    int byte = looks++ % 2 ? -1 : getchar();

    if (feof(stdin) && left-- == 0)
        exit(fflush(stdout));
    return byte;
}

uint64_t time_ns(void) { return now_ns; }
uint32_t cpu_id(void) { return 0; }
bool serial_listen(void) { return false; }

void cpu_sleep_until_set(uint64_t deadline_ns, const _Atomic bool *wake)
{
    if (!*wake)
        now_ns = deadline_ns;
}

static void start_nothing(void) { }
INPUT_DRIVER(nothing, start_nothing);

void log_text(const char *text, size_t bytes) { fwrite(text, 1, bytes, stdout); }
void log_flush(void) { }
void next_run_tell(const char *line, size_t bytes) { printf("[kept] %.*s\n", (int)bytes, line); }
void log_at_prompt(void) { }
void log_left_prompt(void) { }
bool log_took_prompt(void) { return false; }

_Noreturn void panic_code(const char *code, const char *pattern, ...)
{
    fprintf(stderr, "PANIC %s: %s\n", code, pattern);
    abort();
}

/* Two functions are known. */
bool symbol_address(const char *name, uintptr_t *out_address)
{
    *out_address = !strcmp(name, "main") ? 0x2000000 : 0x2000100;
    return !strcmp(name, "main") || !strcmp(name, "show_value.part.0");
}

const char *symbol_function(unsigned index)
{
    static const char *const names[] = { "main", "main", "mask", "show_value.part.0", NULL };

    return names[index];
}

static int show_value(int argc, char **argv)
{
    uint64_t value;

    if (argc != 2 || expression_value(argv[1], &value))
        return PROMPT_USAGE;
    facts("value %llu hexadecimal %#llx wide %#018llx signed %lld", (unsigned long long)value, (unsigned long long)value,
          (unsigned long long)value, (long long)value);
    return 0;
}
COMMAND(value, "EXPRESSION: its value", show_value, expression_name);

/* A row with a text, for the next run too, up to so many bytes. */
static int keep_rows(int argc, char **argv)
{
    uint64_t bytes;

    if (argc < 3 || expression_value(argv[1], &bytes))
        return PROMPT_USAGE;
    facts_tell_next_run(bytes);
    facts_json_begin();
    facts_list("rows");
    for (int i = 2; i < argc; i++)
        facts("text %s one %u two %u three %u four %u five %u six %u seven %u eight %u nine %u ten %u eleven %u twelve %u", argv[i],
              1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
    facts_end();
    facts_json_end(0);
    facts_tell_next_run(0);
    return 0;
}
COMMAND(keep, "BYTES TEXT...: rows for the next run", keep_rows);

/* Words as they came, in hexadecimal, so that nothing between here and the reader changes them. */
static int show_words(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        console_print("[");
        for (const char *at = argv[i]; *at; at++)
            console_print("%02x", (unsigned char)*at);
        console_print("]");
    }
    console_print("\n");
    return 0;
}
COMMAND(words, "[WORD...]: shows them", show_words);
COMMAND(echo, "[WORD...]: the same; with it, e and Tab are not `exit`", show_words);

/* Looks so often whether it is to end. */
static int toil(int argc, char **argv)
{
    uint64_t looks, i = 0;

    if (argc != 2 || expression_value(argv[1], &looks))
        return PROMPT_USAGE;
    while (i < looks && !console_interrupted())
        i++;
    console_print("toiled %s\n", i == looks ? "to the end" : "a while");
    return 0;
}
COMMAND(toil, "LOOKS: looks so often whether it is to end", toil);

/* Bytes from hexadecimal digits, so that any string can be asked for. */
static int show_fact(int argc, char **argv)
{
    char text[200];
    size_t bytes = argc == 2 ? strlen(argv[1]) / 2 : sizeof(text);

    if (bytes >= sizeof(text))
        return PROMPT_USAGE;
    for (size_t i = 0; i < bytes; i++)
        sscanf(argv[1] + 2 * i, "%2hhx", (unsigned char *)text + i);
    text[bytes] = 0;
    facts_begin("fact %s nothing %s yes %hhu no %hhu", text, (const char *)NULL, true, false);
    facts_list("inner");
    facts("row_number %u minus %d", 1, -1);
    facts("row_number %u", 2);
    facts_end();
    facts_list("empty");
    facts_end();
    facts_end();
    return 0;
}
COMMAND(fact, "HEXADECIMAL: a row with this string", show_fact);

static const char *colour(unsigned index)
{
    static const char *const names[] = { "green", "grey", "red", NULL };

    return names[index];
}

static int fail(int argc, char **argv)
{
    (void)argv;
    return argc > 1 ? ERR_TIMEOUT : PROMPT_USAGE;
}
COMMAND(tint, "COLOUR: always too late", fail, colour);

int main(void) { return prompt_run(); }
