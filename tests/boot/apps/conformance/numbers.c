#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "conformance.h"

static void integers(void)
{
    static const char *const texts[] = { "0", "42", "-42", "+7", "  99 rest", "0x1F", "0777", "zz", "9223372036854775807", "9223372036854775808",
                                         "-9223372036854775809", "18446744073709551616", "", "-", "0x", "101" };
    static const int bases[] = { 0, 2, 8, 10, 16, 36 };
    char *end;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        for (size_t b = 0; b < sizeof(bases) / sizeof(bases[0]); b++) {
            errno = 0;
            long value = strtol(texts[i], &end, bases[b]);
            int number = errno == ERANGE;

            SHOW("%s %d: %ld '%s' %d", texts[i], bases[b], value, end, number);
            errno = 0;
            SHOW("%llu", strtoull(texts[i], &end, bases[b]));
        }
    SHOW("%d %ld %lld %g", atoi("12x"), atol("-5"), atoll("123456789012"), atof("2.5e3"));
    SHOW("%" PRIdMAX, strtoimax("-77", NULL, 10));
}

static void floating(void)
{
    static const char *const texts[] = { "0", "1.5", "-2.25e-3", "1e400", "1e-400", "0x1.8p3", "inf", "-INFINITY", ".5", "5.", "1e", "12abc", "0.1",
                                         "2.2250738585072014e-308", "4.9406564584124654e-324", "1.7976931348623157e308", "9007199254740993",
                                         "123456789012345678901234567890", "0.3", "1e23", "8.5e-46", "3.4028235677973366e38" };
    char *end;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        errno = 0;
        double value = strtod(texts[i], &end);

        int range = errno == ERANGE && value != 0x1p-1074;         /* an exact subnormal: either is right */

        SHOW("%s: %.17g '%s' %d", texts[i], value, end, range);
        SHOW("%.9g %.21Lg", strtof(texts[i], NULL), strtold(texts[i], NULL));
    }
}

static int by_value(const void *a, const void *b)
{
    return (*(const int *)a > *(const int *)b) - (*(const int *)a < *(const int *)b);
}

static void sorting(void)
{
    int values[200], key;
    unsigned seed = 1, sum = 0;
    const int *found;

    for (size_t i = 0; i < 200; i++)
        values[i] = (int)((seed = seed * 1103515245 + 12345) >> 16 & 0x7fff);
    key = values[77];
    qsort(values, 200, sizeof(values[0]), by_value);
    for (size_t i = 0; i < 200; i++)
        sum = sum * 31 + (unsigned)values[i];
    found = bsearch(&key, values, 200, sizeof(values[0]), by_value);
    SHOW("%d %d %d %u %d", values[0], values[100], values[199], sum, found ? *found : -1);
    key = -5;
    SHOW("%d", bsearch(&key, values, 200, sizeof(values[0]), by_value) == NULL);
}

static void arithmetic(void)
{
    div_t d = div(-17, 5);
    ldiv_t l = ldiv(1000000007L, -13);
    lldiv_t ll = lldiv(-1, 2);
    imaxdiv_t m = imaxdiv(INTMAX_MIN, 3);

    SHOW("%d %d %ld %ld %lld %lld %jd %jd", d.quot, d.rem, l.quot, l.rem, ll.quot, ll.rem, m.quot, m.rem);
    SHOW("%d %ld %lld", abs(-5), labs(-6L), llabs(-7LL));
    SHOW("%d", (rand() & ~RAND_MAX) == 0);
}

static void wide_integers(void)
{
    volatile unsigned __int128 big = (unsigned __int128)0x123456789abcdefull << 64 | 0xfedcba9876543210ull;
    volatile __int128 low = -(__int128)1000000007 * 998244353 * 1000003;
    volatile unsigned long long bits = 0xf0f0123456789abcull;

    SHOW("%llx %llx", (unsigned long long)(big / 1000003 >> 64), (unsigned long long)(big / 1000003));
    SHOW("%llx %llx", (unsigned long long)(big % 0x10000000000000001ull), (unsigned long long)(big / ((unsigned __int128)3 << 65)));
    SHOW("%lld %lld", (long long)(low / 998244353), (long long)(low % 12345678901ll));
    SHOW("%d", __builtin_popcountll(bits));
}

static void memory(void)
{
    char *block = calloc(10, 10), *larger;
    int zeros = 0;

    for (int i = 0; i < 100; i++)
        zeros += block[i] == 0;
    strcpy(block, "kept");
    larger = realloc(block, 100000);
    SHOW("%d %s", zeros, larger);
    free(larger);
    block = aligned_alloc(256, 512);
    SHOW("%d", (int)((uintptr_t)block % 256));
    free(block);
    free(NULL);
    SHOW("%d", calloc(SIZE_MAX / 2, 3) == NULL);
}

static void environment(void)
{
    SHOW("%d", getenv("NO_SUCH_VARIABLE_HERE") == NULL);
    SHOW("%d", setenv("INGOT_TEST", "value", 1));
    SHOW("%s", getenv("INGOT_TEST"));
    SHOW("%d", unsetenv("INGOT_TEST"));
    SHOW("%d", getenv("INGOT_TEST") == NULL);
}

void list_numbers(void)
{
    integers();
    floating();
    sorting();
    arithmetic();
    wide_integers();
    memory();
    environment();
}
