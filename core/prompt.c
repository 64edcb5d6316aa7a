/* A line editor with history and completion, and the commands that are always there. */
#include <ingot/prompt.h>

#include "core/log.h"
#include "core/prompt.h"

#include <ingot/console.h>
#include <ingot/cpu.h>
#include <ingot/error.h>
#include <ingot/format.h>
#include <ingot/string.h>
#include <ingot/time.h>

enum { LINE_BYTES = 256, HISTORY = 16, WORDS_MAX = 32, WINDOW = 72, LOOK_NS = 200000000 };
enum { CTRL_A = 1, CTRL_B, CTRL_C, CTRL_D, CTRL_E, CTRL_F, CTRL_K = 11, CTRL_L, CTRL_N = 14, CTRL_P = 16, CTRL_U = 21, CTRL_W = 23, DELETE = 127 };

/* The linker's names for the ends of section "commands", which it keeps because they are named here. */
extern const struct command __start_commands[], __stop_commands[];

static const char prompt_text[] = "> ";

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
    int bytes = format(text, sizeof(text), "\r%s%.*s\033[K", prompt_text, (int)shown, line + first);

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

/* ---- the commands' names ---- */

/* The next one in the alphabet behind name (NULL: the first). */
static const struct command *next_by_name(const struct command *before)
{
    const struct command *next = NULL;

    for (const struct command *each = __start_commands; each < __stop_commands; each++)
        if ((!before || strcmp(each->name, before->name) > 0) && (!next || strcmp(each->name, next->name) < 0))
            next = each;
    return next;
}

static bool begins_with(const char *name, const char *start, unsigned bytes)
{
    return !strncmp(name, start, bytes);
}

/* For completion: names by number, NULL past the last. */
typedef const char *name_list(unsigned index);

/* In the alphabet's order, for which the last answer is kept: who asks goes on from there. */
const char *prompt_command_name(unsigned index)
{
    static const struct command *last;
    static unsigned last_index;

    if (index == 0 || !last || index != last_index + 1) {
        last = next_by_name(NULL);
        for (last_index = 0; last && last_index < index; last_index++)
            last = next_by_name(last);
    } else {
        last = next_by_name(last);
        last_index = index;
    }
    return last ? last->name : NULL;
}

/* How many names begin so, and what all of them go on with. */
static unsigned count_matches(name_list *names, const char *start, unsigned bytes, char common[LINE_BYTES])
{
    unsigned matches = 0;
    const char *name;

    for (unsigned number = 0; (name = names(number)); number++) {
        if (!begins_with(name, start, bytes))
            continue;
        if (matches++ == 0)
            strlcpy(common, name, LINE_BYTES);
        for (unsigned i = 0; common[i]; i++)
            if (name[i] != common[i])
                common[i] = 0;
    }
    return matches;
}

static void list_matches(name_list *names, const char *start, unsigned bytes)
{
    const char *name;

    console_print("\n");
    for (unsigned number = 0; (name = names(number)); number++)
        if (begins_with(name, start, bytes))
            console_print("%s ", name);
    console_print("\n");
}

static const struct command *find(const char *name);

/* What the word that begins at start can be: a command, or what the command in front of it takes. NULL: nobody knows. */
static name_list *names_for(unsigned start)
{
    unsigned from = start, bytes = 0;
    const struct command *command;
    char name[LINE_BYTES];

    while (from && line[from - 1] != ';')
        from--;
    while (line[from] == ' ')
        from++;
    if (from >= start)
        return prompt_command_name;
    while (from < start && line[from] != ' ')
        name[bytes++] = line[from++];
    name[bytes] = 0;
    command = find(name);
    return command ? command->choice : NULL;
}

/* The word that the cursor stands behind. */
static void complete(void)
{
    unsigned start = word_start(), bytes = cursor - start, matches;
    name_list *names = names_for(start);
    char common[LINE_BYTES];

    matches = names ? count_matches(names, line + start, bytes, common) : 0;
    if (matches == 0)
        return;
    if (strlen(common) > bytes)
        insert(common + bytes, (unsigned)strlen(common) - bytes);
    else if (matches > 1) {
        draw();
        list_matches(names, line + start, bytes);
    }
    if (matches == 1)
        insert(" ", 1);
}

/* ---- keys ---- */

