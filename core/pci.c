/* Configuration space as memory where the MCFG says so and it shows the same host bridge as the ports do; else by the ports. */
#include <ingot/pci.h>

#include "core/arch.h"

#include <ingot/acpi.h>
#include <ingot/cpu.h>
#include <ingot/error.h>
#include <ingot/heap.h>
#include <ingot/lock.h>
#define LOG_SUBSYSTEM pci
#include <ingot/log.h>
#include <ingot/memory.h>
#include <ingot/mmio.h>

LOG_SUBSYSTEM_DEFINE(pci);

enum { AREAS_MAX = 16, DEVICES = 32, FUNCTIONS = 8, BUSES = 256, PORT_BYTES = 256, CONFIG_BYTES = 4096 };
enum { LAYOUT_DEVICE = 0, LAYOUT_BRIDGE = 1, HEADER_MULTI = 0x80, STATUS_CAPABILITIES = 1u << 4 };
enum { BAR_IO = 1u << 0, BAR_64 = 1u << 2, BAR_PREFETCH = 1u << 3 };
enum { CAPABILITIES_MAX = 48, EXTENDED_MAX = (CONFIG_BYTES - 256) / 8 };       /* as many as there is room for */
enum { MSI_ENABLE = 1u << 0, MSI_COUNT = 7u << 4, MSI_64 = 1u << 7, MSIX_ENABLE = 1u << 15, MSIX_MASK_ALL = 1u << 14 };

static struct acpi_ecam area[AREAS_MAX];
static unsigned areas;
static struct pci_function *functions;
static unsigned count;
static struct lock port_lock = LOCK("pci ports");    /* address and data are a pair */

/* ---- configuration space ---- */

/* NULL: not reached as memory. */
static volatile uint8_t *as_memory(const struct pci_function *f)
{
    for (unsigned i = 0; i < areas; i++)
        if (area[i].segment == f->segment && f->bus >= area[i].start_bus && f->bus <= area[i].end_bus)
            return (volatile uint8_t *)(uintptr_t)(area[i].base + ((uint64_t)f->bus << 20 | f->device << 15 | f->function << 12));
    return NULL;
}

static uint32_t port_address(const struct pci_function *f, uint32_t offset)
{
    return (uint32_t)f->bus << 16 | f->device << 11 | f->function << 8 | offset;
}

uint32_t pci_read(const struct pci_function *f, uint32_t offset, unsigned bytes)
{
    volatile uint8_t *reg = as_memory(f);
    uint32_t value = UINT32_MAX;
    uint64_t flags;

    if (reg)
        return bytes == 1 ? mmio_read8(reg + offset) : bytes == 2 ? mmio_read16(reg + offset) : mmio_read32(reg + offset);
    if (f->segment == 0 && offset < PORT_BYTES) {
        flags = lock_take_irq(&port_lock);
        value = arch_pci_port_read(port_address(f, offset), bytes);
        lock_give_irq(&port_lock, flags);
    }
    return value & UINT32_MAX >> (32 - 8 * bytes);
}

void pci_write(const struct pci_function *f, uint32_t offset, unsigned bytes, uint32_t value)
{
    volatile uint8_t *reg = as_memory(f);
    uint64_t flags;

    if (reg && bytes == 1)
        mmio_write8(reg + offset, (uint8_t)value);
    else if (reg && bytes == 2)
        mmio_write16(reg + offset, (uint16_t)value);
    else if (reg)
        mmio_write32(reg + offset, value);
    else if (f->segment == 0 && offset < PORT_BYTES) {
        flags = lock_take_irq(&port_lock);
        arch_pci_port_write(port_address(f, offset), bytes, value);
        lock_give_irq(&port_lock, flags);
    }
}

/* ---- which functions there are ---- */

static bool is_there(const struct pci_function *f)
{
    uint32_t vendor = pci_read(f, PCI_VENDOR, 2);

    return vendor != 0xffff && vendor != 0;
}

