/* format() against the C library. The input is a list of conversions, five bytes and a value each, so that every pattern is a
 * valid one and the C library's answer is defined; the rest of the input is a second pattern as it stands, which must be survived. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ingot/format.h>

enum { STEP = 12, TEXT_MAX = 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes);

static void compare(const char *pattern, size_t room, unsigned long long value, const char *text)
{
    static char expected[TEXT_MAX];
    char *ours = malloc(room);
    int length, ours_length;

    if (text) {
        length = snprintf(expected, sizeof(expected), pattern, text);
        ours_length = format(ours, room, pattern, text);
    } else {
        length = snprintf(expected, sizeof(expected), pattern, value);
        ours_length = format(ours, room, pattern, value);
    }
    if (length != ours_length || (room && strncmp(ours, expected, room - 1) != 0) || (room && strlen(ours) >= room))
        abort();
    free(ours);
}

static void one_conversion(const uint8_t *step)
{
    static const char *const lengths[] = { "", "hh", "h", "l", "ll", "z", "j", "t" };
    char pattern[64], *at = pattern, conversion = "diuxXobs"[step[0] & 7], text[] = "eleven char";
    unsigned long long value;

    memcpy(&value, step + 4, sizeof(value));
    *at++ = '%';
    for (unsigned i = 0; i < 5; i++) {
        if (step[1] >> i & 1 && (conversion != 's' || i == 0))
            *at++ = "-+ #0"[i];
    }
    if (step[1] & 0x20)
        at += sprintf(at, "%u", step[2] % 200 + 1);
    if (step[1] & 0x40)
        at += sprintf(at, ".%u", step[3] % 200);
    sprintf(at, "%s%c", conversion == 's' ? "" : lengths[step[0] >> 3 & 7], conversion);
    compare(pattern, step[0] >> 6 ? TEXT_MAX : step[2] % 20, value, conversion == 's' ? text : NULL);
}

/* No %s and no *, whose arguments must be true; all others take any number. */
static void any_pattern(const uint8_t *input, size_t bytes)
{
    char pattern[128], to[64];

    bytes = bytes < sizeof(pattern) ? bytes : sizeof(pattern) - 1;
    for (size_t i = 0; i < bytes; i++)
        pattern[i] = input[i] == 's' || input[i] == '*' ? '%' : (char)input[i];
    pattern[bytes] = 0;
    unsigned long long v = 0x123456789abcdefull;
    format(to, sizeof(to), pattern, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v,
           v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v);
    parse_number(pattern, &v);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes)
{
    size_t steps = bytes ? input[0] % 8 : 0, at = 1;

    for (; steps && at + STEP <= bytes; steps--, at += STEP)
        one_conversion(input + at);
    if (at < bytes)
        any_pattern(input + at, bytes - at);
    return 0;
}
