/* Serial ports beside the CPU's usual ones: those that ACPI's SPCR and DBG2 name, and PCI's. Who names one may err, so each is proved before
 * it is believed (efi/serial.h), and where memory lies nothing is tried. With serial= on the command line nobody else names any.
 * Source: PCI Local Bus Specification 3.0, "Configuration Space" (6); PCI Code and ID Assignment Specification 1.11, "Base Class 07h". */
#include "efi/ports.h"

#include "efi/console.h"
#include "efi/loader.h"
#include "efi/room.h"
#include "efi/tables.h"
#include "efi/text.h"

enum { UART_BYTES = 8, ACPI_PORTS_MAX = 8, PORTS_IN_A_BAR = 8, PC_CLOCK_HZ = 1843200, PC_BAUD = 115200 };

enum {                                      /* of a PCI function's configuration space */
    PCI_ID = 0x00, PCI_COMMAND = 0x04, PCI_CLASS = 0x08, PCI_HEADER = 0x0c, PCI_BAR = 0x10, PCI_BUSES = 0x18,
};
enum {
    PCI_BARS = 6,
    PCI_IS_BRIDGE = 1, PCI_HAS_FUNCTIONS = 0x80,
    PCI_16550_FIRST = 0x070000, PCI_16550_LAST = 0x070006,
    BAR_IO = 1, BAR_64 = 4, BAR_WIDTH = 6,
};

/* By enum handoff_serial_source. */
static const char *source_name(uint32_t source) { return text_entry("?\0" "legacy\0" "the command line\0" "SPCR\0" "DBG2\0" "PCI", source); }

bool port_join(const struct serial_port *place)
{
    unsigned before = 0;
    const char *log;
    uint64_t bytes;

    while (serial_port(before))
        before++;
    if (!serial_add(place))
        return false;
    log = console_log(&bytes);
    if (serial_port(before))
        serial_write_to(before, log, bytes);
    say("serial: %s 0x%lx, stride %u, from %s", place->space == HANDOFF_SERIAL_IO ? "io" : "mmio", place->address, place->stride,
        source_name(place->source));
    return true;
}

/* Eight registers lie in their space. */
static bool can_be(const struct serial_port *place)
{
    uint64_t limit = place->space == HANDOFF_SERIAL_IO ? 0x10000 : place->space == HANDOFF_SERIAL_MMIO ? cpu_address_limit() : 0;

    return place->address && place->address % place->stride == 0 && place->address < limit &&
           limit - place->address >= UART_BYTES * place->stride;
}

/* *out_why: what lies there instead of registers, or why nobody knows; else NULL. An error has been told by refuse(). */
static EFI_STATUS look_at_map(struct loader *loader, const struct serial_port *place, const char **out_why)
{
    const struct map_decoded *map = &loader->room.map;
    uint64_t end = place->address + UART_BYTES * place->stride;
    EFI_STATUS status = loader->room.base ? EFI_SUCCESS : room_take(loader, 0, 0);
    enum map_fault fault;

    *out_why = NULL;
    if (EFI_ERROR(status))
        return status;
    fault = room_read_map(loader, &status);
    if (fault)
        *out_why = map_fault_text(fault);
    for (uint32_t i = 0; !fault && i < map->rams; i++)
        if (map->ram[i].start < end && place->address < map->ram[i].end)
            *out_why = "memory is there";
    return EFI_SUCCESS;
}

static EFI_STATUS consider(struct loader *loader, const struct serial_port *place)
{
    const char *why = can_be(place) ? NULL : "no port can be there";
    EFI_STATUS status = EFI_SUCCESS;

    if (serial_knows(place))
        return EFI_SUCCESS;
    if (!why && place->space == HANDOFF_SERIAL_MMIO)
        status = look_at_map(loader, place, &why);
    if (EFI_ERROR(status))
        return status;
    if (!why && !port_join(place))
        why = "nobody answers";
    if (why)
        say("serial: %s 0x%lx left: %s", source_name(place->source), place->address, why);
    return EFI_SUCCESS;
}

/* ---- PCI ---- */

/* Ports lie one behind the other, at a PC's clock, in I/O space: what cards do that follow no specification. In memory there is one, whose
 * registers may be words. */
