#include "efi/map.h"

#include "efi/firmware.h"

enum { PAGE_BYTES = 4096 };

struct descriptor {                         /* at any address: the firmware's descriptor size may be odd */
    EFI_MEMORY_DESCRIPTOR is;
} __attribute__((packed, aligned(1)));

enum { KNOWN_TYPES = EFI_UNACCEPTED_MEMORY + 1 };

/* By the firmware's type. Beyond the table: unknown, and OEM types. */
static const struct kind {
    uint8_t type;                           /* enum handoff_memory_type */
    bool is_ram;
} kinds[KNOWN_TYPES] = {
    [EfiReservedMemoryType]      = { HANDOFF_MEMORY_RESERVED,     false },
    [EfiLoaderCode]              = { HANDOFF_MEMORY_LOADER,       true },
    [EfiLoaderData]              = { HANDOFF_MEMORY_LOADER,       true },
    [EfiBootServicesCode]        = { HANDOFF_MEMORY_BOOT_RECLAIM, true },
    [EfiBootServicesData]        = { HANDOFF_MEMORY_BOOT_RECLAIM, true },
    [EfiRuntimeServicesCode]     = { HANDOFF_MEMORY_RUNTIME,      true },
    [EfiRuntimeServicesData]     = { HANDOFF_MEMORY_RUNTIME,      true },
    [EfiConventionalMemory]      = { HANDOFF_MEMORY_USABLE,       true },
    [EfiUnusableMemory]          = { HANDOFF_MEMORY_BAD,          false },
    [EfiACPIReclaimMemory]       = { HANDOFF_MEMORY_ACPI_RECLAIM, true },
    [EfiACPIMemoryNVS]           = { HANDOFF_MEMORY_ACPI_NVS,     true },
    [EfiMemoryMappedIO]          = { HANDOFF_MEMORY_MMIO,         false },
    [EfiMemoryMappedIOPortSpace] = { HANDOFF_MEMORY_MMIO,         false },
    [EfiPalCode]                 = { HANDOFF_MEMORY_RESERVED,     false },
    [EFI_PERSISTENT_MEMORY]      = { HANDOFF_MEMORY_PERSISTENT,   false },
    [EFI_UNACCEPTED_MEMORY]      = { HANDOFF_MEMORY_RESERVED,     false },
};
static const struct kind unknown = { HANDOFF_MEMORY_RESERVED, false };

static const struct kind *kind_of(uint32_t firmware_type)
{
    return firmware_type < KNOWN_TYPES ? &kinds[firmware_type] : &unknown;
}

/* Set aside for a driver, or not to be cached as memory is: a device's, whatever the type says. */
static bool is_special(uint64_t attributes)
{
    bool cacheable = attributes & EFI_MEMORY_WB || !(attributes & (EFI_MEMORY_UC | EFI_MEMORY_WC | EFI_MEMORY_WT));

    return !cacheable || attributes & EFI_MEMORY_SPECIFIC_PURPOSE;
}

static uint32_t type_of(const struct kind *kind, uint64_t attributes, bool special)
{
    if (attributes & EFI_MEMORY_RUNTIME)
        return kind->type == HANDOFF_MEMORY_MMIO ? HANDOFF_MEMORY_MMIO : HANDOFF_MEMORY_RUNTIME;
    return kind->type <= HANDOFF_MEMORY_LOADER && special ? HANDOFF_MEMORY_RESERVED : kind->type;
}

/* The descriptor's range in pages that are wholly its own, for memory that may be used, or that it touches, for memory that may
 * not. False: empty, or past the end of the address space. */
static bool range_of(const struct descriptor *descriptor, bool may_be_used, struct handoff_region *out)
{
    uint64_t start = descriptor->is.PhysicalStart, pages = descriptor->is.NumberOfPages, end;
    uint64_t outward = may_be_used ? 0 : PAGE_BYTES - 1;

    if (pages == 0 || pages > (-(uint64_t)PAGE_BYTES - start) / PAGE_BYTES || start > -(uint64_t)PAGE_BYTES)
        return false;
    end = start + pages * PAGE_BYTES + outward;
    start += PAGE_BYTES - 1 - outward;
    out->start = start & -(uint64_t)PAGE_BYTES;
    out->end = end & -(uint64_t)PAGE_BYTES;
    return out->start < out->end;
}

static bool join(struct handoff_region *before, const struct handoff_region *range)
{
    if (before->end != range->start || before->type != range->type || before->firmware_type != range->firmware_type)
        return false;
    before->end = range->end;
    return true;
}

/* RAM, whatever else it is: nearly all of it joins what is there. */
static void add_ram(struct map_decoded *decoded, uint32_t ram_type, const struct handoff_region *range)
{
    struct handoff_region *next = &decoded->ram[decoded->rams];

    if (decoded->rams && next[-1].end == range->start) {
        next[-1].end = range->end;
        return;
    }
    *next = (struct handoff_region){ range->start, range->end, ram_type, 0 };
    decoded->rams++;
}

