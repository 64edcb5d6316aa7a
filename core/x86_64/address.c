/* What lies at an address, in words. */
#include "core/arch.h"
#include "core/memory.h"
#include "core/x86_64/cpu.h"
#include "core/x86_64/address.h"

#include <ingot/cpu.h>
#include <ingot/display.h>
#include <ingot/format.h>

enum { STACKS = 1 + IST_COUNT, LEAST_ADDRESS = 1 << 20 };      /* what is below is a number, more often than not */

extern const uint8_t core_start_address[], core_end_address[], core_text_start[], core_text_end[], core_rodata_start[],
    core_rodata_end[];

void arch_start_memory(const struct handoff_view *view)
{
    cpu_area.stack_base = view->image->stack_base;
    cpu_area.stack_end = view->image->stack_base + view->image->stack_bytes;
}

/* Stack number index of a CPU: its program's, then the emergency stacks. Returns where it begins. */
static uint64_t stack(const struct cpu *cpu, unsigned index, uint64_t *out_end)
{
    uint64_t base = index ? (uint64_t)cpu->ist_stacks[index - 1].stack : cpu->stack_base;

    *out_end = index ? base + IST_STACK_BYTES : cpu->stack_end;
    return base;
}

uint64_t stack_guard(unsigned index)
{
    uint64_t end;

    return index < STACKS ? stack(&cpu_area, index, &end) - GUARD_BYTES : 0;
}

/* The stack, or with below the guard page below a stack, that address lies in: its number, and whose. */
static int find_stack(uint64_t address, uint64_t below, uint32_t *out_cpu)
{
    for (uint32_t cpu = 0; cpu < cpu_count(); cpu++)
        for (unsigned i = 0; i < STACKS; i++) {
            uint64_t end, base = stack(cpu_area_of(cpu), i, &end);

            *out_cpu = cpu;
            if (address >= base - below && address < (below ? base : end))
                return (int)i;
        }
    return -1;
}

const char *stack_guard_name(uint64_t address, char *buffer, size_t bytes)
{
    static const char name[STACKS][24] = {
        "the stack of main", "the double-fault stack", "the NMI stack", "the machine-check stack",
    };
    uint32_t cpu;
    int index = find_stack(address, GUARD_BYTES, &cpu);

    if (index < 0)
        return NULL;
    if (cpu == 0)
        return name[index];
    format(buffer, bytes, "%s of cpu %u", index ? name[index] : "the stack", cpu);
    return buffer;
}

bool address_is_stack(uint64_t address)
{
    uint32_t cpu;

    return find_stack(address, 0, &cpu) >= 0;
}

bool address_is_text(uint64_t address)
{
    return address >= (uint64_t)core_text_start && address < (uint64_t)core_text_end;
}

static const char *image_part(uint64_t address)
{
    if (address_is_text(address))
        return "program text";
    if (address >= (uint64_t)core_rodata_start && address < (uint64_t)core_rodata_end)
        return "read-only data";
    return "program data";
}

bool address_is_canonical(uint64_t address)
{
    unsigned unused = cr4_read() & CR4_LA57 ? 7 : 16;

    return (uint64_t)((int64_t)(address << unused) >> unused) == address;
}

static bool is_display(uint64_t address)
{
    const struct display *d;

    for (unsigned i = 0; (d = display(i)); i++)
        if (address - (uint64_t)d->pixels < d->bytes)
            return true;
    return false;
}

bool address_is_known(uint64_t address)
{
    return address >= LEAST_ADDRESS && address_is_canonical(address) && (memory_region(address) || is_display(address));
}

const char *address_words(uint64_t address, char *buffer, size_t bytes)
{
    const struct handoff_region *region = memory_region(address);
    char stack_name[STACK_NAME_BYTES];
    const char *name;

    if (address < HANDOFF_PAGE_BYTES)
        return "page 0: a NULL pointer";
    if (!address_is_canonical(address))
        return "not an address: its upper bits differ";
    if ((name = stack_guard_name(address, stack_name, sizeof(stack_name)))) {
        format(buffer, bytes, "the guard page of %s", name);
        return buffer;
    }
    if (address_is_stack(address))
        return "stack";
    if (address >= (uint64_t)core_start_address && address < (uint64_t)core_end_address)
        return image_part(address);
    if (is_display(address))
        return "framebuffer";
    if (!region)
        return address < 1ull << 32 ? "device window below 4 GiB" : "no memory, and no device mapped";
    format(buffer, bytes, "%s memory", handoff_memory_name(region->type));
    return buffer;
}
