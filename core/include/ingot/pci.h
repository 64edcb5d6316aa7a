/* PCI and PCI Express: which functions there are, their configuration space, where their registers lie, and their interrupts.
 *
 *     const struct pci_function *f;
 *     for (unsigned i = 0; (f = pci_function(i)); i++)
 *         if (f->class_code >> 8 == PCI_CLASS_SERIAL) ...
 *
 * The functions are looked for once, at the first question, from the host bridge through all bridges; buses are numbered as the
 * firmware left them. Any CPU, not in interrupts, after ACPI; pci_read() and pci_write() in any context but NMI.
 *
 * Source: PCI Local Bus Specification 3.0, chapter 6 "Configuration Space"; PCI-to-PCI Bridge Architecture Specification 1.2, chapter 3;
 * PCI Express Base Specification 4.0, 7.2.2 "Enhanced Configuration Access Mechanism", 7.6 "Capability Structures". */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <ingot/irq.h>

enum { PCI_BARS = 6, PCI_FUNCTIONS_MAX = 1024 };

enum pci_reg {                           /* byte offset in configuration space */
    PCI_VENDOR      = 0x00,              /* u16; all ones: nobody is there */
    PCI_DEVICE      = 0x02,
    PCI_COMMAND     = 0x04,
    PCI_STATUS      = 0x06,
    PCI_REVISION    = 0x08,              /* u8; class code above it */
    PCI_HEADER      = 0x0e,              /* u8: [6:0] layout, [7] has several functions */
    PCI_BAR         = 0x10,              /* u32 each */
    PCI_SUBSYSTEM   = 0x2c,
    PCI_CAPABILITIES = 0x34,
    PCI_SECONDARY   = 0x19,              /* u8, of a bridge: the bus behind it; 0x1a: the last bus behind it */
};

enum {                                   /* PCI_COMMAND */
    PCI_COMMAND_IO = 1u << 0, PCI_COMMAND_MEMORY = 1u << 1, PCI_COMMAND_MASTER = 1u << 2, PCI_COMMAND_NO_INTX = 1u << 10,
};

enum {                                   /* class code >> 8: base class and sub-class */
    PCI_CLASS_NVME = 0x0108, PCI_CLASS_ETHERNET = 0x0200, PCI_CLASS_VGA = 0x0300, PCI_CLASS_BRIDGE = 0x0604,
    PCI_CLASS_SERIAL = 0x0700, PCI_CLASS_USB = 0x0c03,
};

enum {                                   /* capabilities in the first 256 bytes */
    PCI_CAP_POWER = 0x01, PCI_CAP_MSI = 0x05, PCI_CAP_VENDOR = 0x09, PCI_CAP_EXPRESS = 0x10, PCI_CAP_MSIX = 0x11,
};

struct pci_function {
    uint16_t segment;
    uint8_t bus, device, function;
    uint8_t revision, header;            /* header: layout, without bit 7 */
    uint16_t vendor_id, device_id;
    uint32_t class_code;                 /* 24 bits: base class, sub-class, interface */
};

/* Function number index, by segment, bus, device and function; NULL past the last. Valid for ever. */
const struct pci_function *pci_function(unsigned index);

/* Configuration space: bytes is 1, 2 or 4, and offset a multiple of it below 4096. All ones where nothing answers, and from 256 on
 * where the machine has only the I/O ports. Of function only the place counts: it may be one of the caller's own. */
uint32_t pci_read(const struct pci_function *function, uint32_t offset, unsigned bytes);
void pci_write(const struct pci_function *function, uint32_t offset, unsigned bytes, uint32_t value);

struct pci_bar {
    uint64_t address, bytes;             /* address is 0 when the firmware has given it none */
    bool is_io, is_64_bit, prefetchable;
};

/* What base address register number index (0 to 5; 0 and 1 of a bridge) decodes. Its size is found by writing to it while the function
 * answers nowhere, which takes a few microseconds: not for a device that is in use.
 * 0; ERR_NOT_FOUND: it is not used, or is the upper half of another one; ERR_BAD_VALUE: no such register. */
int pci_bar(const struct pci_function *function, unsigned index, struct pci_bar *out_bar);

/* Where a capability is, or 0. Capabilities from 256 on have ids of their own. Chains that lead in circles end. */
uint32_t pci_capability(const struct pci_function *function, uint8_t id);
uint32_t pci_extended_capability(const struct pci_function *function, uint16_t id);

/* Has the device send message number index (0 for MSI, which has one here; its table's entry for MSI-X) as irq_attach_message() gave
 * it, and no longer use its line. MSI-X where it has it. 0; ERR_UNSUPPORTED: it has neither, or the message does not fit its registers;
 * ERR_BAD_VALUE: no such index; ERR_BAD_DATA: its table lies nowhere. */
int pci_set_message(const struct pci_function *function, unsigned index, const struct irq_message *message);
