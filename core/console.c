#include <ingot/console.h>

#include "core/ansi.h"
#include "core/console.h"
#include "core/log.h"

#include <ingot/cpu.h>
#include <ingot/format.h>
#include <ingot/log.h>
#include <ingot/serial.h>
#include <ingot/time.h>
#include <ingot/utf8.h>

enum { AT_ONCE_MAX = 1024 };             /* bytes without a key: a port that always has one must not hold a CPU */
enum { AHEAD_MAX = 512, PRINT_BYTES = 1024, POLL_NS = 1000000, ESCAPE_NS = 50000000, DELETE = 127 };

static struct console_input *inputs;
static int ahead[AHEAD_MAX];             /* keys that were typed while somebody else listened */
static unsigned ahead_first, ahead_count;
static bool interrupted, was_interrupted; /* not told yet; told */

static bool listening, polled;           /* polled: some source has no interrupt */
static _Atomic bool woken;

extern const struct input_driver __start_input_drivers[], __stop_input_drivers[];    /* the linker's */

void console_add_input(struct console_input *input)
{
    input->next = inputs;
    inputs = input;
    polled |= input->polled;
}

void console_wake(void) { woken = true; }

/* At the first question: a program that asks for no keys has no interrupts from them either. */
static void listen(void)
{
    if (listening)
        return;
    listening = true;
    polled |= !serial_listen();
    for (const struct input_driver *driver = __start_input_drivers; driver < __stop_input_drivers; driver++)
        driver->start();
}

/* ---- keys that a terminal sends ---- */

static struct ansi ansi;
static struct utf8_decoder decoder;
static bool single_shift;                /* ESC O came: the next byte is a key's (VT100, "Cursor Key Codes") */
static bool after_return;                /* a LF that follows is no key of its own */
static uint64_t last_byte_ns;

static int key_of_letter(uint8_t letter)
{
    switch (letter) {
    case 'A': return KEY_UP;
    case 'B': return KEY_DOWN;
    case 'C': return KEY_RIGHT;
    case 'D': return KEY_LEFT;
    case 'H': return KEY_HOME;
    case 'F': return KEY_END;
    }
    return -1;
}

/* CSI number ~. */
static int key_of_number(unsigned number)
{
    switch (number) {
    case 1: case 7: return KEY_HOME;
    case 4: case 8: return KEY_END;
    case 3: return KEY_DELETE;
    case 5: return KEY_PAGE_UP;
    case 6: return KEY_PAGE_DOWN;
    }
    return -1;
}

static int key_of_text(uint8_t byte)
{
    uint32_t character;
    bool was_return = after_return;
    enum utf8_result result;

    after_return = byte == '\r';
    if (byte == '\n')
        return was_return ? -1 : KEY_ENTER;
    if (byte == DELETE)
        return KEY_BACKSPACE;
    result = utf8_feed(&decoder, byte, &character);
    if (result == UTF8_AGAIN)
        result = utf8_feed(&decoder, byte, &character);
    return result == UTF8_CHARACTER ? (int)character : -1;
}

static int key_of_byte(uint8_t byte)
{
    if (single_shift) {
        single_shift = false;
        return key_of_letter(byte);
    }
    switch (ansi_feed(&ansi, byte)) {
    case ANSI_TEXT:
        return key_of_text(byte);
    case ANSI_CSI:
        return byte == '~' ? key_of_number(ansi_parameter(&ansi, 0, 0)) : key_of_letter(byte);
    case ANSI_ESCAPE:
        single_shift = byte == 'O';
        return -1;
    default:
        return -1;
    }
}

/* ---- what has come in ---- */

static bool is_in_key(void) { return !ansi_idle(&ansi) || single_shift; }

/* The next key of all sources; bytes that are part of one are taken. An escape character that nothing follows is the key itself. */
static int take_key(void)
{
    int byte, key;

    listen();
    for (struct console_input *input = inputs; input; input = input->next)
        if ((key = input->key(input)) >= 0)
            return key;
    for (unsigned bytes = 0; bytes < AT_ONCE_MAX && (byte = serial_read()) >= 0; bytes++) {
        last_byte_ns = time_ns();
        if ((key = key_of_byte((uint8_t)byte)) >= 0)
            return key;
    }
    if (!is_in_key() || time_ns() - last_byte_ns < ESCAPE_NS)
        return -1;
    ansi = (struct ansi){ 0 };
    single_shift = false;
    return KEY_ESCAPE;
}

