#include "mock_cpu.h"

#include <stdnoreturn.h>
#include <string.h>

#include "efi/cpu.h"
#include "efi/x86_64/io.h"

struct mock_cpu mock_cpu;

_Noreturn void jump_to_core(uint64_t entry, uint64_t stack_end, const struct handoff *handoff, uint64_t root, uint64_t efer_bits);

void mock_cpu_reset(void)
{
    memset(&mock_cpu, 0, offsetof(struct mock_cpu, text));
    memset(&mock_cpu.text_bytes, 0, sizeof(mock_cpu) - offsetof(struct mock_cpu, text_bytes));
    mock_cpu.text[0] = '\0';
    mock_cpu.uart[0] = (struct mock_uart){ .present = true, .address = 0x3f8, .stride = 1, .mcr = 3, .lcr = 3, .fcr = 1, .divisor = 1 };
    mock_cpu.address_bits = 48;
    mock_cpu.random_state = 88172645463325252ull;
    mock_cpu.msr_pat = 0x0007040600070406;
    mock_cpu.apic_base = MOCK_LAPIC | 1u << 11 | 1u << 8;
    mock_cpu.flags = 0x202;
    mock_cpu.lvt_timer = 0x10020;
    mock_cpu.timer_initial = 54321;
    mock_cpu.timer_current = 12345;
    mock_cpu.pic[0] = 0xb8;
    mock_cpu.pic[1] = 0x8e;
    mock_cpu.hpet_period_fs = 10000000;
    mock_cpu.ioapic_version = (MOCK_IOAPIC_ENTRIES - 1) << 16 | 0x20;
    for (unsigned i = 0; i < MOCK_IOAPIC_ENTRIES; i++)
        mock_cpu.ioapic[i] = 1u << 16;
}

_Noreturn void mock_cpu_end(enum mock_end end) { longjmp(*mock_cpu.end, end); }

_Noreturn void jump_to_core(uint64_t entry, uint64_t stack_end, const struct handoff *handoff, uint64_t root, uint64_t efer_bits)
{
    mock_cpu.entry = entry;
    mock_cpu.stack_end = stack_end;
    mock_cpu.handoff = handoff;
    mock_cpu.root = root;
    mock_cpu.efer_bits = efer_bits;
    mock_cpu_end(MOCK_JUMPED);
}

_Noreturn void cpu_halt(void) { mock_cpu_end(MOCK_HALTED); }

/* ---- UARTs ---- */

static void receive_text(const char *text, uint64_t bytes)
{
    for (; bytes && mock_cpu.text_bytes < MOCK_SERIAL_TEXT - 1; bytes--)
        mock_cpu.text[mock_cpu.text_bytes++] = *text++;
    mock_cpu.text[mock_cpu.text_bytes] = '\0';
}

static struct mock_uart *uart_at(uint64_t address, uint32_t *out_reg)
{
    for (unsigned i = 0; i < MOCK_UARTS; i++) {
        struct mock_uart *uart = &mock_cpu.uart[i];

        if (uart->present && address >= uart->address && address < uart->address + 8 * uart->stride) {
            *out_reg = (uint32_t)(address - uart->address) / uart->stride;
            return uart;
        }
    }
    return NULL;
}

static uint8_t uart_read(struct mock_uart *uart, uint32_t reg)
{
    switch (reg) {
    case 0: return uart->lcr & 0x80 ? (uint8_t)uart->divisor : 0;
    case 1: return uart->lcr & 0x80 ? (uint8_t)(uart->divisor >> 8) : 0;
    case 2: return uart->fcr & 1 && !uart->no_fifo ? 0xc1 : 0x01;
    case 3: return uart->lcr;
    case 4: return uart->mcr;
    case 5:
        mock_cpu.waits++;
        return uart->stuck ? 0 : 0x60;
    case 6:
        if (!(uart->mcr & 0x10) || uart->no_loopback)
            return 0xb0;
        return (uint8_t)((uart->mcr & 0x0c) << 4 | (uart->mcr & 2) << 3 | (uart->mcr & 1) << 5);
    default: return uart->no_scratch ? 0xff : uart->scratch;
    }
}

static void uart_write(struct mock_uart *uart, uint32_t reg, uint8_t value)
{
    switch (reg) {
    case 0:
        if (uart->lcr & 0x80)
            uart->divisor = (uint16_t)((uart->divisor & 0xff00) | value);
        else
            receive_text((const char *)&value, 1);
        break;
    case 1:
        if (uart->lcr & 0x80)
            uart->divisor = (uint16_t)((uart->divisor & 0xff) | value << 8);
        break;
    case 2: uart->fcr = value; break;
    case 3: uart->lcr = value; break;
    case 4: uart->mcr = value; break;
    case 7: uart->scratch = value; break;
    default: break;
    }
}

