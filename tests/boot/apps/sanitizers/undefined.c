/* Undefined behaviour of every kind that C's compiler can look for at run time. */
#include "planted.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static volatile int result;
static volatile uintptr_t address;
static int table[4];

struct pair {
    int first, second;
};

static void add(void) { result = INT_MAX - zero + one; }
static void subtract(void) { result = INT_MIN + zero - one; }
static void multiply(void) { result = (INT_MAX - zero) * (one + one); }
static void negate(void) { result = -(INT_MIN + zero); }
static void quotient(void) { result = (INT_MIN + zero) / minus_one; }
static void shift_far(void) { result = one << forty; }
static void shift_back(void) { result = one >> minus_one; }
static void index_past(void) { result = table[forty / 10]; }

static void misaligned(void)
{
    char *bytes = (char *)table;

    result = *(int *)(void *)(bytes + one);
}

static void around(void)
{
    char *end = (char *)(uintptr_t)(UINTPTR_MAX - 8);

    address = (uintptr_t)(end + forty);
}

static void neither_true_nor_false(void)
{
    char byte = (char)forty;

    result = *(bool *)&byte;
}

static void no_elements(void)
{
    int none[minus_one + zero];

    address = (uintptr_t)none;
}

static void no_bit(void) { result = __builtin_clz((unsigned)zero); }

__attribute__((nonnull, noinline)) static void take(const int *pointer) { address = (uintptr_t)pointer; }
__attribute__((returns_nonnull, noinline)) static int *give(void) { return (int *)(uintptr_t)zero; }

static void null_given(void) { take((int *)(uintptr_t)zero); }
static void null_returned(void) { address = (uintptr_t)give(); }

static void member_of_null(void)
{
    struct pair *null = (void *)(uintptr_t)zero;

    address = (uintptr_t)&null->second;
}

static void unreachable(void)
{
    if (zero == 0)
        __builtin_unreachable();
}

const struct planted undefined_bugs[] = {
    { "add", add },
    { "subtract", subtract },
    { "multiply", multiply },
    { "negate", negate },
    { "shift-far", shift_far },
    { "shift-back", shift_back },
    { "index-past", index_past },
    { "misaligned", misaligned },
    { "around", around },
    { "neither-true-nor-false", neither_true_nor_false },
    { "no-elements", no_elements },
    { "no-bit", no_bit },
    { "null-given", null_given },
    { "null-returned", null_returned },
    { "member-of-null", member_of_null },
    { NULL, NULL },
};

/* What cannot go on: the processor traps, or there is no code behind it. */
const struct planted last_bugs[] = {
    { "quotient", quotient },
    { "unreachable", unreachable },
    { NULL, NULL },
};
