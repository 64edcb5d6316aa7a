/* The prompt: lines are typed, edited and run as commands.
 *
 *     static int light(int argc, char **argv) { ...; return 0; }
 *     COMMAND(light, "on|off: switches the lamp", light);
 *
 * announces a command, in any file of the application; prompt_run() finds them all. The text says how it is called, then what it does.
 * A command gets its words like main; it returns 0, or an error of <ingot/error.h> which the prompt then tells, or PROMPT_USAGE: then
 * its text is shown. It prints by console_print(), and looks at console_interrupted() when it may take long.
 *
 * CPU 0, not in interrupts. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { PROMPT_USAGE = 1 };

struct command {
    const char *name, *text;
    int (*run)(int argc, char **argv);
};

#define COMMAND(command_name, command_text, command_run) \
    static const struct command command_##command_name __attribute__((used, aligned(8), section("commands"))) = \
        { #command_name, command_text, command_run }

/* Runs what lines say until one says `exit`; returns its number (0). Always there: help, history, page, exit, and repeat COUNT COMMAND. */
int prompt_run(void);

/* Runs one line: commands with ; between them, words with blanks between them, "quoted" where they hold such. Changes the line. Returns
 * what the last command returned, or ERR_NOT_FOUND when there is none of that name; *out_exit is set when it said exit. */
int prompt_run_line(char *line, bool *out_exit);

/* The number that a word stands for: as C writes numbers, with K, M, G and T behind them for powers of 1,024, and + - * / % & | ^ << >> ~ ( )
 * in C's order; names are functions and variables of this program where it knows them. 0 or ERR_BAD_VALUE. Any context. */
int expression_value(const char *text, uint64_t *out_value);
