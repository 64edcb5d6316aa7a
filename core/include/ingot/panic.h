/* The end, when something is wrong with the program: no locks, no heap, no return. Any context, any CPU. */
#pragma once

/* Prints `PANIC code: sentence`, what the CPU was doing and where, then acts by the policy panic= of the command line.
 * code is one upper-case word for programs that read logs, such as "ASSERT". */
_Noreturn void panic_code(const char *code, const char *pattern, ...) __attribute__((format(gnu_printf, 2, 3), cold));

/* Prints `PANIC PROGRAM: sentence`, as panic_code() does. */
#define panic(...) panic_code("PROGRAM", __VA_ARGS__)

/* Holds in every build: what it guards is cheap to check and dear to miss. */
#define assert(condition) \
    do { \
        if (!(condition)) \
            panic_code("ASSERT", "%s is not true, in %s (%s:%d)", #condition, __func__, __FILE__, __LINE__); \
    } while (0)
