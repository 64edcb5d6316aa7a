/* All CPUs under stress: each check is one line of a table, with its counts. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <ingot/format.h>

enum { FIGURES_BYTES = 200, MANY_CPUS = 64 };    /* so many are noted one by one */

/* Writes what was counted into figures. What does not hold goes through EXPECT(). */
struct check {
    const char *name;
    void (*run)(char *figures);
};
extern const struct check job_checks[], together_checks[], interrupt_checks[], memory_checks[], time_checks[];    /* end with a NULL name */

#define SAY(...) format(figures, FIGURES_BYTES, __VA_ARGS__)

/* On any CPU, in any context. The first one is shown. */
#define EXPECT(condition) ((condition) ? (void)0 : not_so(#condition, __LINE__))
void not_so(const char *what, int line);

/* Marsaglia's generator, "Xorshift RNGs": the next number of whoever holds the state, which is not 0. */
uint64_t random_next(uint64_t *state);

/* How much is done: rounds= and operations= on the command line. */
extern uint64_t rounds, operations;
