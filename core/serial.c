/* The class of serial ports: places where one may be, ports that drivers found there, lines to all of them. */
#include "core/serial.h"

#include "core/driver.h"
#include "core/log.h"
#include "core/option.h"
#include "core/words.h"

#include <ingot/error.h>
#include <ingot/format.h>
#define LOG_SUBSYSTEM serial
#include <ingot/log.h>
#include <ingot/serial.h>
#include <ingot/string.h>

LOG_SUBSYSTEM_DEFINE(serial);

static struct serial_place places[SERIAL_PORTS_MAX];
static bool place_told[SERIAL_PORTS_MAX];      /* the loader's log went there */
static unsigned place_count;
static struct serial_port *ports[SERIAL_PORTS_MAX];
static unsigned port_count;
static bool at_once;                           /* a line is out when its call returns */

static const char *source_name(uint32_t source)
{
    return word_at("loader\0" "legacy\0" "option\0" "SPCR\0" "DBG2\0" "PCI\0", source);
}

void serial_start(const struct handoff_view *view)
{
    place_count = 0;
    for (uint32_t i = 0; i < view->serials && place_count < SERIAL_PORTS_MAX; i++) {
        const struct handoff_serial *from = view->serial[i];

        place_told[place_count] = from->told;
        places[place_count++] = (struct serial_place){
            .space = from->space == HANDOFF_SERIAL_MMIO ? SERIAL_MMIO : SERIAL_IO, .address = from->address,
            .stride = from->stride, .clock_hz = from->clock_hz, .baud = from->baud, .source = source_name(from->source),
        };
    }
}

void serial_last_resort(void)
{
    static const uint16_t legacy[] = { 0x3f8, 0x2f8, 0x3e8, 0x2e8 };

    for (unsigned i = 0; i < sizeof(legacy) / sizeof(legacy[0]) && place_count < SERIAL_PORTS_MAX; i++)
        places[place_count++] = (struct serial_place){ .space = SERIAL_IO, .address = legacy[i], .stride = 1, .source = "legacy" };
    driver_start_phase(DRIVER_SERIAL);
}

const struct serial_place *serial_place(unsigned index)
{
    return index < place_count ? &places[index] : NULL;
}

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

int serial_read(void)
{
    int byte = -1;

    for (unsigned i = 0; i < port_count && byte < 0; i++)
        byte = ports[i]->ops->read(ports[i]);
    return byte;
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

    return port->ops->write(port, mark, bytes) == bytes;
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
        size_t taken = takes ? port->ops->write(port, part[i].text, part[i].bytes) : 0;

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
    log_drain();
}

void serial_drain(bool for_good)
{
    at_once |= for_good;
    for (unsigned i = 0; i < port_count; i++)
        if (ports[i]->ops->drain)
            ports[i]->ops->drain(ports[i], for_good);
}

static bool was_told(const struct serial_port *port)
{
    for (unsigned i = 0; i < place_count; i++)
        if (places[i].space == port->place.space && places[i].address == port->place.address)
            return place_told[i];
    return false;
}

bool serial_has_untold(void)
{
    for (unsigned i = 0; i < port_count; i++)
        if (!was_told(ports[i]))
            return true;
    return false;
}

void serial_send_untold(const char *text, size_t bytes)
{
    for (unsigned i = 0; i < port_count; i++)
        if (!was_told(ports[i]))
            send_line(ports[i], "", 0, text, bytes);
}
