/* A table of gates like the core's but for one. */
#include <stdint.h>

#include <ingot/string.h>

#include "tests/boot/apps/log/nmi.h"

enum { GATES = 256, NMI = 2 };

struct gate {                            /* SDM vol. 3A, "64-Bit Mode IDT" */
    uint16_t offset_low, selector;
    uint8_t stack, type;
    uint16_t offset_middle;
    uint32_t offset_high, reserved;
};

struct table {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

extern const uint8_t nmi_entry[];        /* nmi_entry.S */

static struct table cores;               /* the same on all CPUs */

void take_nmis(void *unused)
{
    static struct gate gate[GATES];
    struct table table = { sizeof(gate) - 1, (uint64_t)gate };
    uint64_t entry = (uint64_t)nmi_entry;

    (void)unused;
    __asm__ volatile("sidt %0" : "=m"(cores));
    if (gate[NMI].selector == 0 || gate[NMI].offset_low != (uint16_t)entry) {    /* all CPUs write the same */
        memcpy(gate, (const void *)cores.base, sizeof(gate));
        gate[NMI].offset_low = (uint16_t)entry;
        gate[NMI].offset_middle = (uint16_t)(entry >> 16);
        gate[NMI].offset_high = (uint32_t)(entry >> 32);
    }
    __asm__ volatile("lidt %0" :: "m"(table));
}

void give_nmis_back(void *unused)
{
    (void)unused;
    __asm__ volatile("lidt %0" :: "m"(cores));
}
