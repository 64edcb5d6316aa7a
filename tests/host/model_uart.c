#include "tests/host/model_uart.h"

#include <string.h>

enum { DATA, IER, IIR_FCR, LCR, MCR, LSR, MSR, SCRATCH };
enum { FIFO_ON = 1, DLAB = 0x80, LOOP = 0x10, READY = 0x01, THRE = 0x20, TEMT = 0x40, FRAME_BITS = 10 };

static bool has_fifo(const struct model_uart *u) { return u->kind == UART_16550A && u->fcr & FIFO_ON; }

static uint64_t byte_ps(const struct model_uart *u)
{
    return (uint64_t)((unsigned __int128)FRAME_BITS * 16 * u->divisor * 1000000000000 / u->clock_hz);
}

/* When a byte that begins at from_ps is out: later, if the line is stopped in between. */
static uint64_t out_at(const struct model_uart *u, uint64_t from_ps)
{
    uint64_t end = from_ps + byte_ps(u);

    if (u->fault.goes_on_at_ps && end > u->fault.stops_at_ps && from_ps < u->fault.goes_on_at_ps)
        end = u->fault.goes_on_at_ps + byte_ps(u);
    return end;
}

static void shift_next(struct model_uart *u, uint64_t now_ps)
{
    uint8_t byte = u->queue[0];

    memmove(u->queue, u->queue + 1, --u->queued);
    u->thre_raised |= u->queued == 0;
    u->shifting = true;
    u->shift_end_ps = out_at(u, now_ps);
    if (u->mcr & LOOP) {
        u->received = byte;
        u->loop_data = true;
    } else if (u->sent < MODEL_LINE_BYTES) {
        u->line[u->sent++] = (char)byte;
    }
}

static void advance(struct model_uart *u)
{
    while (u->shifting && model_device_ps() >= u->shift_end_ps) {
        u->shifting = false;
        if (u->queued)
            shift_next(u, u->shift_end_ps);
    }
    if (!u->shifting && u->queued)
        shift_next(u, model_device_ps());
}

static void send(struct model_uart *u, uint8_t byte)
{
    if (u->divisor == 0)
        u->bad_divisors++;
    else if (u->queued >= (has_fifo(u) ? u->fifo_bytes : 1))
        u->overruns++;
    else
        u->queue[u->queued++] = byte;
    u->thre_raised = false;
    if (u->divisor)
        advance(u);
}

static uint8_t line_status(struct model_uart *u)
{
    advance(u);
    if (u->fault.stuck_lsr >= 0)
        return (uint8_t)u->fault.stuck_lsr;
    return (uint8_t)((u->loop_data || u->waiting || u->fault.flood ? READY : 0) | (u->queued ? 0 : THRE) | (u->queued || u->shifting ? 0 : TEMT));
}

/* In loopback the outputs come back: RTS as CTS, DTR as DSR, OUT1 as RI, OUT2 as DCD. */
static uint8_t modem_status(const struct model_uart *u)
{
    if (!(u->mcr & LOOP) || u->fault.no_loopback)
        return u->cts_low ? 0xa0 : 0xb0;
    return (uint8_t)((u->mcr & 2) << 3 | (u->mcr & 1) << 5 | (u->mcr & 4) << 4 | (u->mcr & 8) << 4);
}

/* The one of highest priority that is enabled, or none. */
static uint8_t interrupt_cause(struct model_uart *u)
{
    advance(u);
    if (u->ier & 1 && (u->waiting || u->fault.flood))
        return 4;
    if (u->ier & 2 && u->thre_raised)
        return 2;
    return u->ier & 8 && u->modem_changed ? 0 : 1;
}

/* Reading it ends a transmitter interrupt that it names. */
static uint8_t interrupt_id(struct model_uart *u)
{
    uint8_t cause = interrupt_cause(u);

    if (cause == 2)
        u->thre_raised = false;
    if (!(u->fcr & FIFO_ON) || u->kind < UART_16550)
        return cause;
    return (uint8_t)(cause | (u->kind == UART_16550A ? 0xc0 : 0x80));
}

static bool is_gone(const struct model_uart *u)
{
    return u->fault.vanishes_at_ps && model_device_ps() >= u->fault.vanishes_at_ps;
}

