/* The plan of the page tables: which memory gets which rights and which caching, from the firmware's map and from what the loader made. The CPU's
 * folder turns it into tables. */
#include "efi/console.h"
#include "efi/embedded.h"
#include "efi/map_room.h"
#include "efi/serial.h"

static uint32_t mapping_of(uint32_t firmware_type, uint64_t attributes)
{
    return map_is_ram(firmware_type, attributes) ? CPU_MAP_MEMORY : 0;
}

static void add(struct map_room *room, uint32_t *count, uint64_t start, uint64_t end, uint32_t mapping)
{
    start &= -(uint64_t)HANDOFF_PAGE_BYTES;
    end = (end + HANDOFF_PAGE_BYTES - 1) & -(uint64_t)HANDOFF_PAGE_BYTES;
    room->range[(*count)++] = (struct handoff_region){ start, end, mapping, 0 };
}

static uint32_t mapping_for(uint32_t segment_flags)
{
    return segment_flags & ELF_EXECUTE ? CPU_MAP_CODE : segment_flags & ELF_WRITE ? CPU_MAP_DATA : CPU_MAP_CONSTANT;
}

static void add_core(const struct loader *loader, struct map_room *room, uint32_t *count)
{
    uint64_t moved_by = loader->core_base - loader->core.start;

    for (unsigned i = 0; i < loader->core.segments; i++) {
        const struct elf_segment *segment = &loader->core.segment[i];
        uint64_t start = segment->address + moved_by;

        add(room, count, start, start + segment->memory_bytes, mapping_for(segment->flags));
    }
}

/* Everything but the stack's guard: RAM, devices, the core, our own text, displays, serial ports. Returns the number of ranges. */
static uint32_t collect(struct loader *loader)
{
    struct map_room *room = &loader->map;
    struct map_source source = { room->descriptors, room->bytes, room->descriptor_bytes, true };
    uint32_t dropped, count = map_decode(&source, mapping_of, room->range, &dropped);
    uint64_t text_start, text_end;
    const struct serial_port *port;

    add(room, &count, 0, CPU_DEVICE_LIMIT, CPU_MAP_DEVICE);
    add(room, &count, 0, HANDOFF_PAGE_BYTES, CPU_MAP_NOTHING);
    embedded_text(&text_start, &text_end);
    add(room, &count, text_start, text_end, CPU_MAP_CODE);
    add_core(loader, room, &count);
    for (unsigned i = 0; i < loader->displays; i++)
        add(room, &count, loader->display[i].base, loader->display[i].base + loader->display[i].bytes, CPU_MAP_FRAMEBUFFER);
    for (unsigned i = 0; (port = serial_port(i)) != NULL; i++)
        if (port->space == HANDOFF_SERIAL_MMIO)
            add(room, &count, port->address, port->address + 8 * port->stride, CPU_MAP_DEVICE);
    return count;
}

/* One block: the guard, the stack above it, the page tables above that. */
static EFI_STATUS take_block(struct loader *loader, uint64_t tables_bytes)
{
    uint64_t bytes = GUARD_BYTES + STACK_BYTES + tables_bytes;
    EFI_STATUS status;

    memory_give(&loader->memory, loader->stack_block);
    loader->stack_block = 0;
    status = memory_take(&loader->memory, HANDOFF_MEMORY_CORE, bytes, 0, &loader->stack_block);
    if (EFI_ERROR(status))
        return memory_refused(loader, status, "stack and page tables", bytes);
    loader->stack_block_bytes = bytes;
    loader->tables = loader->stack_block + GUARD_BYTES + STACK_BYTES;
    loader->tables_bytes = tables_bytes;
    return EFI_SUCCESS;
}

EFI_STATUS paging_make(struct loader *loader)
{
    struct map_room *room = &loader->map;
    uint32_t count = collect(loader);
    EFI_STATUS status;

    room->spans = map_sweep(room->range, count, room->end, room->span);
    status = take_block(loader, cpu_tables_bytes(room->span, room->spans) + CPU_TABLES_FOR_A_HOLE_BYTES);
    if (EFI_ERROR(status))
        return status;
    add(room, &count, loader->stack_block, loader->stack_block + GUARD_BYTES, CPU_MAP_NOTHING);
    room->spans = map_sweep(room->range, count, room->end, room->span);
    loader->tables_root = cpu_tables_build(room->span, room->spans, loader->tables);
    say("paging: %s, %lu KiB at 0x%lx", cpu_tables_kind(), loader->tables_bytes >> 10, loader->tables);
    return EFI_SUCCESS;
}
