/* Serial ports, for the core's own files. Drivers and applications see <ingot/serial.h>. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/handoff_view.h"

#include <ingot/serial.h>

/* Gathers the places where a port may be, those first where the loader proved one. Boot CPU, once, after ACPI's tables and our own page
 * tables, before drivers of phase DRIVER_SERIAL start. */
void serial_start(const struct handoff_view *view);

/* Nothing is known yet and somebody is dying: proposes the legacy addresses. Any context. */
void serial_last_resort(void);

unsigned serial_count(void);

/* The loader's own log went to the port at this place. Any context. */
bool serial_was_told(const struct serial_place *place);

/* A line on every port: prefix, text, end of line. Any context. */
void serial_send_line(const char *prefix, size_t prefix_bytes, const char *text, size_t text_bytes);

/* No port would make a line wait; those that are polled do not count, as nothing comes from them when they take more. */
bool serial_has_room(void);

/* Returns when all is out, on each port that moves; for_good: from now on a line is out when serial_send_line() returns. */
void serial_drain(bool for_good);

/* Text as it stands, on every port. Any context. */
void serial_send_text(const char *text, size_t bytes);

/* Somebody who shares the ports with the log: text goes out through send(), which returns how many bytes the port took; hear() gets what
 * comes in on it, and returns whether the byte was his. One; any context. */
struct serial_sharer {
    size_t (*send)(struct serial_port *port, const char *text, size_t bytes);
    bool (*hear)(struct serial_port *port, uint8_t byte);
};
void serial_share(const struct serial_sharer *sharer);

/* A byte that hear() has taken is for serial_read() after all. */
void serial_give_back(uint8_t byte);

/* Has all that came in heard, and keeps the rest for serial_read(). Any context. */
void serial_poll(void);

/* Some port did not get the loader's own log. */
bool serial_has_untold(void);

/* The same without prefix, on the ports that did not get the loader's own log. */
void serial_send_untold(const char *text, size_t bytes);
