/* zlib's own tests, which are three programs: example, infcover, and minigzip, which packs a file and unpacks it again.
 *
 *     make run APP=apps/zlib */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Their main functions become three others. */
#define main example_main
#include "test/example.c"
#undef main
#define main infcover_main
#include "test/infcover.c"
#undef main
#undef local
#define main minigzip_main
#include "test/minigzip.c"
#undef main

enum { TEXT_BYTES = 100000 };

static char written[TEXT_BYTES], read_back[TEXT_BYTES];

static void need(int holds, const char *what)
{
    if (!holds) {
        printf("zlib: %s: FAILED\n", what);
        exit(1);
    }
}

/* As `make test` of zlib does it with pipes: a file is packed, unpacked, and must be what it was. */
static void pack_and_unpack(void)
{
    char *pack[] = { "minigzip", "-9", "text", NULL }, *unpack[] = { "minigzip", "-d", "text.gz", NULL };
    FILE *file = fopen("text", "wb");

    for (int i = 0; i < TEXT_BYTES; i++)
        written[i] = (char)("hello world\n"[i % 12] + i / 12 % 7 % 3);
    need(file && fwrite(written, 1, TEXT_BYTES, file) == TEXT_BYTES && !fclose(file), "a file is written");
    need(!minigzip_main(3, pack) && !fopen("text", "rb"), "minigzip packs it");
    file = fopen("text.gz", "rb");
    need(file && !fseek(file, 0, SEEK_END), "there is the packed file");
    printf("zlib: %d bytes packed into %ld\n", TEXT_BYTES, ftell(file));
    fclose(file);
    need(!minigzip_main(3, unpack) && (file = fopen("text", "rb")), "minigzip unpacks it");
    need(fread(read_back, 1, TEXT_BYTES, file) == TEXT_BYTES && fgetc(file) == EOF && !memcmp(written, read_back, TEXT_BYTES),
         "it is what it was");
    fclose(file);
}

int main(void)
{
    char *example[] = { "example", NULL };

    need(!example_main(1, example), "example");
    puts("zlib: example passed");
    need(!infcover_main(), "infcover");
    puts("zlib: infcover passed");
    pack_and_unpack();
    puts("zlib: minigzip passed");
    return 0;
}
