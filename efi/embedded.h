/* The core's ELF file as it lies in the loader's own image (core_file.S), so that one signature covers both. Aligned to 16 bytes. */
#pragma once

#include <stdint.h>

const void *embedded_core(uint64_t *out_bytes);

/* [start, end) of the loader's own instructions, whole pages: the switch to our page tables runs there. */
void embedded_text(uint64_t *out_start, uint64_t *out_end);
