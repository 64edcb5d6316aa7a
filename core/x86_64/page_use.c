/* What each page is for: the map's answer, refined by the image's segments, guards and displays. Building the tables and
 * auditing them both ask here. */
#include "core/memory.h"
#include "core/x86_64/address.h"
#include "core/x86_64/cpu.h"
#include "core/x86_64/paging.h"

#include <ingot/display.h>
#include <ingot/pages.h>

extern const uint8_t core_text_start[], core_text_end[], core_rodata_start[], core_rodata_end[];

static const uint64_t four_gib = 1ull << 32, no_end = 1ull << 52;

static const struct page_use use_of_type[HANDOFF_MEMORY_TYPES] = {
    [HANDOFF_MEMORY_USABLE]       = { PAGE_RW, PAGE_WB },
    [HANDOFF_MEMORY_BOOT_RECLAIM] = { PAGE_RW, PAGE_WB },
    [HANDOFF_MEMORY_LOADER]       = { PAGE_RW, PAGE_WB },
    [HANDOFF_MEMORY_CORE]         = { PAGE_RW, PAGE_WB },
    [HANDOFF_MEMORY_RECORDER]     = { PAGE_RW, PAGE_WB },
    [HANDOFF_MEMORY_PERSISTENT]   = { PAGE_RO, PAGE_WB },
    [HANDOFF_MEMORY_ACPI_RECLAIM] = { PAGE_RO, PAGE_WB },
    [HANDOFF_MEMORY_ACPI_NVS]     = { PAGE_RO, PAGE_WB },
    [HANDOFF_MEMORY_RUNTIME]      = { PAGE_RO, PAGE_WB },    /* SMBIOS tables lie there */
    [HANDOFF_MEMORY_RESERVED]     = { PAGE_RW, PAGE_UC },    /* ECAM, often: devices rather than memory */
    [HANDOFF_MEMORY_MMIO]         = { PAGE_RW, PAGE_UC },
    [HANDOFF_MEMORY_BAD]          = { PAGE_NONE, PAGE_WB },
};

/* One region or hole at a time: what it is for, and where it ends. A hole is device space below 4 GiB, and unknown above. */
static struct page_use piece(const struct handoff_region *region, const struct handoff_region *past, uint64_t at, uint64_t *out_end)
{
    uint64_t end = at < four_gib ? four_gib : no_end;

    if (region < past && region->start <= at) {
        *out_end = region->end;
        return use_of_type[region->type];
    }
    *out_end = region < past && region->start < end ? region->start : end;
    return at < four_gib ? (struct page_use){ PAGE_RW, PAGE_UC } : (struct page_use){ PAGE_NONE, PAGE_WB };
}

/* By the map alone, as far as neighbours are used alike: their borders must not cost page tables. */
static struct page_use use_by_map(uint64_t page, uint64_t *out_end)
{
    const struct handoff_region *past, *region = memory_from(page, &past);
    struct page_use use = piece(region, past, page, out_end);
    uint64_t end;

    for (;;) {
        if (region < past && region->end <= *out_end)
            region++;
        if (*out_end >= no_end || !page_use_same(piece(region, past, *out_end, &end), use))
            return use;
        *out_end = end;
    }
}

/* A special range overrides the map inside, and ends what holds before it. */
static void refine(uint64_t page, uint64_t start, uint64_t end, struct page_use special, struct page_use *use, uint64_t *out_end)
{
    start &= ~(uint64_t)(PAGE_BYTES - 1);
    end = (end + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
    if (page >= start && page < end) {
        *use = special;
        *out_end = end;
    } else if (page < start && start < *out_end) {
        *out_end = start;
    }
}

struct page_use page_use_at(struct page_uses *uses, uint64_t page, uint64_t *out_end)
{
    static const struct page_use none = { PAGE_NONE, PAGE_WB };
    const struct display *d;
    struct page_use use;
    uint64_t guard;

    if (page < uses->start || page >= uses->end) {
        uses->by_map = use_by_map(page, &uses->end);
        uses->start = page;
    }
    use = uses->by_map;
    *out_end = uses->end;

    for (unsigned i = 0; (d = display(i)); i++)
        refine(page, (uint64_t)d->pixels, (uint64_t)d->pixels + d->bytes, (struct page_use){ PAGE_RW, PAGE_WC }, &use, out_end);
    refine(page, (uint64_t)core_text_start, (uint64_t)core_text_end, (struct page_use){ PAGE_RX, PAGE_WB }, &use, out_end);
    refine(page, (uint64_t)core_rodata_start, (uint64_t)core_rodata_end, (struct page_use){ PAGE_RO, PAGE_WB }, &use, out_end);
    for (unsigned i = 0; (guard = stack_guard(i)); i++)
        refine(page, guard, guard + GUARD_BYTES, none, &use, out_end);
    refine(page, 0, PAGE_BYTES, none, &use, out_end);
    return use;
}
