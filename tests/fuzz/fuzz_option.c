/* The command line's words, from any text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/option.h"

#include <ingot/log.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes);

void log_line(const struct log_subsystem *subsystem, enum log_level level, const char *pattern, ...)
{
    (void)subsystem, (void)level, (void)pattern;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes)
{
    static const char *const name[] = { "exit", "panic", "log", "mode", "serial", "core", "other" };
    char *text = malloc(bytes + 1), **words;
    size_t total = 0;
    int count;

    memcpy(text, input, bytes);
    text[bytes] = 0;
    option_start(text, "fuzz");
    free(text);                                  /* the words are copies */
    words = option_arguments(&count);
    if (count < 1 || count > ARGUMENTS_MAX || words[count] || strcmp(words[0], "fuzz"))
        abort();
    for (int i = 1; i < count; i++)
        total += strlen(words[i]) + 1;
    for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++)
        total += option(name[i]) ? strlen(option(name[i])) : 0;
    if (total > COMMAND_LINE_BYTES || option("other"))
        abort();
    return 0;
}
