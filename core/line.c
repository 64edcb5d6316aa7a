/* A line editor with history and completion. */
#include <ingot/line.h>

#include "core/line.h"
#include "core/log.h"

#include <ingot/console.h>
#include <ingot/cpu.h>
#include <ingot/format.h>
#include <ingot/string.h>
#include <ingot/time.h>

enum { HISTORY = 16, WINDOW = 72, LOOK_NS = 200000000, LISTED_MAX = 100 };
enum { CTRL_A = 1, CTRL_B, CTRL_C, CTRL_D, CTRL_E, CTRL_F, CTRL_K = 11, CTRL_L, CTRL_N = 14, CTRL_P = 16, CTRL_U = 21, CTRL_W = 23, DELETE = 127 };

static const struct line_wish *wish;

/* ---- the line that is edited ---- */

static char line[LINE_BYTES];
static unsigned length, cursor;          /* bytes; all are printable ASCII */

static char history[HISTORY][LINE_BYTES];
static unsigned history_count;           /* all ever kept: number n lies in n % HISTORY */
static unsigned history_at;              /* the one that is shown; history_count: the line itself */
static char kept_line[LINE_BYTES];       /* the line itself, while an older one is shown */

/* Shows the part of the line around the cursor: a terminal's width is not known. */
static void draw(void)
{
    unsigned first = cursor >= WINDOW ? cursor - WINDOW + 1 : 0, shown = length - first < WINDOW ? length - first : WINDOW;
    unsigned back = first + shown - cursor;
    char text[LINE_BYTES + 32];
    int bytes = format(text, sizeof(text), "\r%s%.*s\033[K", wish->prompt, (int)shown, line + first);

    if (back)
        bytes += format(text + bytes, sizeof(text) - (size_t)bytes, "\033[%uD", back);
    log_at_prompt();
    log_text(text, (size_t)bytes);
}

static void set_line(const char *text)
{
    strlcpy(line, text, sizeof(line));
    length = cursor = (unsigned)strlen(line);
}

static void remove_bytes(unsigned from, unsigned past)
{
    memmove(line + from, line + past, length - past + 1);
    length -= past - from;
    cursor = from;
}

static void insert(const char *text, unsigned bytes)
{
    if (length + bytes >= LINE_BYTES)
        return;
    memmove(line + cursor + bytes, line + cursor, length - cursor + 1);
    memcpy(line + cursor, text, bytes);
    length += bytes;
    cursor += bytes;
}

static unsigned word_start(void)
{
    unsigned at = cursor;

    while (at && line[at - 1] == ' ')
        at--;
    while (at && line[at - 1] != ' ')
        at--;
    return at;
}

/* step -1: to an older line; 1: to a newer one. */
static void move_in_history(int step)
{
    unsigned oldest = history_count > HISTORY ? history_count - HISTORY : 0;

    if ((step < 0 && history_at == oldest) || (step > 0 && history_at == history_count))
        return;
    if (history_at == history_count)
        strlcpy(kept_line, line, sizeof(kept_line));
    history_at += (unsigned)step;
    set_line(history_at == history_count ? kept_line : history[history_at % HISTORY]);
}

static void keep_in_history(void)
{
    if (length && (history_count == 0 || strcmp(history[(history_count - 1) % HISTORY], line)))
        strlcpy(history[history_count++ % HISTORY], line, LINE_BYTES);
    history_at = history_count;
}

/* ---- completion ---- */

/* How many names begin so, and what all of them go on with. */
unsigned line_count_matches(line_names *names, const char *start, unsigned bytes, char common[LINE_BYTES])
{
    unsigned matches = 0;
    const char *name;

    for (unsigned number = 0; (name = names(number)); number++) {
        if (strncmp(name, start, bytes) || (matches == 1 && !strcmp(name, common)))
            continue;                    /* static functions may share a name, and then it is one */
        if (matches++ == 0)
            strlcpy(common, name, LINE_BYTES);
        for (unsigned i = 0; common[i]; i++)
            if (name[i] != common[i])
                common[i] = 0;
    }
    return matches;
}

void line_list_matches(line_names *names, const char *start, unsigned bytes)
{
    unsigned column = 0, letters;
    const char *name;

    for (unsigned number = 0; (name = names(number)); number++) {
        if (strncmp(name, start, bytes))
            continue;
        letters = (unsigned)strlen(name);
        column = column == 0 || column + letters > WINDOW ? 0 : column;
        console_print("%s%s", column ? " " : "\n", name);
        column += letters + 1;
    }
    console_print("\n");
}

