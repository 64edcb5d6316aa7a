/* Self-tests on the target: each is one line of a table. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ingot/format.h>

enum verdict { OK, FAILED, ABSENT };

/* Writes what was measured, or what did not hold, into figures. */
enum { FIGURES_BYTES = 200 };
struct check {
    const char *name;
    enum verdict (*run)(char *figures);
};
extern const struct check timer_checks[], interrupt_checks[], line_checks[], memory_checks[], access_checks[], canary_checks[];
/* ... each ends with a NULL name */

#define SAY(verdict, ...) (format(figures, FIGURES_BYTES, __VA_ARGS__), (verdict))
#define MUST(condition) \
    do { \
        if (!(condition)) \
            return SAY(FAILED, "%s is not true (line %d)", #condition, __LINE__); \
    } while (0)

/* The same numbers at every run. */
uint32_t random_below(uint32_t limit);

/* Waits with interrupts on until *count is at least wanted; false after timeout_us. */
bool wait_for(const volatile uint32_t *count, uint32_t wanted, uint32_t timeout_us);

/* Sorts, and says: "min 1, median 2, 99 % 3, max 4 ns". */
const char *distribution(uint32_t *ns, uint32_t count, char *out, size_t bytes);

/* How many operations the stress tests make: operations= on the command line. */
extern uint64_t operations;
