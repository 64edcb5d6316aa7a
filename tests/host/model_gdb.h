/* A machine for core/gdb.c: four CPUs, a little memory, points that are only counted. What it sends is looked at, and kept. */
#pragma once

#include "core/gdb.h"

enum { MODEL_CPUS = 4, MODEL_REGISTERS = 75, MODEL_BYTES = 4096, MODEL_SENT = 8192 };
static const uint64_t MODEL_BASE = 0x10000;

extern uint8_t model_memory[MODEL_BYTES];
extern uint8_t model_register[MODEL_CPUS][MODEL_REGISTERS][GDB_REGISTER_BYTES];
extern bool model_away[MODEL_CPUS];          /* does not stand */
extern char model_sent[MODEL_SENT + 1];      /* since model_forget() */
extern size_t model_sent_bytes;
extern int model_points;                     /* set, less those taken away */
extern char model_typed[64];                 /* what gdb_hear() gave back */

/* As it was at the start, nobody attached. */
void model_reset(void);
void model_forget(void);
void model_give_back(uint8_t byte);

/* Sends it as a packet, with its sum, byte by byte. Returns the last wish. */
enum gdb_wish model_packet(const char *text, size_t bytes);

/* What was sent is acknowledgements, and whole packets with the right sum and no more than a packet's bytes. */
bool model_sent_well(void);
