/* The prompt: lines are typed, edited and run as commands.
 *
 *     static int light(int argc, char **argv) { ...; return 0; }
 *     COMMAND(light, "on|off: switches the lamp", light);                  a name of words to complete may follow: see choice below
 *
 * announces a command, in any file of the application; prompt_run() finds them all. The text says how it is called, then what it does.
 * A command gets its words like main; it returns 0, or an error of <ingot/error.h> which the prompt then tells, or PROMPT_USAGE: then
 * its text is shown. It prints by facts() or console_print(), and looks at console_interrupted() when it may take long.
 *
 * CPU 0, not in interrupts. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { PROMPT_USAGE = 1 };

struct command {
    const char *name, *text;
    int (*run)(int argc, char **argv);
    const char *(*choice)(unsigned index);       /* words that its arguments may be, for completion; NULL past the last. May be NULL */
};

/* Announces a command; .choice = may follow. */
#define COMMAND(command_name, command_text, command_run, ...) \
    static const struct command command_##command_name __attribute__((used, aligned(8), section("commands"))) = \
        { .name = #command_name, .text = command_text, .run = command_run, __VA_ARGS__ }

/* An application that `run` of the monitor starts, in any file that is linked with it: a function that is called like main. */
struct runnable {
    const char *name, *text;
    int (*main)(int argc, char **argv);
};

/* Announces one. */
#define RUNNABLE(runnable_name, runnable_text, runnable_main) \
    static const struct runnable runnable_##runnable_name __attribute__((used, aligned(8), section("runnables"))) = \
        { #runnable_name, runnable_text, runnable_main }

/* What is wrong with the words, in a sentence up to 127 bytes that the prompt shows above the text of a command which returns PROMPT_USAGE.
 * Returns ERR_BAD_VALUE. What reads a word says so; the functions below do. */
int prompt_complain(const char *pattern, ...) __attribute__((format(gnu_printf, 1, 2)));

/* Runs what lines say until one says `exit`; returns its number (0). Always there: help, history, page, exit, repeat COUNT COMMAND, and
 * json COMMAND, for which commands tell what they found by <ingot/facts.h>. */
int prompt_run(void);

/* Runs one line: commands with ; between them, words with blanks between them, "quoted" where they hold such. Changes the line. Returns
 * what the last command returned, or ERR_NOT_FOUND when there is none of that name; *out_exit is set when it said exit. */
int prompt_run_line(char *line, bool *out_exit);

/* The number that a word stands for: as C writes numbers, with K, M, G and T behind them for powers of 1,024, and + - * / % & | ^ << >> ~ ( )
 * in C's order; names are functions of this program, and mean where they begin. 0 or ERR_BAD_VALUE. CPU 0, not in interrupts. */
int expression_value(const char *text, uint64_t *out_value);

/* Those names, in no order: the choice of a COMMAND that takes addresses. By index from 0 on, one after the other; NULL past the last. */
const char *expression_name(unsigned index);
