/* What the monitor's commands share. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define ULL(value) ((unsigned long long)(value))

/* The number of a CPU that there is: 0 or ERR_BAD_VALUE. */
int read_cpu(const char *word, uint32_t *out_cpu);

/* WIDTH is 1, 2, 4 or 8 bytes, up to max. */
int read_width(const char *word, unsigned max, unsigned *out_bytes);

/* A number up to max. */
int read_number(const char *word, uint64_t max, uint64_t *out_value);

/* The address of something of so many bytes, of which it is a multiple. */
int read_multiple(const char *word, unsigned bytes, uint64_t *out_address);

/* Runs run(argument) in an interrupt of a CPU, or just so on this one. Both must hold for ever, as a CPU may be late.
 * 0; ERR_TIMEOUT: it has not answered within 100 ms; ERR_BUSY: it has not answered an earlier question yet. */
int run_on(uint32_t cpu, void (*run)(void *argument), void *argument);

/* What the CPU that runs can do, as words with blanks between. */
void cpu_features(char *out, uint32_t bytes);

/* A number that tells kinds of CPUs apart, with those that look alike the same. */
int cpu_signature(uint32_t cpu, uint32_t *out_signature);

/* The first CPU of each kind that the machine has: number index. False past the last. */
bool cpu_of_kind(unsigned index, uint32_t *out_cpu);
