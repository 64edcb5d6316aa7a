/* Keyboards: from the codes that a keyboard sends to keys as the console has them, by the layout that is set.
 * Layouts: us, de, fr; `keyboard=de` on the command line, or the prompt's command `keyboard`. Dead keys give their character at once.
 * Source: Microsoft, "Keyboard Scan Code Specification" 1.3a, "Key Scan Codes" (set 1). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct keyboard {                        /* zeroed before the first code */
    bool shift_left, shift_right, control_left, control_right, alt_gr;
    bool caps, digits_off;               /* locks: Caps, and Num, which is on at first */
    bool extended;                       /* E0 came */
    uint8_t skip;                        /* codes that are still to come of one that means nothing */
};

/* Takes one code of set 1. The key (<ingot/console.h>: a Unicode character or a KEY_...), or -1 when this one makes none. One CPU at a time. */
int keyboard_key(struct keyboard *keyboard, uint8_t code);

/* 0, or ERR_NOT_FOUND when there is no such layout. Any CPU, not in interrupts. */
int keyboard_set_layout(const char *name);
