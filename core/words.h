/* Lists of words as one text: "none\0" "error\0" "warn\0". Pointers to them would cost more than most of the words. */
#pragma once

#include <ingot/string.h>

/* Word number index of a list that ends with an empty one; past it, and for an index that is negative, word 0. Any context. */
static inline const char *word_at(const char *words, unsigned index)
{
    const char *word = words;

    while (*word && index--)
        word += strlen(word) + 1;
    return *word ? word : words;
}
