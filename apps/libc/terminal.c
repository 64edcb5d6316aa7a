#include "terminal.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>

#include <ingot/console.h>
#include <ingot/cpu.h>
#include <ingot/line.h>
#include <ingot/time.h>
#include <ingot/utf8.h>

#include "calls.h"
#include "mutex.h"

enum { ROWS = 24, COLUMNS = 80, NS_PER_DECISECOND = 100000000 };

static struct termios mode = {
    .c_iflag = ICRNL, .c_oflag = OPOST | ONLCR, .c_cflag = CS8 | CREAD | B115200, .c_lflag = ICANON | ECHO | ISIG | IEXTEN,
    .c_cc = { [VINTR] = 3, [VEOF] = 4, [VERASE] = 8, [VMIN] = 1 }, .__c_ispeed = B115200, .__c_ospeed = B115200,
};

/* ---- text out ---- */

static struct mutex write_lock;
static char tail[LINE_BYTES];            /* what stands on the last line, for who reads behind it */
static size_t tail_bytes;

static void note_tail(const char *text, size_t bytes)
{
    const char *end = memrchr(text, '\n', bytes);

    if (end) {
        bytes -= (size_t)(end + 1 - text);
        text = end + 1;
        tail_bytes = 0;
    }
    if (bytes > sizeof(tail) - 1 - tail_bytes)
        bytes = sizeof(tail) - 1 - tail_bytes;
    memcpy(tail + tail_bytes, text, bytes);
    tail_bytes += bytes;
    tail[tail_bytes] = 0;
}

/* A line and its end come from musl as two pieces, between which an interrupt's or the log's line would stand: they are put together. */
static char gathered[250];
static size_t gathered_bytes;

static void send_gathered(void)
{
    console_write(gathered, gathered_bytes);
    note_tail(gathered, gathered_bytes);
    gathered_bytes = 0;
}

static void gather(const char *text, size_t bytes)
{
    for (; bytes--; text++) {
        gathered[gathered_bytes++] = *text;
        if (*text == '\n' || gathered_bytes == sizeof(gathered))
            send_gathered();
    }
}

long terminal_write(const struct iovec *vector, long count)
{
    long all = 0;

    mutex_take(&write_lock);
    for (long i = 0; i < count; i++) {
        gather(vector[i].iov_base, vector[i].iov_len);
        all += (long)vector[i].iov_len;
    }
    if (gathered_bytes)
        send_gathered();
    mutex_give(&write_lock);
    return all;
}

/* ---- keys in ---- */

/* What was typed and not read yet: a line with its end, or what a key sends. */
static char typed[LINE_BYTES + 1];
static size_t typed_first, typed_bytes;

static long give_typed(const struct iovec *vector, long count)
{
    long all = 0;

    for (long i = 0; i < count && typed_first < typed_bytes; i++) {
        size_t bytes = typed_bytes - typed_first < vector[i].iov_len ? typed_bytes - typed_first : vector[i].iov_len;

        memcpy(vector[i].iov_base, typed + typed_first, bytes);
        typed_first += bytes;
        all += (long)bytes;
    }
    return all;
}

/* False at the end of the file. Ctrl-C is a signal; when that comes back, another line is asked for. */
static bool type_line(void)
{
    static const struct line_wish wish = { .prompt = tail, .may_end = true };
    enum line_end end;

    while ((end = line_read(&wish, typed)) == LINE_GIVEN_UP) {
        tail_bytes = tail[0] = 0;
        raise(SIGINT);
    }
    typed_first = 0;
    typed_bytes = strlen(typed);
    if (end == LINE_ENDED)
        return false;
    typed[typed_bytes++] = '\n';
    tail_bytes = tail[0] = 0;
    return true;
}

/* What a terminal sends for a key (VT100; ECMA-48). */
static void type_key(int key)
{
    static const char *const sent[] = { "\033[A", "\033[B", "\033[C", "\033[D", "\033[H", "\033[F", "\033[3~", "\033[5~", "\033[6~" };

    typed_first = 0;
    if (key >= KEY_UP && key < KEY_UP + (int)(sizeof(sent) / sizeof(sent[0])))
        typed_bytes = strlen(strcpy(typed, sent[key - KEY_UP]));
    else if (key == KEY_ENTER && mode.c_iflag & ICRNL)
        typed_bytes = strlen(strcpy(typed, "\n"));
    else
        typed_bytes = utf8_encode((uint32_t)key, typed);
}

static bool wait_for_key(void)
{
    uint64_t deadline_ns = UINT64_MAX;
    int key;

    if (mode.c_cc[VMIN] == 0)
        deadline_ns = mode.c_cc[VTIME] ? time_ns() + mode.c_cc[VTIME] * (uint64_t)NS_PER_DECISECOND : 0;
    do
        key = console_key(deadline_ns);
    while (key < 0 && deadline_ns == UINT64_MAX);          /* a log line has come in between */
    if (key < 0)
        return false;
    type_key(key);
    if (key == KEY_CTRL_C && mode.c_lflag & ISIG) {
        typed_bytes = 0;
        raise(SIGINT);
    }
    if (mode.c_lflag & ECHO)
        terminal_write(&(struct iovec){ typed, typed_bytes }, 1);
    return true;
}

/* Behind a question that a program has printed without a line end, which musl keeps (C17 7.21.3: it goes out when input is asked for). */
extern FILE *volatile __stdout_used __attribute__((weak, visibility("hidden")));

long terminal_read(const struct iovec *vector, long count)
{
    if (cpu_id() != 0)
        return -EIO;                     /* keys come in on CPU 0 */
    if (&__stdout_used && __stdout_used)
        fflush(__stdout_used);
    while (typed_first == typed_bytes)
        if (!(mode.c_lflag & ICANON ? type_line() : wait_for_key()))
            return 0;
    return give_typed(vector, count);
}

/* ---- modes ---- */

long terminal_control(long request, void *argument)
{
    switch (request) {
    case TCGETS:
        memcpy(argument, &mode, sizeof(mode));
        return 0;
    case TCSETS: case TCSETSW: case TCSETSF:
        memcpy(&mode, argument, sizeof(mode));
        return 0;
    case TIOCGWINSZ:
        *(struct winsize *)argument = (struct winsize){ .ws_row = ROWS, .ws_col = COLUMNS };
        return 0;
    case FIONREAD:
        *(int *)argument = (int)(typed_bytes - typed_first);
        return 0;
    case TCFLSH: case TCSBRK: case TCXONC:
        return 0;
    }
    return -ENOTTY;
}
