/* Exceptions that need descriptor tables of our own, and the stacks that the task-state segment names. */
#include "faults.h"

#include <ingot/string.h>

struct table {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

enum { GDT_ENTRIES = 5, OURS = GDT_ENTRIES, SELECTOR_TSS = 3 * 8, IDT_GATE_BYTES = 16, IDT_GATE_PRESENT_BYTE = 5 };

static uint64_t gdt[GDT_ENTRIES + 1];
static uint8_t idt[256 * IDT_GATE_BYTES];

/* A copy of the core's GDT, with a sixth descriptor. */
static void load_gdt(uint64_t descriptor)
{
    struct table table;

    __asm__ volatile("sgdt %0" : "=m"(table));
    memcpy(gdt, (const void *)table.base, GDT_ENTRIES * 8);
    gdt[OURS] = descriptor;
    table = (struct table){ sizeof(gdt) - 1, (uint64_t)gdt };
    __asm__ volatile("lgdt %0" :: "m"(table) : "memory");
}

static void load_idt(uint16_t limit)
{
    struct table table;

    __asm__ volatile("sidt %0" : "=m"(table));
    if (table.base != (uint64_t)idt)
        memcpy(idt, (const void *)table.base, sizeof(idt));
    table = (struct table){ limit, (uint64_t)idt };
    __asm__ volatile("lidt %0" :: "m"(table) : "memory");
}

#define DATA_NOT_PRESENT 0x00cf13000000ffffull

static PRESS segment(void)
{
    load_gdt(DATA_NOT_PRESENT);
    __asm__ volatile("movl %0, %%ds" :: "r"(OURS * 8) : "memory");
}

static PRESS stack_segment(void)
{
    load_gdt(DATA_NOT_PRESENT);
    __asm__ volatile("movl %0, %%ss" :: "r"(OURS * 8) : "memory");
}

static PRESS selector_beyond(void)
{
    __asm__ volatile("movl %0, %%ds" :: "r"(100 * 8) : "memory");
}

static PRESS gate(void)
{
    load_idt(sizeof(idt) - 1);
    idt[0x60 * IDT_GATE_BYTES + IDT_GATE_PRESENT_BYTE] &= 0x7f;
    __asm__ volatile("int $0x60" ::: "memory");
}

/* The IDT ends behind the double fault's gate: the page fault finds no gate, and neither does the fault about that. */
static PRESS double_fault(void)
{
    load_idt(9 * IDT_GATE_BYTES - 1);
    __asm__ volatile("movl (%0), %%eax" :: "r"(0x10ull) : "eax", "memory");
}

/* A task-state segment too short to name the stack of the NMI vector. */
static PRESS task_segment(void)
{
    load_gdt(0);
    gdt[3] = (gdt[3] & ~0x0000020f0000ffffull) | 0x20;       /* limit; no longer busy */
    __asm__ volatile("ltr %w0; int $2" :: "r"(SELECTOR_TSS) : "memory");
}

/* Slot 1 to 7 of the interrupt stack table. */
static uint64_t interrupt_stack(unsigned slot)
{
    struct table table;
    const uint64_t *entry;
    uint64_t tss, top;

    __asm__ volatile("sgdt %0" : "=m"(table));
    entry = (const uint64_t *)(table.base + SELECTOR_TSS);
    tss = (entry[0] >> 16 & 0xffffff) | (entry[0] >> 56 & 0xff) << 24 | entry[1] << 32;
    memcpy(&top, (const void *)(tss + 0x24 + (slot - 1) * 8), sizeof(top));
    return top;
}

/* As if the handler that has that stack had sunk too deep. */
static void sink_on(unsigned slot)
{
    __asm__ volatile("mov %0, %%rsp; xorl %%ebp, %%ebp; xorl %%edi, %%edi; call *%1"
                     :: "r"(interrupt_stack(slot)), "r"(sink) : "rdi", "memory");
    __builtin_unreachable();
}

static PRESS double_fault_stack(void) { sink_on(1); }
static PRESS nmi_stack(void) { sink_on(2); }
static PRESS machine_check_stack(void) { sink_on(3); }

const struct button descriptor_buttons[] = {
    { "segment", segment }, { "stack-segment", stack_segment }, { "selector-beyond", selector_beyond }, { "gate", gate },
    { "double-fault", double_fault }, { "task-segment", task_segment }, { "double-fault-stack", double_fault_stack },
    { "nmi-stack", nmi_stack }, { "machine-check-stack", machine_check_stack }, { 0 },
};
