/* The 16550 family, transmit only, through ports or memory.
 * Source: National Semiconductor, "PC16550D Universal Asynchronous Receiver/Transmitter with FIFOs", 1995. */
#include "efi/serial.h"

#include <stddef.h>

#include "core/handoff.h"
#include "efi/console.h"
#include "efi/text.h"
#include "efi/x86_64/io.h"

enum uart_reg {                             /* times the stride */
    UART_THR = 0,                           /* write: transmit; divisor's low byte while LCR_DLAB is set */
    UART_DLM = 1,                           /* divisor's high byte while LCR_DLAB is set */
    UART_IIR = 2,                           /* read: [7:6] = 11 when FIFOs work */
    UART_FCR = 2,                           /* write: bit 0 switches FIFOs on */
    UART_LCR = 3,
    UART_MCR = 4,
    UART_LSR = 5,
    UART_MSR = 6,
    UART_SCR = 7,                           /* scratch: holds what is written */
};
enum {
    LCR_8N1 = 0x03,                         /* 8 bits, no parity, 1 stop bit */
    LCR_DLAB = 0x80,                        /* registers 0 and 1 are the divisor */
    MCR_DTR = 0x01, MCR_RTS = 0x02, MCR_OUT2 = 0x08,
    MCR_LOOP = 0x10,                        /* modem outputs are led back to MSR's inputs, and no longer to the pins */
    MSR_CTS = 0x10, MSR_DSR = 0x20, MSR_DCD = 0x80, MSR_INPUTS = 0xf0,
    LSR_THRE = 0x20,                        /* the holding register, or the whole FIFO, is empty */
    LSR_TEMT = 0x40,                        /* and so is the shifter */
    IIR_FIFO = 0xc0,
    FIFO_BYTES = 16,
};

/* A read takes about a microsecond on a real bus: 0.1 s, more than sixteen characters take at 2400 baud. */
enum { WAIT_READS = 100000, PROOF_WAIT_READS = 20000 };

static const uint16_t legacy[] = { 0x3f8, 0x2f8, 0x3e8, 0x2e8 };    /* COM1 to COM4 of a PC */
enum { LEGACY = sizeof(legacy) / sizeof(legacy[0]) };

static struct serial_port ports[SERIAL_PORTS_MAX];
static unsigned port_count;
static uint32_t patience_reads;             /* that proofs may still wait: for all places together no longer than for one */

static uint8_t read_reg(const struct serial_port *port, enum uart_reg reg)
{
    uint64_t address = port->address + reg * port->stride;

    if (port->space == HANDOFF_SERIAL_IO)
        return io_in8((uint16_t)address);
    return port->stride == 4 ? (uint8_t)io_read32(address) : io_read8(address);     /* such blocks take only their full width */
}

static void write_reg(const struct serial_port *port, enum uart_reg reg, uint8_t value)
{
    uint64_t address = port->address + reg * port->stride;

    if (port->space == HANDOFF_SERIAL_IO)
        io_out8((uint16_t)address, value);
    else if (port->stride == 4)
        io_write32(address, value);
    else
        io_write8(address, value);
}

/* *reads: how often it may look; those that are left. */
static bool wait_for(const struct serial_port *port, uint8_t lsr_bits, uint32_t *reads)
{
    while (!(read_reg(port, UART_LSR) & lsr_bits))
        if (*reads == 0 || --*reads == 0)
            return false;
    return true;
}

static bool scratch_holds(const struct serial_port *port, uint8_t value)
{
    write_reg(port, UART_SCR, value);
    return read_reg(port, UART_SCR) == value;
}

static bool loops_back(const struct serial_port *port, uint8_t outputs, uint8_t inputs)
{
    write_reg(port, UART_MCR, MCR_LOOP | outputs);
    return (read_reg(port, UART_MSR) & MSR_INPUTS) == inputs;
}

/* Is there a UART? The scratch register must hold two values; then, with the firmware's last characters gone, the modem lines
 * must follow their outputs in loopback. What was there is put back. One whose transmitter does not get empty begins as a stuck one. */
static bool is_proved(const struct serial_port *port, bool *out_stuck)
{
    uint8_t mcr, scratch = read_reg(port, UART_SCR);
    bool proved;

    if (!scratch_holds(port, 0x5a) || !scratch_holds(port, 0xa5))
        return false;
    write_reg(port, UART_SCR, scratch);
    *out_stuck = !wait_for(port, LSR_TEMT, &patience_reads);
    mcr = read_reg(port, UART_MCR);
    proved = loops_back(port, MCR_RTS, MSR_CTS) && loops_back(port, MCR_DTR | MCR_OUT2, MSR_DSR | MSR_DCD);
    write_reg(port, UART_MCR, mcr);
    return proved;
}

