#include <string.h>
#include <time.h>

#include "conformance.h"

static void dates(void)
{
    static const time_t times[] = { 0, 1, 86399, 951782400, 1000000000, 1709164800, 2147483647, 4102444800, -1, -86400 };
    char text[200];

    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        struct tm tm = *gmtime(&times[i]);

        SHOW("%04d-%02d-%02d %02d:%02d:%02d %d %d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, tm.tm_wday,
             tm.tm_yday);
        strftime(text, sizeof(text), "%a %A %b %B %c %C %d %D %e %F %g %G %h %H %I %j %m %M %p %r %R %S %T %u %U %V %w %W %x %X %y %Y %%", &tm);
        SHOW("%s", text);
        SHOW("%s", strtok(asctime(&tm), "\n"));
        SHOW("%s", strtok(ctime(&times[i]), "\n"));
        SHOW("%lld", (long long)mktime(&tm));
    }
}

static void normal(void)
{
    struct tm tm = { .tm_year = 124, .tm_mon = 13, .tm_mday = 35, .tm_hour = 30, .tm_min = -5, .tm_sec = 90 };

    SHOW("%lld", (long long)mktime(&tm));
    SHOW("%d %d %d %d %d %d %d", tm.tm_year, tm.tm_mon, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, tm.tm_wday);
    SHOW("%g", difftime(1000, 500));
}

/* The clocks run, and a sleep is no shorter than it was asked to be. */
static void clocks(void)
{
    struct timespec before, after, wait = { .tv_nsec = 20000000 };
    clock_t start = clock();

    SHOW("%d", time(NULL) > 1600000000);
    clock_gettime(CLOCK_MONOTONIC, &before);
    SHOW("%d", nanosleep(&wait, NULL));
    clock_gettime(CLOCK_MONOTONIC, &after);
    SHOW("%d", (after.tv_sec - before.tv_sec) * 1000000000L + after.tv_nsec - before.tv_nsec >= wait.tv_nsec);
    SHOW("%d", clock() >= start);
    SHOW("%d", timespec_get(&after, TIME_UTC) == TIME_UTC);
}

void list_time(void)
{
    dates();
    normal();
    clocks();
}
