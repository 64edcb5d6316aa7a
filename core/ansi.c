#include "core/ansi.h"

enum { ESC = 0x1b, BEL = 0x07, DEL = 0x7f };

enum state {
    TEXT,
    ESCAPE,                           /* after ESC */
    ESCAPE_MORE,                      /* after ESC and bytes 20 to 2F: one final byte follows */
    CSI,                              /* after ESC [ */
    STRING,                           /* after ESC ] and its like */
};

static enum ansi_result begin(struct ansi *ansi)
{
    *ansi = (struct ansi){ .state = ESCAPE, .count = 1 };
    return ANSI_PART;
}

static enum ansi_result finish(struct ansi *ansi, enum ansi_result result)
{
    ansi->state = TEXT;
    return result;
}

static enum ansi_result after_escape(struct ansi *ansi, uint8_t byte)
{
    switch (byte) {
    case '[':
        ansi->state = CSI;
        return ANSI_PART;
    case ']': case 'P': case 'X': case '^': case '_':    /* OSC, DCS, SOS, PM, APC */
        ansi->state = STRING;
        return ANSI_PART;
    }
    if (byte < 0x30) {
        ansi->state = ESCAPE_MORE;
        return ANSI_PART;
    }
    return finish(ansi, byte == DEL ? ANSI_PART : ANSI_ESCAPE);
}

static void add_digit(struct ansi *ansi, unsigned digit)
{
    uint16_t *parameter = &ansi->parameter[ansi->count - 1];
    unsigned value = *parameter * 10u + digit;

    *parameter = (uint16_t)(value < ANSI_PARAMETER_MAX ? value : ANSI_PARAMETER_MAX);
}

static enum ansi_result in_csi(struct ansi *ansi, uint8_t byte)
{
    if (byte >= 0x40)
        return finish(ansi, byte == DEL || ansi->intermediate ? ANSI_PART : ANSI_CSI);
    if (byte >= '0' && byte <= '9')
        add_digit(ansi, byte - (unsigned)'0');
    else if (byte >= '<')
        ansi->prefix = byte;
    else if (byte < '0')
        ansi->intermediate = true;
    else if (ansi->count < ANSI_PARAMETERS_MAX)          /* ; or : */
        ansi->count++;
    else
        ansi->intermediate = true;                       /* more than we can tell: better ignored than half obeyed */
    return ANSI_PART;
}

static enum ansi_result in_string(struct ansi *ansi)
{
    if (++ansi->string_bytes >= ANSI_STRING_MAX)
        ansi->state = TEXT;
    return ANSI_PART;
}

enum ansi_result ansi_feed(struct ansi *ansi, uint8_t byte)
{
    if (byte == ESC)
        return begin(ansi);                              /* the ESC of a string's end, too: ESC \ is then a command of no effect */
    if (ansi->state == TEXT)
        return ANSI_TEXT;
    if (byte < 0x20 || (byte >= 0x80 && ansi->state != STRING))
        return finish(ansi, ansi->state == STRING && byte == BEL ? ANSI_PART : ANSI_TEXT);
    switch (ansi->state) {
    case ESCAPE:      return after_escape(ansi, byte);
    case ESCAPE_MORE: return byte < 0x30 ? ANSI_PART : finish(ansi, ANSI_PART);
    case CSI:         return in_csi(ansi, byte);
    default:          return in_string(ansi);
    }
}
