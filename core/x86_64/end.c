/* Ends of a CPU and of a machine, and the registers by which ACPI's tables name them. */
#include "core/arch.h"
#include "core/x86_64/cpu.h"

#include <ingot/error.h>
#define LOG_SUBSYSTEM power
#include <ingot/log.h>
#include <ingot/mmio.h>
#include <ingot/port_io.h>
#include <ingot/time.h>

enum {
    PORT_DEBUG_EXIT   = 0xf4,     /* QEMU's isa-debug-exit, as `make run` and the tests place it */
    PORT_RESET        = 0xcf9,    /* "Reset Control Register" of Intel's and AMD's chipsets: bit 1 hard reset, bit 2 go */
    PORT_8042_COMMAND = 0x64,
    PORT_8042_STATUS  = 0x64,
    PORT_PCI_ADDRESS  = 0xcf8,
    PORT_PCI_DATA     = 0xcfc,
};

enum { RESET_SETTLE_US = 100000, KBC_BOUND_US = 10000, LOOK_US = 10 };

_Noreturn void arch_halt(void)
{
    for (;;)
        __asm__ volatile("cli; hlt");
}

void arch_exit_emulator(uint8_t status)
{
    port_write8(PORT_DEBUG_EXIT, status);
}

static uint64_t port_read(uint16_t port, unsigned bytes)
{
    return bytes == 1 ? port_read8(port) : bytes == 2 ? port_read16(port) : port_read32(port);
}

static void port_write(uint16_t port, unsigned bytes, uint64_t value)
{
    if (bytes == 1)
        port_write8(port, (uint8_t)value);
    else if (bytes == 2)
        port_write16(port, (uint16_t)value);
    else
        port_write32(port, (uint32_t)value);
}

/* Opens the window on a place in configuration space, and returns its port (PCI Local Bus 3.0, 3.2.2.3.2). */
static uint16_t pci_window(uint32_t address)
{
    port_write32(PORT_PCI_ADDRESS, 1u << 31 | (address & ~3u));
    return (uint16_t)(PORT_PCI_DATA + (address & 3));
}

uint32_t arch_pci_port_read(uint32_t address, unsigned bytes)
{
    return (uint32_t)port_read(pci_window(address), bytes);
}

void arch_pci_port_write(uint32_t address, unsigned bytes, uint32_t value)
{
    port_write(pci_window(address), bytes, value);
}

/* The port of a register that has one. A configuration register of bus 0 has it behind the window. */
static uint16_t port_of(const struct acpi_register *reg)
{
    if (reg->space == ACPI_SPACE_IO)
        return (uint16_t)reg->address;

    uint32_t device = reg->address >> 32 & 0x1f, function = reg->address >> 16 & 7, offset = reg->address & 0xff;

    return pci_window(device << 11 | function << 8 | offset);
}

int arch_register_read(const struct acpi_register *reg, unsigned bytes, uint64_t *out_value)
{
    switch (reg->space) {
    case ACPI_SPACE_IO:
    case ACPI_SPACE_PCI:
        *out_value = port_read(port_of(reg), bytes);
        return 0;
    case ACPI_SPACE_MEMORY:
        *out_value = bytes == 1 ? mmio_read8((void *)reg->address) : bytes == 2 ? mmio_read16((void *)reg->address)
                                                                                : mmio_read32((void *)reg->address);
        return 0;
    }
    return ERR_UNSUPPORTED;
}

int arch_register_write(const struct acpi_register *reg, unsigned bytes, uint64_t value)
{
    switch (reg->space) {
    case ACPI_SPACE_IO:
    case ACPI_SPACE_PCI:
        port_write(port_of(reg), bytes, value);
        return 0;
    case ACPI_SPACE_MEMORY:
        if (bytes == 1)
            mmio_write8((void *)reg->address, (uint8_t)value);
        else if (bytes == 2)
            mmio_write16((void *)reg->address, (uint16_t)value);
        else
            mmio_write32((void *)reg->address, (uint32_t)value);
        return 0;
    }
    return ERR_UNSUPPORTED;
}

static void reset_by_chipset(void)
{
    log_info("reset: through port 0xcf9");
    port_write8(PORT_RESET, 0x02);
    delay_us(50);
    port_write8(PORT_RESET, 0x06);
    delay_us(RESET_SETTLE_US);
}

/* The keyboard controller's output line to the CPU's reset pin; absent on legacy-free machines, where the status reads 0xff. */
static void reset_by_keyboard_controller(void)
{
    log_info("reset: port 0xcf9 had no effect; pulsing the keyboard controller's reset line");
    for (uint32_t us = 0; us < KBC_BOUND_US && port_read8(PORT_8042_STATUS) & 2; us += LOOK_US)
        delay_us(LOOK_US);                   /* ends even if the clock stands still */
    port_write8(PORT_8042_COMMAND, 0xfe);
    delay_us(RESET_SETTLE_US);
}

void arch_reset(void)
{
    struct { uint16_t limit; uint64_t base; } __attribute__((packed)) empty = { 0, 0 };

    reset_by_chipset();
    reset_by_keyboard_controller();
    log_info("reset: that had no effect; a triple fault is left");
    __asm__ volatile("lidt %0; int3" :: "m"(empty));      /* no vector can be found: the CPU shuts down, the board resets it */
}
