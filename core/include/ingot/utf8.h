/* UTF-8: characters from bytes and back. Malformed bytes become U+FFFD, one for each part that could not have gone on, so that no
 * byte is swallowed that may begin something (The Unicode Standard, "U+FFFD Substitution of Maximal Subparts"). Any context. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define UTF8_REPLACEMENT 0xfffdu
enum { UTF8_MAX_BYTES = 4 };          /* of one character */

/* Reads the character at text; bytes is not 0. Returns how many bytes it took, at least 1; *out_character is always written. */
size_t utf8_decode(const char *text, size_t bytes, uint32_t *out_character);

/* Writes a character, without a NUL; returns its bytes. What is no character (surrogates, above U+10FFFF) is written as U+FFFD. */
size_t utf8_encode(uint32_t character, char to[UTF8_MAX_BYTES]);

/* The same from a stream that comes in pieces. A decoder starts as all zeros. */
struct utf8_decoder {
    uint32_t character;               /* bits so far */
    uint8_t missing;                  /* bytes to come; 0 between characters */
    uint8_t low, high;                /* what the next byte must lie between */
};

/* What utf8_feed() says of a byte. */
enum utf8_result {
    UTF8_MORE,                        /* the character is not complete */
    UTF8_CHARACTER,                   /* *out_character is one, or U+FFFD */
    UTF8_AGAIN,                       /* *out_character is U+FFFD for what came before; this byte was not used: give it again */
};

/* Takes the next byte. */
enum utf8_result utf8_feed(struct utf8_decoder *decoder, uint8_t byte, uint32_t *out_character);
