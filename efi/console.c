#include "efi/console.h"

#include "core/handoff.h"
#include "efi/bytes.h"
#include "efi/recorder.h"
#include "efi/serial.h"
#include "efi/text.h"

enum { LINE_BYTES = 320, SCREEN_UNITS = 64 };

static char log_text[CONSOLE_LOG_BYTES];
static uint64_t log_bytes;
static EFI_SYSTEM_TABLE *screen_system;

void console_open(void)
{
    screen_system = NULL;
    log_bytes = 0;
    log_text[0] = '\0';
}

void console_screen(EFI_SYSTEM_TABLE *system) { screen_system = system; }

/* A whole line or nothing: half a line would read like a fact. */
static void keep(const char *line, uint64_t length)
{
    if (log_bytes + length + 1 > CONSOLE_LOG_BYTES)
        return;
    memcpy(log_text + log_bytes, line, length + 1);
    log_bytes += length;
}

/* Makes the line of label, code, message and new-line, keeps it and sends it; a message that does not fit is cut. */
static void tell(char line[LINE_BYTES], const char *label, const char *code, const char *pattern, va_list args)
{
    uint64_t length = text_format(line, LINE_BYTES - 1, "%s%s: ", label, code);

    length += text_format_va(line + length, LINE_BYTES - 1 - length, pattern, args);
    line[length++] = '\n';
    line[length] = '\0';
    keep(line, length);
    recorder_write(line, length - 1);
    serial_write(line, length);
}

void say(const char *pattern, ...)
{
    char line[LINE_BYTES];
    va_list args;

    va_start(args, pattern);
    tell(line, "efi", "", pattern, args);
    va_end(args);
}

/* Shows text through the firmware's console. What it answers changes nothing: there is nowhere else to complain. */
static void show(const char *text)
{
    SIMPLE_TEXT_OUTPUT_INTERFACE *out = screen_system ? screen_system->ConOut : NULL;
    CHAR16 units[SCREEN_UNITS];

    if (!out || !out->OutputString)
        return;
    while (*text) {
        unsigned count = 0;

        while (*text && count < SCREEN_UNITS - 3) {
            if (*text == '\n')
                units[count++] = '\r';
            units[count++] = (uint8_t)*text++;
        }
        units[count] = 0;
        out->OutputString(out, units);
    }
}

void announce(const char *pattern, ...)
{
    char line[LINE_BYTES];
    va_list args;

    va_start(args, pattern);
    tell(line, "efi", "", pattern, args);
    va_end(args);
    show(line);
}

EFI_STATUS refuse(EFI_STATUS status, const char *code, const char *pattern, ...)
{
    char line[LINE_BYTES];
    va_list args;

    va_start(args, pattern);
    tell(line, "REFUSED ", code, pattern, args);
    va_end(args);
    recorder_end(RECORDER_REFUSED);
    show(line);
    return EFI_ERROR(status) ? status : EFI_LOAD_ERROR;
}

void console_panic(const char *code, const char *pattern, ...)
{
    char line[LINE_BYTES];
    va_list args;

    va_start(args, pattern);
    tell(line, "PANIC ", code, pattern, args);
    va_end(args);
    recorder_end(RECORDER_PANIC);
}

const char *console_log(uint64_t *out_bytes)
{
    *out_bytes = log_bytes;
    return log_text;
}
