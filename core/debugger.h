/* Stopping the machine for gdb, which may be on any serial port, beside the log. Linked with GDB=1; asleep until somebody wants it: panic=debug,
 * debug=on or debug=wait on the command line, or gdb itself on a port that somebody reads. core/no_debugger.c stands in its place otherwise. */
#pragma once

#include <stdbool.h>

#include "core/gdb.h"

/* This CPU has come to a stop: all others are held, and gdb has its way until it lets this one go. Where another CPU has stopped already,
 * waits until that one goes on or tells of this stop. Interrupts off.
 * False: gdb passes the signal on; or this CPU stands already, and has stopped in what gdb wanted of it. */
bool debugger_stop(const struct gdb_stop *stop);

/* A panic has been told: under panic=debug, or while a gdb is there, gdb has its way until it lets the panic have its end. */
void debugger_panicked(void);

/* ---- what the CPU folder provides ---- */

/* The CPU that calls stands: takes its registers where they can be read and written; and gives them back. Interrupts off. */
void arch_debug_enter(void);
void arch_debug_leave(bool step);

/* Makes this CPU stop, in what it was interrupted in if this is an interrupt. Any context. */
void arch_debug_request(void);

/* The stop that a panic is. */
void arch_debug_panic_stop(struct gdb_stop *out_stop);

/* Takes all breakpoints and watchpoints out. */
void arch_debug_clear_points(void);
