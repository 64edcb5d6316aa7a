/* The command line: words of ingot.cfg, then words of the boot entry. `name=value` words whose names Ingot knows are options, the last of
 * a name holds; all other words are the application's, and so is everything behind a word `--`. Double quotes hold a word together
 * and are not part of it; the last one may be missing. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { ARGUMENTS_MAX = 64, COMMAND_LINE_BYTES = 2048 };

/* Splits text, which is copied. A word for which ARGUMENTS_MAX (with the name) or COMMAND_LINE_BYTES (with a NUL) leave no room is left
 * out, and so is one that would be cut: returns false then, and the log says so. Boot CPU, once. */
bool option_start(const char *text, const char *application_name);

/* The value of an option, or NULL when it was not given. Valid for ever. Any context. */
const char *option(const char *name);

/* The application's words: argv[0] is its name, argv[*out_count] is NULL. */
char **option_arguments(int *out_count);
