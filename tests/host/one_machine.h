/* What the core's allocators and locks stand on, for host tests: threads are CPUs, a panic is caught, log lines are kept.
 * Include once, in the test itself. */
#pragma once

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include <ingot/cpu.h>
#include <ingot/log.h>
#include <ingot/panic.h>

static _Thread_local uint32_t this_cpu;
static _Thread_local int interrupts_off_depth;

uint32_t cpu_id(void) { return this_cpu; }
uint64_t cpu_interrupts_off(void) { return (uint64_t)interrupts_off_depth++; }
void cpu_interrupts_restore(uint64_t flags) { interrupts_off_depth = (int)flags; }
void cpu_relax(void) { sched_yield(); }

/* ---- panics ---- */

static _Thread_local jmp_buf panic_exit;
static _Thread_local int panic_expected;
static char panic_words[512];

_Noreturn void panic_code(const char *code, const char *pattern, ...)
{
    va_list args;
    int used = snprintf(panic_words, sizeof panic_words, "%s: ", code);

    va_start(args, pattern);
    vsnprintf(panic_words + used, sizeof panic_words - (size_t)used, pattern, args);
    va_end(args);
    if (!panic_expected) {
        fprintf(stderr, "unexpected panic: %s\n", panic_words);
        abort();
    }
    longjmp(panic_exit, 1);
}

/* The statement must panic, with these words in the sentence. */
#define ASSERT_PANIC(statement, words) \
    do { \
        panic_words[0] = '\0'; \
        panic_expected = 1; \
        if (!setjmp(panic_exit)) { \
            statement; \
        } \
        panic_expected = 0; \
        interrupts_off_depth = 0; \
        if (!strstr(panic_words, words)) \
            fail_msg("panic says \"%s\", not \"%s\"", panic_words, words); \
    } while (0)

/* ---- log ---- */

static _Atomic unsigned log_lines;
static char log_last[LOG_LINE_BYTES];

void log_line(const struct log_subsystem *subsystem, enum log_level level, const char *pattern, ...)
{
    char line[LOG_LINE_BYTES];
    va_list args;

    (void)subsystem;
    (void)level;
    va_start(args, pattern);
    vsnprintf(line, sizeof line, pattern, args);
    va_end(args);
    if (this_cpu == 0)
        memcpy(log_last, line, sizeof line);
    log_lines++;
}

/* ---- memory: a pointer is an address, so the regions are mapped where they say they are ---- */

#ifdef __SANITIZE_THREAD__
enum { UNDER_TSAN = 1 };
#else
enum { UNDER_TSAN = 0 };
#endif
#define HIGH_BASE (UNDER_TSAN ? 0x2000000000ull : 0x200000000000ull)     /* where each sanitizer leaves room */

/* Reserved, not backed until it is touched. */
static inline void map_memory(uint64_t start, uint64_t bytes)
{
    void *wanted = (void *)(uintptr_t)start;

    if (mmap(wanted, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0) != wanted)
        fail_msg("cannot map %#llx bytes at %#llx", (unsigned long long)bytes, (unsigned long long)start);
}

static inline void unmap_memory(uint64_t start, uint64_t bytes) { munmap((void *)(uintptr_t)start, bytes); }

/* ---- chance, the same every time ---- */

static inline uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state * 0x2545f4914f6cdd1dull;
}
