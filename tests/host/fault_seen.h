/* Reports to the list of faults (tests/faults.toml) how a row ended, for tools/faults.py to judge: the letter of the outcome, and what was
 * said. Nothing, unless the environment's INGOT_FAULTS names a folder. */
#pragma once

#include <stdio.h>
#include <stdlib.h>

static inline void fault_seen(const char *row, char outcome, const char *text)
{
    const char *folder = getenv("INGOT_FAULTS");
    char path[512];
    FILE *file;

    if (!folder)
        return;
    snprintf(path, sizeof(path), "%s/%s", folder, row);
    file = fopen(path, "a");
    if (!file)
        abort();
    fprintf(file, "\f%c%s", outcome, text);
    fclose(file);
}
