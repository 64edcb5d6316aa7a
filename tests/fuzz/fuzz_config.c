/* ingot.cfg, from any bytes: what words come of it, and what is found among them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "efi/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes);

static void look_for(const struct words *words, const char *key)
{
    char value[40];
    uint32_t found = 0;

    for (const char *at = NULL; (at = words_next(words, key, at)) != NULL; found++)
        if (at <= words->text || at > words->text + words->length || memcmp(at - strlen(key), key, strlen(key)) != 0)
            abort();
    if (words_last(words, key, value, sizeof(value)) && (found == 0 || strlen(value) >= sizeof(value)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes)
{
    struct words *words = malloc(sizeof(*words));      /* ASan sees what is written behind it */
    uint8_t *file = malloc(bytes ? bytes : 1);
    unsigned quotes = 0;

    memcpy(file, input, bytes);
    words_clear(words);
    if (config_add_file(words, file, bytes) > bytes)
        abort();
    if (words->length >= CONFIG_WORDS_BYTES || strlen(words->text) != words->length)
        abort();
    for (uint32_t i = 0; i < words->length; i++) {
        quotes += words->text[i] == '"';
        if (words->text[i] == ' ' && words->text[i + 1] == ' ' && quotes % 2 == 0)
            abort();
    }
    look_for(words, "mode=");
    look_for(words, "serial=");
    look_for(words, "a");
    free(file);
    free(words);
    return 0;
}
