/* Any file as the core: it is refused, or placed within the memory that its headers name. ASan sees a byte read beyond the file, or written beyond
 * the image. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "efi/elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PAGE = 4096, PLACED_BYTES_MAX = 4 << 20 };        /* what is larger is verified, and not placed: memory is not what is tested */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct elf_target x86_64 = { 62, 8 };
    struct elf_image image;
    uint8_t *file = malloc(size ? size : 1);             /* aligned to 8, as the loader has it */

    memcpy(file, data, size);
    if (elf_verify(file, size, &x86_64, &image) == ELF_OK) {
        uint64_t bytes = image.end - image.start;

        if (image.start % PAGE || image.end % PAGE || image.entry < image.start || image.entry >= image.end)
            abort();
        if (bytes <= PLACED_BYTES_MAX) {
            uint8_t *base = aligned_alloc(PAGE, bytes);

            elf_place(file, &image, base);
            free(base);
        }
    }
    free(file);
    return 0;
}
