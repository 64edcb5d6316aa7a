#include "efi/config.h"

#include <stddef.h>

#include "efi/text.h"

enum {                                      /* EFI_LOAD_OPTION ("Load Options", UEFI 2.10, 3.1.3) */
    OPTION_ATTRIBUTES  = 0,                 /* 32 bits */
    OPTION_PATH_BYTES  = 4,                 /* 16 bits: length of the device path */
    OPTION_DESCRIPTION = 6,                 /* UTF-16, NUL-ended; then the device path; then optional data */
    OPTION_KNOWN       = 0x1f0b,            /* ACTIVE, FORCE_RECONNECT, HIDDEN, CATEGORY */
};
enum {                                      /* device path node ("Generic Device Path Structures", 10.3.1) */
    NODE_HEADER_BYTES = 4,
    NODE_MEDIA        = 4,
    NODE_MEDIA_FILE   = 4,                  /* subtype: a path in UTF-16 */
    NODE_END          = 0x7f,
    NODE_END_ENTIRE   = 0xff,
};

static uint32_t load16(const uint8_t *at) { return at[0] | (uint32_t)at[1] << 8; }
static uint32_t load32(const uint8_t *at) { return load16(at) | load16(at + 2) << 16; }

void words_clear(struct words *words)
{
    words->length = 0;
    words->cut = false;
    words->text[0] = '\0';
}

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

static void add_word(struct words *words, const char *word, uint32_t length, bool is_open)
{
    uint32_t space = words->length > 0;

    if (words->cut || length + space + is_open >= CONFIG_WORDS_BYTES - words->length) {
        words->cut = true;
        return;
    }
    if (space)
        words->text[words->length++] = ' ';
    for (uint32_t i = 0; i < length; i++)
        words->text[words->length++] = word[i];
    if (is_open)
        words->text[words->length++] = '"';
    words->text[words->length] = '\0';
}

/* Double quotes hold a word together; the core takes them off. One that is open at the end of a line is closed there, or it would hold the
 * next line's words as well. */
static void add_words(struct words *words, const char *text, uint32_t bytes)
{
    for (uint32_t at = 0; at < bytes;) {
        bool quoted = false;
        uint32_t first;

        while (at < bytes && is_space(text[at]))
            at++;
        for (first = at; at < bytes && (quoted || !is_space(text[at])); at++)
            quoted ^= text[at] == '"';
        if (at > first)
            add_word(words, text + first, at - first, quoted);
    }
}

static uint64_t find_byte(const char *text, uint64_t bytes, char wanted)
{
    uint64_t at = 0;

    while (at < bytes && text[at] != wanted)
        at++;
    return at;
}

uint32_t config_add_file(struct words *words, const void *content, uint64_t bytes)
{
    const char *text = content;
    uint32_t left_out = 0;

    if (bytes >= 3 && (uint8_t)text[0] == 0xef && (uint8_t)text[1] == 0xbb && (uint8_t)text[2] == 0xbf) {
        text += 3;
        bytes -= 3;
    }
    while (bytes) {
        uint64_t line = find_byte(text, bytes, '\n');
        uint64_t used = find_byte(text, line, '#');

        if (used == line && used && text[used - 1] == '\r')
            used--;
        if (text_is_utf8(text, used))
            add_words(words, text, (uint32_t)used);
        else
            left_out++;
        line += line < bytes;               /* the new-line itself */
        text += line;
        bytes -= line;
    }
    return left_out;
}

/* Where the optional data of a whole EFI_LOAD_OPTION start, or 0 if this is not one. Text is never taken for one: its first two
 * characters would be attribute bits that do not exist. */
static uint64_t optional_data(const uint8_t *option, uint64_t bytes)
{
    uint64_t at = OPTION_DESCRIPTION, path_end;

    if (bytes < OPTION_DESCRIPTION + 2 + NODE_HEADER_BYTES || load32(option + OPTION_ATTRIBUTES) & ~(uint32_t)OPTION_KNOWN)
        return 0;
    while (at + 2 <= bytes && load16(option + at))
        at += 2;
    at += 2;
    path_end = at + load16(option + OPTION_PATH_BYTES);
    if (path_end > bytes)
        return 0;
    while (at + NODE_HEADER_BYTES <= path_end) {
        uint32_t node_bytes = load16(option + at + 2);

        if (node_bytes < NODE_HEADER_BYTES)
            return 0;
        if (option[at] == NODE_END && option[at + 1] == NODE_END_ENTIRE)
            return at + node_bytes == path_end ? path_end : 0;
        at += node_bytes;
    }
    return 0;
}