static uint8_t read_data(struct model_uart *u)
{
    if (u->lcr & DLAB)
        return (uint8_t)u->divisor;
    if (u->fault.flood)
        return 'x';
    if (u->loop_data || u->waiting == 0) {
        u->loop_data = false;
        return u->received;
    }
    u->received = u->in[0];
    memmove(u->in, u->in + 1, --u->waiting);
    return u->received;
}

static uint8_t read_modem_status(struct model_uart *u)
{
    u->modem_changed = false;
    return modem_status(u);
}

static void write_ier(struct model_uart *u, uint8_t value)
{
    advance(u);
    u->thre_raised |= value & ~u->ier & 2 && u->queued == 0;      /* enabling it with an empty transmitter raises it */
    u->ier = value & 0xf;
}

static uint64_t uart_read(struct model_device *device, uint64_t offset)
{
    struct model_uart *u = (struct model_uart *)device;

    if (offset % u->stride)
        u->odd_offsets++;
    if (is_gone(u))
        return UINT64_MAX;
    if (u->fault.all_registers >= 0)
        return (uint64_t)u->fault.all_registers;
    switch (offset / u->stride) {
    case DATA:    return read_data(u);
    case IER:     return u->lcr & DLAB ? u->divisor >> 8 : u->ier;
    case IIR_FCR: return interrupt_id(u);
    case LCR:     return u->lcr;
    case MCR:     return u->mcr;
    case LSR:     return line_status(u);
    case MSR:     return read_modem_status(u);
    default:      return u->kind == UART_8250 ? 0xff : u->scratch;
    }
}

static void write_mcr(struct model_uart *u, uint8_t value)
{
    advance(u);
    if (value & ~u->mcr & LOOP && (u->queued || u->shifting)) {
        u->lost_in_loop += u->queued + u->shifting;
        u->queued = 0;
        u->shifting = false;
    }
    u->mcr = value;
}

static void write_divisor(struct model_uart *u, unsigned shift, uint8_t value)
{
    u->divisor = (uint16_t)((u->divisor & ~(0xff << shift)) | value << shift);
}

static void uart_write(struct model_device *device, uint64_t offset, uint64_t value)
{
    struct model_uart *u = (struct model_uart *)device;
    uint8_t byte = (uint8_t)value;

    if (offset % u->stride)
        u->odd_offsets++;
    if (is_gone(u) || u->fault.all_registers >= 0)
        return;
    switch (offset / u->stride) {
    case DATA:    u->lcr & DLAB ? write_divisor(u, 0, byte) : send(u, byte); break;
    case IER:     u->lcr & DLAB ? write_divisor(u, 8, byte) : write_ier(u, byte); break;
    case IIR_FCR: u->fcr = u->kind < UART_16550 ? 0 : byte; break;
    case LCR:     u->lcr = byte; break;
    case MCR:     write_mcr(u, byte & 0x1f); break;
    case SCRATCH: u->scratch = byte; break;
    default:      break;                         /* LSR and MSR: factory tests only */
    }
}

void model_uart_add(struct model_uart *uart, enum model_space space, uint64_t address, uint32_t stride)
{
    unsigned widths = space == MODEL_MEMORY && stride == 4 ? 4 : 1;

    uart->device = (struct model_device){ space, address, address + 8ull * stride, widths, uart_read, uart_write };
    uart->stride = stride;
    uart->lcr = 3;
    uart->mcr = 3;
    uart->scratch = 0x33;
    if (!uart->fault.absent)
        model_bus_add(&uart->device);
}

void model_uart_fill(struct model_uart *uart, const char *text)
{
    uart->fcr = FIFO_ON;
    for (; *text; text++)
        send(uart, (uint8_t)*text);
}

void model_uart_drain(struct model_uart *uart)
{
    for (unsigned i = 0; i < 2 * MODEL_FIFO_MAX && (uart->queued || uart->shifting); i++) {
        model_bus.now_ps = uart->shift_end_ps + model_bus.devices_lost_ps;
        advance(uart);
    }
}

void model_uart_receive(struct model_uart *uart, uint8_t byte)
{
    if (uart->waiting < (has_fifo(uart) ? uart->fifo_bytes : 1))
        uart->in[uart->waiting++] = byte;
    else
        uart->lost_inputs++;
}

void model_uart_set_cts(struct model_uart *uart, bool clear)
{
    uart->modem_changed |= uart->cts_low == clear;
    uart->cts_low = !clear;
}

bool model_uart_interrupts(struct model_uart *uart)
{
    return uart->mcr & 8 && !(uart->mcr & LOOP) && interrupt_cause(uart) != 1;
}
