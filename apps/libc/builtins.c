/* What gcc calls by itself where an instruction is missing. Its own library (libgcc) is built to keep values below the stack pointer, where
 * interrupts write. */
#include <complex.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>

/* ---- complex numbers: C17, annex G.5.1: an infinite operand makes the result infinite, whatever the other part is ---- */

#define INFINITE_TO_ONE(x, copysign) copysign(isinf(x) ? 1 : 0, x)
#define NAN_TO_ZERO(x, copysign) (isnan(x) ? copysign(0, x) : (x))

#define COMPLEX_MULTIPLY(name, type, copysign) \
    type complex name(type a, type b, type c, type d); \
    type complex name(type a, type b, type c, type d) \
    { \
        type ac = a * c, bd = b * d, ad = a * d, bc = b * c, x = ac - bd, y = ad + bc; \
        int again = 0; \
        if (!isnan(x) || !isnan(y)) \
            return CMPLX_OF(type, x, y); \
        if (isinf(a) || isinf(b)) { \
            a = INFINITE_TO_ONE(a, copysign), b = INFINITE_TO_ONE(b, copysign); \
            c = NAN_TO_ZERO(c, copysign), d = NAN_TO_ZERO(d, copysign); \
            again = 1; \
        } \
        if (isinf(c) || isinf(d)) { \
            c = INFINITE_TO_ONE(c, copysign), d = INFINITE_TO_ONE(d, copysign); \
            a = NAN_TO_ZERO(a, copysign), b = NAN_TO_ZERO(b, copysign); \
            again = 1; \
        } \
        if (!again && (isinf(ac) || isinf(bd) || isinf(ad) || isinf(bc))) { \
            a = NAN_TO_ZERO(a, copysign), b = NAN_TO_ZERO(b, copysign); \
            c = NAN_TO_ZERO(c, copysign), d = NAN_TO_ZERO(d, copysign); \
            again = 1; \
        } \
        if (again) \
            x = (type)INFINITY * (a * c - b * d), y = (type)INFINITY * (a * d + b * c); \
        return CMPLX_OF(type, x, y); \
    }

#define COMPLEX_DIVIDE(name, type, copysign, fmax, logb, scalbn) \
    type complex name(type a, type b, type c, type d); \
    type complex name(type a, type b, type c, type d) \
    { \
        type power = logb(fmax(fabsl(c), fabsl(d))), divisor, x, y; \
        int by = 0; \
        if (isfinite(power)) { \
            by = (int)power; \
            c = scalbn(c, -by), d = scalbn(d, -by); \
        } \
        divisor = c * c + d * d; \
        x = scalbn((a * c + b * d) / divisor, -by); \
        y = scalbn((b * c - a * d) / divisor, -by); \
        if (!isnan(x) || !isnan(y)) \
            return CMPLX_OF(type, x, y); \
        if (divisor == 0 && (!isnan(a) || !isnan(b))) { \
            x = copysign((type)INFINITY, c) * a, y = copysign((type)INFINITY, c) * b; \
        } else if ((isinf(a) || isinf(b)) && isfinite(c) && isfinite(d)) { \
            a = INFINITE_TO_ONE(a, copysign), b = INFINITE_TO_ONE(b, copysign); \
            x = (type)INFINITY * (a * c + b * d), y = (type)INFINITY * (b * c - a * d); \
        } else if (isinf(power) && power > 0 && isfinite(a) && isfinite(b)) { \
            c = INFINITE_TO_ONE(c, copysign), d = INFINITE_TO_ONE(d, copysign); \
            x = 0 * (a * c + b * d), y = 0 * (b * c - a * d); \
        } \
        return CMPLX_OF(type, x, y); \
    }

#define CMPLX_OF(type, x, y) ((union { type complex z; type part[2]; }){ .part = { x, y } }.z)

COMPLEX_MULTIPLY(__mulsc3, float, copysignf)
COMPLEX_MULTIPLY(__muldc3, double, copysign)
COMPLEX_MULTIPLY(__mulxc3, long double, copysignl)
COMPLEX_DIVIDE(__divsc3, float, copysignf, fmaxf, logbf, scalbnf)
COMPLEX_DIVIDE(__divdc3, double, copysign, fmax, logb, scalbn)
COMPLEX_DIVIDE(__divxc3, long double, copysignl, fmaxl, logbl, scalbnl)

/* ---- integers of 128 bits ---- */

typedef unsigned __int128 wide;
typedef __int128 signed_wide;

wide __udivmodti4(wide a, wide b, wide *out_rest);
wide __udivti3(wide a, wide b);
wide __umodti3(wide a, wide b);
signed_wide __divti3(signed_wide a, signed_wide b);
signed_wide __modti3(signed_wide a, signed_wide b);

static unsigned width(wide value)
{
    uint64_t high = (uint64_t)(value >> 64), low = (uint64_t)value;

    return high ? 128 - (unsigned)__builtin_clzll(high) : low ? 64 - (unsigned)__builtin_clzll(low) : 0;
}

/* Bit by bit, from where both are as long. Division by 0 ends as it does for shorter integers: in #DE. */
wide __udivmodti4(wide a, wide b, wide *out_rest)
{
    wide quotient = 0;

    if (b == 0)
        __asm__ volatile("divq %0" :: "r"(0ull), "a"(0), "d"(0));
    if (a >= b)
        for (int bit = (int)(width(a) - width(b)); bit >= 0; bit--)
            if (a >= b << bit) {
                a -= b << bit;
                quotient |= (wide)1 << bit;
            }
    if (out_rest)
        *out_rest = a;
    return quotient;
}

wide __udivti3(wide a, wide b) { return __udivmodti4(a, b, NULL); }

wide __umodti3(wide a, wide b)
{
    wide rest;

    __udivmodti4(a, b, &rest);
    return rest;
}

static wide size_of(signed_wide value) { return value < 0 ? -(wide)value : (wide)value; }

signed_wide __divti3(signed_wide a, signed_wide b)
{
    wide quotient = __udivti3(size_of(a), size_of(b));

    return (signed_wide)((a < 0) != (b < 0) ? -quotient : quotient);
}

signed_wide __modti3(signed_wide a, signed_wide b)
{
    wide rest = __umodti3(size_of(a), size_of(b));

    return (signed_wide)(a < 0 ? -rest : rest);
}

/* ---- bits: without -mpopcnt there is no instruction for it ---- */

int __popcountdi2(uint64_t value);
int __popcountdi2(uint64_t value)
{
    value -= value >> 1 & 0x5555555555555555;
    value = (value & 0x3333333333333333) + (value >> 2 & 0x3333333333333333);
    value = (value + (value >> 4)) & 0x0f0f0f0f0f0f0f0f;
    return (int)(value * 0x0101010101010101 >> 56);
}

/* ---- powers with whole exponents, which -ffast-math makes of pow() ---- */

#define POWER(name, type) \
    type name(type base, int exponent); \
    type name(type base, int exponent) \
    { \
        unsigned left = exponent < 0 ? -(unsigned)exponent : (unsigned)exponent; \
        type result = 1; \
        for (; left; left >>= 1, base *= base) \
            if (left & 1) \
                result *= base; \
        return exponent < 0 ? 1 / result : result; \
    }
POWER(__powisf2, float)
POWER(__powidf2, double)
POWER(__powixf2, long double)
