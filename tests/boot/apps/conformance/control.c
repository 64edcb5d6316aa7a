#include <errno.h>
#include <locale.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "conformance.h"

static jmp_buf place;
static sigjmp_buf signal_place;
static volatile sig_atomic_t got;

static void deep(int left)
{
    if (left == 0)
        longjmp(place, 7);
    deep(left - 1);
}

static void jumps(void)
{
    volatile int rounds = 0;
    int value = setjmp(place);

    SHOW("%d %d", value, rounds);
    if (rounds++ == 0)
        deep(50);
    value = setjmp(place);
    if (rounds++ == 1)
        longjmp(place, 0);
    SHOW("%d", value);
}

static void note(int number) { got = number; }

static void jump_out(int number)
{
    (void)number;
    siglongjmp(signal_place, 3);
}

static void signals(void)
{
    sigset_t set;

    SHOW("%d", signal(SIGTERM, note) == SIG_DFL);
    SHOW("%d", raise(SIGTERM));
    SHOW("%d", got == SIGTERM);
    SHOW("%d", signal(SIGTERM, SIG_IGN) == note);
    SHOW("%d", raise(SIGTERM));
    signal(SIGUSR1, note);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    got = 0;
    raise(SIGUSR1);
    SHOW("%d", got);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    SHOW("%d", got == SIGUSR1);
    signal(SIGABRT, jump_out);
    if (sigsetjmp(signal_place, 1) == 0)
        abort();
    SHOW("%s", "back from abort");
    signal(SIGABRT, SIG_DFL);
}

static int sum(int count, ...)
{
    va_list args, again;
    int all = 0;

    va_start(args, count);
    va_copy(again, args);
    while (count--)
        all += va_arg(args, int) + (int)va_arg(args, double);
    all = all * 1000 + va_arg(again, int);
    va_end(args);
    va_end(again);
    return all;
}

static void locales(void)
{
    const struct lconv *conv = localeconv();

    SHOW("%s", setlocale(LC_ALL, NULL));
    SHOW("%s", setlocale(LC_ALL, "C"));
    SHOW("[%s] [%s] [%s] [%s] %d", conv->decimal_point, conv->thousands_sep, conv->grouping, conv->currency_symbol, conv->frac_digits);
    SHOW("%d", setlocale(LC_ALL, "C") != NULL);
}

static void last(void) { puts("at exit: first in, last out"); }
static void first(void) { puts("at exit: last in, first out"); }

void list_control(void)
{
    jumps();
    signals();
    locales();
    SHOW("%d", sum(3, 1, 1.5, 2, 2.5, 3, 3.5));
    errno = 5;
    SHOW("%d", errno);
    SHOW("%d", atexit(last) | atexit(first));
    SHOW("%d", system(NULL) == 0 || system(NULL) == 1);
}
