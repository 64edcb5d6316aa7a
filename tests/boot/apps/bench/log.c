/* What log_info() with two arguments costs its caller: with the sinks of this machine, then with ports that are worse. */
#include <ingot/cpu.h>
#include <ingot/log.h>
#include <ingot/serial.h>
#include <ingot/time.h>

#include "tests/boot/apps/bench/bench.h"

enum { BYTE_US = 87, BOUND_US = 20000 };        /* 115,200 baud; what drivers wait for a byte to go */

static volatile unsigned number;

static void say_two(void) { log_info("line %u of %u", number % 100, 100); }

/* The one before is out, and nobody is called. */
static void flush(void)
{
    log_flush();
    number++;
}

/* The same, and interrupts are off, as in a handler. */
static void flush_and_mask(void)
{
    cpu_interrupts_on();
    flush();
    cpu_interrupts_off();
}

/* No interrupts: all is polled for. */
static size_t write_slowly(struct serial_port *port, const char *text, size_t bytes)
{
    (void)port, (void)text;
    delay_us(bytes * BYTE_US);
    return bytes;
}

static size_t write_nothing(struct serial_port *port, const char *text, size_t bytes)
{
    (void)text, (void)bytes;
    if (!port->muted)
        delay_us(BOUND_US);
    return 0;
}

/* Takes what marks its first bytes again, and then no more: it is never muted for long. */
static size_t write_a_mark(struct serial_port *port, const char *text, size_t bytes)
{
    if (*text == '\r')
        return bytes;
    return write_nothing(port, text, bytes);
}

static int read_nothing(struct serial_port *port)
{
    (void)port;
    return -1;
}

static void add(const char *name, size_t (*write)(struct serial_port *port, const char *text, size_t bytes))
{
    static struct serial_port ports[3];
    static struct serial_ops ops[3];
    static unsigned count;

    ops[count] = (struct serial_ops){ .write = write, .read = read_nothing };
    ports[count] = (struct serial_port){ .ops = &ops[count] };
    for (unsigned i = 0; name[i]; i++)
        ports[count].name[i] = name[i];
    serial_register(&ports[count++]);
}

void measure_log(void)
{
    measure("log", say_two, flush);
    measure("log-interrupts-off", say_two, flush_and_mask);
    cpu_interrupts_on();
    add("slow", write_slowly);
    measure("log-slow", say_two, flush);
    add("stuck", write_nothing);
    add("moody", write_a_mark);
    measure("log-stuck", say_two, flush);
}
