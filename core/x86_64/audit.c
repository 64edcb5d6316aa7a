/* The core proves its protections to itself: the tables that the CPU really uses against what must hold. */
#include "core/x86_64/cpu.h"
#include "core/x86_64/paging.h"

#define LOG_SUBSYSTEM paging
#include <ingot/log.h>
#include <ingot/memory.h>
#include <ingot/pages.h>

struct audit {
    uint32_t pages[3];                   /* 4 KiB, 2 MiB, 1 GiB */
    uint32_t writable_executable, wrong_rights, wrong_cache, missing;
    uint64_t first_broken;
    uint64_t at;                         /* all below was seen */
    uint64_t run_end;                    /* `expected` holds up to here */
    struct page_use expected;
    struct page_uses uses;
};

static void broken(struct audit *audit, uint32_t *kind, uint64_t address)
{
    if (!(audit->writable_executable | audit->wrong_rights | audit->wrong_cache | audit->missing))
        audit->first_broken = address;
    ++*kind;
}

static void expect_at(struct audit *audit, uint64_t address)
{
    if (address >= audit->run_end)
        audit->expected = page_use_at(&audit->uses, address, &audit->run_end);
    if (audit->expected.rights == PAGE_RX && !paging_has_nx())
        audit->expected.rights = PAGE_RO;          /* the two look alike */
}

/* What should be mapped between the last leaf and this one, and is not. */
static void check_gap(struct audit *audit, uint64_t end)
{
    while (audit->at < end) {
        expect_at(audit, audit->at);
        if (audit->expected.rights != PAGE_NONE)
            broken(audit, &audit->missing, audit->at);
        audit->at = audit->run_end;
    }
}

/* Compares [address, end), which is mapped for one use, with what is expected there. */
static void check_use(struct audit *audit, uint64_t address, uint64_t end, struct page_use is)
{
    for (uint64_t at = address; at < end; at = audit->run_end) {
        expect_at(audit, at);
        if (is.rights != audit->expected.rights)
            broken(audit, &audit->wrong_rights, at);
        else if (is.cache != audit->expected.cache)
            broken(audit, &audit->wrong_cache, at);
    }
}

static void check_run(void *context, const struct page_run *run)
{
    struct audit *audit = context;
    uint64_t end = run->address + run->count * run->page_bytes;

    audit->pages[run->page_bytes == PAGE_BYTES ? 0 : run->page_bytes == 2u << 20 ? 1 : 2] += (uint32_t)run->count;
    if (audit->at < run->address)
        check_gap(audit, run->address);
    audit->at = end;
    if (run->entry & PAGE_WRITE && !(run->entry & PAGE_NX) && paging_has_nx())
        broken(audit, &audit->writable_executable, run->address);
    check_use(audit, run->address, end, page_entry_use(run->entry, run->page_bytes));
}

static uint32_t check_registers(void)
{
    uint32_t count = 0;
    const char *name;

    while ((name = protection_check())) {
        log_error("audit: %s was off: restored", name);
        count++;
    }
    return count;
}

static void tell(const struct audit *audit, uint32_t broken_registers)
{
    uint32_t count = audit->writable_executable + audit->wrong_rights + audit->wrong_cache + audit->missing;

    log_at(count || broken_registers ? LOG_ERROR : LOG_INFO,
           "audit: %u + %u + %u pages of 4 KiB, 2 MiB, 1 GiB: WX=%u rights=%u caching=%u missing=%u registers=%u", audit->pages[0],
           audit->pages[1], audit->pages[2], audit->writable_executable, audit->wrong_rights, audit->wrong_cache, audit->missing,
           broken_registers);
    if (count)
        log_error("audit: the first broken page is at %#llx", (unsigned long long)audit->first_broken);
    if (!paging_has_nx())
        log_warn("this CPU has no NX: nothing can keep data from being executed");
}

uint32_t mem_audit(void)
{
    struct audit audit = { .at = 0 };
    uint32_t registers = check_registers();

    paging_walk(check_run, &audit);
    check_gap(&audit, 1ull << 32);
    tell(&audit, registers);
    return audit.writable_executable + audit.wrong_rights + audit.wrong_cache + audit.missing + registers;
}
