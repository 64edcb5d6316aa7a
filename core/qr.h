/* A QR code of one size, for a crash report on the screen: version 6 (41 x 41 modules), error correction L, bytes, mask 0.
 * Source: ISO/IEC 18004. No memory but the caller's. Any context. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { QR_MODULES = 41, QR_TEXT_BYTES = 134, QR_QUIET = 4 };    /* the border that readers need has QR_QUIET modules */

struct qr {
    uint8_t module[QR_MODULES][QR_MODULES];    /* [y][x]: bit 0 dark, bit 1 part of a fixed pattern */
};

/* Text beyond QR_TEXT_BYTES is cut. */
void qr_make(struct qr *qr, const char *text);

static inline bool qr_is_dark(const struct qr *qr, unsigned x, unsigned y) { return qr->module[y][x] & 1; }
