/* The same names as efi/x86_64/io.h; behind them are register models (mock_cpu.c) instead of a machine. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct io_cpuid {
    uint32_t a, b, c, d;
};

uint8_t io_in8(uint16_t port);
void io_out8(uint16_t port, uint8_t value);
uint32_t io_in32(uint16_t port);
void io_out32(uint16_t port, uint32_t value);
void io_out8_string(uint16_t port, const char *text, uint64_t bytes);
uint8_t io_read8(uint64_t address);
uint32_t io_read32(uint64_t address);
void io_write8(uint64_t address, uint8_t value);
void io_write32(uint64_t address, uint32_t value);
void io_write_back(uint64_t address);
uint64_t io_msr_read(uint32_t msr);
void io_msr_write(uint32_t msr, uint64_t value);
struct io_cpuid io_cpuid(uint32_t leaf, uint32_t subleaf);
uint64_t io_cr0(void);
uint64_t io_cr3(void);
uint64_t io_cr4(void);
uint64_t io_flags(void);
uint64_t io_ticks(void);
bool io_rdrand(uint64_t *value);
bool io_rdseed(uint64_t *value);
void io_interrupts_off(void);
void io_interrupts_on(void);
void io_pause(void);
void io_halt(void);