/* ---- ports ---- */

uint8_t io_in8(uint16_t port)
{
    uint32_t reg;
    struct mock_uart *uart = uart_at(port, &reg);

    if (uart)
        return uart_read(uart, reg);
    return port == 0x21 ? mock_cpu.pic[0] : port == 0xa1 ? mock_cpu.pic[1] : 0xff;
}

void io_out8(uint16_t port, uint8_t value)
{
    uint32_t reg;
    struct mock_uart *uart = uart_at(port, &reg);

    if (uart)
        uart_write(uart, reg, value);
    else if (port == 0x21 || port == 0xa1)
        mock_cpu.pic[port == 0xa1] = value;
}

void io_out8_string(uint16_t port, const char *text, uint64_t bytes)
{
    (void)port;
    receive_text(text, bytes);
}

/* ---- PCI ---- */

static struct mock_pci *pci_at(uint32_t address)
{
    for (unsigned i = 0; i < MOCK_PCI; i++)
        if (mock_cpu.pci[i].id && mock_cpu.pci[i].function == (address & 0xffff00) && address >> 31)
            return &mock_cpu.pci[i];
    return NULL;
}

uint32_t io_in32(uint16_t port)
{
    const struct mock_pci *pci = pci_at(mock_cpu.pci_address);
    uint32_t offset = mock_cpu.pci_address & 0xff;

    if (port != 0xcfc)
        return 0xffffffff;
    mock_cpu.pci_looks++;
    if (!pci)
        return 0xffffffff;
    switch (offset) {
    case 0x00: return pci->id;
    case 0x04: return pci->command;
    case 0x08: return pci->class_code << 8;
    case 0x0c: return pci->header << 16;
    case 0x18: if (pci->header & 0x7f) return pci->buses; break;
    }
    return offset >= 0x10 && offset < 0x28 ? pci->bar[(offset - 0x10) / 4] : 0;
}

void io_out32(uint16_t port, uint32_t value)
{
    struct mock_pci *pci = pci_at(mock_cpu.pci_address);
    uint32_t offset = mock_cpu.pci_address & 0xff, i = (offset - 0x10) / 4;

    if (port == 0xcf8)
        mock_cpu.pci_address = value;
    if (port != 0xcfc || !pci)
        return;
    if (offset == 0x04)
        pci->command = value;
    if (offset < 0x10 || offset >= 0x28)
        return;
    pci->decoded_in_probe |= value == 0xffffffff && pci->command & 3;
    pci->bar[i] = value == 0xffffffff ? -pci->size[i] | (pci->bar[i] & 15) : value;
}

/* ---- device memory ---- */

static uint32_t hpet_read(uint32_t offset)
{
    switch (offset) {
    case 0x00: return 0x80868201;
    case 0x04: return mock_cpu.hpet_period_fs;
    case 0x10: return mock_cpu.hpet_config;
    default:   return offset >= 0x100 && offset < 0x160 && offset % 0x20 == 0 ? mock_cpu.hpet_timer[(offset - 0x100) / 0x20] : 0;
    }
}

static uint32_t *lapic_register(uint32_t offset)
{
    return offset == 0x320 ? &mock_cpu.lvt_timer :
           offset == 0x380 ? &mock_cpu.timer_initial :
           offset == 0x390 ? &mock_cpu.timer_current : NULL;
}

uint32_t io_read32(uint64_t address)
{
    uint32_t reg;
    struct mock_uart *uart = uart_at(address, &reg);

    if (uart)
        return uart_read(uart, reg);
    if (address >= MOCK_HPET && address < MOCK_HPET + 0x400)
        return hpet_read((uint32_t)(address - MOCK_HPET));
    if (address >= MOCK_LAPIC && address < MOCK_LAPIC + 0x1000 && lapic_register((uint32_t)(address - MOCK_LAPIC)))
        return *lapic_register((uint32_t)(address - MOCK_LAPIC));
    if (address == MOCK_IOAPIC + 0x10) {
        uint32_t select = mock_cpu.ioapic_select;

        if (select == 1)
            return mock_cpu.ioapic_version;
        return select >= 0x10 && select < 0x10 + 2 * MOCK_IOAPIC_ENTRIES && select % 2 == 0 ? mock_cpu.ioapic[(select - 0x10) / 2] : 0;
    }
    return 0xffffffff;
}

