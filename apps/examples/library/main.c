/* A library: zlib packs a text and unpacks it again. The four lines of app.mk bring it in; its sources come from Debian, as they are.
 *
 *     make run APP=apps/examples/library
 *
 * What you will see:
 *
 *     zlib 1.2.13
 *     3700 bytes packed into 71
 *     unpacked: 3700 bytes, the same, checksum 708f1cc6
 *
 * Another library: a file like apps/zlib/zlib.mk, which names the package, its checksum and the sources. */
#include <stdio.h>
#include <string.h>
#include <zlib.h>

enum { LINES = 100, TEXT_BYTES = 4096 };

int main(void)
{
    static unsigned char text[TEXT_BYTES], packed[TEXT_BYTES], unpacked[TEXT_BYTES];
    uLong bytes = 0;
    uLongf packed_bytes = TEXT_BYTES, unpacked_bytes = TEXT_BYTES;

    printf("zlib %s\n", zlibVersion());
    for (int i = 0; i < LINES; i++)
        bytes += (uLong)sprintf((char *)text + bytes, "All work and no play makes Jack dull\n");
    if (compress(packed, &packed_bytes, text, bytes) != Z_OK || uncompress(unpacked, &unpacked_bytes, packed, packed_bytes) != Z_OK)
        return 1;
    printf("%lu bytes packed into %lu\n", bytes, packed_bytes);
    printf("unpacked: %lu bytes, %s, checksum %08lx\n", unpacked_bytes, memcmp(text, unpacked, bytes) ? "not the same" : "the same",
           crc32(0, unpacked, (uInt)unpacked_bytes));
    return 0;
}
