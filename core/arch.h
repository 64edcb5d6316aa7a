/* What a CPU folder gives to the portable core. One folder is linked, chosen by ARCH in the Makefile. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/handoff_view.h"

#include <ingot/acpi.h>

struct symbol_room;

/* The boot CPU's own area, descriptors and exception vectors: from here on a fault ends in words. First call of the core. */
void arch_start_boot_cpu(void);

/* From here on the boot CPU's canary, which functions guard their frames with, cannot be foreseen. Callers must not return: their frames
 * have the one of before. Boot CPU, after seed_start(). */
void arch_start_canary(void);

/* Takes over from the view where stacks and their guards lie. Boot CPU, once. */
void arch_start_memory(const struct handoff_view *view);

/* Goes on in go_on() (which does not return) on a stack of so many bytes with a guard page below, or on the one that runs where that is as large or there is no
 * memory, which the log tells. Boot CPU, after memory_start() and before arch_start_paging(). */
_Noreturn void arch_start_stack(uint64_t bytes, void (*go_on)(void));

/* Page tables of our own in place of the loader's, and the CPU's protections on. Boot CPU, after memory_start() and display_start(). */
void arch_start_paging(const struct handoff_view *view);

/* Lets [start, end), which is memory, be written. ERR_NO_MEMORY. */
int arch_make_writable(uint64_t start, uint64_t end);

/* One line: what CPU this is and what was turned on for applications. After the log works. */
void arch_describe_cpu(void);

/* Where a function was when it called: enough to begin a backtrace. */
struct arch_place {
    uintptr_t pc, stack, frame;
};

/* panic_code() is the CPU folder's: it notes the registers and goes on in panic_from(). This tells what it noted: who called it, and the
 * registers, as the next two take them. */
const void *arch_caller(struct arch_place *out_place);

/* Asks for the names of what registers point to (symbols_want()), and tells them all by log_raw(). */
void arch_want_pointers(const void *registers);
void arch_tell_registers(const void *registers, const struct symbol_room *room);

/* Walks callers from place: *out gets up to max addresses, each of a call's last byte, the nearest first: behind a call that does
 * not return another function may begin. Through interrupts and exceptions to what they interrupted, whose address is the instruction that
 * did not run. Reads only memory that holds stacks.
 * Any context, a broken stack included: it stops where a frame makes no sense. */
size_t arch_backtrace(const struct arch_place *place, uintptr_t *out, size_t max);

/* How many bytes the instruction at start has, and in *out_kind its opcode in bits 9:0 and its operands' kinds in bits 23:16. Looks at up to
 * 20 bytes and at nothing else; what is no instruction has some length too, at least 1. Any context. */
unsigned arch_instruction(const uint8_t *start, uint32_t *out_kind);

/* Zeroes memory by the widest stores that any CPU of this kind has. For framebuffers; any context. */
void arch_clear(void *to, size_t bytes);

/* Stops this CPU for good. */
_Noreturn void arch_halt(void);

/* Sets the exit status of an emulator that can be told one (QEMU's isa-debug-exit). Returns when there is none. */
void arch_exit_emulator(uint8_t status);

/* Resets the machine by what this kind of machine has besides ACPI, one way after the other, each with a line. Returns only if none did. */
void arch_reset(void);

/* Registers as ACPI's tables name them, by an access of 1, 2 or 4 bytes. ERR_UNSUPPORTED: a space that this machine does not have. */
int arch_register_read(const struct acpi_register *reg, unsigned bytes, uint64_t *out_value);
int arch_register_write(const struct acpi_register *reg, unsigned bytes, uint64_t value);

/* The counter that cpu_ticks() reads, in Hz, as the CPU itself states it, or 0 when it does not; *out_invariant: runs at one speed. */
uint64_t arch_ticks_hz(bool *out_invariant);
extern const char arch_ticks_name[], arch_ticks_stated_by[];    /* as its makers call it, and the place where they state its speed */

/* PCI configuration space of segment 0 by I/O ports: address is bus << 16 | device << 11 | function << 8 | offset, bytes 1, 2 or 4. One
 * access at a time. All ones where the machine has no such ports. */
uint32_t arch_pci_port_read(uint32_t address, unsigned bytes);
void arch_pci_port_write(uint32_t address, unsigned bytes, uint32_t value);
