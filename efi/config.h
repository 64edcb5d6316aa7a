/* The command line: words from \ingot\ingot.cfg and, behind them, words from the firmware's LoadOptions. Pure; nothing is
 * trusted.
 *
 * ingot.cfg is UTF-8 text, with or without a byte order mark, lines ended by LF or CRLF. `#` starts a comment to the end of the
 * line. A line that is not text is left out, and counted.
 *
 * LoadOptions are UTF-16 by specification ("EFI_LOADED_IMAGE_PROTOCOL", UEFI 2.10, 9.1). In the field they also have a byte order
 * mark, an odd length, no NUL, 8-bit text, or are the whole EFI_LOAD_OPTION that the boot manager keeps (Dell). The UEFI Shell
 * puts the program's own name first; it is dropped. What is none of these is ignored, and told. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { CONFIG_WORDS_BYTES = 2048, CONFIG_OPTIONS_MAX = 4096, CONFIG_PATH_MAX = 1024, CONFIG_NAME_BYTES = 64 };

struct words {
    uint32_t length;
    bool cut;                               /* a word found no room: it and all behind it are missing */
    char text[CONFIG_WORDS_BYTES];          /* words with one space between them, NUL-ended; in double quotes spaces are kept */
};

enum config_options {
    CONFIG_OPTIONS_NONE,                    /* there were none */
    CONFIG_OPTIONS_TEXT,
    CONFIG_OPTIONS_WHOLE,                   /* an EFI_LOAD_OPTION; its optional data were used */
    CONFIG_OPTIONS_RUBBISH,                 /* not text: ignored */
};

void words_clear(struct words *words);

/* Adds the words of a file's content. Returns the number of lines that were left out. */
uint32_t config_add_file(struct words *words, const void *content, uint64_t bytes);

/* The name of the file that a device path ends in, without folders and without .efi, to to (bytes > 0; empty if there is none).
 * Only CONFIG_PATH_MAX bytes of the path are looked at, which may be NULL. */
void config_file_name(const void *path, char *to, uint32_t bytes);

/* Adds the words of LoadOptions; only the first CONFIG_OPTIONS_MAX bytes are looked at. options may be NULL. own_name is the
 * loader's file name: the UEFI Shell passes what was typed, with folders and .efi or without. */
enum config_options config_add_options(struct words *words, const void *options, uint64_t bytes, const char *own_name);

/* The text behind key (such as "mode=") in the next word that starts with it: the first one for after = NULL, else the one behind
 * the value that an earlier call returned. It ends at a space or the NUL. NULL when there is no more; behind
 * a word -- all words are the application's. */
const char *words_next(const struct words *words, const char *key, const char *after);

/* The value of the last word that starts with key, copied to to. False when there is none, or it does not fit. */
bool words_last(const struct words *words, const char *key, char *to, uint32_t bytes);
