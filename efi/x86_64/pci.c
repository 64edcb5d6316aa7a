/* PCI configuration space through ports 0xCF8 and 0xCFC.
 * Source: PCI Local Bus Specification 3.0, "Configuration Mechanism" (3.2.2.3.2). */
#include "efi/cpu.h"

#include "efi/x86_64/io.h"

enum { CONFIG_ADDRESS = 0xcf8, CONFIG_DATA = 0xcfc, FLAG_INTERRUPTS = 1 << 9, PCI_COMMAND = 4, COMMAND_DECODES = 3 };
#define CONFIG_ENABLE (1u << 31)

static uint32_t get(uint32_t function, uint32_t offset)
{
    io_out32(CONFIG_ADDRESS, CONFIG_ENABLE | function | offset);
    return io_in32(CONFIG_DATA);
}

static void put(uint32_t function, uint32_t offset, uint32_t value)
{
    io_out32(CONFIG_ADDRESS, CONFIG_ENABLE | function | offset);
    io_out32(CONFIG_DATA, value);
}

static bool hold(void)
{
    bool were_on = io_flags() & FLAG_INTERRUPTS;

    io_interrupts_off();
    return were_on;
}

static void let_go(bool were_on)
{
    if (were_on)
        io_interrupts_on();
}

uint32_t cpu_pci_read(uint32_t function, uint32_t offset)
{
    bool were_on = hold();
    uint32_t value = get(function, offset);

    let_go(were_on);
    return value;
}

void cpu_pci_write(uint32_t function, uint32_t offset, uint32_t value)
{
    bool were_on = hold();

    put(function, offset, value);
    let_go(were_on);
}

/* The status beside the command is cleared by ones: zeros leave it. */
uint32_t cpu_pci_probe(uint32_t function, uint32_t offset)
{
    bool were_on = hold();
    uint32_t command = get(function, PCI_COMMAND) & 0xffff, before = get(function, offset), kept;

    put(function, PCI_COMMAND, command & ~(uint32_t)COMMAND_DECODES);
    put(function, offset, UINT32_MAX);
    kept = get(function, offset);
    put(function, offset, before);
    put(function, PCI_COMMAND, command);
    let_go(were_on);
    return kept;
}
