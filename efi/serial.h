/* Serial ports for the loader's lines: transmit only. efi/x86_64/serial.c knows the 16550 family.
 * A port is used only after it has answered as one; every wait has a bound, and a port that takes nothing is given up on until it
 * does again. Boot CPU. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { SERIAL_PORTS_MAX = 8 };

struct serial_port {
    uint64_t address;                       /* of register 0 */
    uint32_t space;                         /* enum handoff_serial_space */
    uint32_t stride;                        /* bytes from register to register */
    uint32_t clock_hz, baud;                /* for the handoff: 0 means leave as it is */
    uint32_t source;                        /* enum handoff_serial_source */
    bool stuck;                             /* took nothing within the bound */
};

/* Forgets all ports, then looks at the CPU's usual places. */
void serial_find(void);

/* What was found there, and what not, as a line of the log. */
void serial_tell_usual(void);

/* Adds a place that somebody names, or sets the speed of a port that is known already. False when nothing answers there. */
bool serial_add(const struct serial_port *place);

/* There is a port at this place. */
bool serial_knows(const struct serial_port *place);

/* No port is used from now on. */
void serial_off(void);

/* Sends text to every port, \n as CR LF. Never waits longer than its bound, a port. */
void serial_write(const char *text, uint64_t bytes);

/* Sends text to port index alone: what it has missed. */
void serial_write_to(unsigned index, const char *text, uint64_t bytes);

/* Port index (0 ..), or NULL past the last one. */
const struct serial_port *serial_port(unsigned index);