/* 8-bit text: printable ASCII, at least two characters of it, to a NUL or the end. UTF-16 has a zero byte there, or is Chinese. */
static uint64_t ascii_bytes(const char *text, uint64_t bytes)
{
    uint64_t length = find_byte(text, bytes, '\0');

    if (length < 2)
        return 0;
    for (uint64_t i = 0; i < length; i++)
        if ((text[i] < 0x20 && !is_space(text[i])) || text[i] >= 0x7f)
            return 0;
    return length;
}

static uint32_t put_utf8(char *to, uint32_t point)
{
    if (point < 0x80) {
        to[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        to[0] = (char)(0xc0 | point >> 6);
        to[1] = (char)(0x80 | (point & 0x3f));
        return 2;
    }
    if (point < 0x10000) {
        to[0] = (char)(0xe0 | point >> 12);
        to[1] = (char)(0x80 | (point >> 6 & 0x3f));
        to[2] = (char)(0x80 | (point & 0x3f));
        return 3;
    }
    to[0] = (char)(0xf0 | point >> 18);
    to[1] = (char)(0x80 | (point >> 12 & 0x3f));
    to[2] = (char)(0x80 | (point >> 6 & 0x3f));
    to[3] = (char)(0x80 | (point & 0x3f));
    return 4;
}

/* The character at *at of UTF-16 text, moving *at behind it; 0 at the end or a NUL, ~0 for what is no text. */
static uint32_t utf16_point(const uint8_t *text, uint64_t bytes, uint64_t *at)
{
    uint32_t unit = *at + 2 <= bytes ? load16(text + *at) : 0;
    uint32_t low = *at + 4 <= bytes ? load16(text + *at + 2) : 0;

    *at += 2;
    if (unit < 0xd800 || unit > 0xdfff)
        return (unit < 0x20 && unit && !is_space((char)unit)) || unit == 0x7f || unit >= 0xfffe ? ~0u : unit;
    if (unit > 0xdbff || low < 0xdc00 || low > 0xdfff)
        return ~0u;
    *at += 2;
    return 0x10000 + ((unit & 0x3ff) << 10 | (low & 0x3ff));
}

/* UTF-16 to UTF-8. False when it is not text; random bytes pass for characters of far-off scripts, so half must be ASCII. */
static bool utf16_text(const uint8_t *text, uint64_t bytes, char *to, uint32_t *out_bytes)
{
    uint64_t at = bytes >= 2 && load16(text) == 0xfeff ? 2 : 0;
    uint32_t length = 0, ascii = 0, points = 0, point;

    while ((point = utf16_point(text, bytes, &at)) != 0) {
        if (point == ~0u)
            return false;
        length += put_utf8(to + length, point);
        ascii += point < 0x80;
        points++;
    }
    *out_bytes = length;
    return ascii * 2 >= points;
}

/* Letters, digits and the point: what a name is compared in. */
static bool same_ignoring_case(const char *a, const char *b, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++)
        if ((a[i] | 0x20) != (b[i] | 0x20))
            return false;
    return true;
}

static bool ends_in_efi(const char *name, uint32_t bytes)
{
    return bytes >= 4 && same_ignoring_case(name + bytes - 4, ".efi", 4);
}

/* The text of a file path node ("File Path Media Device Path", UEFI 2.10, 10.3.5.4), cut to what to can hold. */
static uint32_t node_name(const uint8_t *node, uint32_t node_bytes, char *to, uint32_t bytes)
{
    uint32_t length = 0;

    for (uint32_t at = NODE_HEADER_BYTES; at + 2 <= node_bytes && load16(node + at); at += 2) {
        if (load16(node + at) == '\\')
            length = 0;
        else if (length < bytes - 1)
            to[length++] = load16(node + at) < 0x7f ? (char)load16(node + at) : '?';
    }
    if (ends_in_efi(to, length))
        length -= 4;
    to[length] = '\0';
    return length;
}

