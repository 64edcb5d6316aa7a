/* printf's formatting into a buffer. A pattern is taken apart into struct spec; each conversion then makes one field of it. */
#include <ingot/format.h>

#include "core/digits.h"

#include <ingot/error.h>
#include <ingot/string.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

enum { DIGITS_MAX = 64, BITS = 64 };

enum spec_flag { FLAG_LEFT = 1, FLAG_PLUS = 2, FLAG_SPACE = 4, FLAG_ALTERNATE = 8, FLAG_ZERO = 16 };

struct spec {
    unsigned flags;              /* enum spec_flag */
    int width, precision;        /* precision: -1 if the pattern names none */
    size_t bytes;                /* of an integer argument; 0 if the pattern names no length */
    char conversion;
};

struct sink {
    char *to;
    size_t room;                 /* characters that fit, the NUL not counted */
    size_t length;               /* characters so far, those that did not fit counted */
};

const char digit_pairs[200] =
    "0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"
    "5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";

struct arguments { va_list list; };    /* a va_list may be an array: only inside a struct does its address have one type */

/* By hand: most texts are a few characters. */
static void put_text(struct sink *sink, const char *text, size_t bytes)
{
    size_t fits = sink->length < sink->room ? sink->room - sink->length : 0;
    char *to = sink->to + sink->length, *end = to + (bytes < fits ? bytes : fits);

    sink->length += bytes;
    while (to < end)
        *to++ = *text++;
}

static void put_repeated(struct sink *sink, char character, long count)
{
    if (count <= 0)
        return;
    if (sink->length < sink->room) {
        size_t fits = sink->room - sink->length;

        memset(sink->to + sink->length, character, (size_t)count < fits ? (size_t)count : fits);
    }
    sink->length += (size_t)count;
}

/* One field: padding, prefix, zeros and text, where the padding goes left or right, or becomes zeros. */
static void put_field(struct sink *sink, const struct spec *spec, const char *prefix, long zeros, const char *text, size_t bytes)
{
    size_t prefix_bytes = strlen(prefix);
    long padding = spec->width - (long)(prefix_bytes + bytes) - zeros;

    if (padding <= 0 && zeros == 0 && prefix_bytes == 0) {    /* most fields are no more than their text */
        put_text(sink, text, bytes);
        return;
    }
    if ((spec->flags & (FLAG_ZERO | FLAG_LEFT)) == FLAG_ZERO && padding > 0) {
        zeros += padding;
        padding = 0;
    }
    if (!(spec->flags & FLAG_LEFT))
        put_repeated(sink, ' ', padding);
    put_text(sink, prefix, prefix_bytes);
    put_repeated(sink, '0', zeros);
    put_text(sink, text, bytes);
    if (spec->flags & FLAG_LEFT)
        put_repeated(sink, ' ', padding);
}

/* ---- integers ---- */

/* Writes the digits so that they end at end; returns where they start. 0 has none. */
static char *digits_decimal(char *end, unsigned long long value)
{
    for (; value >= 10; value /= 100) {
        *--end = digit_pairs[value % 100 * 2 + 1];
        *--end = digit_pairs[value % 100 * 2];
    }
    if (value)
        *--end = (char)('0' + value);
    return end;
}

static char *digits_shifted(char *end, unsigned long long value, unsigned bits, const char *alphabet)
{
    for (; value; value >>= bits)
        *--end = alphabet[value & ((1u << bits) - 1)];
    return end;
}

static char *digits_of(char conversion, char *end, unsigned long long value)
{
    if (conversion == 'd' || conversion == 'i' || conversion == 'u')
        return digits_decimal(end, value);
    return digits_shifted(end, value, conversion == 'b' ? 1 : conversion == 'o' ? 3 : 4,
                          conversion == 'X' ? "0123456789ABCDEF" : "0123456789abcdef");
}

/* What stands before the digits for #: nothing for 0, but %p always says what it is. */
static const char *base_prefix(const struct spec *spec, unsigned long long value)
{
    if (spec->conversion == 'p')
        return "0x";
    if (!(spec->flags & FLAG_ALTERNATE) || value == 0)
        return "";
    switch (spec->conversion) {
    case 'x': return "0x";
    case 'X': return "0X";
    case 'b': return "0b";
    default:  return "";
    }
}

static const char *sign_prefix(const struct spec *spec, bool negative)
{
    if (negative)
        return "-";
    return spec->flags & FLAG_PLUS ? "+" : spec->flags & FLAG_SPACE ? " " : "";
}

static void put_integer(struct sink *sink, struct spec *spec, const char *prefix, unsigned long long value)
{
    char digits[DIGITS_MAX], *end = digits + sizeof(digits);
    char *start = digits_of(spec->conversion, end, value);
    long count = end - start, least = 1;

    if (spec->precision >= 0) {
        least = spec->precision;
        spec->flags &= ~(unsigned)FLAG_ZERO;         /* C17 7.21.6.1: with a precision the flag 0 is ignored */
    }
    if (spec->conversion == 'o' && spec->flags & FLAG_ALTERNATE && least <= count)
        least = count + 1;                           /* # with o: the precision grows until the first digit is a 0 */
    put_field(sink, spec, prefix, least > count ? least - count : 0, start, (size_t)count);
}

