#include <string.h>

#include "conformance.h"

static void numbers(void)
{
    int a = -1, b = -1, c = -1, count;
    long long wide = 0;
    short narrow = 0;
    unsigned u = 0;
    float f = 0;
    double d = 0;
    long double l = 0;
    size_t z = 0;

    count = sscanf("12 -34 0x1f", "%d %d %i", &a, &b, &c);
    SHOW("%d %d %d %d", count, a, b, c);
    count = sscanf("010 010 0xff", "%d %i %x", &a, &b, &u);
    SHOW("%d %d %d %d", count, a, b, (int)u);
    count = sscanf("123456789012345 -7", "%lld%hd", &wide, &narrow);
    SHOW("%d %lld %hd", count, wide, narrow);
    count = sscanf("1.5 -2e10 0x1p4", "%f %lf %Lf", &f, &d, &l);
    SHOW("%d %g %g %Lg", count, f, d, l);
    count = sscanf("inf", "%lf", &d);
    SHOW("%d %g", count, d);
    count = sscanf("123456", "%3d%3d", &a, &b);
    SHOW("%d %d %d", count, a, b);
    count = sscanf("777 99", "%o %zu", &u, &z);
    SHOW("%d %u %zu", count, u, z);
    SHOW("%d", sscanf("x", "%d", &a));
    SHOW("%d", sscanf("", "%d", &a));
    count = sscanf("5 apples", "%d oranges", &a);
    SHOW("%d %d", count, a);
    count = sscanf("1,2", "%*d,%d", &a);
    SHOW("%d %d", count, a);
}

static void text(void)
{
    char one[20] = "", two[20] = "";
    int at = -1, count;
    char c = 0;

    count = sscanf("hello world", "%s %s", one, two);
    SHOW("%d [%s] [%s]", count, one, two);
    count = sscanf("hello", "%3s", one);
    SHOW("%d [%s]", count, one);
    count = sscanf("abc123", "%[a-z]%[0-9]", one, two);
    SHOW("%d [%s] [%s]", count, one, two);
    count = sscanf("key=value", "%[^=]", one);
    SHOW("%d [%s]", count, one);
    count = sscanf("]x", "%[]x]", one);
    SHOW("%d [%s]", count, one);
    count = sscanf("  x", " %c%n", &c, &at);
    SHOW("%d %c %d", count, c, at);
    count = sscanf("50%", "%d%%", &at);
    SHOW("%d %d", count, at);
}

void list_scans(void)
{
    numbers();
    text();
}
