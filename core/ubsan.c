/* SAN=undefined: what gcc's checks for undefined behaviour call (-fsanitize=undefined), each with a description of the place and of the types
 * that lies in our data. One line a place:   ubsan: finding 1: shift: apps/x/main.c:12:5: 1 << 40: 'int' has 32 bits
 * Source of the interface: gcc 12, gcc/sanitizer.def and gcc/ubsan.cc; the names and structs are the compiler's. */
#define LOG_SUBSYSTEM ubsan
#include "core/finding.h"

#include <stdatomic.h>
#include <stdbool.h>

#include <ingot/format.h>
#include <ingot/panic.h>

LOG_SUBSYSTEM_DEFINE(ubsan);

struct place {
    const char *file;
    _Atomic uint32_t line;               /* SEEN: this place was told */
    uint32_t column;
};
#define SEEN (1u << 31)

struct type {
    uint16_t kind;                       /* enum kind */
    uint16_t info;                       /* integers: bit 0 signed, above it the power of two that its bits are */
    char name[];                         /* in quotes */
};
enum kind { KIND_INTEGER, KIND_FLOAT };

struct overflow     { struct place place; const struct type *type; };
struct shift        { struct place place; const struct type *value, *count; };
struct bounds       { struct place place; const struct type *array, *index; };
struct mismatch     { struct place place; const struct type *type; uint8_t log_alignment, access; };
struct nonnull_arg  { struct place place, attribute; int argument; };
struct builtin      { struct place place; uint8_t kind; };
struct only_a_place { struct place place; };

enum { VALUE_BYTES = 24 };               /* the longest is a number of 64 bits */

/* A handle is the value, or where it does not fit, its address. */
static const char *show(char text[VALUE_BYTES], const struct type *type, uintptr_t handle)
{
    unsigned bits = 1u << (type->info >> 1);

    if (type->kind != KIND_INTEGER || bits > 64)
        format(text, VALUE_BYTES, "a value");
    else if (type->info & 1)
        format(text, VALUE_BYTES, "%lld", (long long)((int64_t)(handle << (64 - bits)) >> (64 - bits)));
    else
        format(text, VALUE_BYTES, "%llu", (unsigned long long)handle);
    return text;
}

/* False when the place was told before. */
static bool is_new(struct place *place)
{
    if (!(atomic_fetch_or_explicit(&place->line, SEEN, memory_order_relaxed) & SEEN))
        return true;
    finding_count();
    return false;
}

#define tell(place, kind, pattern, ...) \
    do { \
        if (is_new(place)) \
            finding_tell(&LOG_NAME(LOG_SUBSYSTEM), "UBSAN", "%s: %s:%u:%u: " pattern, (kind), (place)->file, \
                         (unsigned)((place)->line & ~SEEN), (unsigned)(place)->column, __VA_ARGS__); \
    } while (0)

/* The compiler calls these without a declaration. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

static void overflow(struct overflow *at, uintptr_t left, uintptr_t right, const char *sign)
{
    char a[VALUE_BYTES], b[VALUE_BYTES];

    tell(&at->place, "overflow", "%s %s %s does not fit %s", show(a, at->type, left), sign, show(b, at->type, right), at->type->name);
}

void __ubsan_handle_add_overflow(struct overflow *at, uintptr_t left, uintptr_t right) { overflow(at, left, right, "+"); }
void __ubsan_handle_sub_overflow(struct overflow *at, uintptr_t left, uintptr_t right) { overflow(at, left, right, "-"); }
void __ubsan_handle_mul_overflow(struct overflow *at, uintptr_t left, uintptr_t right) { overflow(at, left, right, "*"); }

void __ubsan_handle_divrem_overflow(struct overflow *at, uintptr_t left, uintptr_t right)
{
    char a[VALUE_BYTES], b[VALUE_BYTES];

    tell(&at->place, "division", "%s / %s has no value in %s", show(a, at->type, left), show(b, at->type, right), at->type->name);
}

void __ubsan_handle_negate_overflow(struct overflow *at, uintptr_t value)
{
    char a[VALUE_BYTES];

    tell(&at->place, "overflow", "-(%s) does not fit %s", show(a, at->type, value), at->type->name);
}

void __ubsan_handle_shift_out_of_bounds(struct shift *at, uintptr_t value, uintptr_t count)
{
    char a[VALUE_BYTES], b[VALUE_BYTES];

    tell(&at->place, "shift", "%s shifted by %s: %s has %u bits", show(a, at->value, value), show(b, at->count, count), at->value->name,
         1u << (at->value->info >> 1));
}

void __ubsan_handle_out_of_bounds(struct bounds *at, uintptr_t index)
{
    char a[VALUE_BYTES];

    tell(&at->place, "index", "%s is outside of %s", show(a, at->index, index), at->array->name);
}

void __ubsan_handle_type_mismatch_v1(struct mismatch *at, uintptr_t address)
{
    static const char *const accesses[] = { "load of", "store to", "reference to", "member of", "call in", "construction of", "cast to", "cast to" };
    const char *access = at->access < sizeof(accesses) / sizeof(accesses[0]) ? accesses[at->access] : "access to";

    if (!address)
        tell(&at->place, "null", "%s %s by a null pointer", access, at->type->name);
    else if (address & ((1ull << at->log_alignment) - 1))
        tell(&at->place, "alignment", "%s %s at %#lx, which is not a multiple of %u", access, at->type->name, (unsigned long)address,
             1u << at->log_alignment);
    else
        tell(&at->place, "object", "%s %s at %#lx, where there is too little room for it", access, at->type->name, (unsigned long)address);
}

void __ubsan_handle_pointer_overflow(struct only_a_place *at, uintptr_t from, uintptr_t result)
{
    tell(&at->place, "pointer", "%#lx becomes %#lx: around the end of memory", (unsigned long)from, (unsigned long)result);
}

void __ubsan_handle_load_invalid_value(struct overflow *at, uintptr_t value)
{
    char a[VALUE_BYTES];

    tell(&at->place, "value", "%s is none of %s", show(a, at->type, value), at->type->name);
}

void __ubsan_handle_vla_bound_not_positive(struct overflow *at, uintptr_t bound)
{
    char a[VALUE_BYTES];

    tell(&at->place, "array", "of %s elements", show(a, at->type, bound));
}

void __ubsan_handle_nonnull_arg(struct nonnull_arg *at)
{
    tell(&at->place, "null", "argument %d must not be", at->argument);
}

void __ubsan_handle_nonnull_return_v1(struct only_a_place *at, struct place *place)
{
    (void)at;
    tell(place, "null", "%s", "returned where it must not be");
}

void __ubsan_handle_invalid_builtin(struct builtin *at)
{
    tell(&at->place, "builtin", "%s of 0 has no value", at->kind ? "clz" : "ctz");
}

/* There is no code behind this. */
_Noreturn void __ubsan_handle_builtin_unreachable(struct only_a_place *at)
{
    panic_code("UBSAN", "unreachable: %s:%u was reached", at->place.file, (unsigned)(at->place.line & ~SEEN));
}
