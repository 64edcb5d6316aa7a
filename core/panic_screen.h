/* What stays of a panic on the screen: its sentence in the first row, and a QR code in the upper right corner, for a phone. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Notes what is to be shown: the headline; and for the code the build, the panic's code, offsets in the image (the place first, then its
 * callers), and the sentence as far as it fits. Any context. */
void panic_screen_note(const char *code, const char *sentence, const uint8_t *build, const uint32_t *offset, size_t offsets);

/* Draws it, once, over what is there; nothing where nothing was noted, or there is no console. When all else was told: last. */
void panic_screen_draw(void);