static EFI_STATUS consider_bar(struct loader *loader, uint32_t function, uint32_t offset, uint32_t bar)
{
    bool io = bar & BAR_IO;
    uint32_t mask = cpu_pci_probe(function, offset) & (io ? ~3u : ~15u), bytes = io ? -mask & 0xffff : -mask;
    struct serial_port place = { .address = bar & (io ? 0xfffc : ~15u), .space = io ? HANDOFF_SERIAL_IO : HANDOFF_SERIAL_MMIO, .stride = 1,
                                 .clock_hz = io ? PC_CLOCK_HZ : 0, .baud = io ? PC_BAUD : 0, .source = HANDOFF_SERIAL_PCI };
    EFI_STATUS status = EFI_SUCCESS;

    if (!io && (bar & BAR_WIDTH) == BAR_64)
        place.address |= (uint64_t)cpu_pci_read(function, offset + 4) << 32;
    for (uint32_t at = 0; io && at + UART_BYTES <= bytes && at < PORTS_IN_A_BAR * UART_BYTES && !EFI_ERROR(status); at += UART_BYTES) {
        status = consider(loader, &place);
        place.address += UART_BYTES;
    }
    for (; !io && place.stride <= 4 && place.stride * UART_BYTES <= bytes && !EFI_ERROR(status) && !serial_knows(&place); place.stride *= 4)
        status = consider(loader, &place);
    return status;
}

/* All BARs of one kind. *out_any: there is one with an address. */
static EFI_STATUS consider_bars(struct loader *loader, uint32_t function, uint32_t kind, bool *out_any)
{
    EFI_STATUS status = EFI_SUCCESS;

    *out_any = false;
    for (uint32_t i = 0, wide; i < PCI_BARS && !EFI_ERROR(status); i += 1 + wide) {
        uint32_t offset = PCI_BAR + 4 * i, bar = cpu_pci_read(function, offset);

        wide = !(bar & BAR_IO) && (bar & BAR_WIDTH) == BAR_64;
        if ((bar & BAR_IO) != kind || (bar & ~15u) == 0)
            continue;
        *out_any = true;
        cpu_pci_write(function, PCI_COMMAND, (cpu_pci_read(function, PCI_COMMAND) & 0xffff) | (kind ? 1 : 2));    /* it decodes */
        status = consider_bar(loader, function, offset, bar);
    }
    return status;
}

/* *last_bus grows to what lies behind a bridge. *out_many: this is the first of several functions. */
static EFI_STATUS look_at(struct loader *loader, uint32_t function, uint32_t *last_bus, bool *out_many)
{
    uint32_t header, kind;
    EFI_STATUS status;
    bool any;

    *out_many = false;
    if ((cpu_pci_read(function, PCI_ID) & 0xffff) == 0xffff)
        return EFI_SUCCESS;
    header = cpu_pci_read(function, PCI_HEADER) >> 16 & 0xff;
    *out_many = header & PCI_HAS_FUNCTIONS;
    kind = cpu_pci_read(function, PCI_CLASS) >> 8;
    if ((header & 0x7f) == PCI_IS_BRIDGE && (cpu_pci_read(function, PCI_BUSES) >> 16 & 0xff) > *last_bus)
        *last_bus = cpu_pci_read(function, PCI_BUSES) >> 16 & 0xff;
    if ((header & 0x7f) != 0 || kind < PCI_16550_FIRST || kind > PCI_16550_LAST)
        return EFI_SUCCESS;
    status = consider_bars(loader, function, BAR_IO, &any);
    return EFI_ERROR(status) || any ? status : consider_bars(loader, function, 0, &any);
}

/* From bus 0, and what its bridges lead to: at most 65,536 looks. What hangs on other roots the core finds, which knows their names. */
static EFI_STATUS consider_pci(struct loader *loader)
{
    EFI_STATUS status = EFI_SUCCESS;
    uint32_t last_bus = 0;
    bool many;

    for (uint32_t device = 0; device >> 5 <= last_bus && !EFI_ERROR(status); device++) {
        status = look_at(loader, device << 11, &last_bus, &many);
        for (uint32_t function = 1, unused_many = many; unused_many && function < 8 && !EFI_ERROR(status); function++)
            status = look_at(loader, device << 11 | function << 8, &last_bus, &many);
    }
    return status;
}

EFI_STATUS ports_find(struct loader *loader)
{
    struct serial_port place[ACPI_PORTS_MAX];
    EFI_STATUS status = EFI_SUCCESS;
    unsigned count;

    if (words_next(loader->words, "serial=", NULL))
        return EFI_SUCCESS;
    serial_tell_usual();
    count = acpi_find_ports(loader->roots.acpi_rsdp, place, ACPI_PORTS_MAX);
    for (unsigned i = 0; i < count && !EFI_ERROR(status); i++)
        status = consider(loader, &place[i]);
    return EFI_ERROR(status) ? status : consider_pci(loader);
}