bool console_interrupted(void)
{
    bool was = interrupted;
    int key;

    for (unsigned looks = 0; looks < AHEAD_MAX && (key = take_key()) >= 0; looks++) {
        if (key == KEY_CTRL_C)
            was = true;
        else if (ahead_count < AHEAD_MAX)
            ahead[(ahead_first + ahead_count++) % AHEAD_MAX] = key;
    }
    interrupted = false;
    was_interrupted |= was;
    return was;
}

bool console_was_interrupted(void) { return was_interrupted; }

/* When somebody has to look, at the latest. Interrupts are the boot CPU's: any other looks by itself. */
static uint64_t next_look_ns(uint64_t now_ns)
{
    if (polled || cpu_id() != 0)
        return now_ns + POLL_NS;
    return is_in_key() ? last_byte_ns + ESCAPE_NS : UINT64_MAX;
}

int console_key(uint64_t deadline_ns)
{
    bool at_prompt = !log_took_prompt();
    uint64_t look_ns;
    int key;

    if (ahead_count) {
        key = ahead[ahead_first];
        ahead_first = (ahead_first + 1) % AHEAD_MAX;
        ahead_count--;
        return key;
    }
    for (;;) {
        woken = false;
        key = take_key();
        if (key >= 0 || deadline_ns == 0 || time_ns() >= deadline_ns || (at_prompt && log_took_prompt()))
            return key;
        look_ns = next_look_ns(time_ns());
        cpu_sleep_until_set(look_ns < deadline_ns ? look_ns : deadline_ns, &woken);
    }
}

/* ---- text ---- */

static unsigned page_rows, page_used;    /* rows 0: text runs through */
static bool page_ended;                  /* no more of it is wanted */

void console_set_page(unsigned rows) { page_rows = rows; }

void console_begin_page(void)
{
    page_used = 0;
    page_ended = interrupted = was_interrupted = false;
}

/* A page is full: Enter shows one line more, any other key another page; q and Ctrl-C no more, and what prints is to end. */
static void turn_page(void)
{
    static const char ask[] = "\033[7m-- more: space, Enter, q --\033[0m", clear[] = "\r\033[K";
    int key;

    log_text(ask, sizeof(ask) - 1);
    key = console_key(UINT64_MAX);
    log_text(clear, sizeof(clear) - 1);
    page_used = key == KEY_ENTER ? page_rows - 2 : 0;
    page_ended = interrupted = key == 'q' || key == KEY_CTRL_C;
}

static void end_line(void)
{
    log_text("\r\n", 2);
    if (page_rows > 1 && ++page_used >= page_rows - 1)
        turn_page();
}

static void (*redirected)(const char *text);

void console_redirect(void (*to)(const char *text)) { redirected = to; }

void console_print(const char *pattern, ...)
{
    char text[PRINT_BYTES], *from = text, *at;
    va_list args;

    va_start(args, pattern);
    format_va(text, sizeof(text), pattern, args);
    va_end(args);
    if (redirected)
        return redirected(text);
    for (at = text; *at && !page_ended; at++) {
        if (*at != '\n')
            continue;
        log_text(from, (size_t)(at - from));
        end_line();
        from = at + 1;
    }
    if (!page_ended)
        log_text(from, (size_t)(at - from));
    log_flush();
}

/* A piece that comes out as one; line ends are those of terminals. */
void console_write(const char *text, size_t bytes)
{
    char piece[255];
    size_t used = 0;

    for (; bytes--; text++) {
        if (used + 2 > sizeof(piece)) {
            log_text(piece, used);
            used = 0;
        }
        if (*text == '\n')
            piece[used++] = '\r';
        piece[used++] = *text;
        if (*text == '\n') {
            log_text(piece, used);
            used = 0;
        }
    }
    if (used)
        log_text(piece, used);
}
