/* A CPU and its devices for the loader's own objects on the host: UARTs, PIC, local APIC, IOAPIC, HPET, MSRs, CPUID. A test sets
 * what it wants in mock_cpu before it starts the loader, and reads afterwards what the loader left. */
#pragma once

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/handoff.h"

enum { MOCK_UARTS = 3, MOCK_PCI = 4, MOCK_SERIAL_TEXT = 64 << 10, MOCK_IOAPIC_ENTRIES = 24 };

struct mock_uart {
    bool present, no_scratch, no_loopback, no_fifo, stuck;
    uint64_t address;                /* of register 0; below 64 KiB a port, else memory */
    uint32_t stride;
    uint8_t scratch, mcr, lcr, fcr;
    uint16_t divisor;
};

struct mock_pci {                    /* a function; without an id it is none */
    uint32_t function;               /* bus << 16 | device << 11 | function << 8 */
    uint32_t id, command, class_code, header, buses;
    uint32_t bar[6], size[6];        /* size: of what a BAR decodes */
    bool decoded_in_probe;           /* a BAR had all ones in it while the function decoded */
};

enum mock_end { MOCK_RETURNED, MOCK_JUMPED, MOCK_RESET, MOCK_HALTED };

struct mock_cpu {
    struct mock_uart uart[MOCK_UARTS];
    struct mock_pci pci[MOCK_PCI];
    uint32_t pci_address, pci_looks;
    char text[MOCK_SERIAL_TEXT];     /* what the UARTs sent, all together */
    size_t text_bytes;
    uint64_t waits;                  /* looks at a line status register */

    bool no_nx, no_1g, la57, x2apic, no_apic, no_rdrand, no_rdseed;
    enum { RANDOM_GOOD, RANDOM_ONES, RANDOM_ZEROS, RANDOM_STUCK, RANDOM_DRY } random;
    uint64_t random_state;
    unsigned address_bits;
    uint64_t msr_pat, apic_base, flags;
    uint32_t lvt_timer, timer_initial, timer_current;
    uint64_t tsc_deadline;
    uint8_t pic[2];
    uint32_t ioapic[MOCK_IOAPIC_ENTRIES], ioapic_select, ioapic_version;
    uint32_t hpet_config, hpet_timer[3], hpet_period_fs;
    bool interrupts_off;
    uint64_t ticks;

    jmp_buf *end;                    /* where the jump, a reset or a halt leads */
    uint64_t entry, stack_end, root, efer_bits;
    const struct handoff *handoff;
};
extern struct mock_cpu mock_cpu;

enum { MOCK_LAPIC = 0xfee00000, MOCK_IOAPIC = 0xfec00000, MOCK_HPET = 0xfed00000 };

/* Everything as after a boot of OVMF: a UART at 0x3F8, LAPIC timer counting, all features there. */
void mock_cpu_reset(void);

_Noreturn void mock_cpu_end(enum mock_end end);

/* How the tables at root map address: its page table entry as a 4 KiB page would have it, physical address included; 0: not mapped.
 * Large pages' PAT bit is moved to where small pages have it. */
uint64_t mock_walk(uint64_t root, uint64_t address);
