/* log= of the command line: which lines are made at all, and in which form they go out. */
#include "core/log.h"

#include <ingot/error.h>
#define LOG_SUBSYSTEM log
#include <ingot/log.h>
#include <ingot/string.h>

extern struct log_subsystem log_subsystems_start[], log_subsystems_end[];    /* link.ld */

enum { NAME_BYTES = 16 };

static int level_of(const char *name)
{
    static const char names[][6] = { "none", "error", "warn", "info", "debug" };

    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (!strcmp(names[i], name))
            return (int)i;
    return ERR_BAD_VALUE;
}

/* Sets one subsystem, or all for "". */
static int set(const char *subsystem, int level)
{
    int result = ERR_NOT_FOUND;

    for (struct log_subsystem *each = log_subsystems_start; level >= 0 && each < log_subsystems_end; each++)
        if (*subsystem == 0 || !strcmp(each->name, subsystem)) {
            each->level = (uint8_t)level;
            result = 0;
        }
    return level < 0 ? level : result;
}

const struct log_subsystem *log_subsystem(unsigned index)
{
    return index < (size_t)(log_subsystems_end - log_subsystems_start) ? log_subsystems_start + index : NULL;
}

int log_set_level(const char *word)
{
    const char *colon = strchr(word, ':');
    char name[NAME_BYTES] = "";

    if (!colon)
        return set("", level_of(word));
    if ((size_t)(colon - word) >= sizeof(name))
        return ERR_NOT_FOUND;
    memcpy(name, word, (size_t)(colon - word));
    return *name ? set(name, level_of(colon + 1)) : ERR_NOT_FOUND;
}

/* "json", "now", or as above. */
static int set_by_word(const char *word)
{
    if (!strcmp(word, "json"))
        log_use_json();
    else if (!strcmp(word, "now"))
        log_use_now();
    else
        return log_set_level(word);
    return 0;
}

void log_set_levels(const char *text)
{
    while (text && *text) {
        const char *comma = strchr(text, ',');
        size_t bytes = comma ? (size_t)(comma - text) + 1 : strlen(text) + 1;
        char word[2 * NAME_BYTES];

        strlcpy(word, text, bytes < sizeof(word) ? bytes : sizeof(word));
        if (set_by_word(word))
            log_warn("log=%s: levels are none error warn info debug, alone or behind SUBSYSTEM:; json; now", text);
        text += comma ? bytes : bytes - 1;
    }
}
