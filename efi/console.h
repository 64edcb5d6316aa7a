/* What the loader says. One line a fact, to the log that the core receives (HANDOFF_LOADER_LOG) and to the proved serial ports.
 * The screen is left alone as long as all goes well: the firmware's text output costs millions of instructions a line.
 * Boot CPU, any time from console_open() on; after ExitBootServices too, refuse() excepted. */
#pragma once

#include "efi/firmware.h"

enum { CONSOLE_LOG_BYTES = 8192 };

/* Empties the log; refusals go to the log and the serial ports alone, until console_screen() names a system table that has been
 * looked at. It may have no ConOut (no screen, no console at all). */
void console_open(void);
void console_screen(EFI_SYSTEM_TABLE *system);

/* Adds "efi: ", the message and a new-line. */
void say(const char *pattern, ...) __attribute__((format(gnu_printf, 1, 2)));

/* The same, to the firmware's console too: what people must see, for it takes a quarter of a second. Before ExitBootServices is first
 * called. */
void announce(const char *pattern, ...) __attribute__((format(gnu_printf, 1, 2), cold));

/* `REFUSED code: sentence` to the log, to the serial ports and to the firmware's console. Returns status, which must be an error;
 * a warning or success would tell the firmware that all is well, so EFI_LOAD_ERROR stands in for it.
 * Before ExitBootServices is first called. */
EFI_STATUS refuse(EFI_STATUS status, const char *code, const char *pattern, ...) __attribute__((format(gnu_printf, 3, 4), cold));

/* `PANIC code: sentence` to the log and the serial ports: the firmware may not be asked for anything any more. */
void console_panic(const char *code, const char *pattern, ...) __attribute__((format(gnu_printf, 2, 3), cold));

/* The log so far: lines ended by \n, then a NUL that out_bytes does not count. Lines that found no room are missing at its end. */
const char *console_log(uint64_t *out_bytes);
