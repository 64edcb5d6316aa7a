/* Strings, and the memory functions that need no help from the CPU (memcpy, memmove and memset: core/x86_64/mem.S). */
#include <ingot/string.h>

#include <stdint.h>

/* gcc must not see through these loops: it would turn a body of strlen into a call of strlen. */
#pragma GCC optimize("no-tree-loop-distribute-patterns")

typedef uint64_t __attribute__((may_alias, aligned(1))) any_word;

/* Equal words are skipped eight bytes at a time; the byte loop below finds the place. */
int memcmp(const void *a, const void *b, size_t bytes)
{
    const uint8_t *left = a, *right = b;

    while (bytes >= sizeof(any_word) && *(const any_word *)left == *(const any_word *)right) {
        left += sizeof(any_word);
        right += sizeof(any_word);
        bytes -= sizeof(any_word);
    }
    for (; bytes; left++, right++, bytes--) {
        if (*left != *right)
            return *left - *right;
    }
    return 0;
}

void *memchr(const void *in, int value, size_t bytes)
{
    const uint8_t *at = in;

    for (; bytes; at++, bytes--) {
        if (*at == (uint8_t)value)
            return (void *)at;
    }
    return NULL;
}

size_t strlen(const char *text)
{
    const char *at = text;

    while (*at)
        at++;
    return (size_t)(at - text);
}

size_t strnlen(const char *text, size_t bytes)
{
    size_t length = 0;

    while (length < bytes && text[length])
        length++;
    return length;
}

int strcmp(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return (uint8_t)*a - (uint8_t)*b;
}

int strncmp(const char *a, const char *b, size_t bytes)
{
    for (; bytes; a++, b++, bytes--) {
        if (*a != *b || !*a)
            return (uint8_t)*a - (uint8_t)*b;
    }
    return 0;
}

char *strchr(const char *text, int value)
{
    for (;; text++) {
        if (*text == (char)value)
            return (char *)text;
        if (!*text)
            return NULL;
    }
}

char *strrchr(const char *text, int value)
{
    const char *found = NULL;

    for (;; text++) {
        if (*text == (char)value)
            found = text;
        if (!*text)
            return (char *)found;
    }
}

char *strstr(const char *text, const char *part)
{
    size_t part_bytes = strlen(part);

    if (part_bytes == 0)
        return (char *)text;
    for (; (text = strchr(text, *part)); text++) {
        if (strncmp(text, part, part_bytes) == 0)
            return (char *)text;
    }
    return NULL;
}

size_t strlcpy(char *restrict to, const char *restrict text, size_t bytes)
{
    size_t length = strlen(text);

    if (bytes) {
        size_t copied = length < bytes ? length : bytes - 1;

        memcpy(to, text, copied);
        to[copied] = 0;
    }
    return length;
}
