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

static struct page_use use_of_type(uint32_t type)
{
    switch (type) {
    case HANDOFF_MEMORY_ACPI_RECLAIM:
    case HANDOFF_MEMORY_ACPI_NVS:
    case HANDOFF_MEMORY_PERSISTENT:
    case HANDOFF_MEMORY_RUNTIME:         /* SMBIOS tables lie there */
        return (struct page_use){ PAGE_RO, PAGE_WB };
    case HANDOFF_MEMORY_RESERVED:        /* ECAM, often: devices rather than memory */
    case HANDOFF_MEMORY_MMIO:
        return (struct page_use){ PAGE_RW, PAGE_UC };
    case HANDOFF_MEMORY_BAD:
        return (struct page_use){ PAGE_NONE, PAGE_WB };
    default:
        return (struct page_use){ PAGE_RW, PAGE_WB };
    }
}

/* By the map alone. */
static struct page_use use_by_map(uint64_t page, uint64_t *out_end)
{
    const struct handoff_region *region = memory_region(page);
    uint64_t next, end = page < four_gib ? four_gib : no_end;

    if (region) {
        *out_end = region->end;
        return use_of_type(region->type);
    }
    next = memory_next(page);            /* a hole: devices below 4 GiB, nothing known above */
    *out_end = next < end ? next : end;
    return page < four_gib ? (struct page_use){ PAGE_RW, PAGE_UC } : (struct page_use){ PAGE_NONE, PAGE_WB };
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

struct page_use page_use_at(uint64_t page, uint64_t *out_end)
{
    static const struct page_use none = { PAGE_NONE, PAGE_WB };
    struct page_use use = use_by_map(page, out_end);
    const struct display *d;
    uint64_t guard;

    for (unsigned i = 0; (d = display(i)); i++)
        refine(page, (uint64_t)d->pixels, (uint64_t)d->pixels + d->bytes, (struct page_use){ PAGE_RW, PAGE_WC }, &use, out_end);
    refine(page, (uint64_t)core_text_start, (uint64_t)core_text_end, (struct page_use){ PAGE_RX, PAGE_WB }, &use, out_end);
    refine(page, (uint64_t)core_rodata_start, (uint64_t)core_rodata_end, (struct page_use){ PAGE_RO, PAGE_WB }, &use, out_end);
    for (unsigned i = 0; (guard = stack_guard(i)); i++)
        refine(page, guard, guard + GUARD_BYTES, none, &use, out_end);
    refine(page, 0, PAGE_BYTES, none, &use, out_end);
    return use;
}
