/* PCI functions, what they decode, and what they can do. */
#include "monitor.h"

#include <ingot/console.h>
#include <ingot/facts.h>
#include <ingot/format.h>
#include <ingot/pci.h>
#include <ingot/prompt.h>

enum { STATUS_CAPABILITIES = 1u << 4, CAPABILITIES_MAX = 48, EXTENDED = 0x100, CONFIG_BYTES = 4096, LAYOUT_BRIDGE = 1 };
enum { BASE_DISPLAY = 0x03, BASE_SERIAL = 0x07 };

/* PCI Code and ID Assignment Specification 1.11, "Capability IDs" (2), and "Extended Capability IDs" (3). */
static const char *const names[] = {
    [0x01] = "power management", [0x03] = "VPD", [0x04] = "slot", [0x05] = "MSI", [0x07] = "PCI-X", [0x09] = "vendor", [0x0a] = "debug port",
    [0x0d] = "subsystem", [0x10] = "PCI Express", [0x11] = "MSI-X", [0x12] = "SATA", [0x13] = "advanced features",
};
static const char *const extended_names[] = {
    [0x01] = "error reporting", [0x02] = "virtual channel", [0x03] = "serial number", [0x04] = "power budget", [0x0b] = "vendor", [0x0d] = "ACS",
    [0x0e] = "ARI", [0x10] = "SR-IOV", [0x15] = "resizable BAR", [0x18] = "LTR", [0x19] = "secondary PCIe", [0x1e] = "L1 substates",
    [0x25] = "data link", [0x26] = "16 GT/s",
};
#define NAME_OF(table, id) ((id) < sizeof(table) / sizeof((table)[0]) ? (table)[id] : NULL)

/* The size of what a BAR decodes is found by writing to it, which screens and serial ports, being in use, are spared. */
static void show_bars(const struct pci_function *f)
{
    unsigned count = f->header == LAYOUT_BRIDGE ? 2 : f->header ? 0 : PCI_BARS;
    bool in_use = f->class_code >> 16 == BASE_DISPLAY || f->class_code >> 16 == BASE_SERIAL;
    struct pci_bar bar;

    facts_list("bars");
    for (unsigned i = 0; i < count; i++)
        if (in_use && pci_read(f, PCI_BAR + i * 4, 4))
            facts("bar %u register %#x", i, pci_read(f, PCI_BAR + i * 4, 4));
        else if (!in_use && pci_bar(f, i, &bar) == 0)
            facts("bar %u address %#llx bytes %#llx io %hhu wide %hhu prefetchable %hhu", i, ULL(bar.address), ULL(bar.bytes), bar.is_io,
                  bar.is_64_bit, bar.prefetchable);
    facts_end();
}

/* Chains that lead in circles end. */
static void show_capabilities(const struct pci_function *f)
{
    uint32_t at, head;

    facts_list("capabilities");
    if (f->header <= LAYOUT_BRIDGE && pci_read(f, PCI_STATUS, 2) & STATUS_CAPABILITIES)
        for (unsigned i = 0; i < CAPABILITIES_MAX; i++) {
            at = pci_read(f, i ? at + 1 : PCI_CAPABILITIES, 1) & 0xfc;
            head = at < 0x40 ? 0 : pci_read(f, at, 4);
            if (at < 0x40 || (head & 0xff) == 0xff)
                break;
            facts("capability %#04x at %#x name %s", head & 0xff, at, NAME_OF(names, head & 0xff));
        }
    for (unsigned i = at = EXTENDED; at >= EXTENDED && i < CONFIG_BYTES; i += 8, at = head >> 20 & 0xffc) {
        head = pci_read(f, at, 4);
        if (head == 0 || head == UINT32_MAX)
            break;
        facts("extended %#06x at %#x name %s", head & 0xffff, at, NAME_OF(extended_names, head & 0xffff));
    }
    facts_end();
}

static int show_pci(int argc, char **argv)
{
    const struct pci_function *f;
    char place[24];

    (void)argv;
    if (argc > 1)
        return PROMPT_USAGE;
    for (unsigned i = 0; (f = pci_function(i)) && !console_interrupted(); i++) {
        format(place, sizeof(place), "%04x:%02x:%02x.%u", f->segment, f->bus, f->device, f->function);
        facts_begin("pci %s vendor %#06x device %#06x class %#08x revision %#04x header %u", place, f->vendor_id, f->device_id, f->class_code,
                    f->revision, f->header);
        show_bars(f);
        show_capabilities(f);
        facts_end();
    }
    return 0;
}
COMMAND(pci, ": PCI functions with what they decode and can do", show_pci);
