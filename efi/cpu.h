/* What the loader needs of the CPU; the folder named after it (efi/x86_64/) has it. Boot CPU.
 * Everything here works with boot services and without them, and asks nothing of the firmware. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/handoff.h"
#include "efi/elf.h"

extern const struct elf_target cpu_elf_target;

/* The counter that handoff stamps are taken from. */
uint64_t cpu_ticks(void);

/* One random word from an instruction of the CPU. False: it has none, or it gave none within its bound. */
bool cpu_random(uint64_t *out_word);

/* What caches hold of [at, at + bytes) goes to memory. */
void cpu_write_back(const void *at, uint64_t bytes);

/* First address that no pointer may name: 2 to the number of physical address bits. */
uint64_t cpu_address_limit(void);

/* ---- page tables ---- */

enum cpu_mapping {                          /* where plans overlap, the higher one wins */
    CPU_MAP_DEVICE      = 1,                /* uncached, read and write */
    CPU_MAP_MEMORY      = 2,                /* cached, read and write */
    CPU_MAP_FRAMEBUFFER = 3,                /* write-combining */
    CPU_MAP_DATA        = 4,                /* of a program: as MEMORY */
    CPU_MAP_CONSTANT    = 5,                /* read only */
    CPU_MAP_CODE        = 6,                /* read and execute; all others are not executable, if the CPU can tell */
    CPU_MAP_NOTHING     = 7,                /* an access faults */
};

/* Below this address is mapped whatever the memory map does not name: interrupt controllers and timers. */
#define CPU_DEVICE_LIMIT (1ull << 32)

/* Bytes that cpu_tables_build() takes for these spans (sorted, without overlaps, types enum cpu_mapping), whole pages. */
uint64_t cpu_tables_bytes(const struct handoff_region *span, uint32_t spans);

/* Makes tables that map each span to itself, in pool, which has cpu_tables_bytes(). Returns the root's address.
 * Spans beyond cpu_address_limit() are left out. Nothing is switched yet. */
uint64_t cpu_tables_build(const struct handoff_region *span, uint32_t spans, uint64_t pool);

/* "4 levels, pages up to 1 GiB, NX" for the log. */
const char *cpu_tables_kind(void);

/* ---- the end of the firmware ---- */

enum { CPU_INTERRUPT_CONTROLLERS_MAX = 16 };

struct cpu_devices {                        /* from ACPI: what may still raise interrupts; 0 where there is none */
    uint64_t hpet;
    uint64_t interrupt_controller[CPU_INTERRUPT_CONTROLLERS_MAX];
    uint32_t interrupt_controllers;
};

/* Interrupts off, timers and interrupt controllers silent; remembers what was found on. After ExitBootServices. */
void cpu_quiet(const struct cpu_devices *devices);

/* What cpu_quiet() found, as a record of the handoff. Returns its bytes; at most CPU_RECORD_BYTES_MAX. */
enum { CPU_RECORD_BYTES_MAX = 256 };
uint32_t cpu_write_record(void *to);

/* Switches to the page tables at root and jumps to entry with its stack and handoff. cpu_quiet() has been called; entry, this
 * function and the handoff are mapped there. */
_Noreturn void cpu_enter(uint64_t entry, uint64_t stack_end, const struct handoff *handoff, uint64_t root);

/* ---- PCI configuration space of segment 0. function: bus << 16 | device << 11 | function << 8; offset: a multiple of 4, below 256. The firmware
 * may be using it too: no interrupt comes in between. All ones where nobody answers. ---- */

uint32_t cpu_pci_read(uint32_t function, uint32_t offset);
void cpu_pci_write(uint32_t function, uint32_t offset, uint32_t value);

/* What a base address register keeps of all ones; what was in it is put back. The function decodes nothing meanwhile. */
uint32_t cpu_pci_probe(uint32_t function, uint32_t offset);

/* Some seconds, for people to read. Bounded by count, not by a clock. */
void cpu_pause_for_reader(void);

/* Stops for good, interrupts off. */
_Noreturn void cpu_halt(void);
