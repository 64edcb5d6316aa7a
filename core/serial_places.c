/* Where serial ports may be: what the loader proved, what ACPI's tables name, PCI's serial controllers, the addresses of a PC. Whether a
 * port is there, its driver proves. With serial= only what the loader and that option name counts.
 * Source: PCI Code and ID Assignment Specification 1.11, "Base Class 07h". */
#include "core/serial.h"

#include "core/driver.h"
#include "core/option.h"
#include "core/words.h"

#include <ingot/acpi.h>
#include <ingot/error.h>
#include <ingot/format.h>
#define LOG_SUBSYSTEM serial
#include <ingot/log.h>
#include <ingot/pci.h>
#include <ingot/serial.h>
#include <ingot/string.h>

enum { PLACES_MAX = 32, UART_BYTES = 8, PORTS_IN_A_BAR = 8, INTERFACE_LAST = 6, PC_CLOCK_HZ = 1843200, PC_BAUD = 115200 };

static struct serial_place places[PLACES_MAX];
static bool place_told[PLACES_MAX];            /* the loader's log went there */
static unsigned place_count;

static bool is_same(const struct serial_place *a, const struct serial_place *b)
{
    return a->space == b->space && a->address == b->address;
}

/* Two names for one port are one port: the first one, which may know its speed better, holds. */
static void propose(struct serial_place place)
{
    for (unsigned i = 0; i < place_count; i++)
        if (is_same(&places[i], &place) && places[i].stride == place.stride)
            return;
    if (place_count == PLACES_MAX)
        return log_warn("more than %u places of serial ports: %s %#llx not tried", PLACES_MAX, place.source, (unsigned long long)place.address);
    places[place_count++] = place;
}

const struct serial_place *serial_place(unsigned index)
{
    return index < place_count ? &places[index] : NULL;
}

bool serial_was_told(const struct serial_place *place)
{
    for (unsigned i = 0; i < place_count; i++)
        if (is_same(&places[i], place))
            return place_told[i];
    return false;
}

/* ---- who names them ---- */

static const char *source_name(uint32_t source)
{
    return word_at("loader\0" "legacy\0" "option\0" "SPCR\0" "DBG2\0" "PCI\0", source);
}

static void propose_loaders(const struct handoff_view *view)
{
    for (uint32_t i = 0; i < view->serials; i++) {
        const struct handoff_serial *from = view->serial[i];
        unsigned before = place_count;

        propose((struct serial_place){
            .space = from->space == HANDOFF_SERIAL_MMIO ? SERIAL_MMIO : SERIAL_IO, .address = from->address,
            .stride = from->stride, .clock_hz = from->clock_hz, .baud = from->baud, .source = source_name(from->source),
        });
        if (place_count > before)
            place_told[before] = from->told;
    }
}

/* Firmware talks to these ports itself, at the speed that is set. */
static void propose_acpis(void)
{
    struct acpi_serial found;

    for (unsigned i = 0; acpi_get_serial(i, &found) == 0 && i < PLACES_MAX; i++)
        propose((struct serial_place){
            .space = found.registers.space == ACPI_SPACE_IO ? SERIAL_IO : SERIAL_MMIO, .address = found.registers.address,
            .stride = found.stride, .clock_hz = found.clock_hz, .baud = found.baud, .source = found.source,
        });
}

static void propose_legacy(void)
{
    static const uint16_t legacy[] = { 0x3f8, 0x2f8, 0x3e8, 0x2e8 };

    for (unsigned i = 0; i < sizeof(legacy) / sizeof(legacy[0]); i++)
        propose((struct serial_place){ .space = SERIAL_IO, .address = legacy[i], .stride = 1, .source = "legacy" });
}

/* One behind the other, eight bytes each, at a PC's clock: what cards do that follow no specification. In memory there is one, and
 * its registers may be words. What `serial=` says is in `wanted`. */
static void propose_bar(const struct pci_bar *bar, const struct serial_place *wanted)
{
    struct serial_place place = *wanted;
    unsigned ports = bar->is_io && !wanted->stride ? (unsigned)(bar->bytes / UART_BYTES) : 1;

    place.space = bar->is_io ? SERIAL_IO : SERIAL_MMIO;
    place.stride = wanted->stride ? wanted->stride : 1;
    if (bar->is_io && !wanted->clock_hz)
        place.clock_hz = PC_CLOCK_HZ;
    if (place.clock_hz && !wanted->baud)
        place.baud = PC_BAUD;
    for (unsigned i = 0; i < ports && i < PORTS_IN_A_BAR; i++) {
        place.address = bar->address + i * UART_BYTES;
        propose(place);
    }
    if (!bar->is_io && !wanted->stride && bar->bytes >= 4 * UART_BYTES) {
        place.stride = 4;
        propose(place);
    }
}

