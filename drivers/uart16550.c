/* Serial ports of the 8250 family, up to the 16550A, at I/O ports or in memory with registers 1, 2 or 4 bytes apart.
 * Source: National Semiconductor, "PC16550D Universal Asynchronous Receiver/Transmitter with FIFOs", section 8 (registers). */
#include <ingot/driver.h>
#include <ingot/error.h>
#include <ingot/format.h>
#define LOG_SUBSYSTEM uart
#include <ingot/log.h>
#include <ingot/memory.h>
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
    UART_REGISTERS = 8,
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
    DRAIN_LOOKS     = 1000000,    /* the same bound where the clock is what is broken: no bus answers in less than 20 ns */
    ONE_LOOK        = 0,          /* what a port gets that took nothing lately */
    IO_LAST         = 0xffff,
};

struct uart {
    struct serial_port port;
    unsigned fifo_bytes;          /* 1 without a FIFO */
};

static struct uart uarts[SERIAL_PORTS_MAX];
static unsigned uart_count;
static unsigned places_tried;     /* a last resort adds places: the others are not tried again */

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

    if (status & wanted || bound_us == ONE_LOOK)
        return status & wanted && status != LSR_ABSENT;

    uint64_t deadline_ns = time_ns() + bound_us * 1000ull;

    for (unsigned looks = 0; looks < DRAIN_LOOKS; looks++) {
        status = uart_read(place, UART_LSR);
        if (status & wanted)
            return status != LSR_ABSENT;
        if (time_ns() >= deadline_ns)
            break;
    }
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

/* A muted port that takes its first bytes again is waited for like any other. */
static size_t uart_send(struct serial_port *port, const char *text, size_t bytes)
{
    struct uart *uart = port->driver;
    size_t sent = 0, room;

    while (sent < bytes) {
        if (!wait_status(&port->place, LSR_THRE, port->muted && sent == 0 ? ONE_LOOK : DRAIN_BOUND_US))
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

static bool comes_back(const struct serial_place *place, uint8_t outputs, uint8_t inputs)
{
    uart_write(place, UART_MCR, MCR_LOOP | outputs);
    return (uart_read(place, UART_MSR) & 0xf0) == inputs;
}

/* The four modem outputs come back as the four modem inputs, in another order; a bus that answers anything else is no UART. */
static bool loopback_works(const struct serial_place *place)
{
    uint8_t mcr = uart_read(place, UART_MCR);
    bool works = comes_back(place, MCR_RTS | MCR_OUT2, 0x90);        /* CTS and DCD */

    works &= comes_back(place, MCR_DTR | MCR_OUT1, 0x60);            /* DSR and RI */
    uart_write(place, UART_MCR, mcr & 0x1f);
    return works;
}

static bool keeps(const struct serial_place *place, uint8_t value)
{
    uart_write(place, UART_SCRATCH, value);
    return uart_read(place, UART_SCRATCH) == value;
}

/* The 8250 has none, so its absence is no proof of absence. What was there stays: it may be somebody else's register. */
static bool scratch_works(const struct serial_place *place)
{
    uint8_t before = uart_read(place, UART_SCRATCH);
    bool works = keeps(place, 0x5a);

    works &= keeps(place, 0xa5);
    uart_write(place, UART_SCRATCH, before);
    return works;
}

static void set_speed(const struct serial_place *place)
{
    uint32_t divisor;

    if (place->clock_hz == 0 || place->baud == 0)
        return;
    divisor = (place->clock_hz / 16 + place->baud / 2) / place->baud;
    if (divisor == 0 || divisor > 0xffff) {
        log_warn("%u baud cannot be made of a clock of %u Hz: left as it was", place->baud, place->clock_hz);
        return;
    }
    uart_write(place, UART_LCR, LCR_DLAB | LCR_8N1);
    uart_write(place, UART_DATA, (uint8_t)divisor);
    uart_write(place, UART_IER, (uint8_t)(divisor >> 8));
}

/* A 16550 without A says that its FIFOs do not work, and loses bytes if they stay on. */
static unsigned start_fifo(const struct serial_place *place)
{
    uart_write(place, UART_FCR, FCR_ENABLE | FCR_CLEAR_RX | FCR_CLEAR_TX);
    if ((uart_read(place, UART_IIR) & IIR_FIFO) == IIR_FIFO)
        return FIFO_BYTES;
    uart_write(place, UART_FCR, 0);
    return 1;
}

/* Brings the port into a known state. */
static void uart_setup(struct uart *uart)
{
    const struct serial_place *place = &uart->port.place;

    set_speed(place);
    uart_write(place, UART_LCR, LCR_8N1);
    uart_write(place, UART_IER, 0);
    uart->fifo_bytes = start_fifo(place);
    uart_write(place, UART_MCR, MCR_DTR | MCR_RTS | MCR_OUT2);
}

/* All registers lie in their space, and those in memory where no memory is. */
static bool place_can_be(const struct serial_place *place)
{
    volatile void *pointer;

    if (place->space == SERIAL_IO)
        return place->address <= IO_LAST && place->address + (UART_REGISTERS - 1) * place->stride <= IO_LAST;
    return place->address % place->stride == 0 &&
           mem_map_device(place->address, UART_REGISTERS * place->stride, MEM_UNCACHED, &pointer) == 0;
}

static bool is_taken(const struct serial_place *place)
{
    for (unsigned i = 0; i < uart_count; i++)
        if (uarts[i].port.place.space == place->space && uarts[i].port.place.address == place->address)
            return true;
    return false;
}

/* Why no port is at place, or NULL; *out_scratch: it has that register, which the 8250 has not. Cheap reads come before writes. */
static const char *reject(const struct serial_place *place, bool *out_scratch)
{
    uint8_t status;

    if (!place_can_be(place))
        return "eight registers cannot be there";
    status = uart_read(place, UART_LSR);
    if (status == LSR_ABSENT)
        return "nobody answers (status reads 0xff)";
    if (status == 0 && uart_read(place, UART_LCR) == 0)
        return "nobody answers (all reads 0)";
    wait_status(place, LSR_TEMT, DRAIN_BOUND_US);   /* what loader or firmware still sends would be lost in the loopback */
    *out_scratch = scratch_works(place);
    return loopback_works(place) ? NULL : "loopback does not answer";
}

static int uart_try(const struct serial_place *place)
{
    struct uart *uart = &uarts[uart_count];
    bool scratch = false;
    const char *why = reject(place, &scratch);

    if (why) {
        log_info("%s %#llx left: %s", place->source, (unsigned long long)place->address, why);
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
    const struct serial_place *place;
    int result = ERR_NOT_FOUND;

    for (; (place = serial_place(places_tried)) && uart_count < SERIAL_PORTS_MAX; places_tried++)
        if (!is_taken(place) && uart_try(place) == 0)
            result = 0;
    return result;
}

DRIVER(uart16550, DRIVER_SERIAL, uart_start);
