#include "efi/last_run.h"

#include "efi/bytes.h"
#include "efi/text.h"

enum { HEADLINE_BYTES = RECORDER_TEXT_BYTES + 64, GAP_BYTES = 48 };

struct reader {
    const struct recorder *from;
    char *to;
    uint64_t used, bytes;                   /* of to */
    uint32_t number;                        /* of the line that was read last */
    const char *words;                      /* how the run said that it ended: its PANIC or REFUSED, in to */
};

bool last_run_is_there(const struct recorder *from, uint64_t bytes)
{
    return from->magic == RECORDER_MAGIC && from->version == RECORDER_VERSION && from->bytes == bytes &&
           from->sum == recorder_header_sum(from);
}

static const struct recorder_line *line_at(const struct recorder *from, uint64_t at)
{
    const struct recorder_line *line = (const void *)((const uint8_t *)from + at);

    if (line->bytes > RECORDER_TEXT_BYTES || recorder_line_bytes(line->bytes) > from->bytes - at || line->number == 0)
        return NULL;
    return line->sum == recorder_line_sum(from, line) ? line : NULL;
}

/* The first whole line in [*at, end), and *at behind it; NULL at the end. */
static const struct recorder_line *next_line(const struct recorder *from, uint64_t *at, uint64_t end)
{
    const struct recorder_line *line = NULL;

    for (; !line && *at < end; *at += line ? recorder_line_bytes(line->bytes) : RECORDER_PLACE)
        line = line_at(from, *at);
    return line;
}

/* Where the newest line ends. */
static uint64_t find_end(const struct recorder *from)
{
    uint64_t at = sizeof(*from), end = at;
    const struct recorder_line *line;
    uint32_t number = 0;

    while ((line = next_line(from, &at, from->bytes)) != NULL)
        if (line->number > number) {
            number = line->number;
            end = at;
        }
    return end;
}

/* True when bytes of text begin with word, which is "PANIC " or "REFUSED ". */
static bool begins(const struct recorder_line *line, const char *word)
{
    uint32_t i = 0;

    while (word[i] && i < line->bytes && line->text[i] == word[i])
        i++;
    return !word[i];
}

static void add(struct reader *r, const struct recorder_line *line)
{
    if (r->bytes - r->used < GAP_BYTES + RECORDER_TEXT_BYTES + 1)
        return;
    if (line->number != r->number + 1)
        r->used += text_format(r->to + r->used, GAP_BYTES, "... %u lines are missing here ...\n", line->number - r->number - 1);
    r->number = line->number;
    if (!r->words && (begins(line, "PANIC ") || begins(line, "REFUSED ")))
        r->words = r->to + r->used;
    memcpy(r->to + r->used, line->text, line->bytes);
    r->used += line->bytes;
    r->to[r->used++] = '\n';
}

/* Lines whose numbers do not grow are older ones that nobody has overwritten. */
static void add_lines(struct reader *r, uint64_t at, uint64_t end)
{
    const struct recorder_line *line;

    while ((line = next_line(r->from, &at, end)) != NULL)
        if (line->number > r->number)
            add(r, line);
}

static uint64_t put_words(char *to, const char *words)
{
    uint64_t length = 0;

    while (words[length] != '\n') {
        to[length] = words[length];
        length++;
    }
    return length;
}

static uint64_t put_headline(const struct reader *r, uint32_t end, char to[HEADLINE_BYTES])
{
    uint32_t stage = recorder_marked(r->from->key, r->from->stage);
    uint64_t length = text_format(to, HEADLINE_BYTES, "run %u ", r->from->run);

    if (stage == 0 || stage > HANDOFF_STAGE_MAIN)
        stage = 0;
    if (r->words) {
        length += text_format(to + length, HEADLINE_BYTES - length, "ended in ");
        length += put_words(to + length, r->words);
    } else if (end == RECORDER_PANIC || end == RECORDER_REFUSED) {
        length += text_format(to + length, HEADLINE_BYTES - length, "ended in a %s whose words are lost",
                              end == RECORDER_PANIC ? "PANIC" : "REFUSED");
    } else if (end == RECORDER_LEFT) {
        length += text_format(to + length, HEADLINE_BYTES - length, "ended as it was asked to, and has left lines to be found");
    } else {
        length += text_format(to + length, HEADLINE_BYTES - length, "was cut off by a reset, a fault or a hang, %s: %s",
                              stage < HANDOFF_STAGE_CORE ? "in the loader, behind its stage" : "in the core, at its stage",
                              text_entry(HANDOFF_STAGE_NAMES, stage));
    }
    to[length++] = '\n';
    return length;
}

void last_run_read(const struct recorder *from, char *to, uint64_t bytes, struct handoff_last_run *out_run)
{
    char headline[HEADLINE_BYTES];
    struct reader r = { .from = from, .to = to, .used = HEADLINE_BYTES, .bytes = bytes };
    uint64_t end = find_end(from), length;

    out_run->end = recorder_marked(from->key, from->end);
    add_lines(&r, end, from->bytes);
    add_lines(&r, sizeof(*from), end);
    if (r.words)                            /* the mark may have been lost, or not have been set yet */
        out_run->end = *r.words == 'P' ? RECORDER_PANIC : RECORDER_REFUSED;
    else if (out_run->end != RECORDER_PANIC && out_run->end != RECORDER_REFUSED && out_run->end != RECORDER_LEFT)
        out_run->end = RECORDER_RUNNING;
    length = put_headline(&r, out_run->end, headline);
    memcpy(to + HEADLINE_BYTES - length, headline, length);
    out_run->text = (uint64_t)(uintptr_t)to + HEADLINE_BYTES - length;
    out_run->bytes = r.used - (HEADLINE_BYTES - length);
}
