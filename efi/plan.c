/* The plan of the page tables: which memory gets which rights and which caching, from the firmware's map and from what the loader
 * made. The CPU's folder turns it into tables.
 *
 * The map is read here, once: firmware takes 100,000 instructions for it. Nothing is asked of the firmware between this reading
 * and ExitBootServices, so its key is still good then. */
#include "efi/console.h"
#include "efi/embedded.h"
#include "efi/room.h"
#include "efi/serial.h"

static void add(struct room *room, uint64_t start, uint64_t end, uint32_t mapping)
{
    start &= -(uint64_t)HANDOFF_PAGE_BYTES;
    end = (end + HANDOFF_PAGE_BYTES - 1) & -(uint64_t)HANDOFF_PAGE_BYTES;
    room->map.ram[room->map.rams++] = (struct handoff_region){ start, end, mapping, 0 };
}

static uint32_t mapping_for(uint32_t segment_flags)
{
    return segment_flags & ELF_EXECUTE ? CPU_MAP_CODE : segment_flags & ELF_WRITE ? CPU_MAP_DATA : CPU_MAP_CONSTANT;
}

static void add_core(const struct loader *loader, struct room *room)
{
    uint64_t moved_by = loader->core_base - loader->core.start;

    for (unsigned i = 0; i < loader->core.segments; i++) {
        const struct elf_segment *segment = &loader->core.segment[i];
        uint64_t start = segment->address + moved_by;

        add(room, start, start + segment->memory_bytes, mapping_for(segment->flags));
    }
}

/* To the RAM: devices, what is not to be touched, the core, our own text, displays, serial ports. */
static void collect(struct loader *loader)
{
    struct room *room = &loader->room;
    uint64_t text_start, text_end;
    const struct serial_port *port;

    add(room, 0, CPU_DEVICE_LIMIT, CPU_MAP_DEVICE);
    add(room, 0, HANDOFF_PAGE_BYTES, CPU_MAP_NOTHING);
    add(room, room->base, room->base + GUARD_BYTES, CPU_MAP_NOTHING);
    embedded_text(&text_start, &text_end);
    add(room, text_start, text_end, CPU_MAP_CODE);
    add_core(loader, room);
    for (unsigned i = 0; i < loader->displays; i++)
        add(room, loader->display[i].base, loader->display[i].base + loader->display[i].bytes, CPU_MAP_FRAMEBUFFER);
    for (unsigned i = 0; (port = serial_port(i)) != NULL; i++)
        if (port->space == HANDOFF_SERIAL_MMIO)
            add(room, port->address, port->address + 8 * port->stride, CPU_MAP_DEVICE);
}

/* The plan for the map that is there. Returns the bytes that its tables take. */
static uint64_t make_plan(struct loader *loader)
{
    struct room *room = &loader->room;

    collect(loader);
    map_sort(room->map.ram, room->map.rams);
    room->spans = map_sweep(room->map.ram, room->map.rams, room->end, room->span);
    return cpu_tables_bytes(room->span, room->spans);
}

EFI_STATUS paging_make(struct loader *loader)
{
    struct room *room = &loader->room;

    for (unsigned tries = 0;; tries++) {
        EFI_STATUS status;
        enum map_fault fault = room_read_map(loader, &status);

        if (fault == MAP_OK) {
            room->tables_bytes = make_plan(loader);
            if (room->tables_bytes <= room->tables_capacity)
                break;
        }
        if ((fault != MAP_OK && fault != MAP_GREW) || tries == ROOM_TRIES)
            return map_refused(loader, fault ? fault : MAP_GREW, status);
        status = room_take(loader, room->bytes, 2 * room->tables_bytes);
        if (EFI_ERROR(status))
            return status;
    }
    room->tables_root = cpu_tables_build(room->span, room->spans, room->tables);
    return EFI_SUCCESS;
}
