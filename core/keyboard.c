/* Layouts as strings in the order of the keys' codes, in Latin-1: all of their characters but the euro sign are in it. */
#include <ingot/keyboard.h>

#include "core/option.h"

#include <ingot/console.h>
#include <ingot/error.h>
#include <ingot/facts.h>
#define LOG_SUBSYSTEM keyboard
#include <ingot/log.h>
#include <ingot/prompt.h>
#include <ingot/string.h>

LOG_SUBSYSTEM_DEFINE(keyboard);

enum code {                              /* set 1, without bit 7, which says that the key was let go */
    CODE_ESCAPE = 0x01, CODE_FIRST = 0x02, CODE_BACKSPACE = 0x0e, CODE_TAB = 0x0f, CODE_ENTER = 0x1c, CODE_CONTROL = 0x1d,
    CODE_SHIFT_LEFT = 0x2a, CODE_LAST = 0x35, CODE_SHIFT_RIGHT = 0x36, CODE_STAR = 0x37, CODE_ALT = 0x38, CODE_SPACE = 0x39,
    CODE_CAPS = 0x3a, CODE_NUM = 0x45, CODE_PAD_FIRST = 0x47, CODE_PAD_LAST = 0x53, CODE_102 = 0x56,
    CODE_RELEASED = 0x80, CODE_EXTENDED = 0xe0, CODE_PAUSE = 0xe1,
};
enum { EURO = 0x80, EURO_SIGN = 0x20ac };        /* a byte that Latin-1 has no character for, and what stands for */

/* From 0x02 to 0x35, then 0x56. Blanks: keys that are the same everywhere. alt_gr: pairs of a key without Shift and what it gives. */
static const struct layout {
    char name[4];
    char plain[54], shifted[54];
    char alt_gr[34];
} layouts[] = {
    { "us",
      "1234567890-=  qwertyuiop[]  asdfghjkl;'` \\zxcvbnm,./\\",
      "!@#$%^&*()_+  QWERTYUIOP{}  ASDFGHJKL:\"~ |ZXCVBNM<>?|", "" },
    { "de",
      "1234567890\xdf\xb4  qwertzuiop\xfc+  asdfghjkl\xf6\xe4^ #yxcvbnm,.-<",
      "!\"\xa7$%&/()=?`  QWERTZUIOP\xdc*  ASDFGHJKL\xd6\xc4\xb0 'YXCVBNM;:_>",
      "2\xb2" "3\xb3" "7{8[9]0}\xdf\\q@e\x80+~<|m\xb5" },
    { "fr",
      "&\xe9\"'(-\xe8_\xe7\xe0)=  azertyuiop^$  qsdfghjklm\xf9\xb2 *wxcvbn,;:!<",
      "1234567890\xb0+  AZERTYUIOP\xa8\xa3  QSDFGHJKLM%~ \xb5WXCVBN?./\xa7>",
      "\xe9~\"#'{([-|\xe8`_\\\xe7^\xe0@)]=}e\x80$\xa4" },
};
_Static_assert(CODE_LAST - CODE_FIRST + 2 + 1 == sizeof(layouts[0].plain), "one character a key, and the end");

static const struct layout *layout;

enum { LAYOUTS = sizeof(layouts) / sizeof(layouts[0]) };

int keyboard_set_layout(const char *name)
{
    for (unsigned i = 0; i < LAYOUTS; i++)
        if (!strcmp(layouts[i].name, name)) {
            layout = &layouts[i];
            return 0;
        }
    return ERR_NOT_FOUND;
}

static const struct layout *current(void)
{
    const char *wanted = option("keyboard");

    if (layout)
        return layout;
    layout = &layouts[0];
    if (wanted && keyboard_set_layout(wanted))
        log_warn("keyboard=%s is none of us, de, fr: us", wanted);
    return layout;
}

/* ---- keys ---- */

static int key_of_pad(uint8_t code)
{
    static const uint8_t keys[] = { KEY_HOME - KEY_UP, 0, KEY_PAGE_UP - KEY_UP, 99, KEY_LEFT - KEY_UP, 99, KEY_RIGHT - KEY_UP, 99,
                                    KEY_END - KEY_UP, KEY_DOWN - KEY_UP, KEY_PAGE_DOWN - KEY_UP, 99, KEY_DELETE - KEY_UP };
    uint8_t key = keys[code - CODE_PAD_FIRST];

    return key == 99 ? -1 : KEY_UP + key;
}