void map_decode(const struct map_source *source, uint32_t ram_type, struct map_decoded *decoded)
{
    struct handoff_region *next = decoded->range, inner;

    decoded->rams = decoded->dropped = 0;
    for (uint64_t at = 0; at < source->bytes; at += source->descriptor_bytes) {
        const struct descriptor *descriptor = (const void *)(source->descriptors + at);
        const struct kind *kind = kind_of(descriptor->is.Type);
        bool special = is_special(descriptor->is.Attribute), may_be_used;

        next->type = type_of(kind, descriptor->is.Attribute, special);
        next->firmware_type = descriptor->is.Type;
        may_be_used = next->type <= HANDOFF_MEMORY_LOADER;
        if (!range_of(descriptor, may_be_used, next)) {
            decoded->dropped++;
            continue;
        }
        if (kind->is_ram && !special && (may_be_used || range_of(descriptor, true, &inner)))
            add_ram(decoded, ram_type, may_be_used ? next : &inner);
        if (next == decoded->range || !join(next - 1, next))
            next++;
    }
    decoded->ranges = (uint32_t)(next - decoded->range);
}

uint32_t map_sort(struct handoff_region *range, uint32_t count)
{
    uint32_t overlaps = 0;
    uint64_t covered = 0;

    for (uint32_t i = 1; i < count; i++) {
        struct handoff_region moving = range[i];
        uint32_t to = i;

        for (; to && range[to - 1].start > moving.start; to--)
            range[to] = range[to - 1];
        if (to != i)
            range[to] = moving;
    }
    for (uint32_t i = 0; i < count; i++) {
        overlaps += range[i].start < covered;
        if (range[i].end > covered)
            covered = range[i].end;
    }
    return overlaps;
}

void map_insert(struct handoff_region *range, uint32_t count, const struct handoff_region *other, uint32_t others)
{
    while (others) {                        /* from the back, so that each range moves once */
        bool is_other = count == 0 || other[others - 1].start >= range[count - 1].start;

        range[count + others - 1] = is_other ? other[others - 1] : range[count - 1];
        *(is_other ? &others : &count) -= 1;
    }
}

/* Ends in ascending order, each with its range's type in the bits that a page address leaves free. */
static void sort_ends(const struct handoff_region *range, uint32_t count, uint64_t *end)
{
    for (uint32_t i = 0; i < count; i++) {
        uint64_t moving = range[i].end | range[i].type;
        uint32_t to = i;

        for (; to && end[to - 1] > moving; to--)
            end[to] = end[to - 1];
        end[to] = moving;
    }
}

struct sweep {                              /* what covers the address that the sweep is at */
    uint32_t open[MAP_TYPES_MAX];           /* ranges, by type */
    uint32_t firmware_type[MAP_TYPES_MAX];  /* of the last one that began */
    uint32_t live;                          /* bit by type: open[type] > 0 */
};

static void open_range(struct sweep *sweep, const struct handoff_region *range)
{
    sweep->open[range->type]++;
    sweep->firmware_type[range->type] = range->firmware_type;
    sweep->live |= 1u << range->type;
}

static void close_range(struct sweep *sweep, uint32_t type)
{
    if (--sweep->open[type] == 0)
        sweep->live &= ~(1u << type);
}

static uint32_t emit(const struct sweep *sweep, uint64_t start, uint64_t end, struct handoff_region *out, uint32_t count)
{
    uint32_t type;

    if (!sweep->live || start == end)
        return count;
    type = 31 - (uint32_t)__builtin_clz(sweep->live);
    out[count] = (struct handoff_region){ start, end, type, sweep->firmware_type[type] };
    return count + !(count && join(&out[count - 1], &out[count]));
}

uint32_t map_sweep(const struct handoff_region *range, uint32_t count, uint64_t *end, struct handoff_region *out)
{
    struct sweep sweep = { 0 };
    uint32_t started = 0, ended = 0, written = 0;
    uint64_t at = 0;

    sort_ends(range, count, end);
    while (ended < count) {                 /* a range starts before it ends, so starts run out first */
        uint64_t next = end[ended] & -(uint64_t)PAGE_BYTES;

        if (started < count && range[started].start < next)
            next = range[started].start;
        written = emit(&sweep, at, next, out, written);
        for (; ended < count && (end[ended] & -(uint64_t)PAGE_BYTES) == next; ended++)
            close_range(&sweep, end[ended] & (PAGE_BYTES - 1));
        for (; started < count && range[started].start == next; started++)
            open_range(&sweep, &range[started]);
        at = next;
    }
    return written;
}

static bool core_may_use(uint32_t type)
{
    return type == HANDOFF_MEMORY_USABLE || type == HANDOFF_MEMORY_BOOT_RECLAIM || type == HANDOFF_MEMORY_LOADER ||
           type == HANDOFF_MEMORY_RECORDER || type == HANDOFF_MEMORY_ACPI_RECLAIM;
}

uint32_t map_reserve_unmapped(struct handoff_region *range, uint32_t count, const struct handoff_region *span, uint32_t spans,
                              uint32_t mapped)
{
    uint32_t reserved = 0;

    for (uint32_t i = 0, first = 0; i < count; i++) {
        uint64_t covered = range[i].start;

        while (first < spans && span[first].end <= range[i].start)
            first++;
        for (uint32_t s = first; s < spans && span[s].start <= covered && span[s].type >= mapped && covered < range[i].end; s++)
            covered = span[s].end;
        if (covered < range[i].end && core_may_use(range[i].type)) {
            range[i].type = HANDOFF_MEMORY_RESERVED;
            reserved++;
        }
    }
    return reserved;
}
