/* Source: The Unicode Standard, table "Well-Formed UTF-8 Byte Sequences" (3-7). */
#include <ingot/utf8.h>

#include <stdbool.h>

static enum utf8_result begin(struct utf8_decoder *decoder, uint8_t byte, uint32_t *out_character)
{
    decoder->low = 0x80, decoder->high = 0xbf;
    if (byte < 0x80) {
        *out_character = byte;
        return UTF8_CHARACTER;
    }
    if (byte >= 0xc2 && byte <= 0xdf) {
        decoder->missing = 1, decoder->character = byte & 0x1f;
    } else if (byte >= 0xe0 && byte <= 0xef) {
        decoder->missing = 2, decoder->character = byte & 0x0f;
        decoder->low = byte == 0xe0 ? 0xa0 : 0x80;       /* below: a longer way to write a shorter character */
        decoder->high = byte == 0xed ? 0x9f : 0xbf;      /* above: surrogates */
    } else if (byte >= 0xf0 && byte <= 0xf4) {
        decoder->missing = 3, decoder->character = byte & 0x07;
        decoder->low = byte == 0xf0 ? 0x90 : 0x80;
        decoder->high = byte == 0xf4 ? 0x8f : 0xbf;      /* above: beyond U+10FFFF */
    } else {
        *out_character = UTF8_REPLACEMENT;
        return UTF8_CHARACTER;
    }
    return UTF8_MORE;
}

enum utf8_result utf8_feed(struct utf8_decoder *decoder, uint8_t byte, uint32_t *out_character)
{
    if (decoder->missing == 0)
        return begin(decoder, byte, out_character);
    if (byte < decoder->low || byte > decoder->high) {
        decoder->missing = 0;
        *out_character = UTF8_REPLACEMENT;
        return UTF8_AGAIN;
    }
    decoder->low = 0x80, decoder->high = 0xbf;
    decoder->character = decoder->character << 6 | (byte & 0x3f);
    if (--decoder->missing)
        return UTF8_MORE;
    *out_character = decoder->character;
    return UTF8_CHARACTER;
}

size_t utf8_decode(const char *text, size_t bytes, uint32_t *out_character)
{
    struct utf8_decoder decoder = { 0 };

    for (size_t i = 0; i < bytes; i++) {
        switch (utf8_feed(&decoder, (uint8_t)text[i], out_character)) {
        case UTF8_CHARACTER: return i + 1;
        case UTF8_AGAIN:     return i;
        case UTF8_MORE:      break;
        }
    }
    *out_character = UTF8_REPLACEMENT;                   /* the text ends within a character */
    return bytes;
}

static bool is_character(uint32_t value)
{
    return value < 0xd800 || (value > 0xdfff && value <= 0x10ffff);
}

size_t utf8_encode(uint32_t character, char to[UTF8_MAX_BYTES])
{
    static const uint8_t lead[UTF8_MAX_BYTES + 1] = { 0, 0x00, 0xc0, 0xe0, 0xf0 };
    size_t bytes;

    if (!is_character(character))
        character = UTF8_REPLACEMENT;
    bytes = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    for (size_t i = bytes - 1; i > 0; i--, character >>= 6)
        to[i] = (char)(0x80 | (character & 0x3f));
    to[0] = (char)(lead[bytes] | character);
    return bytes;
}
