/* Register model of the 16550 family, with a line at its end. Time comes from tests/host/model_bus.h.
 * Source: National Semiconductor, "PC16550D", section 8. */
#pragma once

#include "tests/host/model_bus.h"

enum { MODEL_LINE_BYTES = 16384, MODEL_FIFO_MAX = 64 };

enum model_uart_kind { UART_8250, UART_16450, UART_16550, UART_16550A };    /* 16550: its FIFOs do not work, and it says so */

struct model_uart_fault {
    bool absent;                         /* nobody answers */
    int all_registers;                   /* -1: no fault; else what every register reads as */
    int stuck_lsr;                       /* -1: no fault */
    uint64_t stops_at_ps, goes_on_at_ps; /* the line does not move in between (flow control); 0, 0: never */
    uint64_t vanishes_at_ps;             /* 0: never */
    bool flood;                          /* a received byte always waits */
    bool no_loopback;                    /* something else lives there that has bytes to read and write */
};
#define MODEL_UART_GOOD { .all_registers = -1, .stuck_lsr = -1 }

struct model_uart {
    struct model_device device;
    enum model_uart_kind kind;
    struct model_uart_fault fault;
    uint32_t stride, clock_hz;
    unsigned fifo_bytes;
    uint8_t ier, fcr, lcr, mcr, scratch, received;
    uint16_t divisor;
    uint8_t queue[MODEL_FIFO_MAX];
    unsigned queued;
    bool shifting, loop_data;
    uint8_t in[MODEL_FIFO_MAX];
    unsigned waiting, lost_inputs;       /* received bytes that wait; those that came over them */
    bool cts_low, modem_changed;         /* the other side is not clear to receive */
    bool thre_raised;                    /* the transmitter has become empty, and nobody has seen it */
    uint64_t shift_end_ps;
    unsigned overruns, lost_in_loop, bad_divisors, odd_offsets;
    char *line;                          /* MODEL_LINE_BYTES: what came out */
    unsigned sent;
};

/* The caller has set kind, fault, fifo_bytes, clock_hz, divisor and line; the rest starts as firmware leaves it. */
void model_uart_add(struct model_uart *uart, enum model_space space, uint64_t address, uint32_t stride);

/* Bytes that were still to be sent when the subject found the port. */
void model_uart_fill(struct model_uart *uart, const char *text);

/* Lets all go out that is in the transmitter. */
void model_uart_drain(struct model_uart *uart);

/* A byte comes in; it is lost where the FIFO is full. */
void model_uart_receive(struct model_uart *uart, uint8_t byte);
void model_uart_set_cts(struct model_uart *uart, bool clear);

/* The interrupt line is high. */
bool model_uart_interrupts(struct model_uart *uart);
