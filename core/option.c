#include "core/option.h"

#include <ingot/string.h>

static const char *const known[] = { "exit", "panic", "log", "mode", "serial", "core" };
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

bool option_start(const char *text, const char *application_name)
{
    static char name[32];
    bool whole = strlcpy(words, text, sizeof(words)) < sizeof(words), ours = true;
    char *at = words;

    strlcpy(name, application_name, sizeof(name));
    argument_count = 0;
    memset(values, 0, sizeof(values));
    add_argument(name);
    for (;;) {
        while (is_space(*at))
            at++;
        if (!*at)
            break;

        char *word = next_word(&at);

        if (ours && !strcmp(word, "--"))
            ours = false;
        else if (!ours || !take_option(word))
            whole &= add_argument(word);
    }
    arguments[argument_count] = NULL;
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