/* True when the line is to be run, or given up. */
static bool take_key(int key)
{
    char character = (char)key;

    switch (key) {
    case KEY_ENTER: return true;
    case CTRL_C: set_line(""); return true;
    case KEY_LEFT: case CTRL_B: cursor -= cursor > 0; break;
    case KEY_RIGHT: case CTRL_F: cursor += cursor < length; break;
    case KEY_HOME: case CTRL_A: cursor = 0; break;
    case KEY_END: case CTRL_E: cursor = length; break;
    case KEY_UP: case CTRL_P: move_in_history(-1); break;
    case KEY_DOWN: case CTRL_N: move_in_history(1); break;
    case KEY_BACKSPACE: if (cursor) remove_bytes(cursor - 1, cursor); break;
    case KEY_DELETE: case CTRL_D: if (cursor < length) remove_bytes(cursor, cursor + 1); break;
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
static void read_line(void)
{
    bool done = false, drawn = true;
    int key;

    set_line("");
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
    log_left_prompt();
    console_print("\n");
    keep_in_history();
}

/* ---- running ---- */

/* By its name, or by two of its letters or more that no other one begins with. */
static const struct command *find(const char *name)
{
    const struct command *found = NULL;
    unsigned bytes = (unsigned)strlen(name);

    for (const struct command *each = __start_commands; each < __stop_commands; each++) {
        if (!strcmp(each->name, name))
            return each;
        if (bytes > 1 && begins_with(each->name, name, bytes)) {
            if (found)
                return NULL;             /* several: none is meant */
            found = each;
        }
    }
    return found;
}

static void tell_not_found(const char *name)
{
    char common[LINE_BYTES];
    unsigned bytes = (unsigned)strlen(name);

    if (count_matches(prompt_command_name, name, bytes, common) < 2)
        return console_print("%s: no such command; `help` lists them\n", name);
    console_print("%s: which one?", name);
    list_matches(prompt_command_name, name, bytes);
}

int prompt_run_words(int argc, char **argv)
{
    const struct command *command = find(argv[0]);
    int result;

    if (!command) {
        tell_not_found(argv[0]);
        return ERR_NOT_FOUND;
    }
    console_begin_page();
    result = command->run(argc, argv);
    if (result == PROMPT_USAGE)
        console_print("%s %s\n", command->name, command->text);
    else if (result < 0)
        console_print("%s: %s\n", command->name, error_name(result));
    return result;
}

static bool exit_wanted;
static int exit_value;

/* Cuts the next word off, in place; NULL at the end of a command. *at moves behind it, onto a ; or the end. */
static char *next_word(char **at)
{
    char *word, *to, *from = *at;
    bool quoted = false;

    while (*from == ' ')
        from++;
    *at = from;
    if (*from == 0 || *from == ';')
        return NULL;
    for (word = to = from; *from && (quoted || (*from != ' ' && *from != ';')); from++)
        if (*from == '"')
            quoted = !quoted;
        else
            *to++ = *from;
    *at = from;
    if (*from == ' ')
        (*at)++;
    if (*from != ';')
        *to = 0;
    else if (to < from)
        *to = 0;
    return word;
}

int prompt_run_line(char *text, bool *out_exit)
{
    char *words[WORDS_MAX + 1], *at = text;
    int count, result = 0;

    exit_wanted = false;
    while (*at && !exit_wanted) {
        for (count = 0; count < WORDS_MAX && (words[count] = next_word(&at)); count++)
            ;
        words[count] = NULL;
        if (*at == ';')
            *at++ = 0;                   /* it may have been the end of the last word */
        else if (count == WORDS_MAX)
            at += strlen(at);
        if (count)
            result = prompt_run_words(count, words);
    }
    *out_exit = exit_wanted;
    return exit_wanted ? exit_value : result;
}

int prompt_run(void)
{
    bool exit = false;
    int result = 0;

    while (!exit) {
        char copy[LINE_BYTES];

        read_line();
        strlcpy(copy, line, sizeof(copy));
        result = prompt_run_line(copy, &exit);
    }
    return result;
}

/* ---- the commands that are always there ---- */

static int help(int argc, char **argv)
{
    const struct command *one = argc > 1 ? find(argv[1]) : NULL;

    if (argc > 1 && !one) {
        tell_not_found(argv[1]);
        return ERR_NOT_FOUND;
    }
    if (one) {
        console_print("%s %s\n", one->name, one->text);
        return 0;
    }
    for (const struct command *each = NULL; (each = next_by_name(each)); )
        console_print("  %-10s %s\n", each->name, each->text);
    return 0;
}
COMMAND(help, "[COMMAND]: what commands there are, or how one is called", help, prompt_command_name);

static int show_history(int argc, char **argv)
{
    unsigned oldest = history_count > HISTORY ? history_count - HISTORY : 0;

    (void)argv;
    if (argc > 1)
        return PROMPT_USAGE;
    for (unsigned i = oldest; i < history_count; i++)
        console_print("%4u  %s\n", i + 1, history[i % HISTORY]);
    return 0;
}
COMMAND(history, ": the last lines", show_history);

static int page(int argc, char **argv)
{
    uint64_t rows;

    if (argc != 2 || expression_value(argv[1], &rows) || rows > 1000)
        return PROMPT_USAGE;
    console_set_page((unsigned)rows);
    return 0;
}
COMMAND(page, "ROWS: stops long output after so many rows until a key is pressed; 0: never", page);

static int repeat(int argc, char **argv)
{
    uint64_t count;
    int result = 0;

    if (argc < 3 || expression_value(argv[1], &count))
        return PROMPT_USAGE;
    while (count-- && result == 0 && !console_interrupted())
        result = prompt_run_words(argc - 2, argv + 2);
    return result;
}
COMMAND(repeat, "COUNT COMMAND [WORD...]: runs a command so often, until it fails or Ctrl-C is typed", repeat, prompt_command_name);

static int exit_prompt(int argc, char **argv)
{
    uint64_t value = 0;

    if (argc > 2 || (argc == 2 && (expression_value(argv[1], &value) || value > INT32_MAX)))
        return PROMPT_USAGE;
    exit_wanted = true;
    exit_value = (int)value;
    return 0;
}
COMMAND(exit, "[NUMBER]: ends the prompt; main returns the number (0)", exit_prompt);
