/* What lies at an address, in words. */
#include "core/arch.h"
#include "core/memory.h"
#include "core/x86_64/cpu.h"
#include "core/x86_64/address.h"

#include <ingot/display.h>
#include <ingot/format.h>

extern const uint8_t core_start_address[], core_end_address[], core_text_start[], core_text_end[], core_rodata_start[],
    core_rodata_end[];

static uint64_t main_stack_base, main_stack_end;

void arch_start_memory(const struct handoff_view *view)
{
    main_stack_base = view->image->stack_base;
    main_stack_end = view->image->stack_base + view->image->stack_bytes;
}

uint64_t stack_guard(unsigned index)
{
    if (index == 0)
        return main_stack_base - GUARD_BYTES;
    return index <= IST_COUNT ? (uint64_t)boot_cpu.ist_stacks[index - 1].guard : 0;
}

const char *stack_guard_name(uint64_t address)
{
    static const char name[IST_COUNT + 1][24] = {
        "the stack of main", "the double-fault stack", "the NMI stack", "the machine-check stack",
    };

    for (unsigned i = 0; stack_guard(i); i++)
        if (address - stack_guard(i) < GUARD_BYTES)
            return name[i];
    return NULL;
}

bool address_is_stack(uint64_t address)
{
    if (address >= main_stack_base && address < main_stack_end)
        return true;
    for (unsigned i = 0; i < IST_COUNT; i++)
        if (address - (uint64_t)boot_cpu.ist_stacks[i].stack < IST_STACK_BYTES)
            return true;
    return false;
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

const char *address_words(uint64_t address, char *buffer, size_t bytes)
{
    const struct handoff_region *region = memory_region(address);

    if (address < HANDOFF_PAGE_BYTES)
        return "page 0: a NULL pointer";
    if (!address_is_canonical(address))
        return "not an address: its upper bits differ";
    if (stack_guard_name(address)) {
        format(buffer, bytes, "the guard page of %s", stack_guard_name(address));
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
