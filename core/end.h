/* How a run ends, for the core's own files. */
#pragma once

#include <ingot/end.h>

enum { EXIT_STATUS_PANIC = 120, EXIT_STATUS_MAX = 100 };

/* After a panic: acts by panic= (halt, reset, poweroff, debug); under exit=qemu the emulator ends with EXIT_STATUS_PANIC. */
_Noreturn void end_panic(void);