/* All of one kind. False when there is none. */
static bool propose_bars(const struct pci_function *f, bool io, const struct serial_place *wanted)
{
    struct pci_bar bar;
    bool any = false;

    for (unsigned i = 0; i < PCI_BARS; i++) {
        if (pci_bar(f, i, &bar) || bar.is_io != io || bar.address == 0 || bar.bytes < UART_BYTES)
            continue;
        pci_write(f, PCI_COMMAND, 2, pci_read(f, PCI_COMMAND, 2) | (uint32_t)(io ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY));
        propose_bar(&bar, wanted);
        any = true;
    }
    return any;
}

static void propose_function(const struct pci_function *f, const struct serial_place *wanted)
{
    if (!propose_bars(f, true, wanted) && !propose_bars(f, false, wanted))
        log_info("PCI %02x:%02x.%x left: no registers, or no address for them", f->bus, f->device, f->function);
}

static void propose_pcis(void)
{
    const struct pci_function *f;

    for (unsigned i = 0; (f = pci_function(i)); i++) {
        if (f->class_code >> 8 != PCI_CLASS_SERIAL)
            continue;
        if ((f->class_code & 0xff) <= INTERFACE_LAST)
            propose_function(f, &(struct serial_place){ .source = "PCI" });
        else
            log_info("PCI %02x:%02x.%x left: interface %u is none of the 16550 family", f->bus, f->device, f->function, f->class_code & 0xff);
    }
}

/* ---- serial=pci:BB:DD.F[,STRIDE[,CLOCK_HZ[,BAUD]]]; the loader obeys the other forms ---- */

/* Up to the mark behind it, in base 16. */
static bool take_hex(const char **at, char mark, uint32_t *out_value)
{
    char text[8] = "0x";
    unsigned length = 2;
    unsigned long long value;

    while (**at && **at != mark && length < sizeof(text) - 1)
        text[length++] = *(*at)++;
    if (**at != mark || parse_number(text, &value))
        return false;
    *at += mark != 0;
    *out_value = (uint32_t)value;
    return true;
}

/* `,number`, which may be missing. */
static bool take_number(const char **at, uint32_t *out_value)
{
    char text[16];
    unsigned length = 0;
    unsigned long long value;

    if (**at != ',')
        return **at == 0;
    for ((*at)++; **at && **at != ',' && length < sizeof(text) - 1; (*at)++)
        text[length++] = **at;
    text[length] = 0;
    if (parse_number(text, &value) || value > UINT32_MAX)
        return false;
    *out_value = (uint32_t)value;
    return true;
}

static bool parse_pci(const char *at, struct pci_function *out_where, struct serial_place *out_place)
{
    uint32_t bus, device, function;
    char address[8];
    const char *from = address;
    size_t length = 0;

    while (at[length] && at[length] != ',' && length < sizeof(address) - 1) {
        address[length] = at[length];
        length++;
    }
    address[length] = 0;
    at += length;
    if (!take_hex(&from, ':', &bus) || !take_hex(&from, '.', &device) || !take_hex(&from, 0, &function) ||
        !take_number(&at, &out_place->stride) || !take_number(&at, &out_place->clock_hz) || !take_number(&at, &out_place->baud))
        return false;
    *out_where = (struct pci_function){ .bus = (uint8_t)bus, .device = (uint8_t)device, .function = (uint8_t)function };
    return *at == 0 && out_place->stride <= 4 && out_place->stride != 3;
}

static void propose_pci_option(const char *text)
{
    struct serial_place wanted = { .source = "option" };
    struct pci_function where;
    const struct pci_function *f;

    if (!parse_pci(text, &where, &wanted))
        return log_warn("serial=pci:%s is no pci:BUS:DEVICE.FUNCTION[,STRIDE[,CLOCK_HZ[,BAUD]]]: ignored", text);
    for (unsigned i = 0; (f = pci_function(i)); i++)
        if (f->segment == 0 && f->bus == where.bus && f->device == where.device && f->function == where.function)
            return propose_function(f, &wanted);
    log_warn("serial=pci:%s: there is no such function", text);
}

void serial_start(const struct handoff_view *view)
{
    const char *wanted = option("serial");

    place_count = 0;
    propose_loaders(view);
    if (wanted && !strncmp(wanted, "pci:", 4))
        propose_pci_option(wanted + 4);
    if (wanted)
        return;
    propose_acpis();
    propose_pcis();
    propose_legacy();
}

void serial_last_resort(void)
{
    propose_legacy();
    driver_start_phase(DRIVER_SERIAL);
}