/* The argument as the length says, cut to it. */
static unsigned long long next_integer(const struct spec *spec, struct arguments *args)
{
    if (spec->bytes > sizeof(int))
        return va_arg(args->list, unsigned long long);
    return va_arg(args->list, unsigned int);
}

static void put_number(struct sink *sink, struct spec *spec, struct arguments *args, bool is_signed)
{
    unsigned unused_bits = BITS - 8 * (unsigned)(spec->bytes ? spec->bytes : sizeof(int));
    unsigned long long bits = next_integer(spec, args) << unused_bits, value = bits >> unused_bits;
    long long number = (long long)bits >> unused_bits;

    if (is_signed && number < 0)
        value = -(unsigned long long)number;
    put_integer(sink, spec, is_signed ? sign_prefix(spec, number < 0) : base_prefix(spec, value), value);
}

/* ---- text ---- */

static void put_string(struct sink *sink, struct spec *spec, struct arguments *args)
{
    const char *text = va_arg(args->list, const char *);

    if (!text)
        text = "(null)";
    spec->flags &= ~(unsigned)FLAG_ZERO;
    put_field(sink, spec, "", 0, text, spec->precision < 0 ? strlen(text) : strnlen(text, (size_t)spec->precision));
}

static void put_character(struct sink *sink, struct spec *spec, struct arguments *args)
{
    char character = (char)va_arg(args->list, int);

    spec->flags &= ~(unsigned)FLAG_ZERO;
    put_field(sink, spec, "", 0, &character, 1);
}

/* ---- patterns ---- */

static const char *read_flags(const char *at, struct spec *spec)
{
    static const char letters[] = "-+ #0";           /* in the order of enum spec_flag */
    const char *letter;

    for (; *at && (letter = strchr(letters, *at)); at++)
        spec->flags |= 1u << (letter - letters);
    return at;
}

/* Digits, or * for an argument. */
static const char *read_count(const char *at, int *out_count, struct arguments *args)
{
    long count = 0;

    if (*at == '*') {
        *out_count = va_arg(args->list, int);
        return at + 1;
    }
    for (; *at >= '0' && *at <= '9'; at++) {
        if (count < INT_MAX)
            count = count * 10 + (*at - '0');
    }
    *out_count = count < INT_MAX ? (int)count : INT_MAX;
    return at;
}

static const char *read_length(const char *at, struct spec *spec)
{
    switch (*at) {
    case 'h':
        spec->bytes = at[1] == 'h' ? sizeof(char) : sizeof(short);
        return at + (at[1] == 'h' ? 2 : 1);
    case 'l':
        spec->bytes = at[1] == 'l' ? sizeof(long long) : sizeof(long);
        return at + (at[1] == 'l' ? 2 : 1);
    case 'z': spec->bytes = sizeof(size_t); return at + 1;
    case 'j': spec->bytes = sizeof(intmax_t); return at + 1;
    case 't': spec->bytes = sizeof(ptrdiff_t); return at + 1;
    default:  return at;
    }
}

/* What stands before the letters. */
static const char *read_shape(const char *at, struct spec *spec, struct arguments *args)
{
    at = read_flags(at, spec);
    at = read_count(at, &spec->width, args);
    if (spec->width < 0) {                           /* only by *: C17 7.21.6.1 takes the sign as the flag - */
        spec->flags |= FLAG_LEFT;
        spec->width = spec->width == INT_MIN ? INT_MAX : -spec->width;
    }
    if (*at == '.')
        at = read_count(at + 1, &spec->precision, args);
    return at;
}

/* Reads what follows a %. Returns where the conversion's letter stands. */
static const char *read_spec(const char *at, struct spec *spec, struct arguments *args)
{
    *spec = (struct spec){ .precision = -1 };
    if (*at < 'A')                                   /* all flags, digits, * and . come before the letters, which mostly are all */
        at = read_shape(at, spec, args);
    at = read_length(at, spec);
    spec->conversion = *at;
    return at;
}

/* Returns false if there is no such conversion. A length has a meaning for integers only. */
static bool put_conversion(struct sink *sink, struct spec *spec, struct arguments *args)
{
    switch (spec->conversion) {
    case 'd': case 'i':
        put_number(sink, spec, args, true);
        return true;
    case 'u': case 'x': case 'X': case 'o': case 'b':
        put_number(sink, spec, args, false);
        return true;
    }
    if (spec->bytes)
        return false;
    switch (spec->conversion) {
    case 's': put_string(sink, spec, args); return true;
    case 'c': put_character(sink, spec, args); return true;
    case 'p':
        spec->bytes = sizeof(void *);
        put_number(sink, spec, args, false);
        return true;
    case '%': put_text(sink, "%", 1); return true;
    default:  return false;
    }
}

