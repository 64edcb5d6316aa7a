/* The prompt's inside, for the core's own files. */
#pragma once

/* Runs a command by its words, of which there is at least one; as prompt_run_line(). */
int prompt_run_words(int argc, char **argv);

/* For completion: the name of command number index, or NULL. */
const char *prompt_command_name(unsigned index);
