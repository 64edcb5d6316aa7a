/* Numbers as people type them. By precedence climbing; depth and length are bounded by those of a line. */
#include <ingot/prompt.h>

#include "core/symbols.h"

#include <ingot/error.h>
#include <ingot/format.h>
#include <ingot/string.h>

enum { DEPTH_MAX = 32, WORD_BYTES = 72 };       /* 64 binary digits, 0b and a letter */

struct reader {
    const char *at;
    unsigned depth;
    bool bad;
};

static uint64_t read_level(struct reader *r, unsigned level);

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.';
}

/* The first thing that is wrong is the one to tell. */
static uint64_t fail(struct reader *r, const char *pattern, const char *what)
{
    if (!r->bad)
        prompt_complain(pattern, what);
    r->bad = true;
    return 0;
}

static uint64_t fail_here(struct reader *r)
{
    return fail(r, *r->at ? "a number is missing before `%s`" : "a number is missing at the end", r->at);
}

/* What a letter behind a number multiplies it by: 1 for none of them. Hexadecimal digits are no such letters. */
static unsigned shift_of(char last)
{
    switch (last) {
    case 'K': case 'k': return 10;
    case 'M': case 'm': return 20;
    case 'G': case 'g': return 30;
    case 'T': case 't': return 40;
    }
    return 0;
}

static uint64_t read_number(struct reader *r, char *word, size_t length)
{
    char letter = word[length - 1];
    unsigned shift = shift_of(letter);
    unsigned long long value;

    if (shift)
        word[length - 1] = 0;
    if (parse_number(word, &value) || value << shift >> shift != value) {
        word[length - 1] = letter;
        return fail(r, "%s is no number of 64 bits", word);
    }
    return (uint64_t)value << shift;
}

static uint64_t read_word(struct reader *r)
{
    char word[WORD_BYTES];
    size_t length = 0;
    uintptr_t address;

    while (is_word(*r->at) && length < sizeof(word) - 1)
        word[length++] = *r->at++;
    word[length] = 0;
    if (length == 0)
        return fail_here(r);
    if (is_word(*r->at))
        return fail(r, "%s... is too long", word);
    if (word[0] < '0' || word[0] > '9')
        return symbol_address(word, &address) ? address : fail(r, "%s is no number, and no function here", word);
    return read_number(r, word, length);
}

static void pass_blanks(struct reader *r)
{
    while (*r->at == ' ')
        r->at++;
}

static uint64_t read_unary(struct reader *r)
{
    uint64_t value;

    pass_blanks(r);
    if (r->depth++ > DEPTH_MAX)
        return fail(r, "too many signs or parentheses before `%s`", r->at);
    switch (*r->at) {
    case '-': r->at++; value = 0 - read_unary(r); break;
    case '~': r->at++; value = ~read_unary(r); break;
    case '(':
        r->at++;
        value = read_level(r, 0);
        if (*r->at != ')')
            return fail(r, *r->at ? "a ) is missing before `%s`" : "a ) is missing at the end", r->at);
        r->at++;
        break;
    default: value = read_word(r);
    }
    r->depth--;
    pass_blanks(r);
    return value;
}

/* The operator that comes next, as a character, and how tightly it holds; 0 for none. << and >> count as their first character. */
static char operator_of(const char *at, unsigned *out_level)
{
    static const char operators[] = "|^&<>+-*/%";
    static const uint8_t level[] = { 1, 2, 3, 4, 4, 5, 5, 6, 6, 6 };
    const char *found = *at ? strchr(operators, *at) : NULL;

    if (!found || ((*at == '<' || *at == '>') && at[1] != *at))
        return 0;
    *out_level = level[found - operators];
    return *at;
}

static uint64_t apply(struct reader *r, char operator, uint64_t a, uint64_t b)
{
    switch (operator) {
    case '|': return a | b;
    case '^': return a ^ b;
    case '&': return a & b;
    case '<': return b < 64 ? a << b : 0;
    case '>': return b < 64 ? a >> b : 0;
    case '+': return a + b;
    case '-': return a - b;
    case '*': return a * b;
    case '/': return b ? a / b : fail(r, "division by zero%s", "");
    default:  return b ? a % b : fail(r, "division by zero%s", "");
    }
}

/* Operators that hold more tightly than level, from the left. */
static uint64_t read_level(struct reader *r, unsigned level)
{
    uint64_t value = read_unary(r);
    unsigned next = 0;
    char operator;

    while (!r->bad && (operator = operator_of(r->at, &next)) && next > level) {
        r->at += operator == '<' || operator == '>' ? 2 : 1;
        value = apply(r, operator, value, read_level(r, next));
    }
    return value;
}

int expression_value(const char *text, uint64_t *out_value)
{
    struct reader r = { .at = text };
    uint64_t value = read_level(&r, 0);

    if (*r.at)
        fail(&r, "`%s` makes no sense there", r.at);
    if (r.bad)
        return ERR_BAD_VALUE;
    *out_value = value;
    return 0;
}

const char *expression_name(unsigned index) { return symbol_function(index); }
