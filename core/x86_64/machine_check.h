/* Errors that the hardware reports of itself.
 * Source: Intel SDM vol. 3B, "Machine-Check Architecture". */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Lets errors come as exceptions instead of as a shutdown. On each CPU. */
void machine_check_start(void);

/* What the banks hold, in one sentence. In the exception's handler. */
void machine_check_words(char *out, size_t bytes);

/* Why an NMI came, as far as the chipset's port 0x61 says. Any context. */
const char *nmi_reason(void);