/* An area that shows another host bridge than the ports do is not configuration space. */
static bool is_believable(const struct acpi_ecam *ecam)
{
    struct pci_function bridge = { 0 };
    volatile void *mapped;
    uint32_t by_ports;
    uint64_t bytes = (uint64_t)(ecam->end_bus + 1) << 20;

    if (mem_map_device(ecam->base, bytes, MEM_UNCACHED, &mapped)) {
        log_warn("ECAM at %#llx cannot be mapped: not used", (unsigned long long)ecam->base);
        return false;
    }
    if (ecam->segment || ecam->start_bus)
        return true;
    by_ports = pci_read(&bridge, PCI_VENDOR, 4);
    if (by_ports == UINT32_MAX || mmio_read32(mapped) == by_ports)
        return true;
    log_warn("ECAM at %#llx shows %#x where the ports show %#x: not used", (unsigned long long)ecam->base, mmio_read32(mapped), by_ports);
    return false;
}

static void find_areas(void)
{
    struct acpi_ecam found[AREAS_MAX];
    unsigned number = 0, good = 0;

    while (number < AREAS_MAX && acpi_get_ecam(number, &found[number]) == 0)
        number++;
    for (unsigned i = 0; i < number; i++)
        if (is_believable(&found[i]))
            area[good++] = found[i];
    areas = good;
}

static void add(struct pci_function *f)
{
    uint32_t class = pci_read(f, PCI_REVISION, 4);

    f->vendor_id = (uint16_t)pci_read(f, PCI_VENDOR, 2);
    f->device_id = (uint16_t)pci_read(f, PCI_DEVICE, 2);
    f->header = pci_read(f, PCI_HEADER, 1) & 0x7f;
    f->class_code = class >> 8;
    f->revision = (uint8_t)class;
    functions[count++] = *f;
}

/* Buses behind bridges that have been looked at: each once, whatever bridges say. */
struct buses {
    uint8_t waiting[BUSES];
    unsigned first, past;
    bool known[BUSES];
};

static void add_bus(struct buses *buses, uint32_t bus)
{
    if (bus >= BUSES || buses->known[bus])
        return;
    buses->known[bus] = true;
    buses->waiting[buses->past++] = (uint8_t)bus;
}

static void look_at_device(struct pci_function *f, struct buses *buses)
{
    unsigned last = 0;

    for (unsigned function = 0; function <= last && count < PCI_FUNCTIONS_MAX; function++) {
        f->function = (uint8_t)function;
        if (!is_there(f))
            continue;
        if (function == 0 && pci_read(f, PCI_HEADER, 1) & HEADER_MULTI)
            last = FUNCTIONS - 1;
        add(f);
        if (f->header == LAYOUT_BRIDGE)
            add_bus(buses, pci_read(f, PCI_SECONDARY, 1));
    }
}

static void look_at_segment(uint16_t segment, uint8_t bus)
{
    struct buses buses = { 0 };

    add_bus(&buses, bus);
    while (buses.first < buses.past) {
        struct pci_function f = { .segment = segment, .bus = buses.waiting[buses.first++] };

        for (unsigned device = 0; device < DEVICES; device++) {
            f.device = (uint8_t)device;
            f.function = 0;
            if (is_there(&f))
                look_at_device(&f, &buses);
        }
    }
}

static bool is_before(const struct pci_function *a, const struct pci_function *b)
{
    return (a->segment << 16 | a->bus << 8 | a->device << 3 | a->function) < (b->segment << 16 | b->bus << 8 | b->device << 3 | b->function);
}

/* Buses were looked at as bridges led to them. */
static void sort(void)
{
    for (unsigned i = 1; i < count; i++) {
        struct pci_function f = functions[i];
        unsigned at = i;

        for (; at && is_before(&f, &functions[at - 1]); at--)
            functions[at] = functions[at - 1];
        functions[at] = f;
    }
}

static void look(void)
{
    struct pci_function *fitted;

    find_areas();
    functions = malloc(PCI_FUNCTIONS_MAX * sizeof(*functions));
    if (!functions)
        return;
    look_at_segment(0, 0);
    for (unsigned i = 0; i < areas; i++)
        if (area[i].segment || area[i].start_bus)
            look_at_segment(area[i].segment, area[i].start_bus);
    sort();
    fitted = realloc(functions, (count ? count : 1) * sizeof(*functions));
    if (fitted)                                          /* else the room stays larger than it has to be */
        functions = fitted;
    if (count == PCI_FUNCTIONS_MAX)
        log_warn("there are more than %u functions: the others are not seen", PCI_FUNCTIONS_MAX);
}

