#!/bin/sh
# new.sh FOLDER: makes an application that builds and runs, to be changed.
set -eu

folder=$1
ingot=$(cd "$(dirname "$0")/.." && pwd)
if [ -e "$folder" ] && [ -n "$(ls -A "$folder")" ]; then
    echo "new: $folder is there already, and is not empty" >&2
    exit 1
fi
mkdir -p "$folder/data"
cat >"$folder/main.c" <<'END'
#include <stdio.h>

#include <ingot/cpu.h>

int main(int argc, char **argv)
{
    char line[100];
    FILE *file = fopen("data/words.txt", "r");

    printf("%s: cpu %u of %u, %d words\n", argv[0], cpu_id(), cpu_count(), argc - 1);
    if (!file) {
        perror("data/words.txt");
        return 1;
    }
    while (fgets(line, sizeof(line), file))
        fputs(line, stdout);
    fclose(file);
    return 0;
}
END
echo 'Files in data/ are linked with the program.' >"$folder/data/words.txt"
cat >"$folder/app.mk" <<'END'
# The C library; without it a program has <ingot/*.h> only, and is smaller by a third. What else may stand here: apps/apps.mk of Ingot.
LIBC = 1
END
cat >"$folder/Makefile" <<END
# make run, make image, make usb DEV=/dev/sdX ...
include $ingot/apps/application.mk
END
echo "new: $folder is an application: make run APP=$folder, or make run in the folder"
