/* Serial ports of the 8250 family, up to the 16550A, at I/O ports or in memory with registers 1, 2 or 4 bytes apart.
 * Source: National Semiconductor, "PC16550D Universal Asynchronous Receiver/Transmitter with FIFOs", section 8 (registers). */
#include <ingot/driver.h>
#include <ingot/error.h>
#include <ingot/format.h>
#define LOG_SUBSYSTEM uart
#include <ingot/log.h>
#include <ingot/mmio.h>
#include <ingot/port_io.h>
#include <ingot/serial.h>
#include <ingot/time.h>

LOG_SUBSYSTEM_DEFINE(uart);

enum uart_reg {                   /* register numbers; the byte offset is number * stride */
    UART_DATA = 0,                /* read: received byte; write: byte to send. Divisor low while LCR_DLAB is set */
    UART_IER = 1,                 /* interrupt enable. Divisor high while LCR_DLAB is set */
    UART_IIR = 2,                 /* read: interrupt identification */
    UART_FCR = 2,                 /* write: FIFO control */
    UART_LCR = 3,                 /* line control */
    UART_MCR = 4,                 /* modem control */
    UART_LSR = 5,                 /* line status */
    UART_MSR = 6,                 /* modem status */
    UART_SCRATCH = 7,
};

enum {                            /* UART_IIR */
    IIR_FIFO = 3u << 6,           /* [7:6] both set: FIFOs on, and working (16550A) */
};

enum {                            /* UART_FCR */
    FCR_ENABLE   = 1u << 0,
    FCR_CLEAR_RX = 1u << 1,
    FCR_CLEAR_TX = 1u << 2,
};

enum {                            /* UART_LCR */
    LCR_8N1  = 3u << 0,           /* [1:0] 8 data bits, one stop bit, no parity */
    LCR_DLAB = 1u << 7,           /* registers 0 and 1 are the divisor */
};

enum {                            /* UART_MCR */
    MCR_DTR = 1u << 0, MCR_RTS = 1u << 1, MCR_OUT1 = 1u << 2,
    MCR_OUT2 = 1u << 3,           /* on a PC: lets the interrupt line out */
    MCR_LOOP = 1u << 4,           /* what is sent is received, and the four outputs come back as modem status */
};

enum {                            /* UART_LSR */
    LSR_DATA  = 1u << 0,          /* a received byte waits */
    LSR_THRE  = 1u << 5,          /* the transmitter takes a byte, or a FIFO full when there is one */
    LSR_TEMT  = 1u << 6,          /* all bits are on the line */
    LSR_ABSENT = 0xff,            /* what a bus answers for nobody */
};

enum {
    FIFO_BYTES      = 16,         /* 16550A */
    /* A full FIFO takes 16 * 10 bits: 17 ms at 9,600 baud, the slowest console in use, and 1.4 ms at 115,200. */
    DRAIN_BOUND_US  = 20000,
    MUTED_BOUND_US  = 0,          /* a port that took nothing lately gets one look */
};

struct uart {
    struct serial_port port;
    unsigned fifo_bytes;          /* 1 without a FIFO */
};

static struct uart uarts[SERIAL_PORTS_MAX];
static unsigned uart_count;

static uint8_t uart_read(const struct serial_place *place, enum uart_reg reg)
{
    if (place->space == SERIAL_IO)
        return port_read8((uint16_t)(place->address + reg * place->stride));
    /* 4 bytes apart means that the bus takes whole words only; 1 and 2 are read by the byte. */
    if (place->stride == 4)
        return (uint8_t)mmio_read32((const volatile void *)(uintptr_t)(place->address + reg * 4));
    return mmio_read8((const volatile void *)(uintptr_t)(place->address + reg * place->stride));
}

static void uart_write(const struct serial_place *place, enum uart_reg reg, uint8_t value)
{
    if (place->space == SERIAL_IO)
        port_write8((uint16_t)(place->address + reg * place->stride), value);
    else if (place->stride == 4)
        mmio_write32((volatile void *)(uintptr_t)(place->address + reg * 4), value);
    else
        mmio_write8((volatile void *)(uintptr_t)(place->address + reg * place->stride), value);
}

/* False when none of the wanted bits came within the bound, or nobody is there. */
static bool wait_status(const struct serial_place *place, uint8_t wanted, uint32_t bound_us)
{
    uint8_t status = uart_read(place, UART_LSR);

    if (status & wanted)
        return status != LSR_ABSENT;

    uint64_t deadline_ns = time_ns() + bound_us * 1000ull;

    do {
        status = uart_read(place, UART_LSR);
        if (status & wanted)
            return status != LSR_ABSENT;
    } while (time_ns() < deadline_ns);
    return false;
}

static void fill(const struct serial_place *place, const char *text, size_t bytes)
{
    if (place->space == SERIAL_IO)
        port_write8_many((uint16_t)place->address, text, (uint32_t)bytes);
    else
        for (size_t i = 0; i < bytes; i++)
            uart_write(place, UART_DATA, (uint8_t)text[i]);
}

