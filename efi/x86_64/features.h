/* CPUID, as far as the loader asks. */
#pragma once

#include <stdbool.h>

#include "efi/x86_64/io.h"

enum { CR4_LA57 = 1u << 12 };

static inline bool has_rdrand(void) { return io_cpuid(1, 0).c >> 30 & 1; }
static inline bool has_rdseed(void) { return io_cpuid(7, 0).b >> 18 & 1; }
static inline bool has_apic(void) { return io_cpuid(1, 0).d >> 9 & 1; }
static inline bool has_nx(void) { return io_cpuid(0x80000001, 0).d >> 20 & 1; }
static inline bool has_1g_pages(void) { return io_cpuid(0x80000001, 0).d >> 26 & 1; }

/* MAXPHYADDR; 36 is what CPUs have that do not tell (SDM vol. 3A, "Enumeration of Paging Features by CPUID"). */
static inline unsigned address_bits(void)
{
    unsigned bits = io_cpuid(0x80000008, 0).a & 0xff;

    return bits >= 32 && bits <= 52 ? bits : 36;
}
