#include "core/option.h"

#define LOG_SUBSYSTEM option
#include <ingot/log.h>
#include <ingot/string.h>

LOG_SUBSYSTEM_DEFINE(option);

static const char known[][9] = { "exit", "panic", "log", "mode", "serial", "flow", "core", "timer", "cpus", "keyboard", "debug", "san" };
enum { KNOWN = sizeof(known) / sizeof(known[0]) };

static char words[COMMAND_LINE_BYTES];
static const char *values[KNOWN];
static char *arguments[ARGUMENTS_MAX + 1];
static int argument_count;

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Keeps the word as an option when its name is known. */
static bool take_option(char *word)
{
    for (unsigned i = 0; i < KNOWN; i++) {
        size_t length = strlen(known[i]);

        if (strncmp(word, known[i], length) || word[length] != '=')
            continue;
        values[i] = word + length + 1;
        return true;
    }
    return false;
}

/* Ends the word at *at with a NUL and moves *at behind it. Double quotes hold a word together and are not part of it. */
static char *next_word(char **at)
{
    char *from = *at, *word, *to;
    bool quoted = false;

    while (is_space(*from))
        from++;
    for (word = to = from; *from && (quoted || !is_space(*from)); from++) {
        if (*from == '"')
            quoted = !quoted;
        else
            *to++ = *from;
    }
    *at = *from ? from + 1 : from;
    *to = 0;
    return word;
}

static bool add_argument(char *word)
{
    if (argument_count == ARGUMENTS_MAX)
        return false;
    arguments[argument_count++] = word;
    return true;
}

/* False when there was no room for a word. */
static bool take_words(char *text, bool text_is_cut)
{
    bool ours = true, whole = !text_is_cut;
    char *at = text;

    for (;;) {
        while (is_space(*at))
            at++;
        if (!*at)
            return whole;

        char *word = next_word(&at);

        if (text_is_cut && !*at)
            return false;              /* half a word would mean something that nobody wrote */
        if (ours && !strcmp(word, "--"))
            ours = false;
        else if (!ours || !take_option(word))
            whole &= add_argument(word);
    }
}

bool option_start(const char *text, const char *application_name)
{
    static char name[32];
    bool whole;

    strlcpy(name, application_name, sizeof(name));
    argument_count = 0;
    memset(values, 0, sizeof(values));
    add_argument(name);
    whole = take_words(words, strlcpy(words, text, sizeof(words)) >= sizeof(words));
    arguments[argument_count] = NULL;
    if (!whole)
        log_warn("the command line has more than %u words or %u bytes: the rest is left out", ARGUMENTS_MAX - 1, COMMAND_LINE_BYTES - 1);
    return whole;
}

const char *option(const char *name)
{
    for (unsigned i = 0; i < KNOWN; i++)
        if (!strcmp(known[i], name))
            return values[i];
    return NULL;
}

char **option_arguments(int *out_count)
{
    *out_count = argument_count;
    return arguments;
}