static size_t uart_send(struct serial_port *port, const char *text, size_t bytes)
{
    struct uart *uart = port->driver;
    size_t sent = 0, room;

    while (sent < bytes) {
        if (!wait_status(&port->place, LSR_THRE, port->muted ? MUTED_BOUND_US : DRAIN_BOUND_US))
            break;
        room = bytes - sent < uart->fifo_bytes ? bytes - sent : uart->fifo_bytes;
        fill(&port->place, text + sent, room);
        sent += room;
    }
    return sent;
}

static int uart_receive(struct serial_port *port)
{
    uint8_t status = uart_read(&port->place, UART_LSR);

    if (status == LSR_ABSENT || !(status & LSR_DATA))
        return -1;
    return uart_read(&port->place, UART_DATA);
}

static const struct serial_ops uart_ops = { .write = uart_send, .read = uart_receive };

/* The four modem outputs come back as the four modem inputs, in another order; a bus that answers anything else is no UART. */
static bool loopback_works(const struct serial_place *place)
{
    uint8_t mcr = uart_read(place, UART_MCR);
    bool works;

    uart_write(place, UART_MCR, MCR_LOOP | MCR_RTS | MCR_OUT2);
    works = (uart_read(place, UART_MSR) & 0xf0) == 0x90;        /* CTS and DCD */
    uart_write(place, UART_MCR, MCR_LOOP | MCR_DTR | MCR_OUT1);
    works &= (uart_read(place, UART_MSR) & 0xf0) == 0x60;       /* DSR and RI */
    uart_write(place, UART_MCR, mcr & 0x1f);
    return works;
}

/* The 8250 has none, so its absence is no proof of absence. */
static bool scratch_works(const struct serial_place *place)
{
    uart_write(place, UART_SCRATCH, 0x5a);
    if (uart_read(place, UART_SCRATCH) != 0x5a)
        return false;
    uart_write(place, UART_SCRATCH, 0xa5);
    return uart_read(place, UART_SCRATCH) == 0xa5;
}

static void set_speed(const struct serial_place *place)
{
    uint32_t divisor;

    if (place->clock_hz == 0 || place->baud == 0)
        return;
    divisor = (place->clock_hz / 16 + place->baud / 2) / place->baud;
    uart_write(place, UART_LCR, LCR_DLAB | LCR_8N1);
    uart_write(place, UART_DATA, (uint8_t)divisor);
    uart_write(place, UART_IER, (uint8_t)(divisor >> 8));
}

/* Brings the port into a known state. What the loader or the firmware still has in the transmitter goes out first. */
static void uart_setup(struct uart *uart)
{
    const struct serial_place *place = &uart->port.place;

    wait_status(place, LSR_TEMT, DRAIN_BOUND_US);
    set_speed(place);
    uart_write(place, UART_LCR, LCR_8N1);
    uart_write(place, UART_IER, 0);
    uart_write(place, UART_FCR, FCR_ENABLE | FCR_CLEAR_RX | FCR_CLEAR_TX);
    uart->fifo_bytes = (uart_read(place, UART_IIR) & IIR_FIFO) == IIR_FIFO ? FIFO_BYTES : 1;
    uart_write(place, UART_MCR, MCR_DTR | MCR_RTS | MCR_OUT2);
}

static int uart_try(const struct serial_place *place)
{
    struct uart *uart = &uarts[uart_count];
    bool scratch;

    if (uart_read(place, UART_LSR) == LSR_ABSENT) {
        log_info("%s %#llx left: nobody answers (status reads 0xff)", place->source, (unsigned long long)place->address);
        return ERR_NOT_FOUND;
    }
    scratch = scratch_works(place);
    if (!loopback_works(place)) {
        log_info("%s %#llx left: loopback does not answer", place->source, (unsigned long long)place->address);
        return ERR_NOT_FOUND;
    }
    uart->port.place = *place;
    uart->port.ops = &uart_ops;
    uart->port.driver = uart;
    format(uart->port.name, sizeof(uart->port.name), "%s%llx", place->space == SERIAL_IO ? "io" : "mm",
           (unsigned long long)place->address);
    uart_setup(uart);
    if (serial_register(&uart->port))
        return ERR_FULL;
    uart_count++;
    log_info("%s %#llx taken: %s, %s", place->source, (unsigned long long)place->address,
             uart->fifo_bytes > 1 ? "16550A with FIFO" : scratch ? "16450 without FIFO" : "8250", uart->port.name);
    return 0;
}

static int uart_start(void)
{
    int result = ERR_NOT_FOUND;

    for (unsigned i = 0; serial_place(i) && uart_count < SERIAL_PORTS_MAX; i++)
        if (uart_try(serial_place(i)) == 0)
            result = 0;
    return result;
}

DRIVER(uart16550, DRIVER_SERIAL, uart_start);
