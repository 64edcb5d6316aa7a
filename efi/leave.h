/* What may be said and done when the firmware has been asked to leave and things go wrong: no call but ResetSystem. */
#pragma once

#include "efi/loader.h"

/* A red bar on the primary display, if there is one; then time to read the PANIC line, and a reset. Never returns. */
_Noreturn void leave_panicked(struct loader *loader);
