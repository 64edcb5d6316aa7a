/* GDT, TSS and IDT: ours from the first instructions on, so that a fault ends in words. */
#include "core/x86_64/cpu.h"

#include <ingot/string.h>

enum { VECTOR_ENTRY_BYTES = 8 };             /* vectors.S */

/* A gate of the IDT; SDM vol. 3A, "64-Bit IDT Gate Descriptors": offset 15:0, selector, IST, attributes, offset 31:16; then 63:32. */
struct gate {
    uint64_t low, high;
};
#define GATE_INTERRUPT 0x8eull                /* present, ring 0, interrupts off on entry */
enum { GATE_IST = 32 };

struct table_register {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

extern const uint8_t vector_entries[];

static struct gate idt[VECTORS];              /* the same for all CPUs: what differs is behind GS and in the TSS */
PER_CPU(struct cpu, cpu_area);

static void idt_fill(void)
{
    uint64_t entry = (uint64_t)vector_entries;

    for (unsigned vector = 0; vector < VECTORS; vector++, entry += VECTOR_ENTRY_BYTES)
        idt[vector] = (struct gate){
            .low = (entry & 0xffff) | SELECTOR_CODE << 16 | GATE_INTERRUPT << 40 | (entry >> 16 & 0xffff) << 48, .high = entry >> 32,
        };
    idt[VECTOR_DOUBLE_FAULT].low |= (uint64_t)IST_DOUBLE_FAULT << GATE_IST;          /* the stack may be the reason */
    idt[VECTOR_NMI].low |= (uint64_t)IST_NMI << GATE_IST;                            /* comes at any instruction */
    idt[VECTOR_MACHINE_CHECK].low |= (uint64_t)IST_MACHINE_CHECK << GATE_IST;        /* likewise */
}

static void gdt_fill(struct cpu *cpu)
{
    uint64_t tss = (uint64_t)&cpu->tss;

    cpu->gdt[0] = 0;
    cpu->gdt[1] = 0x00af9b000000ffff;         /* code: 64-bit, ring 0 (SDM vol. 3A, "Segment Descriptors") */
    cpu->gdt[2] = 0x00cf93000000ffff;         /* data: writable, ring 0 */
    cpu->gdt[3] = (sizeof(struct tss) - 1) | (tss & 0xffffff) << 16 | 0x89ull << 40 | (tss >> 24 & 0xff) << 56;
    cpu->gdt[4] = tss >> 32;
}

static void tss_fill(struct cpu *cpu, struct ist_stack *ist_stacks)
{
    cpu->ist_stacks = ist_stacks;
    cpu->tss.io_map_base = sizeof(struct tss);             /* beyond the limit: no I/O map */
    for (unsigned i = 0; i < IST_COUNT; i++)
        cpu->tss.ist[i] = (uint64_t)(ist_stacks[i].stack + IST_STACK_BYTES);
}

/* A far return loads CS; the other segments carry no meaning in 64-bit mode, but must not name the firmware's GDT. */
static void segments_load(void)
{
    uint64_t scratch;

    __asm__ volatile(
        "pushq %1\n\t"
        "leaq 1f(%%rip), %0\n\t"
        "pushq %0\n\t"
        "lretq\n"
        "1:\n\t"
        "movl %2, %%ds\n\t"
        "movl %2, %%es\n\t"
        "movl %2, %%ss\n\t"
        "movl %3, %%fs\n\t"
        "movl %3, %%gs\n\t"
        : "=&r"(scratch) : "i"(SELECTOR_CODE), "r"(SELECTOR_DATA), "r"(0) : "memory");
}

void descriptors_load(struct cpu *cpu, struct ist_stack *ist_stacks)
{
    struct table_register gdtr = { sizeof(cpu->gdt) - 1, (uint64_t)cpu->gdt };
    struct table_register idtr = { sizeof(idt) - 1, (uint64_t)idt };

    if (cpu == &cpu_area)
        idt_fill();
    gdt_fill(cpu);
    tss_fill(cpu, ist_stacks);
    cpu->self = cpu;
    __asm__ volatile("lgdt %0" :: "m"(gdtr));
    segments_load();                          /* before GS base: loading GS clears it */
    msr_write(MSR_GS_BASE, (uint64_t)cpu);
    __asm__ volatile("lidt %0" :: "m"(idtr));
    __asm__ volatile("ltr %w0" :: "r"(SELECTOR_TSS));
}