static void set_divisor(const struct serial_port *port, uint32_t divisor)
{
    write_reg(port, UART_LCR, LCR_8N1 | LCR_DLAB);
    write_reg(port, UART_THR, (uint8_t)divisor);
    write_reg(port, UART_DLM, (uint8_t)(divisor >> 8));
    write_reg(port, UART_LCR, LCR_8N1);
    write_reg(port, UART_MCR, MCR_DTR | MCR_RTS);
}

static uint32_t read_divisor(const struct serial_port *port)
{
    uint8_t lcr = read_reg(port, UART_LCR);
    uint32_t divisor;

    write_reg(port, UART_LCR, lcr | LCR_DLAB);
    divisor = read_reg(port, UART_THR) | (uint32_t)read_reg(port, UART_DLM) << 8;
    write_reg(port, UART_LCR, lcr);
    return divisor;
}

/* A speed that the firmware has set stays: whoever listens has set the same. One that nobody has set becomes 115200 of a PC's
 * clock; the command line may name a clock, and then a speed. */
static void set_up(const struct serial_port *port)
{
    uint32_t divisor = port->clock_hz && port->baud ? port->clock_hz / 16 / port->baud : 0;

    if (divisor && divisor <= 0xffff)
        set_divisor(port, divisor);
    else if (read_divisor(port) == 0)
        set_divisor(port, 1);
    if ((read_reg(port, UART_IIR) & IIR_FIFO) != IIR_FIFO)
        write_reg(port, UART_FCR, 1);
}

static struct serial_port *find(const struct serial_port *place)
{
    for (unsigned i = 0; i < port_count; i++)
        if (ports[i].space == place->space && ports[i].address == place->address)
            return &ports[i];
    return NULL;
}

bool serial_knows(const struct serial_port *place) { return find(place); }

bool serial_add(const struct serial_port *place)
{
    struct serial_port *known = find(place);
    bool stuck;

    if (known && place->clock_hz) {                 /* and here is its speed */
        known->clock_hz = place->clock_hz;
        known->baud = place->baud;
        set_up(known);
    }
    if (known)
        return true;
    if (port_count == SERIAL_PORTS_MAX || !is_proved(place, &stuck))
        return false;
    set_up(place);
    ports[port_count] = *place;
    ports[port_count++].stuck = stuck;
    return true;
}

static struct serial_port usual(unsigned index)
{
    return (struct serial_port){ .address = legacy[index], .space = HANDOFF_SERIAL_IO, .stride = 1, .source = HANDOFF_SERIAL_LEGACY };
}

void serial_find(void)
{
    port_count = 0;
    patience_reads = PROOF_WAIT_READS;
    for (unsigned i = 0; i < LEGACY; i++) {
        struct serial_port place = usual(i);

        serial_add(&place);
    }
}

void serial_tell_usual(void)
{
    char text[2][LEGACY * 6 + 1] = { "", "" };
    uint64_t used[2] = { 0, 0 };

    for (unsigned i = 0; i < LEGACY; i++) {
        struct serial_port place = usual(i);
        bool known = serial_knows(&place);

        used[known] += text_format(text[known] + used[known], sizeof(text[0]) - used[known], " 0x%x", legacy[i]);
    }
    say("serial: legacy%s%s%s%s", text[1], *text[1] ? " taken" : "", !*text[0] ? "" : *text[1] ? "; nobody answers at" : ": nobody answers at", text[0]);
}

void serial_off(void) { port_count = 0; }

/* Sends bytes as they are, as many as a FIFO takes for each look at the status. A port that took nothing within the bound is
 * stuck: then one look a line, until it takes bytes again. */
static void send(struct serial_port *port, const char *text, uint64_t bytes)
{
    unsigned room = (read_reg(port, UART_IIR) & IIR_FIFO) == IIR_FIFO ? FIFO_BYTES : 1;

    while (bytes) {
        uint64_t burst = bytes < room ? bytes : room;
        uint32_t reads = port->stuck ? 1 : WAIT_READS;

        port->stuck = !wait_for(port, LSR_THRE, &reads);
        if (port->stuck)
            return;
        if (port->space == HANDOFF_SERIAL_IO)
            io_out8_string((uint16_t)port->address, text, burst);
        else
            for (uint64_t i = 0; i < burst; i++)
                write_reg(port, UART_THR, (uint8_t)text[i]);
        text += burst;
        bytes -= burst;
    }
}

void serial_write_to(unsigned index, const char *text, uint64_t bytes)
{
    while (bytes) {
        uint64_t line = 0;

        while (line < bytes && text[line] != '\n')
            line++;
        send(&ports[index], text, line);
        text += line;
        bytes -= line;
        if (bytes) {
            send(&ports[index], "\r\n", 2);
            text++;
            bytes--;
        }
    }
}

void serial_write(const char *text, uint64_t bytes)
{
    for (unsigned i = 0; i < port_count; i++)
        serial_write_to(i, text, bytes);
}

const struct serial_port *serial_port(unsigned index) { return index < port_count ? &ports[index] : NULL; }
