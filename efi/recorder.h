/* The flight recorder (core/handoff.h): what the loader says and which stages it ends, in memory that outlives a reset. Boot CPU. */
#pragma once

#include "efi/firmware.h"

struct loader;

/* Takes the recorder's memory at one of the addresses that it always has, reads what the last run left there (loader->last_run) and
 * begins this run's. What was said so far is written too. Without memory there is no recorder, which is said. EFI_SUCCESS.
 * Before ExitBootServices is first called. */
EFI_STATUS recorder_open(struct loader *loader);

/* These do nothing while there is no recorder. Any time. */
void recorder_write(const char *text, uint64_t bytes);       /* a line, without its new-line */
void recorder_stage(uint32_t stage);                         /* enum handoff_stage: it has ended */
void recorder_end(uint32_t end);                             /* enum recorder_end */

/* Its memory is not ours any more. */
void recorder_close(void);