static int pad(const struct keyboard *keyboard, uint8_t code)
{
    char digit = "789-456+1230."[code - CODE_PAD_FIRST];

    return keyboard->digits_off && digit != '-' && digit != '+' ? key_of_pad(code) : digit;
}

static bool is_letter(uint8_t c) { return (c >= 'a' && c <= 'z') || (c >= 0xe0 && c != 0xf7 && c != 0xff); }

static int with_alt_gr(const struct layout *l, uint8_t plain)
{
    for (const char *pair = l->alt_gr; *pair; pair += 2)
        if ((uint8_t)pair[0] == plain)
            return (uint8_t)pair[1] == EURO ? EURO_SIGN : (uint8_t)pair[1];
    return -1;
}

static int character(const struct keyboard *keyboard, unsigned index)
{
    const struct layout *l = current();
    uint8_t plain = (uint8_t)l->plain[index], shifted = (uint8_t)l->shifted[index];
    bool shift = keyboard->shift_left || keyboard->shift_right;

    if (plain == ' ')
        return -1;
    if (keyboard->alt_gr)
        return with_alt_gr(l, plain);
    if (keyboard->control_left || keyboard->control_right)
        return shifted >= '@' && shifted <= '_' ? shifted & 0x1f : plain >= '@' && plain <= '_' ? plain & 0x1f : -1;
    return shift != (keyboard->caps && is_letter(plain)) ? shifted : plain;
}

static int key_of(const struct keyboard *keyboard, uint8_t code)
{
    switch (code) {
    case CODE_ESCAPE: return KEY_ESCAPE;
    case CODE_BACKSPACE: return KEY_BACKSPACE;
    case CODE_TAB: return KEY_TAB;
    case CODE_ENTER: return KEY_ENTER;
    case CODE_SPACE: return ' ';
    case CODE_STAR: return '*';
    case CODE_102: return character(keyboard, CODE_LAST - CODE_FIRST + 1);
    }
    if (code >= CODE_PAD_FIRST && code <= CODE_PAD_LAST)
        return pad(keyboard, code);
    return code >= CODE_FIRST && code <= CODE_LAST ? character(keyboard, code - CODE_FIRST) : -1;
}

static int key_of_extended(uint8_t code)
{
    if (code >= CODE_PAD_FIRST && code <= CODE_PAD_LAST)
        return key_of_pad(code);
    return code == CODE_ENTER ? KEY_ENTER : code == CODE_LAST ? '/' : -1;
}

/* Keys that only change what others mean. Shift behind E0 is none: the keyboard's own, around keys that are on the pad as well. */
static bool take_modifier(struct keyboard *keyboard, uint8_t code, bool extended, bool pressed)
{
    bool *held = code == CODE_CONTROL ? extended ? &keyboard->control_right : &keyboard->control_left :
                 code == CODE_ALT && extended ? &keyboard->alt_gr :
                 code == CODE_SHIFT_LEFT && !extended ? &keyboard->shift_left :
                 code == CODE_SHIFT_RIGHT && !extended ? &keyboard->shift_right : NULL;

    if (held)
        *held = pressed;
    if (pressed && code == CODE_CAPS)
        keyboard->caps = !keyboard->caps;
    if (pressed && code == CODE_NUM && !extended)
        keyboard->digits_off = !keyboard->digits_off;
    return held || code == CODE_ALT || code == CODE_CAPS || code == CODE_NUM;
}

int keyboard_key(struct keyboard *keyboard, uint8_t code)
{
    bool extended = keyboard->extended, pressed = !(code & CODE_RELEASED);

    if (keyboard->skip) {
        keyboard->skip--;
        return -1;
    }
    keyboard->extended = code == CODE_EXTENDED;
    if (code == CODE_PAUSE)
        keyboard->skip = 2;
    if (code == CODE_EXTENDED || code == CODE_PAUSE)
        return -1;
    code &= (uint8_t)~CODE_RELEASED;
    if (take_modifier(keyboard, code, extended, pressed) || !pressed)
        return -1;
    return extended ? key_of_extended(code) : key_of(keyboard, code);
}

static const char *layout_name(unsigned index) { return index < LAYOUTS ? layouts[index].name : NULL; }

static int set_layout(int argc, char **argv)
{
    if (argc > 2 || (argc == 2 && keyboard_set_layout(argv[1]) && prompt_complain("%s: no such layout", argv[1])))
        return PROMPT_USAGE;
    if (argc == 1)
        facts("keyboard %s", current()->name);
    return 0;
}
COMMAND(keyboard, "[us|de|fr]: sets the keyboard's layout, or tells it", set_layout, layout_name);