/* In an expression it is the name behind the last operator. */
static unsigned name_start(unsigned start)
{
    unsigned at = cursor;

    while (at > start && !strchr("(+-*/%&|^~<>", line[at - 1]))
        at--;
    return at;
}

static void tell_matches(line_names *names, const char *start, unsigned bytes, unsigned matches)
{
    draw();
    if (matches > LISTED_MAX)
        console_print("\n%u names begin so: a letter more makes them fewer\n", matches);
    else
        line_list_matches(names, start, bytes);
}

/* The word that the cursor stands behind. */
static void complete(void)
{
    unsigned word = word_start(), start = word, bytes, matches;
    line_names *names = wish->completion ? wish->completion(line, start) : NULL;
    char common[LINE_BYTES];

    matches = names ? line_count_matches(names, line + start, cursor - start, common) : 0;
    if (matches == 0 && names && (start = name_start(word)) != word)
        matches = line_count_matches(names, line + start, cursor - start, common);
    if (matches == 0)
        return;
    bytes = cursor - start;
    if (strlen(common) > bytes)
        insert(common + bytes, (unsigned)strlen(common) - bytes);
    else if (matches > 1)
        tell_matches(names, line + start, bytes, matches);
    if (matches == 1 && start == word && line[cursor - 1] != ':')
        insert(" ", 1);
}

/* ---- keys ---- */

static enum line_end end;

static bool end_with(enum line_end how)
{
    end = how;
    return true;
}

/* True when the line has ended, in whatever way. */
static bool take_key(int key)
{
    char character = (char)key;

    switch (key) {
    case KEY_ENTER: return end_with(LINE_TYPED);
    case CTRL_C: set_line(""); return end_with(LINE_GIVEN_UP);
    case KEY_LEFT: case CTRL_B: cursor -= cursor > 0; break;
    case KEY_RIGHT: case CTRL_F: cursor += cursor < length; break;
    case KEY_HOME: case CTRL_A: cursor = 0; break;
    case KEY_END: case CTRL_E: cursor = length; break;
    case KEY_UP: case CTRL_P: move_in_history(-1); break;
    case KEY_DOWN: case CTRL_N: move_in_history(1); break;
    case KEY_BACKSPACE: if (cursor) remove_bytes(cursor - 1, cursor); break;
    case CTRL_D: if (wish->may_end && length == 0) return end_with(LINE_ENDED); /* fall through */
    case KEY_DELETE: if (cursor < length) remove_bytes(cursor, cursor + 1); break;
    case CTRL_K: line[length = cursor] = 0; break;
    case CTRL_U: remove_bytes(0, cursor); break;
    case CTRL_W: remove_bytes(word_start(), cursor); break;
    case CTRL_L: log_text("\033[H\033[2J", 7); break;
    case KEY_TAB: complete(); break;
    default:
        if (key >= ' ' && key < DELETE)
            insert(&character, 1);
    }
    return false;
}

/* Most keys add a character at the end, which needs no more than that character. */
static bool append(int key)
{
    char character = (char)key;

    if (key < ' ' || key >= DELETE || cursor != length || length >= WINDOW - 1 || log_took_prompt())
        return false;
    insert(&character, 1);
    log_text(&character, 1);
    return true;
}

/* What was typed faster than it is read is drawn once. */
static void edit(void)
{
    bool done = false, drawn = true;
    int key;

    set_line("");
    console_begin_page();
    draw();
    while (!done) {
        key = console_key(drawn ? time_ns() + LOOK_NS : 0);
        if (drawn && append(key))
            continue;
        if (key >= 0) {
            done = take_key(key);
            drawn = false;
        }
        if (done || (key < 0 && !drawn) || log_took_prompt()) {
            draw();
            drawn = true;
        }
    }
}

enum line_end line_read(const struct line_wish *new_wish, char out_line[LINE_BYTES])
{
    wish = new_wish;
    edit();
    log_left_prompt();
    if (end != LINE_ENDED)
        log_text("\r\n", 2);
    keep_in_history();
    strlcpy(out_line, line, LINE_BYTES);
    return end;
}

const char *line_history(unsigned *number)
{
    unsigned oldest = history_count > HISTORY ? history_count - HISTORY : 0;

    if (*number < oldest)
        *number = oldest;
    return *number < history_count ? history[*number % HISTORY] : NULL;
}