/* What is rare or long, out of the way of what is not, and small rather than fast. */
#define APART __attribute__((noinline, cold))

static APART void put_any_decimal(struct sink *sink, unsigned long long value)
{
    char digits[DIGITS_MAX], *end = digits + sizeof(digits), *start = digits_decimal(end, value);

    if (value == 0)
        *--start = '0';
    put_text(sink, start, (size_t)(end - start));
}

/* Most numbers are small. */
static inline void put_decimal(struct sink *sink, unsigned long long value)
{
    unsigned count = value < 10 ? 1 : value < 100 ? 2 : 3, rest = (unsigned)value;
    char *to;

    if (value > 999 || sink->room < sink->length + count)
        return put_any_decimal(sink, value);
    to = sink->to + sink->length;
    sink->length += count;
    if (count == 3) {
        *to++ = (char)('0' + rest / 100);
        rest %= 100;
    }
    if (count > 1)
        *to++ = digit_pairs[rest * 2];
    *to = digit_pairs[rest * 2 + 1];
}

/* The conversions that most lines of a log are made of, without all the rest: %u %d %s, and with an l or two. False: another one. */
static bool put_common(struct sink *sink, const char **at, struct arguments *args)
{
    const char *letter = *at, *text;
    unsigned long long value;

    if (*letter == 's') {
        text = va_arg(args->list, const char *);
        put_text(sink, text ? text : "(null)", text ? strlen(text) : 6);
        *at = letter + 1;
        return true;
    }
    while (*letter == 'l' && letter < *at + 2)
        letter++;
    if (*letter != 'u' && *letter != 'd')
        return false;
    value = letter > *at ? va_arg(args->list, unsigned long long) : va_arg(args->list, unsigned);
    if (*letter == 'd' && letter == *at)
        value = (unsigned long long)(int)value;
    if (*letter == 'd' && (long long)value < 0) {
        put_text(sink, "-", 1);
        value = -value;
    }
    put_decimal(sink, value);
    *at = letter + 1;
    return true;
}

/* Up to a %, or the end. */
static const char *put_literal(struct sink *sink, const char *from)
{
    size_t fits = sink->length < sink->room ? sink->room - sink->length : 0, count = 0;
    char *to = sink->to + sink->length;

    for (; count < fits && from[count] && from[count] != '%'; count++)
        to[count] = from[count];
    while (from[count] && from[count] != '%')
        count++;
    sink->length += count;
    return from + count;
}

/* Any other conversion, behind the % at `at`. Returns what follows it. */
static APART const char *put_other(struct sink *sink, const char *at, struct arguments *args)
{
    struct spec spec;
    const char *end = read_spec(at + 1, &spec, args);

    if (*end)
        end++;
    if (!put_conversion(sink, &spec, args))
        put_text(sink, at, (size_t)(end - at));
    return end;
}

static void put_pattern(struct sink *sink, const char *pattern, struct arguments *args)
{
    while (*pattern) {
        const char *at = put_literal(sink, pattern);

        if (!*at)
            return;
        pattern = at + 1;
        if (!put_common(sink, &pattern, args))
            pattern = put_other(sink, at, args);
    }
}

int format_va(char *to, size_t bytes, const char *pattern, va_list list)
{
    struct sink sink = { to, bytes ? bytes - 1 : 0, 0 };
    struct arguments args;

    va_copy(args.list, list);
    put_pattern(&sink, pattern, &args);
    va_end(args.list);
    if (bytes)
        to[sink.length < sink.room ? sink.length : sink.room] = 0;
    return sink.length < INT_MAX ? (int)sink.length : INT_MAX;
}

int format(char *to, size_t bytes, const char *pattern, ...)
{
    va_list list;

    va_start(list, pattern);
    int length = format_va(to, bytes, pattern, list);
    va_end(list);
    return length;
}

/* ---- the way back ---- */

static unsigned number_base(const char **text)
{
    const char *at = *text;

    if (at[0] != '0' || at[1] == 0)
        return 10;
    if (at[1] == 'x' || at[1] == 'X')
        return *text += 2, 16;
    if (at[1] == 'b' || at[1] == 'B')
        return *text += 2, 2;
    return *text += 1, 8;
}

static unsigned digit_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return (unsigned)(digit - '0');
    if (digit >= 'a' && digit <= 'f')
        return (unsigned)(digit - 'a') + 10;
    if (digit >= 'A' && digit <= 'F')
        return (unsigned)(digit - 'A') + 10;
    return UINT_MAX;
}

int parse_number(const char *text, unsigned long long *out_value)
{
    unsigned base = number_base(&text);
    unsigned long long value = 0;

    if (!*text)
        return ERR_BAD_VALUE;
    for (; *text; text++) {
        unsigned digit = digit_value(*text);

        if (digit >= base || __builtin_mul_overflow(value, base, &value) || __builtin_add_overflow(value, digit, &value))
            return ERR_BAD_VALUE;
    }
    *out_value = value;
    return 0;
}