/* mem_map_device() waits for the other CPUs, so no lock is held while functions are looked for: who comes second waits here. */
static enum { NOT_LOOKED, LOOKING, LOOKED } _Atomic state;

const struct pci_function *pci_function(unsigned index)
{
    int before = NOT_LOOKED;

    if (state != LOOKED && atomic_compare_exchange_strong(&state, &before, LOOKING)) {
        look();
        state = LOOKED;
    }
    while (state != LOOKED)
        cpu_relax();
    return index < count ? &functions[index] : NULL;
}

/* ---- base address registers ---- */

static uint64_t bar_bits(const struct pci_function *f, uint32_t offset, bool is_64_bit)
{
    return pci_read(f, offset, 4) | (is_64_bit ? (uint64_t)pci_read(f, offset + 4, 4) << 32 : 0);
}

static void set_bar_bits(const struct pci_function *f, uint32_t offset, bool is_64_bit, uint64_t value)
{
    pci_write(f, offset, 4, (uint32_t)value);
    if (is_64_bit)
        pci_write(f, offset + 4, 4, (uint32_t)(value >> 32));
}

/* Ones are written, and the bits that stay zero are the size; meanwhile the function decodes nothing. PCI Local Bus 3.0, 6.2.5.1. */
static uint64_t bar_size_bits(const struct pci_function *f, uint32_t offset, bool is_64_bit)
{
    uint64_t flags = cpu_interrupts_off(), value = bar_bits(f, offset, is_64_bit), ones;
    uint32_t command = pci_read(f, PCI_COMMAND, 2);

    pci_write(f, PCI_COMMAND, 2, command & ~(uint32_t)(PCI_COMMAND_IO | PCI_COMMAND_MEMORY));
    set_bar_bits(f, offset, is_64_bit, UINT64_MAX);
    ones = bar_bits(f, offset, is_64_bit);
    set_bar_bits(f, offset, is_64_bit, value);
    pci_write(f, PCI_COMMAND, 2, command);
    cpu_interrupts_restore(flags);
    return ones;
}

static unsigned bars_of(const struct pci_function *f)
{
    return f->header == LAYOUT_DEVICE ? PCI_BARS : f->header == LAYOUT_BRIDGE ? 2 : 0;
}

static bool bar_is_64_bit(const struct pci_function *f, unsigned index)
{
    uint32_t low = pci_read(f, PCI_BAR + index * 4, 4);

    return !(low & BAR_IO) && low & BAR_64 && index + 1 < bars_of(f);
}

/* The upper half of a 64-bit one: told by those in front of it. */
static bool is_upper_half(const struct pci_function *f, unsigned index)
{
    unsigned at = 0;

    while (at < index)
        at += bar_is_64_bit(f, at) ? 2 : 1;
    return at > index;
}

int pci_bar(const struct pci_function *f, unsigned index, struct pci_bar *out_bar)
{
    uint32_t offset = PCI_BAR + index * 4, low;
    uint64_t ones, mask, wide;
    bool is_64_bit;

    if (index >= bars_of(f))
        return ERR_BAD_VALUE;
    if (is_upper_half(f, index))
        return ERR_NOT_FOUND;
    low = pci_read(f, offset, 4);
    is_64_bit = bar_is_64_bit(f, index);
    ones = bar_size_bits(f, offset, is_64_bit);
    mask = low & BAR_IO ? 3 : 15;
    if ((ones & ~mask) == 0)
        return ERR_NOT_FOUND;
    wide = low & BAR_IO ? ones | 0xffff0000 : ones;       /* some leave the upper half of an I/O register at zero */
    *out_bar = (struct pci_bar){
        .address = bar_bits(f, offset, is_64_bit) & ~mask, .is_io = low & BAR_IO, .is_64_bit = is_64_bit,
        .bytes = is_64_bit ? ~(wide & ~mask) + 1 : (uint32_t)(~((uint32_t)wide & ~(uint32_t)mask) + 1),
        .prefetchable = !(low & BAR_IO) && low & BAR_PREFETCH,
    };
    return 0;
}

/* ---- capabilities ---- */

