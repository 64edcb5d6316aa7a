/* Keyboard: keys as the console gives them, from a PS/2 keyboard and from every serial port. Escape ends it.
 *
 *     make run APP=apps/examples/keyboard DISPLAY=std
 *
 * What you will see:
 *
 *     app: press keys; Escape ends
 *     i8042: a keyboard answers, by interrupts
 *     you press: i shift-n ctrl-g up f1 end
 *     app: U+0069 i
 *     app: U+004E N
 *     app: U+0007 control
 *     app: Up
 *     app: End
 *     you press: esc
 *     app: Escape: 6 keys
 *
 * With ARGS=keyboard=de the key beside P is U+00FC ü. Keys that mean nothing to the console, F1 here, give none. */
#include <stddef.h>

#include <ingot/console.h>
#include <ingot/log.h>
#include <ingot/utf8.h>

static const char *key_name(int key)
{
    static const char *const names[] = { "Up", "Down", "Right", "Left", "Home", "End", "Delete", "Page Up", "Page Down" };

    return key >= KEY_UP && key <= KEY_PAGE_DOWN ? names[key - KEY_UP] : NULL;
}

static void tell(int key)
{
    char text[UTF8_MAX_BYTES + 1] = "";

    if (key_name(key)) {
        log_info("%s", key_name(key));
    } else if (key < ' ') {
        log_info("U+%04X control", (unsigned)key);
    } else {
        utf8_encode((uint32_t)key, text);
        log_info("U+%04X %s", (unsigned)key, text);
    }
}

int main(void)
{
    unsigned keys = 1;

    log_info("press keys; Escape ends");
    for (int key; (key = console_key(UINT64_MAX)) != KEY_ESCAPE; keys++)
        tell(key);
    log_info("Escape: %u keys", keys);
    return 0;
}
