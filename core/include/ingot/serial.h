/* Serial ports, whatever chip drives them.
 * A port is registered by its driver and stays for ever; the log goes to every port (up to SERIAL_PORTS_MAX). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SERIAL_PORTS_MAX = 8, SERIAL_ROOM_BYTES = 1024 };    /* ROOM: the longest log line, and what may be said about it */

/* Where a port may be, before anything is proved. */
struct serial_place {
    enum serial_space { SERIAL_IO, SERIAL_MMIO } space;
    uint64_t address;              /* of register 0 */
    uint32_t stride;               /* bytes from register to register: 1, 2 or 4 */
    uint32_t clock_hz;             /* 0: unknown, the divisor is left as it is */
    uint32_t baud;                 /* 0: left as it is */
    const char *source;            /* who named it, for the log: "legacy", "SPCR", "option" ... */
};

struct serial_port;
struct serial_ops {
    /* Sends bytes as far as the port takes them within its bound; returns how many it took. Any context. */
    size_t (*write)(struct serial_port *port, const char *text, size_t bytes);
    /* The same by polling, past what may be queued: for a debugger, while all other CPUs stand. NULL: write() does so. */
    size_t (*write_now)(struct serial_port *port, const char *text, size_t bytes);
    /* Returns one received byte, or -1 when there is none. Never waits. */
    int (*read)(struct serial_port *port);
    /* Returns when all that was written is on the line, or none of it moved within its bound. for_good: for the end of a run; from now on
     * write() waits itself for what it sends, without interrupts. Any context. May be NULL: write() does so anyway. */
    void (*drain)(struct serial_port *port, bool for_good);
    /* Whether SERIAL_ROOM_BYTES would be taken without a wait. NULL: write() always waits for the line. Any context. */
    bool (*has_room)(struct serial_port *port);
    /* From now on an interrupt of the boot CPU takes received bytes in and calls serial_has_come() and console_wake(). False: it has none;
     * read() looks itself. Not in interrupts. May be NULL. */
    bool (*listen)(struct serial_port *port);
};

enum serial_flow { SERIAL_RTSCTS = 1, SERIAL_XONXOFF = 2 };    /* what may stop us: the line CTS; characters that come in */

struct serial_port {
    char name[16];                 /* "com1", "uart@fe032000" */
    struct serial_place place;
    const struct serial_ops *ops;
    void *driver;                  /* the driver's own */
    unsigned flow;                 /* sum of enum serial_flow, as flow= of the command line says; set when it is registered */
    uint64_t lost_bytes;           /* given up when the port took nothing within its bound */
    bool muted;                    /* took nothing lately: one look a line until it takes bytes again, which a mark in it then tells */
    bool told;                     /* the log has said that it was muted, once */
};

/* Adds a port. The caller keeps *port alive for ever. 0, or ERR_FULL. Boot CPU, while drivers start. */
int serial_register(struct serial_port *port);

/* For drivers with has_room(): a port has room again. From its interrupt; lines that others did not wait for are sent then. */
void serial_has_moved(void);

/* Port number index in order of registration, or NULL. Any context. */
struct serial_port *serial_port(unsigned index);

/* Sends bytes on one port as they stand, as far as it takes them within its bound; returns how many it took. The log's lines go to the same
 * ports, and may come between two calls. Any context. */
static inline size_t serial_write(struct serial_port *port, const char *text, size_t bytes) { return port->ops->write(port, text, bytes); }

/* A byte that has come in on any port, or -1 when there is none. Never waits; bytes that nobody reads are lost once the port's own
 * FIFO is full, or after serial_listen() some hundreds. One CPU at a time, any context. */
int serial_read(void);

/* For drivers: read() has bytes. In the interrupt that brought them. */
void serial_has_come(void);

/* Has all ports take in bytes by interrupts of the boot CPU. True when all can: nobody needs to look then. Not in interrupts. */
bool serial_listen(void);

/* Places proposed so far (handoff, options, ACPI, PCI), for drivers in phase DRIVER_SERIAL. NULL past the end. */
const struct serial_place *serial_place(unsigned index);
