/* The class of serial ports: ports that drivers found, lines to all of them. */
#include "core/serial.h"

#include "core/log.h"
#include "core/option.h"

#include <stdatomic.h>

#include <ingot/error.h>
#include <ingot/format.h>
#define LOG_SUBSYSTEM serial
#include <ingot/log.h>
#include <ingot/serial.h>
#include <ingot/string.h>

LOG_SUBSYSTEM_DEFINE(serial);

static struct serial_port *ports[SERIAL_PORTS_MAX];
static unsigned port_count;
static bool at_once;                           /* a line is out when its call returns */

static unsigned flow_wanted(void)
{
    const char *flow = option("flow");

    if (!flow || !strcmp(flow, "none"))
        return 0;
    if (!strcmp(flow, "rtscts"))
        return SERIAL_RTSCTS;
    if (!strcmp(flow, "xonxoff"))
        return SERIAL_XONXOFF;
    log_warn("flow=%s is none of none, rtscts, xonxoff", flow);
    return 0;
}

int serial_register(struct serial_port *port)
{
    if (port_count == SERIAL_PORTS_MAX)
        return ERR_FULL;
    port->flow = flow_wanted();
    ports[port_count++] = port;
    return 0;
}

struct serial_port *serial_port(unsigned index)
{
    return index < port_count ? ports[index] : NULL;
}

unsigned serial_count(void)
{
    return port_count;
}

/* ---- what comes in ---- */

static const struct serial_sharer *sharer;
enum { KEPT_BYTES = 512, AT_ONCE_MAX = 64 };
static uint8_t kept[KEPT_BYTES];               /* heard, and for serial_read() */
static uint32_t kept_put, kept_taken;
static _Atomic bool reading;

void serial_share(const struct serial_sharer *with) { sharer = with; }

/* Where nobody reads, the newest are kept. */
void serial_give_back(uint8_t byte)
{
    kept[kept_put++ % KEPT_BYTES] = byte;
    if (kept_put - kept_taken > KEPT_BYTES)
        kept_taken = kept_put - KEPT_BYTES;
}

/* One byte of any port that the sharer did not take; -1 when there is none. What he gives back comes first. */
static int read_unshared(void)
{
    int byte;

    for (unsigned i = 0, left = AT_ONCE_MAX; i < port_count; i++)
        while (left && left-- && (byte = ports[i]->ops->read(ports[i])) >= 0)
            if (!sharer || !sharer->hear(ports[i], (uint8_t)byte))
                return byte;
    return -1;
}

int serial_read(void)
{
    int byte = -1;

    if (atomic_exchange_explicit(&reading, true, memory_order_acquire))
        return -1;                             /* serial_poll() is at it, on another CPU */
    if (kept_put == kept_taken)
        byte = read_unshared();
    if (kept_put != kept_taken) {
        if (byte >= 0)
            serial_give_back((uint8_t)byte);
        byte = kept[kept_taken++ % KEPT_BYTES];
    }
    atomic_store_explicit(&reading, false, memory_order_release);
    return byte;
}

bool serial_listen(void)
{
    bool all = true;

    for (unsigned i = 0; i < port_count; i++)
        all &= ports[i]->ops->listen && ports[i]->ops->listen(ports[i]);
    return all;
}

void serial_poll(void)
{
    int byte;

    if (atomic_exchange_explicit(&reading, true, memory_order_acquire))
        return;
    for (unsigned left = AT_ONCE_MAX; left && (byte = read_unshared()) >= 0; left--)
        serial_give_back((uint8_t)byte);
    atomic_store_explicit(&reading, false, memory_order_release);
}

/* Whoever shares the ports wants to know at once. */
void serial_has_come(void)
{
    if (sharer)
        serial_poll();
}

/* ---- what goes out ---- */

static size_t write(struct serial_port *port, const char *text, size_t bytes)
{
    return sharer ? sharer->send(port, text, bytes) : port->ops->write(port, text, bytes);
}

/* A port that takes nothing within its bound is muted: a dead line must not slow the machine. */
static void mute(struct serial_port *port)
{
    if (!port->told)
        log_warn("%s takes no bytes: muted until it does", port->name);
    port->muted = port->told = true;
}

/* One look a line. A line that moves again begins with what is missing in it, which is no log line: only this port needs it. */
static bool try_muted(struct serial_port *port)
{
    char mark[48];
    size_t bytes = (size_t)format(mark, sizeof(mark), "\r\n[%llu bytes lost]\r\n", (unsigned long long)port->lost_bytes);

    return write(port, mark, bytes) == bytes;
}

struct part {
    const char *text;
    size_t bytes;
};

static void send_parts(struct serial_port *port, const struct part *part, unsigned parts)
{
    bool takes = !port->muted || try_muted(port);

    port->muted = !takes;
    for (unsigned i = 0; i < parts; i++) {
        size_t taken = takes ? write(port, part[i].text, part[i].bytes) : 0;

        port->lost_bytes += part[i].bytes - taken;
        takes &= taken == part[i].bytes;
    }
    if (!takes)
        mute(port);
}

static void send_line(struct serial_port *port, const char *prefix, size_t prefix_bytes, const char *text, size_t text_bytes)
{
    send_parts(port, (struct part[]){ { prefix, prefix_bytes }, { text, text_bytes }, { "\r\n", 2 } }, 3);
}

void serial_send_text(const char *text, size_t bytes)
{
    for (unsigned i = 0; i < port_count; i++)
        send_parts(ports[i], &(struct part){ text, bytes }, 1);
    if (at_once)
        serial_drain(true);
}

void serial_send_line(const char *prefix, size_t prefix_bytes, const char *text, size_t text_bytes)
{
    for (unsigned i = 0; i < port_count; i++)
        send_line(ports[i], prefix, prefix_bytes, text, text_bytes);
    if (at_once)
        serial_drain(true);
}

bool serial_has_room(void)
{
    for (unsigned i = 0; i < port_count; i++)
        if (ports[i]->ops->has_room && !ports[i]->muted && !ports[i]->ops->has_room(ports[i]))
            return false;
    return true;
}

void serial_has_moved(void)
{
    log_drain_soon();
}

void serial_drain(bool for_good)
{
    at_once |= for_good;
    for (unsigned i = 0; i < port_count; i++)
        if (ports[i]->ops->drain)
            ports[i]->ops->drain(ports[i], for_good);
}

bool serial_has_untold(void)
{
    for (unsigned i = 0; i < port_count; i++)
        if (!serial_was_told(&ports[i]->place))
            return true;
    return false;
}

void serial_send_untold(const char *text, size_t bytes)
{
    for (unsigned i = 0; i < port_count; i++)
        if (!serial_was_told(&ports[i]->place))
            send_line(ports[i], "", 0, text, bytes);
}
