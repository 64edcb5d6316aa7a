/* Serial ports of the 8250 family, up to the 16550A, at I/O ports or in memory with registers 1, 2 or 4 bytes apart.
 * Source: National Semiconductor, "PC16550D Universal Asynchronous Receiver/Transmitter with FIFOs", section 8 (registers). */
#include <stdatomic.h>

#include <ingot/console.h>
#include <ingot/cpu.h>
#include <ingot/driver.h>
#include <ingot/error.h>
#include <ingot/format.h>
#include <ingot/irq.h>
#define LOG_SUBSYSTEM uart
#include <ingot/log.h>
#include <ingot/memory.h>
#include <ingot/mmio.h>
#include <ingot/pages.h>
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

enum {                            /* UART_IER */
    IER_DATA  = 1u << 0,          /* a received byte waits */
    IER_THRE  = 1u << 1,          /* the transmitter is empty */
    IER_MODEM = 1u << 3,          /* a modem input has changed: CTS */
};

enum {                            /* UART_IIR */
    IIR_NONE = 1u << 0,           /* no interrupt of this port */
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

enum {                            /* UART_MSR */
    MSR_CTS = 1u << 4,            /* the other side is clear to receive */
};

enum { CTRL_C = 0x03, XON = 0x11, XOFF = 0x13 };    /* ASCII ETX, DC1 and DC3 */

enum {
    FIFO_BYTES      = 16,         /* 16550A */
    /* A full FIFO takes 16 * 10 bits: 17 ms at 9,600 baud, the slowest console in use, and 1.4 ms at 115,200. */
    DRAIN_BOUND_US  = 20000,
    DRAIN_LOOKS     = 1000000,    /* the same bound where the clock is what is broken: no bus answers in less than 20 ns */
    PROOF_BOUND_US  = 30000,      /* for all places together */
    FLOW_BOUND_US   = 1000000,    /* the other side has said stop, and may have its reasons */
    OTHERS_TURNS    = 50,         /* such waits for another CPU */
    IO_LAST         = 0xffff,
    QUEUE_BYTES     = PAGE_BYTES,
    INPUT_BYTES     = 512,        /* 44 ms of a line at 115,200 baud */
    AT_ONCE_MAX     = 64,         /* bytes in one go: a port that always has one must not hold a CPU */
    CAUSES_MAX      = 16,         /* in one interrupt, likewise */
};

struct uart {
    struct serial_port port;
    unsigned fifo_bytes;          /* 1 without a FIFO */
    bool waited;                  /* the line was slower than we are: interrupts are worth their price */
    _Atomic bool stopped;         /* by XOFF */

    uint8_t *queue;               /* what interrupts send; NULL: bytes go out by polling */
    _Atomic uint32_t put, taken;  /* bytes ever put into the queue (by the log's drainer), and taken out (by who pumps) */
    _Atomic uint8_t ier;          /* as the register is */
    _Atomic bool pumping, interrupted;
    _Atomic bool moved;           /* bytes went since the last interrupt: the cause of one that is on its way may have gone with them */

