#include <float.h>
#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>
#include <wchar.h>

#include "conformance.h"

/* Integers: every flag with every conversion. */
static void integers(void)
{
    static const char *const flags[] = { "", "-", "+", " ", "0", "#", "-+", "-#", "+0", " 0", "#0", "- ", "-#0+ " };
    static const char *const sizes[] = { "", "1", "12", ".0", ".5", "12.5", "3.8" };
    static const int values[] = { 0, 1, -1, 42, -12345, INT_MAX, INT_MIN };
    char pattern[32], text[100];

    for (size_t f = 0; f < sizeof(flags) / sizeof(flags[0]); f++)
        for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)
            for (const char *conversion = "diouxX"; *conversion; conversion++)
                for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
                    snprintf(pattern, sizeof(pattern), "%%%s%s%c", flags[f], sizes[s], *conversion);
                    snprintf(text, sizeof(text), pattern, values[v]);
                    printf("%s %d [%s]\n", pattern, values[v], text);
                }
}

static void floating(void)
{
    static const char *const flags[] = { "", "-", "+", " ", "0", "#", "-+#", "+0" };
    static const char *const sizes[] = { "", "14", ".0", ".3", "20.10", ".25" };
    static const double values[] = { 0.0, -0.0, 1.0, -1.5, 3.14159265358979, 1e-5, 123456789.125, 1e100, 9.9999995, 0.5, 2.5, DBL_MAX, DBL_MIN,
                                     5e-324, 1.0 / 3, INFINITY, -INFINITY, 12345678901234567890.0 };
    char pattern[32], text[500];

    for (size_t f = 0; f < sizeof(flags) / sizeof(flags[0]); f++)
        for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++)
            for (const char *conversion = "eEfFgGaA"; *conversion; conversion++)
                for (size_t v = 0; v < sizeof(values) / sizeof(values[0]); v++) {
                    if (strchr("aA", *conversion) && (*sizes[s] == '.' || strchr(sizes[s], '.') || fpclassify(values[v]) == FP_SUBNORMAL))
                        continue;                  /* how %a is rounded, and begins, is the library's (C17 7.21.6.1, footnote) */
                    snprintf(pattern, sizeof(pattern), "%%%s%s%c", flags[f], sizes[s], *conversion);
                    snprintf(text, sizeof(text), pattern, values[v]);
                    printf("%s [%s]\n", pattern, text);
                }
}

static void lengths(void)
{
    SHOW("%hhd %hhu %hd %hu", (signed char)-1, (unsigned char)255, (short)-1, (unsigned short)65535);
    SHOW("%ld %lu %lx", LONG_MIN, ULONG_MAX, ULONG_MAX);
    SHOW("%lld %llu %llo", LLONG_MIN, ULLONG_MAX, ULLONG_MAX);
    SHOW("%jd %ju", INTMAX_MIN, UINTMAX_MAX);
    SHOW("%zu %zd %td", (size_t)-1, (ssize_t)-1, (ptrdiff_t)-5);
    SHOW("%hhd %hd", 300, 70000);
    SHOW("%Lf %Le %Lg %.20Lf", 1.5L, 1e1000L, 1e-1000L, 1.0L / 3);
    SHOW("%.30Lg", 3.14159265358979323846264338327950288L);
}

static void text(void)
{
    int count = 0;
    char to[20];

    SHOW("[%s] [%10s] [%-10s] [%.2s] [%10.2s]", "text", "text", "text", "text", "text");
    SHOW("[%c] [%5c] [%-5c]", 'x', 'y', 'z');
    SHOW("[%ls] [%lc]", L"wide", (wint_t)L'w');
    SHOW("[%*d] [%-*d] [%.*f] [%*.*f]", 6, 42, 6, 42, 2, 3.14159, 10, 3, 2.71828);
    SHOW("[%*d] [%.*d]", -6, 42, -1, 42);
    SHOW("100%% %s", "sure");
    printf("counted%n", &count);
    printf(" %d\n", count);
    SHOW("%d [%s]", snprintf(to, 5, "truncated"), to);
    SHOW("%d", snprintf(NULL, 0, "%d-%s", 12345, "abc"));
    printf("%2$s %1$s\n", "first", "second");
    SHOW("%d", sprintf(to, "%c%c%c", 'a', 0, 'b'));
    SHOW("%d", (int)(snprintf(to, sizeof(to), "%p", (void *)to) > 0));
}

void list_formats(void)
{
    integers();
    floating();
    lengths();
    text();
}