void config_file_name(const void *path, char *to, uint32_t bytes)
{
    const uint8_t *node = path;
    uint32_t at = 0, node_bytes;

    to[0] = '\0';
    for (; node && at <= CONFIG_PATH_MAX - NODE_HEADER_BYTES && node[at] != NODE_END; at += node_bytes) {
        node_bytes = load16(node + at + 2);
        if (node_bytes < NODE_HEADER_BYTES || node_bytes > CONFIG_PATH_MAX - at)
            return;
        if (node[at] == NODE_MEDIA && node[at + 1] == NODE_MEDIA_FILE)
            node_name(node + at, node_bytes, to, bytes);
    }
}

static bool is_own_name(const char *name, uint32_t bytes, const char *own_name)
{
    uint32_t length = (uint32_t)find_byte(own_name, CONFIG_NAME_BYTES, '\0');

    return length && bytes == length && same_ignoring_case(name, own_name, length);
}

/* Bytes of the program's own name that the shell puts first, quotes included, or 0. A name has no '=' (an option has), and is the
 * own one, ends in .efi or holds a backslash; in quotes it may hold spaces. */
static uint32_t own_name_bytes(const char *text, uint32_t bytes, const char *own_name)
{
    uint32_t first = 0, end;
    bool quoted, backslash = false;

    while (first < bytes && is_space(text[first]))
        first++;
    quoted = first < bytes && text[first] == '"';
    first += quoted;
    for (end = first; end < bytes && (quoted ? text[end] != '"' : !is_space(text[end])); end++) {
        if (text[end] == '=')
            return 0;
        backslash |= text[end] == '\\';
    }
    if (backslash || (end - first > 4 && ends_in_efi(text + first, end - first)) || is_own_name(text + first, end - first, own_name))
        return end + (quoted && end < bytes);
    return 0;
}

static void add_option_words(struct words *words, const char *text, uint32_t bytes, const char *own_name)
{
    uint32_t own = own_name_bytes(text, bytes, own_name);

    add_words(words, text + own, bytes - own);
}

enum config_options config_add_options(struct words *words, const void *options, uint64_t bytes, const char *own_name)
{
    static char utf8[CONFIG_OPTIONS_MAX / 2 * 3];    /* a 16-bit unit gives three bytes at most */
    const uint8_t *at = options;
    uint64_t skip;
    uint32_t length;

    if (!options || bytes < 2)
        return bytes == 1 && options ? CONFIG_OPTIONS_RUBBISH : CONFIG_OPTIONS_NONE;
    if (bytes > CONFIG_OPTIONS_MAX)
        bytes = CONFIG_OPTIONS_MAX;
    skip = optional_data(at, bytes);
    at += skip;
    bytes -= skip;
    length = (uint32_t)ascii_bytes((const char *)at, bytes);
    if (length)
        add_option_words(words, (const char *)at, length, own_name);
    else if (utf16_text(at, bytes, utf8, &length))
        add_option_words(words, utf8, length, own_name);
    else
        return CONFIG_OPTIONS_RUBBISH;
    return skip ? CONFIG_OPTIONS_WHOLE : length ? CONFIG_OPTIONS_TEXT : CONFIG_OPTIONS_NONE;
}

static bool is_end_of_options(const char *word) { return word[0] == '-' && word[1] == '-' && (word[2] == ' ' || word[2] == '\0'); }

const char *words_next(const struct words *words, const char *key, const char *after)
{
    const char *word = after ? after : words->text;
    bool at_start = !after, quoted = false;

    for (; *word && !(at_start && is_end_of_options(word)); word++) {
        if (at_start && text_starts_with(word, key)) {
            while (*key++)
                word++;
            return word;
        }
        quoted ^= *word == '"';
        at_start = *word == ' ' && !quoted;
    }
    return NULL;
}

bool words_last(const struct words *words, const char *key, char *to, uint32_t bytes)
{
    const char *value = NULL, *next = NULL;
    uint32_t length = 0;

    while ((next = words_next(words, key, next)) != NULL)
        value = next;
    if (!value)
        return false;
    while (value[length] && value[length] != ' ')
        length++;
    if (length >= bytes)
        return false;
    for (uint32_t i = 0; i < length; i++)
        to[i] = value[i];
    to[length] = '\0';
    return true;
}