    struct irq *irq;              /* NULL: polled */
    bool connect_tried;
    bool listening;               /* received bytes interrupt */
    uint8_t input[INPUT_BYTES];   /* received, and not yet asked for */
    _Atomic uint32_t input_put, input_taken, input_lost;
    bool told_lost;
    _Atomic bool receiving;
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

/* Whether fn(uart) came true within the bound. The first look is for nothing, and the clock may be what is broken. */
static bool wait_until(struct uart *uart, bool (*fn)(struct uart *uart), uint32_t bound_us)
{
    if (fn(uart))
        return true;

    uint64_t deadline_ns = time_ns() + bound_us * 1000ull;

    uart->waited = true;
    for (unsigned looks = 0; looks < DRAIN_LOOKS; looks++) {
        if (fn(uart))
            return true;
        if (time_ns() >= deadline_ns)
            break;
    }
    return false;
}

static bool has_status(const struct uart *uart, uint8_t wanted)
{
    uint8_t status = uart_read(&uart->port.place, UART_LSR);

    return status & wanted && status != LSR_ABSENT;
}

static bool is_empty(struct uart *uart) { return has_status(uart, LSR_TEMT); }
static bool is_ready(struct uart *uart) { return is_empty(uart) && has_status(uart, LSR_THRE); }

/* A byte for which there is no room is lost, and counted; but Ctrl-C takes the last one's place, as somebody wants to be heard. */
static void keep(struct uart *uart, uint8_t byte)
{
    uint32_t put = uart->input_put;

    if (put - uart->input_taken < INPUT_BYTES) {
        uart->input[put % INPUT_BYTES] = byte;
        uart->input_put = put + 1;
        return;
    }
    uart->input_lost++;
    if (byte == CTRL_C)
        uart->input[(put - 1) % INPUT_BYTES] = byte;
}

/* Takes in what was received: XON and XOFF are obeyed where they count, the rest waits for uart_receive(). One CPU at a time, and no
 * interrupt in between: it would find bytes that it may not take, and no other would come for them. */
static void receive(struct uart *uart)
{
    uint64_t flags = cpu_interrupts_off();

    if (!atomic_exchange_explicit(&uart->receiving, true, memory_order_acquire)) {
        for (unsigned i = 0; i < AT_ONCE_MAX && has_status(uart, LSR_DATA); i++) {
            uint8_t byte = uart_read(&uart->port.place, UART_DATA);

            uart->moved = true;
            if (uart->port.flow & SERIAL_XONXOFF && (byte == XON || byte == XOFF))
                uart->stopped = byte == XOFF;
            else
                keep(uart, byte);
        }
        atomic_store_explicit(&uart->receiving, false, memory_order_release);
    }
    cpu_interrupts_restore(flags);
}

/* The transmitter takes bytes, and the other side lets us. */
static bool may_send(struct uart *uart)
{
    if (!has_status(uart, LSR_THRE))
        return false;
    if (uart->port.flow & SERIAL_RTSCTS && !(uart_read(&uart->port.place, UART_MSR) & MSR_CTS))
        return false;
    if (uart->port.flow & SERIAL_XONXOFF) {
        receive(uart);
        return !uart->stopped;
    }
    return true;
}

static void fill(const struct serial_place *place, const char *text, size_t bytes)
{
    if (place->space == SERIAL_IO)
        port_write8_many((uint16_t)place->address, text, (uint32_t)bytes);
    else
        for (size_t i = 0; i < bytes; i++)
            uart_write(place, UART_DATA, (uint8_t)text[i]);
}

/* ---- the queue, which interrupts send ---- */

static uint32_t queued(const struct uart *uart) { return uart->put - uart->taken; }

static void set_ier(struct uart *uart, uint8_t ier)
{
    if (uart->ier != ier)
        uart_write(&uart->port.place, UART_IER, ier);
    uart->ier = ier;
}

static uint8_t wanted_ier(const struct uart *uart)
{
    uint8_t ier = uart->listening ? IER_DATA : 0;

    if (queued(uart) == 0)
        return ier;
    return ier | IER_THRE | (uart->port.flow & SERIAL_RTSCTS ? IER_MODEM : 0) | (uart->port.flow & SERIAL_XONXOFF ? IER_DATA : 0);
}

static void feed(struct uart *uart)
{
    uint32_t taken = uart->taken, end = uart->put;

    if (taken != end && may_send(uart))
        for (unsigned room = uart->fifo_bytes; room && taken != end; room--, taken++)
            uart_write(&uart->port.place, UART_DATA, uart->queue[taken % QUEUE_BYTES]);
    uart->moved |= uart->taken != taken;
    uart->taken = taken;
    set_ier(uart, wanted_ier(uart));
}

/* From the queue to the port what it takes now. Who finds another one at it leaves it to him, and he looks again. */
static void pump(struct uart *uart)
{
    do {
        if (atomic_exchange(&uart->pumping, true))
            return;
        feed(uart);
        atomic_store(&uart->pumping, false);
    } while (uart->ier != wanted_ier(uart));
}

static bool queue_has_room(struct uart *uart)
{
    if (queued(uart) == QUEUE_BYTES)
        pump(uart);
    return queued(uart) < QUEUE_BYTES;
}

static bool queue_shrinks(struct uart *uart)
{
    uint32_t taken = uart->taken;

    pump(uart);
    return uart->taken != taken || queued(uart) == 0;
}

static size_t enqueue(struct uart *uart, const char *text, size_t bytes)
{
    uint32_t put = uart->put, room = QUEUE_BYTES - queued(uart);

    if (bytes > room)
        bytes = room;
    for (size_t i = 0; i < bytes; i++)
        uart->queue[(put + i) % QUEUE_BYTES] = (uint8_t)text[i];
    uart->put = put + (uint32_t)bytes;
    if (!(uart->ier & IER_THRE))         /* else an interrupt comes, or somebody pumps and will look again */
        pump(uart);
    return bytes;
}

static bool has_interrupted(struct uart *uart) { return uart->interrupted; }

static bool uart_has_room(struct serial_port *port)
{
    const struct uart *uart = port->driver;

    return !uart->queue || queued(uart) <= QUEUE_BYTES - SERIAL_ROOM_BYTES;
}

/* ISA's lines tell of a change only: until no cause is left, nothing new is told. */
static enum irq_answer uart_interrupt(void *argument)
{
    struct uart *uart = argument;
    uint32_t put = uart->input_put, taken = uart->taken;
    unsigned causes = 0;

