#include "efi/embedded.h"

#include <stddef.h>

#include "core/handoff.h"

extern const uint8_t embedded_core_start[], embedded_core_end[];    /* core_file.S */
extern const uint8_t loader_text_start[], loader_text_end[];        /* link.ld */

const void *embedded_core(uint64_t *out_bytes)
{
    *out_bytes = (uint64_t)(embedded_core_end - embedded_core_start);
    return embedded_core_start;
}

void embedded_text(uint64_t *out_start, uint64_t *out_end)
{
    *out_start = (uint64_t)(uintptr_t)loader_text_start;
    *out_end = ((uint64_t)(uintptr_t)loader_text_end + HANDOFF_PAGE_BYTES - 1) & -(uint64_t)HANDOFF_PAGE_BYTES;
}
