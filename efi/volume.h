/* Files on the volume that the loader came from. Before ExitBootServices is first called. */
#pragma once

#include "efi/firmware.h"

struct loader;

enum { CONFIG_FILE_BYTES_MAX = 4096 };
#define VOLUME_FILE_BYTES_MAX (64ull << 20) /* no core is larger */

/* What volume_read_config() has read. */
const void *volume_config(uint64_t *out_bytes);

/* Reads all of the file at path (UTF-8 of ASCII letters, backslashes) into memory of its own (the loader's ledger: *out_base).
 * Returns EFI_SUCCESS, or an error after refuse() has named the path, the offset and the status. */
EFI_STATUS volume_read_file(struct loader *loader, const char *path, uint64_t *out_base, uint64_t *out_bytes);

/* Closes what is open, for a firmware that goes on without us. */
void volume_close(struct loader *loader);
