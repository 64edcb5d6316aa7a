/* Commands: found, completed and run, and those that are always there. */
#include <ingot/prompt.h>

#include "core/console.h"
#include "core/line.h"
#include "core/log.h"
#include "core/prompt.h"

#include <ingot/console.h>
#include <ingot/error.h>
#include <ingot/format.h>
#include <ingot/string.h>

enum { WORDS_MAX = 32, COMPLAINT_BYTES = 128 };

/* The linker's names for the ends of section "commands", which it keeps because they are named here. */
extern const struct command __start_commands[], __stop_commands[];

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

static const struct command *find(const char *name);

/* The command whose name is the next word of the line from *at on, or NULL. *at moves behind the word. */
static const struct command *next_command(const char *line, unsigned *at, unsigned past)
{
    char name[LINE_BYTES];
    unsigned bytes = 0;

    while (*at < past && line[*at] == ' ')
        ++*at;
    while (*at < past && line[*at] != ' ')
        name[bytes++] = line[(*at)++];
    name[bytes] = 0;
    return bytes ? find(name) : NULL;
}

/* What the word that begins at start can be: a command, or what the command in front of it takes. NULL: nobody knows. Where a command takes
 * another one, as repeat does, it may be what that one takes. */
static line_names *names_for(const char *line, unsigned start)
{
    line_names *names = prompt_command_name;
    unsigned at = start, first;

    while (at && line[at - 1] != ';')
        at--;
    while (line[at] == ' ')
        at++;
    for (first = at; names == prompt_command_name && at < start;) {
        bool is_first = at == first;
        const struct command *command = next_command(line, &at, start);

        names = command ? command->choice : is_first ? NULL : names;
    }
    return names;
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

    if (line_count_matches(prompt_command_name, name, bytes, common) < 2)
        return console_print("%s: no such command; `help` lists them\n", name);
    console_print("%s: which one?", name);
    line_list_matches(prompt_command_name, name, bytes);
}

static char complaint[COMPLAINT_BYTES];
static bool told;                        /* by the command that ran last, or one that it ran, why it failed */

int prompt_complain(const char *pattern, ...)
{
    va_list args;

    va_start(args, pattern);
    format_va(complaint, sizeof(complaint), pattern, args);
    va_end(args);
    return ERR_BAD_VALUE;
}

static void tell_failure(const struct command *command, int result)
{
    if (result == PROMPT_USAGE && *complaint)
        console_print("%s: %s\n", command->name, complaint);
    if (result == PROMPT_USAGE)
        console_print("%s %s\n", command->name, command->text);
    else
        console_print("%s: %s\n", command->name, error_name(result));
}

int prompt_run_words(int argc, char **argv)
{
    const struct command *command = find(argv[0]);
    int result;

    told = !command;
    if (!command) {
        tell_not_found(argv[0]);
        return ERR_NOT_FOUND;
    }
    *complaint = 0;
    console_begin_page();
    result = command->run(argc, argv);
    if (console_was_interrupted())
        result = ERR_INTERRUPTED;
    if (!told && (result < 0 || result == PROMPT_USAGE))
        tell_failure(command, result);
    told = result < 0 || result == PROMPT_USAGE;
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
    while (*at && !exit_wanted && result != ERR_INTERRUPTED) {
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
    static const struct line_wish wish = { .prompt = "> ", .completion = names_for };
    bool exit = false;
    int result = 0;

    log_text("\033[?25h", 6);            /* a screen shows where the cursor is */
    while (!exit) {
        char line[LINE_BYTES];

        line_read(&wish, line);
        console_begin_page();            /* what was typed is none of a command's output */
        result = prompt_run_line(line, &exit);
    }
    return result;
}

/* ---- the commands that are always there ---- */

static int help(int argc, char **argv)
{
    const struct command *one = argc > 1 ? find(argv[1]) : NULL;

    if (argc > 1 && !one) {
        tell_not_found(argv[1]);
        told = true;
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
    const char *line;

    (void)argv;
    if (argc > 1)
        return PROMPT_USAGE;
    for (unsigned number = 0; (line = line_history(&number)); number++)
        console_print("%4u  %s\n", number + 1, line);
    return 0;
}
COMMAND(history, ": the last lines", show_history);

static int page(int argc, char **argv)
{
    uint64_t rows;

    if (argc != 2 || expression_value(argv[1], &rows) || (rows > 1000 && prompt_complain("%s: 1000 rows at most", argv[1])))
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
