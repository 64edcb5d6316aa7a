/* The prompt, from any bytes that a terminal may send: keys, lines, commands, expressions. Behind the input somebody types Ctrl-C and `exit`
 * until the prompt ends. What commands there are is the core's own, and one for each way of answering. */
#include <stdint.h>
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

enum { KEYS_MAX = 100000 };

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes);

static const uint8_t *typed;
static size_t left, keys;
static uint64_t now_ns;

/* Every other time nothing has come, as on a line. A prompt that does not end is a finding. */
int serial_read(void)
{
    static const char last[] = "\3\rexit\r\3\r\rexit\r";
    static size_t looks;

    if (looks++ % 2)
        return -1;
    if (left) {
        left--;
        return *typed++;
    }
    if (++keys > KEYS_MAX)
        abort();
    return last[keys % (sizeof(last) - 1)];
}

uint64_t time_ns(void) { return now_ns; }
uint32_t cpu_id(void) { return 0; }
bool serial_listen(void) { return false; }

void cpu_sleep_until_set(uint64_t deadline_ns, const _Atomic bool *wake)
{
    if (!*wake && deadline_ns > now_ns)
        now_ns = deadline_ns < now_ns + 1000000 ? deadline_ns : now_ns + 1000000;
}

static void start_nothing(void) { }
INPUT_DRIVER(nothing, start_nothing);

/* All of it is text that a terminal takes. */
void log_text(const char *text, size_t bytes)
{
    if (memchr(text, 0, bytes))
        abort();
}

void next_run_tell(const char *line, size_t bytes) { (void)line, (void)bytes; }
void log_flush(void) { }
void log_at_prompt(void) { }
void log_left_prompt(void) { }
bool log_took_prompt(void) { return false; }

_Noreturn void panic_code(const char *code, const char *pattern, ...)
{
    (void)code, (void)pattern;
    abort();
}

bool symbol_address(const char *name, uintptr_t *out_address)
{
    *out_address = 0x2000000;
    return !strcmp(name, "main");
}

const char *symbol_function(unsigned index)
{
    static const char *const names[] = { "main", "main", "mask", NULL };

    return names[index];
}

static int show_value(int argc, char **argv)
{
    uint64_t value;

    if (argc != 2 || expression_value(argv[1], &value))
        return PROMPT_USAGE;
    facts("value %llu signed %lld wide %#018llx", (unsigned long long)value, (long long)value, (unsigned long long)value);
    return 0;
}
COMMAND(value, "EXPRESSION: its value", show_value);

static int show_words(int argc, char **argv)
{
    facts_begin("words %d", argc);
    facts_list("word");
    for (int i = 1; i < argc; i++)
        facts("text %s", argv[i]);
    facts_end();
    facts_end();
    console_print("%s\n", argc > 1 ? argv[1] : "none");
    return argc > 3 ? ERR_TIMEOUT : 0;
}

static const char *colour(unsigned index)
{
    static const char *const names[] = { "green", "grey", "red", NULL };

    return names[index];
}
COMMAND(words, "[WORD...]: shows them", show_words, colour);

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes)
{
    typed = input;
    left = bytes;
    keys = 0;
    console_set_page(0);
    prompt_run();
    return 0;
}
