/* Writes the handoff block. After ExitBootServices: the map is final, and nothing can fail any more. */
#pragma once

#include "efi/loader.h"

/* Makes the core's map from the firmware's last one, and says what had to be put right. */
void handoff_make_map(struct loader *loader);

/* Writes all other records behind it, the log so far among them, and the checksum. Returns the finished block. */
const struct handoff *handoff_finish(struct loader *loader);
