#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conformance.h"

static void reading(void)
{
    char line[100];
    int number, result;
    FILE *file = fopen("data/list.txt", "r");

    if (!file) {
        SHOW("no data: %s", strerror(errno));
        return;
    }
    while (fgets(line, sizeof(line), file))
        SHOW("%s", strtok(line, "\n"));
    SHOW("%d %d", !!feof(file), !!ferror(file));
    rewind(file);
    result = fscanf(file, "%d", &number);
    SHOW("%d %d %ld", result, number, ftell(file));
    result = fseek(file, -4, SEEK_END);
    SHOW("%d %ld", result, ftell(file));
    SHOW("%d", fgetc(file));
    ungetc('u', file);
    SHOW("%d", fgetc(file));
    SHOW("%d", fputc('x', file));
    clearerr(file);
    fclose(file);
}

static void writing(void)
{
    char text[100] = "";
    size_t read;
    FILE *file = fopen("made.tmp", "w+");

    SHOW("%d %d", fprintf(file, "%d lines\n", 3), fputs("second\n", file) >= 0);
    SHOW("%zu", fwrite("0123456789", 1, 10, file));
    SHOW("%d", fseek(file, 2, SEEK_SET));
    SHOW("%zu", fwrite("LINES", 1, 5, file));
    rewind(file);
    read = fread(text, 1, sizeof(text) - 1, file);
    SHOW("%zu [%s]", read, text);
    SHOW("%d", fclose(file));
    file = fopen("made.tmp", "a");
    fputs("appended", file);
    fclose(file);
    file = fopen("made.tmp", "rb");
    fseek(file, 0, SEEK_END);
    SHOW("%ld", ftell(file));
    fclose(file);
    SHOW("%d", fopen("made.tmp", "wx") == NULL && errno == EEXIST);
    SHOW("%d", truncate("made.tmp", 5));
}

static void folders(void)
{
    struct stat about;
    struct dirent *entry;
    int seen = 0;
    DIR *folder;

    SHOW("%d", stat("made.tmp", &about));
    SHOW("%d %d", (int)about.st_size, S_ISREG(about.st_mode));
    SHOW("%d", rename("made.tmp", "moved.tmp"));
    SHOW("%d %d", access("made.tmp", F_OK), access("moved.tmp", R_OK | W_OK));
    SHOW("%d", mkdir("folder.tmp", 0777));
    SHOW("%d", mkdir("folder.tmp", 0777));
    SHOW("%d", rename("moved.tmp", "folder.tmp/file"));
    SHOW("%d", rmdir("folder.tmp") && errno == ENOTEMPTY);
    folder = opendir("folder.tmp");
    while ((entry = readdir(folder)))
        seen += entry->d_name[0] != '.' ? strcmp(entry->d_name, "file") == 0 : 10;
    SHOW("%d", seen);
    closedir(folder);
    SHOW("%d", chdir("folder.tmp"));
    SHOW("%d", access("../folder.tmp/./file", F_OK));
    SHOW("%d", chdir(".."));
    SHOW("%d", remove("folder.tmp/file"));
    SHOW("%d", remove("folder.tmp"));
    SHOW("%d", stat("folder.tmp", &about));
    SHOW("%d", fopen("no/such/file", "r") == NULL);
    SHOW("%s", strerror(errno));
}

static void buffers(void)
{
    char *text = NULL, buffer[64];
    size_t bytes = 0;
    FILE *file = open_memstream(&text, &bytes);

    fprintf(file, "%s %d", "memory", 7);
    fclose(file);
    SHOW("[%s] %zu", text, bytes);
    free(text);
    file = fmemopen(buffer, sizeof(buffer), "w+");
    fputs("in place", file);
    fclose(file);
    SHOW("[%s]", buffer);
    file = tmpfile();
    SHOW("%d", file != NULL);
    setvbuf(file, NULL, _IOFBF, 16);
    for (int i = 0; i < 100; i++)
        fprintf(file, "%d ", i);
    rewind(file);
    for (int i = 0, value; i < 100; i++)
        if (fscanf(file, "%d", &value) != 1 || value != i)
            SHOW("wrong at %d", i);
    fclose(file);
}

void list_files(void)
{
    reading();
    writing();
    folders();
    buffers();
}
