#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "conformance.h"

#define SIGN(value) (((value) > 0) - ((value) < 0))

static void copying(void)
{
    char to[40] = "..............................";

    SHOW("%s", strcpy(to, "hello"));
    SHOW("%s|%c", strncpy(to, "abc", 5), to[6] ? to[6] : '0');
    SHOW("%s", strcat(strcpy(to, "one "), "two"));
    SHOW("%s", strncat(to, " three four", 6));
    SHOW("%s", (char *)memcpy(to, "ABCDEFG", 4));
    memmove(to + 2, to, 8);
    SHOW("%s", to);
    SHOW("%.8s", (char *)memset(to, 'x', 8));
    SHOW("%d", (int)strxfrm(to, "transform", sizeof(to)));
}

static void comparing(void)
{
    SHOW("%d %d %d", SIGN(strcmp("a", "b")), SIGN(strcmp("b", "a")), SIGN(strcmp("ab", "ab")));
    SHOW("%d %d", SIGN(strcmp("\xff", "a")), SIGN(strcmp("", "a")));
    SHOW("%d %d", SIGN(strncmp("abcd", "abce", 3)), SIGN(strncmp("abcd", "abce", 4)));
    SHOW("%d %d", SIGN(memcmp("ab\0c", "ab\0d", 4)), SIGN(memcmp("a", "b", 0)));
    SHOW("%d", SIGN(strcoll("alpha", "beta")));
}

static void searching(void)
{
    static const char text[] = "the quick brown fox jumps over the lazy dog";

    SHOW("%s %d", strchr(text, 'q'), strchr(text, 'Q') == NULL);
    SHOW("%s", strrchr(text, 'o'));
    SHOW("%s %d", strstr(text, "over"), strstr(text, "under") == NULL);
    SHOW("%s", strstr(text, ""));
    SHOW("%zu %zu", strspn(text, "eht "), strcspn(text, "xyz"));
    SHOW("%s", strpbrk(text, "vwx"));
    SHOW("%s", (char *)memchr(text, 'f', sizeof(text)));
    SHOW("%d", *strchr(text, 0));
}

static void cutting(void)
{
    char text[] = ",one,,two;three,", *at;

    for (at = strtok(text, ",;"); at; at = strtok(NULL, ",;"))
        SHOW("[%s]", at);
}

static void characters(void)
{
    for (int c = -1; c < 128; c++)
        SHOW("%d %d%d%d%d%d%d%d%d%d%d%d%d %d %d", c, !!isalnum(c), !!isalpha(c), !!isblank(c), !!iscntrl(c), !!isdigit(c), !!isgraph(c),
             !!islower(c), !!isprint(c), !!ispunct(c), !!isspace(c), !!isupper(c), !!isxdigit(c), toupper(c), tolower(c));
}

static void wide(void)
{
    wchar_t to[20];

    SHOW("%zu %d", wcslen(L"wide"), SIGN(wcscmp(L"a", L"b")));
    SHOW("%zu", mbstowcs(to, "narrow", 20));
    SHOW("%ls", wcscat(wcscpy(to, L"left "), L"right"));
    SHOW("%d %d", !!iswalpha(L'x'), (int)towupper(L'x'));
    SHOW("%d", (int)(wcsstr(L"find me", L"me") - L"find me") > 0);
    swprintf(to, 20, L"%d %ls", 42, L"w");
    SHOW("%ls", to);
    SHOW("%ld", wcstol(L"-123x", NULL, 10));
}

void list_strings(void)
{
    copying();
    comparing();
    searching();
    cutting();
    characters();
    wide();
    SHOW("%s", strerror(EINVAL));
    SHOW("%s", strerror(ENOENT));
}
