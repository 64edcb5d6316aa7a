/* The four functions that gcc calls by itself, and no more. Words where it counts: an image is copied, a table cleared. */
#include <stdint.h>

#include "efi/bytes.h"

void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
    void *at = to;
    size_t words = bytes / 8, rest = bytes % 8;

    __asm__ volatile("rep movsq" : "+D"(at), "+S"(from), "+c"(words) :: "memory");
    __asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(rest) :: "memory");
    return to;
}

void *memmove(void *to, const void *from, size_t bytes)
{
    uint8_t *target = to;
    const uint8_t *source = from;

    if ((uintptr_t)to - (uintptr_t)from >= bytes)
        return memcpy(to, from, bytes);
    while (bytes--)
        ((volatile uint8_t *)target)[bytes] = source[bytes];     /* volatile: or gcc makes this loop a call of memmove */
    return to;
}

void *memset(void *to, int value, size_t bytes)
{
    void *at = to;
    uint64_t word = (uint8_t)value * 0x0101010101010101ull;
    size_t words = bytes / 8, rest = bytes % 8;

    __asm__ volatile("rep stosq" : "+D"(at), "+c"(words) : "a"(word) : "memory");
    __asm__ volatile("rep stosb" : "+D"(at), "+c"(rest) : "a"(word) : "memory");
    return to;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
    const uint8_t *left = a, *right = b;

    for (; bytes; bytes--, left++, right++)
        if (*left != *right)
            return *left - *right;
    return 0;
}
