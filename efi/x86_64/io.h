/* The instructions that C has no words for: ports, device registers, MSRs, control registers. Everything of efi/x86_64/ that
 * touches the machine goes through here; the host tests put register models behind the same names.
 * Source: Intel SDM vol. 2; MSR and register numbers stand where they are used. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

static inline uint8_t io_in8(uint16_t port)
{
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

static inline void io_out8(uint16_t port, uint8_t value) { __asm__ volatile("outb %0, %1" :: "a"(value), "Nd"(port) : "memory"); }

static inline uint32_t io_in32(uint16_t port)
{
    uint32_t value;

    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

static inline void io_out32(uint16_t port, uint32_t value) { __asm__ volatile("outl %0, %1" :: "a"(value), "Nd"(port) : "memory"); }

/* bytes from text to one port, one instruction each. */
static inline void io_out8_string(uint16_t port, const char *text, uint64_t bytes)
{
    __asm__ volatile("rep outsb" : "+S"(text), "+c"(bytes) : "d"(port) : "memory");
}

static inline uint8_t io_read8(uint64_t address) { return *(const volatile uint8_t *)address; }
static inline uint32_t io_read32(uint64_t address) { return *(const volatile uint32_t *)address; }
static inline void io_write8(uint64_t address, uint8_t value) { *(volatile uint8_t *)address = value; }
static inline void io_write32(uint64_t address, uint32_t value) { *(volatile uint32_t *)address = value; }

/* The cache line at address, of every CPU (SDM vol. 2A, "CLFLUSH"). */
static inline void io_write_back(uint64_t address) { __asm__ volatile("clflush %0" : "+m"(*(volatile uint8_t *)address)); }

static inline uint64_t io_msr_read(uint32_t msr)
{
    uint32_t low, high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return low | (uint64_t)high << 32;
}

/* Fenced: a write to an x2APIC register or to TSC_DEADLINE does not wait for the stores before it (SDM vol. 3A, "MSR Access in
 * x2APIC Mode"). */
static inline void io_msr_write(uint32_t msr, uint64_t value)
{
    __asm__ volatile("mfence; lfence; wrmsr" :: "a"((uint32_t)value), "d"((uint32_t)(value >> 32)), "c"(msr) : "memory");
}

struct io_cpuid {
    uint32_t a, b, c, d;
};

/* A leaf that the CPU does not have gives zeros. */
static inline struct io_cpuid io_cpuid(uint32_t leaf, uint32_t subleaf)
{
    struct io_cpuid is = { 0, 0, 0, 0 };
    uint32_t highest = leaf & 0x80000000;

    __asm__ volatile("cpuid" : "+a"(highest), "=b"(is.b), "=c"(is.c), "=d"(is.d));
    if (leaf > highest)
        return (struct io_cpuid){ 0, 0, 0, 0 };
    __asm__ volatile("cpuid" : "=a"(is.a), "=b"(is.b), "=c"(is.c), "=d"(is.d) : "a"(leaf), "c"(subleaf));
    return is;
}

static inline uint64_t io_cr0(void) { uint64_t value; __asm__ volatile("mov %%cr0, %0" : "=r"(value)); return value; }
static inline uint64_t io_cr3(void) { uint64_t value; __asm__ volatile("mov %%cr3, %0" : "=r"(value)); return value; }
static inline uint64_t io_cr4(void) { uint64_t value; __asm__ volatile("mov %%cr4, %0" : "=r"(value)); return value; }
static inline uint64_t io_flags(void) { uint64_t value; __asm__ volatile("pushfq; popq %0" : "=r"(value)); return value; }

static inline uint64_t io_ticks(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return low | (uint64_t)high << 32;
}

static inline bool io_rdrand(uint64_t *value)
{
    bool good;

    __asm__ volatile("rdrand %0; setc %1" : "=r"(*value), "=qm"(good) :: "cc");
    return good;
}

static inline bool io_rdseed(uint64_t *value)
{
    bool good;

    __asm__ volatile("rdseed %0; setc %1" : "=r"(*value), "=qm"(good) :: "cc");
    return good;
}

static inline void io_interrupts_off(void) { __asm__ volatile("cli" ::: "memory"); }
static inline void io_interrupts_on(void) { __asm__ volatile("sti" ::: "memory"); }
static inline void io_pause(void) { __asm__ volatile("pause" ::: "memory"); }
static inline void io_halt(void) { __asm__ volatile("hlt"); }