void io_write32(uint64_t address, uint32_t value)
{
    uint32_t reg, select = mock_cpu.ioapic_select;
    struct mock_uart *uart = uart_at(address, &reg);

    if (uart)
        uart_write(uart, reg, (uint8_t)value);
    else if (address == MOCK_HPET + 0x10)
        mock_cpu.hpet_config = value;
    else if (address >= MOCK_HPET + 0x100 && address < MOCK_HPET + 0x160)
        mock_cpu.hpet_timer[(address - MOCK_HPET - 0x100) / 0x20] = value;
    else if (address == MOCK_IOAPIC)
        mock_cpu.ioapic_select = value;
    else if (address == MOCK_IOAPIC + 0x10 && select >= 0x10)
        mock_cpu.ioapic[(select - 0x10) / 2] = value;
    else if (address >= MOCK_LAPIC && address < MOCK_LAPIC + 0x1000 && lapic_register((uint32_t)(address - MOCK_LAPIC)))
        *lapic_register((uint32_t)(address - MOCK_LAPIC)) = value;
}

uint8_t io_read8(uint64_t address) { return (uint8_t)io_read32(address); }
void io_write8(uint64_t address, uint8_t value) { io_write32(address, value); }

/* ---- the CPU ---- */

void io_write_back(uint64_t address) { (void)address; }

uint64_t io_msr_read(uint32_t msr)
{
    switch (msr) {
    case 0x1b:       return mock_cpu.apic_base | (mock_cpu.x2apic ? 1u << 10 : 0);
    case 0x277:      return mock_cpu.msr_pat;
    case 0x832:      return mock_cpu.lvt_timer;
    case 0x839:      return mock_cpu.timer_current;
    case 0xc0000080: return 0xd00;
    default:         return 0;
    }
}

void io_msr_write(uint32_t msr, uint64_t value)
{
    if (msr == 0x832)
        mock_cpu.lvt_timer = (uint32_t)value;
    else if (msr == 0x838)
        mock_cpu.timer_initial = (uint32_t)value;
    else if (msr == 0x6e0)
        mock_cpu.tsc_deadline = value;
}

struct io_cpuid io_cpuid(uint32_t leaf, uint32_t subleaf)
{
    const struct mock_cpu *cpu = &mock_cpu;

    (void)subleaf;
    switch (leaf) {
    case 1:          return (struct io_cpuid){ 0, 0, cpu->no_rdrand ? 0 : 1u << 30, cpu->no_apic ? 0 : 1u << 9 };
    case 7:          return (struct io_cpuid){ 0, cpu->no_rdseed ? 0 : 1u << 18, 0, 0 };
    case 0x80000001: return (struct io_cpuid){ 0, 0, 0, (cpu->no_nx ? 0 : 1u << 20) | (cpu->no_1g ? 0 : 1u << 26) };
    case 0x80000008: return (struct io_cpuid){ cpu->address_bits, 0, 0, 0 };
    default:         return (struct io_cpuid){ 0, 0, 0, 0 };
    }
}

uint64_t io_cr0(void) { return 0x80010033; }
uint64_t io_cr3(void) { return 0x1000; }
uint64_t io_cr4(void) { return mock_cpu.la57 ? 0x1668 : 0x668; }
uint64_t io_flags(void) { return mock_cpu.flags; }
uint64_t io_ticks(void) { return mock_cpu.ticks += 1000003; }
void io_interrupts_on(void) { mock_cpu.interrupts_off = false; }
void io_interrupts_off(void) { mock_cpu.interrupts_off = true; }
void io_pause(void) { mock_cpu.ticks += 1000000000; }
void io_halt(void) { mock_cpu_end(MOCK_HALTED); }

static bool random_word(uint64_t *value)
{
    uint64_t state = mock_cpu.random_state;

    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    *value = mock_cpu.random == RANDOM_ONES  ? ~0ull :
             mock_cpu.random == RANDOM_ZEROS ? 0 :
             mock_cpu.random == RANDOM_STUCK ? 0x1234 : state;
    mock_cpu.random_state = state;
    return mock_cpu.random != RANDOM_DRY;
}

bool io_rdrand(uint64_t *value) { return random_word(value); }
bool io_rdseed(uint64_t *value) { return random_word(value); }

/* ---- page tables ---- */

uint64_t mock_walk(uint64_t root, uint64_t address)
{
    const uint64_t address_bits = 0x000ffffffffff000ull;
    uint64_t table = root;

    for (unsigned level = mock_cpu.la57 ? 4 : 3;; level--) {
        uint64_t entry = ((const uint64_t *)(uintptr_t)table)[address >> (12 + 9 * level) & 511];
        uint64_t within = (1ull << (12 + 9 * level)) - 1;

        if (!(entry & 1))
            return 0;
        if (level == 0)
            return entry;
        if (entry & 0x80) {
            uint64_t pat = entry >> 12 & 1, page = (entry & address_bits & ~within) | (address & within & ~0xfffull);

            return page | (entry & ~address_bits & ~0x80ull) | pat << 7;
        }
        table = entry & address_bits;
    }
}
