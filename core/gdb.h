/* GDB's remote protocol, the machine's side of it: bytes of the line in, bytes out. What they ask for is done by the functions at the end,
 * which core/debugger.c and the CPU folder provide: this part knows of no hardware. One caller at a time, any context.
 * Source: GDB manual, appendix "Remote Serial Protocol". */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GDB_PACKET_BYTES = 2048, GDB_REGISTER_BYTES = 16 };

enum gdb_signal {                        /* GDB manual, "Signals": its own numbers */
    GDB_SIGINT = 2, GDB_SIGILL = 4, GDB_SIGTRAP = 5, GDB_SIGABRT = 6, GDB_SIGFPE = 8, GDB_SIGBUS = 10, GDB_SIGSEGV = 11,
};

enum gdb_reason { GDB_OTHER, GDB_SOFTWARE_BREAK, GDB_HARDWARE_BREAK, GDB_WATCH, GDB_ACCESS };

/* Why the machine stands. */
struct gdb_stop {
    uint32_t cpu;
    uint8_t signal;                      /* enum gdb_signal */
    enum gdb_reason reason;
    uint64_t address;                    /* what was watched */
};

/* What is to be done after a byte. */
enum gdb_wish { GDB_STAY, GDB_GO, GDB_DETACH, GDB_KILL };

/* What a CPU does after GDB_GO. */
enum gdb_action { GDB_HOLD, GDB_RUN, GDB_STEP };

/* Forgets whoever was there: the next packet is a new gdb's. */
void gdb_forget(void);

/* A gdb is there: it has been heard since, and has not detached. */
bool gdb_is_attached(void);

/* The machine stands now. Tells gdb if it waits for that. */
void gdb_stopped(const struct gdb_stop *stop);

/* A byte while the machine stands; or the packet that gdb_hear() has kept. */
enum gdb_wish gdb_take(uint8_t byte);
enum gdb_wish gdb_take_kept(void);

/* After GDB_GO. *out_signal: gdb passes the signal of the stop on, so that it has its usual end. */
enum gdb_action gdb_action(uint32_t cpu, bool *out_signal);

/* A byte while the machine runs. True: gdb wants it to stand. What is not gdb's comes to give_back(), perhaps later: of "$qSupported", which
 * is the first that a gdb says, a part may be typed by a person. */
bool gdb_hear(uint8_t byte, void (*give_back)(uint8_t byte));

/* Text for gdb to show, as one packet: any time while one is attached and the machine runs, or in gdb_command(). Returns the packet's bytes,
 * which out must have room for: 2 a byte and 5. */
size_t gdb_text_packet(char *out, const char *text, size_t bytes);

/* ---- what the core provides: core/debugger.c ---- */

void gdb_send(const char *bytes, size_t count);

/* A command of `monitor`. It tells by gdb_say(). False: there is no such command. */
bool gdb_command(char *words);
void gdb_say(const char *pattern, ...) __attribute__((format(gnu_printf, 1, 2)));

uint32_t gdb_cpus(void);

/* Whether it stands, and its registers are known. */
bool gdb_cpu_stands(uint32_t cpu);

/* ---- what the CPU folder provides ---- */

/* Bytes of a register as gdb numbers them, at most GDB_REGISTER_BYTES; 0 behind the last. */
size_t arch_debug_register_bytes(unsigned number);

/* Of a CPU that stands. False: it is not known, or cannot be set. */
bool arch_debug_get(uint32_t cpu, unsigned number, uint8_t value[GDB_REGISTER_BYTES]);
bool arch_debug_set(uint32_t cpu, unsigned number, const uint8_t *value);

/* Memory, be it mapped or not: how many bytes could be read or written. One access where bytes is 2, 4 or 8 and the address a multiple. What
 * breakpoints have put into the code is not seen. */
size_t arch_debug_read(uint64_t address, uint8_t *to, size_t bytes);
size_t arch_debug_write(uint64_t address, const uint8_t *from, size_t bytes);

enum debug_point { POINT_SOFTWARE, POINT_HARDWARE, POINT_WRITE, POINT_READ, POINT_ACCESS };    /* as gdb numbers them in Z and z */

/* 0; ERR_UNSUPPORTED, ERR_FULL, ERR_FAULT, ERR_NOT_FOUND. Setting what is set, or the like, is no error. */
int arch_debug_set_point(enum debug_point kind, uint64_t address, uint64_t bytes, bool on);

/* XML documents for gdb. At most room bytes are put out, and their number is returned. */
size_t arch_debug_describe(char *out, size_t room);
size_t arch_debug_memory_map(char *out, size_t room);
