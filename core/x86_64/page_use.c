/* What each page is for: the map's answer, refined by the image's segments, guards and displays. Building the tables and
 * auditing them both ask here. */
#include "core/memory.h"
#include "core/x86_64/address.h"
#include "core/x86_64/cpu.h"
#include "core/x86_64/paging.h"
#include "core/x86_64/smp.h"

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

/* What overrides the map: displays, the image's parts, pages that must stay empty, devices as drivers asked for them. Whole pages. */
enum { SPECIALS_MAX = 64 };
static struct special {
    uint64_t start, end;
    struct page_use use;
} specials[SPECIALS_MAX];
static unsigned special_count;

bool page_use_add(uint64_t start, uint64_t end, struct page_use use)
{
    struct special *special = specials;

    while (special < specials + special_count && (special->start != start || special->end != end))
        special++;
    if (special == specials + SPECIALS_MAX)
        return false;
    if (special == specials + special_count)
        special_count++;
    *special = (struct special){ start, end, use };
    return true;
}

static void add_special(uint64_t start, uint64_t end, enum page_rights rights, enum page_cache cache)
{
    page_use_add(start & ~(uint64_t)(PAGE_BYTES - 1), (end + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1),
                 (struct page_use){ rights, cache });
}

void page_use_start(void)
{
    const struct display *d;
    uint64_t guard;

    add_special(0, PAGE_BYTES, PAGE_NONE, PAGE_WB);
    add_special((uint64_t)core_text_start, (uint64_t)core_text_end, PAGE_RX, PAGE_WB);
    add_special((uint64_t)core_rodata_start, (uint64_t)core_rodata_end, PAGE_RO, PAGE_WB);
    for (unsigned i = 0; (guard = stack_guard(i)); i++)
        add_special(guard, guard + GUARD_BYTES, PAGE_NONE, PAGE_WB);
    for (unsigned i = 0; (d = display(i)); i++)
        add_special((uint64_t)d->pixels, (uint64_t)d->pixels + d->bytes, PAGE_RW, PAGE_WC);
}

/* Blocks of the other CPUs, one behind the other: guards at the same places in each. */
static uint64_t blocks_start, blocks_end, block_bytes;

void page_use_add_blocks(uint64_t start, uint64_t end, uint64_t bytes)
{
    blocks_start = start;
    blocks_end = end;
    block_bytes = bytes;
}

static bool is_guard(uint64_t page)
{
    uint64_t offset = (page - blocks_start) % block_bytes, in_ist = offset - offsetof(struct cpu_block, ist_stacks);

    return offset == 0 || (in_ist < IST_COUNT * sizeof(struct ist_stack) && in_ist % sizeof(struct ist_stack) == 0);
}

struct page_use page_use_at(struct page_uses *uses, uint64_t page, uint64_t *out_end)
{
    struct page_use use;
    uint64_t end;

    if (page < uses->start || page >= uses->end) {
        uses->by_map = use_by_map(page, &uses->end);
        uses->start = page;
    }
    use = uses->by_map;
    end = uses->end;
    for (const struct special *special = specials; special < specials + special_count; special++) {
        if (special->end <= page || special->start >= end)
            continue;
        if (special->start > page) {
            end = special->start;        /* what holds here ends where it begins */
        } else {
            use = special->use;
            end = special->end;
        }
    }
    if (page >= blocks_start && page < blocks_end) {
        bool guard = is_guard(page);

        if (guard)
            use.rights = PAGE_NONE;
        for (end = page + PAGE_BYTES; !guard && end < blocks_end && !is_guard(end); end += PAGE_BYTES)
            ;
    } else if (blocks_start > page && blocks_start < end) {
        end = blocks_start;
    }
    *out_end = end;
    return use;
}