uint32_t pci_capability(const struct pci_function *f, uint8_t id)
{
    uint32_t at;

    if (!(pci_read(f, PCI_STATUS, 2) & STATUS_CAPABILITIES))
        return 0;
    at = pci_read(f, PCI_CAPABILITIES, 1) & 0xfc;
    for (unsigned looks = 0; at >= 0x40 && looks < CAPABILITIES_MAX; looks++) {
        uint32_t head = pci_read(f, at, 2);

        if ((head & 0xff) == id)
            return at;
        if (head == 0xffff)
            return 0;
        at = head >> 8 & 0xfc;
    }
    return 0;
}

uint32_t pci_extended_capability(const struct pci_function *f, uint16_t id)
{
    uint32_t at = 256;

    if (!pci_capability(f, PCI_CAP_EXPRESS))
        return 0;
    for (unsigned looks = 0; at >= 256 && looks < EXTENDED_MAX; looks++) {
        uint32_t head = pci_read(f, at, 4);

        if (head == UINT32_MAX || head == 0)
            return 0;
        if ((head & 0xffff) == id)
            return at;
        at = head >> 20 & 0xffc;
    }
    return 0;
}

/* ---- messages ---- */

static void no_line(const struct pci_function *f)
{
    pci_write(f, PCI_COMMAND, 2, pci_read(f, PCI_COMMAND, 2) | PCI_COMMAND_NO_INTX | PCI_COMMAND_MASTER);
}

/* PCI Local Bus 3.0, 6.8.2: the table lies behind a base address register; 16 bytes an entry. */
static int set_msix(const struct pci_function *f, uint32_t at, unsigned index, const struct irq_message *message)
{
    uint32_t control = pci_read(f, at + 2, 2), where = pci_read(f, at + 4, 4);
    uint64_t entry = (where & ~7u) + index * 16ull;
    volatile void *table;
    struct pci_bar bar;

    if (index > (control & 0x7ff))
        return ERR_BAD_VALUE;
    if (pci_bar(f, where & 7, &bar) || bar.is_io || bar.address == 0 || entry + 16 > bar.bytes)
        return ERR_BAD_DATA;
    if (mem_map_device(bar.address + entry, 16, MEM_UNCACHED, &table))
        return ERR_BAD_DATA;
    pci_write(f, PCI_COMMAND, 2, pci_read(f, PCI_COMMAND, 2) | PCI_COMMAND_MEMORY);
    pci_write(f, at + 2, 2, (control | MSIX_ENABLE | MSIX_MASK_ALL));
    mmio_write32(mmio_at(table, 0), (uint32_t)message->address);
    mmio_write32(mmio_at(table, 4), (uint32_t)(message->address >> 32));
    mmio_write32(mmio_at(table, 8), message->data);
    mmio_write32(mmio_at(table, 12), 0);                  /* not masked */
    pci_write(f, at + 2, 2, (control | MSIX_ENABLE) & ~(uint32_t)MSIX_MASK_ALL);
    no_line(f);
    return 0;
}

/* PCI Local Bus 3.0, 6.8.1. */
static int set_msi(const struct pci_function *f, uint32_t at, const struct irq_message *message)
{
    uint32_t control = pci_read(f, at + 2, 2), data = control & MSI_64 ? 12 : 8;

    if ((!(control & MSI_64) && message->address > UINT32_MAX) || message->data > UINT16_MAX)
        return ERR_UNSUPPORTED;
    pci_write(f, at + 4, 4, (uint32_t)message->address);
    if (control & MSI_64)
        pci_write(f, at + 8, 4, (uint32_t)(message->address >> 32));
    pci_write(f, at + data, 2, message->data);
    pci_write(f, at + 2, 2, (control & ~(uint32_t)MSI_COUNT) | MSI_ENABLE);
    no_line(f);
    return 0;
}

int pci_set_message(const struct pci_function *f, unsigned index, const struct irq_message *message)
{
    uint32_t at = pci_capability(f, PCI_CAP_MSIX);

    if (at)
        return set_msix(f, at, index, message);
    at = pci_capability(f, PCI_CAP_MSI);
    if (!at)
        return ERR_UNSUPPORTED;
    return index ? ERR_BAD_VALUE : set_msi(f, at, message);
}