    while (causes < CAUSES_MAX && !(uart_read(&uart->port.place, UART_IIR) & IIR_NONE)) {
        causes++;
        if (uart->port.flow & SERIAL_RTSCTS)
            uart_read(&uart->port.place, UART_MSR);    /* ends a modem interrupt */
        if (uart->ier & IER_DATA)
            receive(uart);
        pump(uart);
    }
    if (causes == 0)
        return atomic_exchange(&uart->moved, false) ? IRQ_MINE : IRQ_NOT_MINE;
    uart->interrupted = true;
    if (uart->input_put != put) {
        serial_has_come();
        console_wake();
    }
    if (uart->queue && uart->taken != taken && uart_has_room(&uart->port))
        serial_has_moved();
    return IRQ_MINE;
}

/* ---- what the class calls ---- */

static uint32_t bound_of(const struct uart *uart) { return uart->port.flow ? FLOW_BOUND_US : DRAIN_BOUND_US; }

/* A port that would take bytes is not what stands: another CPU is at the queue, and slow (an emulator's may not run for a while). */
static bool wait_for_port(struct uart *uart, bool (*fn)(struct uart *uart))
{
    for (unsigned i = 0; i < OTHERS_TURNS; i++) {
        if (wait_until(uart, fn, bound_of(uart)))
            return true;
        if (!uart->queue || !may_send(uart))
            return false;
    }
    return false;
}

static size_t send_some(struct uart *uart, const char *text, size_t bytes)
{
    if (uart->queue)
        return enqueue(uart, text, bytes);
    if (bytes > uart->fifo_bytes)
        bytes = uart->fifo_bytes;
    fill(&uart->port.place, text, bytes);
    return bytes;
}

/* A muted port that takes its first bytes again is waited for like any other. */
static size_t uart_send(struct serial_port *port, const char *text, size_t bytes)
{
    struct uart *uart = port->driver;
    bool (*ready)(struct uart *uart) = uart->queue ? queue_has_room : may_send;
    size_t sent = 0;

    while (sent < bytes) {
        if (port->muted && sent == 0 ? !ready(uart) : !wait_for_port(uart, ready))
            break;
        sent += send_some(uart, text + sent, bytes - sent);
    }
    return sent;
}

static size_t uart_send_now(struct serial_port *port, const char *text, size_t bytes)
{
    struct uart *uart = port->driver;
    size_t sent = 0, some;

    uart->receiving = false;             /* whoever was at it stands */
    for (; sent < bytes && wait_until(uart, may_send, bound_of(uart)); sent += some) {
        some = bytes - sent < uart->fifo_bytes ? bytes - sent : uart->fifo_bytes;
        fill(&port->place, text + sent, some);
    }
    return sent;
}

static void uart_drain(struct serial_port *port, bool for_good)
{
    struct uart *uart = port->driver;

    if (for_good)
        uart->pumping = false;           /* whoever was at it was stopped */
    while (uart->queue && queued(uart) && (port->muted ? queue_shrinks(uart) : wait_for_port(uart, queue_shrinks)))
        ;
    if (for_good) {
        port->lost_bytes += queued(uart);
        uart->queue = NULL;
        uart->taken = uart->put;
        uart->listening = false;
        set_ier(uart, 0);
    }
    if (!port->muted)
        wait_until(uart, is_empty, DRAIN_BOUND_US);
}

static int uart_receive(struct serial_port *port)
{
    struct uart *uart = port->driver;

    if (uart->input_taken == uart->input_put) {
        receive(uart);                   /* also where an interrupt should have done so: one may have been lost */
        if (uart->input_lost && !uart->told_lost)
            log_warn("%s: %u bytes came in while nobody read: lost", port->name, uart->input_lost);
        uart->told_lost |= uart->input_lost;
    }
    return uart->input_taken == uart->input_put ? -1 : uart->input[uart->input_taken++ % INPUT_BYTES];
}

/* ---- interrupts ---- */

/* The ISA interrupt of a legacy port; 0 where the place does not say it. */
static uint8_t isa_interrupt(const struct serial_place *place)
{
    uint64_t pair = place->address | 0x100;    /* COM1 and COM2, COM3 and COM4 */

    if (place->space != SERIAL_IO || (pair != 0x3f8 && pair != 0x3e8))
        return 0;
    return place->address & 0x100 ? 4 : 3;
}

/* The first interrupt is asked for with nothing to send, and has to come. */
static bool connect(struct uart *uart)
{
    struct irq_wish wish = { .name = uart->port.name, .handler = uart_interrupt, .argument = uart };
    uint8_t isa = isa_interrupt(&uart->port.place);

    if (uart->irq || uart->connect_tried)
        return uart->irq;
    uart->connect_tried = true;
    if (!isa || irq_attach(irq_isa_line(isa), &wish, &uart->irq)) {
        log_info("%s: no interrupt to be had: polled", uart->port.name);
        return false;
    }
    set_ier(uart, IER_THRE);
    if (wait_until(uart, has_interrupted, DRAIN_BOUND_US))
        return true;
    set_ier(uart, 0);
    irq_detach(uart->irq);
    uart->irq = NULL;
    log_warn("%s: no interrupt came within %u us: polled", uart->port.name, DRAIN_BOUND_US);
    return false;
}

static bool uart_listen(struct serial_port *port)
{
    struct uart *uart = port->driver;

    uart->listening = connect(uart);
    pump(uart);
    return uart->listening;
}

static void send_by_interrupts(struct uart *uart)
{
    uint8_t *queue = connect(uart) ? pages_alloc(QUEUE_BYTES / PAGE_BYTES, 0, PAGES_ANYWHERE) : NULL;

    uart->queue = queue;
    if (queue)
        log_info("%s: sends by interrupt", uart->port.name);
}

static const struct serial_ops uart_ops = { .write = uart_send, .write_now = uart_send_now, .read = uart_receive, .drain = uart_drain,
                                            .has_room = uart_has_room, .listen = uart_listen };

/* ---- is there a port? ---- */

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
    return place->address % place->stride == 0 && place->address + UART_REGISTERS * place->stride > place->address &&
           mem_map_device(place->address, UART_REGISTERS * place->stride, MEM_UNCACHED, &pointer) == 0;
}

static bool is_taken(const struct serial_place *place)
{
    for (unsigned i = 0; i < uart_count; i++)
        if (uarts[i].port.place.space == place->space && uarts[i].port.place.address == place->address)
            return true;
    return false;
}

/* What loader or firmware still sends would be lost in the loopback. All places together are waited for no longer than for one; a port that
 * does not get ready begins as a muted one. */
static void let_finish(struct uart *uart)
{
    static uint32_t patience_us = PROOF_BOUND_US;
    uint64_t start_ns = time_ns(), waited_us;

    uart->port.muted = !wait_until(uart, is_ready, patience_us < DRAIN_BOUND_US ? patience_us : DRAIN_BOUND_US);
    waited_us = (time_ns() - start_ns) / 1000;
    patience_us = waited_us < patience_us ? patience_us - (uint32_t)waited_us : 0;
}

static const char nobody[] = "nobody answers";

/* Why no port is at its place, or NULL; *out_scratch: it has that register, which the 8250 has not. Cheap reads come before writes. */
static const char *reject(struct uart *uart, bool *out_scratch)
{
    const struct serial_place *place = &uart->port.place;
    uint8_t status;

    if (!place_can_be(place))
        return "eight registers cannot be there";
    status = uart_read(place, UART_LSR);
    if (status == LSR_ABSENT || (status == 0 && uart_read(place, UART_LCR) == 0))
        return nobody;
    let_finish(uart);
    *out_scratch = scratch_works(place);
    return loopback_works(place) ? NULL : "loopback does not answer";
}

/* Places where nobody answers share a line: a PC has three of them. */
static void tell_nobody(const struct serial_place *place)
{
    static char text[LOG_LINE_BYTES / 2];
    static size_t length;

    if (length && (!place || length > sizeof(text) - 40)) {
        log_info("left, as nobody answers:%s", text);
        length = 0;
    }
    if (place)
        length += (size_t)format(text + length, sizeof(text) - length, " %s %#llx", place->source, (unsigned long long)place->address);
}

static int uart_try(const struct serial_place *place)
{
    struct uart *uart = &uarts[uart_count];
    bool scratch = false;
    const char *why;

    *uart = (struct uart){ .port = { .place = *place, .ops = &uart_ops, .driver = uart } };
    why = reject(uart, &scratch);
    if (why == nobody)
        tell_nobody(place);
    else if (why)
        log_info("%s %#llx left: %s", place->source, (unsigned long long)place->address, why);
    if (why)
        return ERR_NOT_FOUND;
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
    tell_nobody(NULL);
    return result;
}

DRIVER(uart16550, DRIVER_SERIAL, uart_start);

/* Where the transmitter was always ready, as an emulator's is, polling costs less. */
static int uart_start_interrupts(void)
{
    for (unsigned i = 0; i < uart_count; i++)
        if (uarts[i].waited && isa_interrupt(&uarts[i].port.place))
            send_by_interrupts(&uarts[i]);
    return ERR_NOT_FOUND;
}

DRIVER(uart16550_interrupts, DRIVER_DEVICE, uart_start_interrupts);
