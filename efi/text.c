#include "efi/text.h"

struct writer {
    char *at, *end;                         /* end leaves room for the NUL */
};

static void put(struct writer *writer, char c)
{
    if (writer->at < writer->end)
        *writer->at++ = c;
}

static void put_text(struct writer *writer, const char *text)
{
    while (*text)
        put(writer, *text++);
}

static void put_number(struct writer *writer, uint64_t value, unsigned base)
{
    char digits[20];
    unsigned count = 0;

    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value);
    while (count)
        put(writer, digits[--count]);
}

size_t text_format_va(char *to, size_t bytes, const char *pattern, va_list args)
{
    struct writer writer = { to, to + bytes - 1 };

    for (; *pattern; pattern++) {
        bool is_long;

        if (*pattern != '%') {
            put(&writer, *pattern);
            continue;
        }
        is_long = *++pattern == 'l';
        pattern += is_long;
        switch (*pattern) {
        case 's': put_text(&writer, va_arg(args, const char *)); break;
        case 'c': put(&writer, (char)va_arg(args, int)); break;
        case 'u': put_number(&writer, is_long ? va_arg(args, uint64_t) : va_arg(args, unsigned), 10); break;
        case 'x': put_number(&writer, is_long ? va_arg(args, uint64_t) : va_arg(args, unsigned), 16); break;
        default:  put(&writer, *pattern); break;
        }
    }
    *writer.at = '\0';
    return (size_t)(writer.at - to);
}

size_t text_format(char *to, size_t bytes, const char *pattern, ...)
{
    va_list args;
    size_t length;

    va_start(args, pattern);
    length = text_format_va(to, bytes, pattern, args);
    va_end(args);
    return length;
}

const char *text_entry(const char *list, unsigned index)
{
    for (; index; index -= *list++ == '\0')
        ;
    return list;
}

bool text_starts_with(const char *text, const char *start)
{
    while (*start)
        if (*text++ != *start++)
            return false;
    return true;
}

static unsigned digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

bool text_number(const char **at, uint64_t *out_value)
{
    const char *text = *at;
    unsigned base = text[0] == '0' && (text[1] | 0x20) == 'x' ? 16 : 10;
    const char *first = text += base == 16 ? 2 : 0;
    uint64_t value = 0;

    for (; digit_value(*text) < base; text++)
        if (__builtin_mul_overflow(value, base, &value) || __builtin_add_overflow(value, digit_value(*text), &value))
            return false;
    if (text == first)
        return false;
    *at = text;
    *out_value = value;
    return true;
}

/* Bytes of the UTF-8 character at text, or 0: not UTF-8 (RFC 3629, "Syntax of UTF-8 Byte Sequences"). */
static size_t utf8_bytes(const uint8_t *text, size_t bytes)
{
    size_t length = text[0] < 0x80 ? 1 : text[0] < 0xc2 ? 0 : text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : text[0] < 0xf5 ? 4 : 0;

    if (length > bytes)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] > 0x9f))      /* too long, surrogate */
        return 0;
    if ((text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] > 0x8f))      /* too long, past U+10FFFF */
        return 0;
    return length;
}

bool text_is_utf8(const char *text, size_t bytes)
{
    const uint8_t *at = (const uint8_t *)text;

    while (bytes) {
        size_t length = utf8_bytes(at, bytes);

        if (length == 0 || (at[0] < 0x20 && at[0] != '\t') || at[0] == 0x7f)
            return false;
        at += length;
        bytes -= length;
    }
    return true;
}
