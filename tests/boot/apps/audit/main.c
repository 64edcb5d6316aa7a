/* Breaks each protection on purpose, behind the core's back, and looks whether the audit sees it. Returns how many were not seen.
 * What the log says between `breaking NAME` and `mended NAME` is the audit's answer. */
#include "../page_entry.h"

#include <ingot/display.h>
#include <ingot/log.h>
#include <ingot/memory.h>
#include <ingot/pages.h>
#include <ingot/probe.h>
#include <ingot/string.h>

#include <stdbool.h>
#include <stddef.h>

enum { MSR_PAT = 0x277, MSR_EFER = 0xc0000080, EFER_NXE = 1u << 11 };

static uint8_t data[PAGE_BYTES] __attribute__((aligned(PAGE_BYTES)));
static const uint8_t constants[PAGE_BYTES] __attribute__((aligned(PAGE_BYTES))) = { 1 };

static bool told(const char *name, const char *what)
{
    log_info("%s %s", what, name);
    return true;
}

static unsigned judge(const char *name, uint32_t broken, uint32_t mended)
{
    bool good = broken > 0 && mended == 0;

    log_raw("%s %s: %u broken, %u after it was mended", good ? "ok    " : "FAILED", name, broken, mended);
    return !good;
}

/* ---- pages ---- */

static uint64_t main_guard(void)
{
    uint64_t page = (uint64_t)__builtin_frame_address(0) & ~(uint64_t)(PAGE_BYTES - 1);
    unsigned level;

    while (*page_entry(page, &level) & ENTRY_PRESENT)
        page -= PAGE_BYTES;
    return page;
}

static uint64_t text_page(void) { return (uint64_t)judge; }
static uint64_t data_page(void) { return (uint64_t)data; }
static uint64_t constant_page(void) { return (uint64_t)constants; }
static uint64_t page_zero(void) { return 0; }
static uint64_t screen_page(void) { return display(0) ? (uint64_t)display(0)->pixels : 0; }

static const struct page_break {
    const char *name;
    uint64_t (*page)(void);
    uint64_t set, clear;
    bool makes;                          /* of what is not mapped, a page of the same address */
} page_breaks[] = {
    { "text-writable", text_page, ENTRY_WRITE, 0, false },
    { "data-executable", data_page, 0, ENTRY_NX, false },
    { "constants-writable", constant_page, ENTRY_WRITE, 0, false },
    { "data-read-only", data_page, 0, ENTRY_WRITE, false },
    { "data-missing", data_page, 0, ENTRY_PRESENT, false },
    { "page-zero", page_zero, ENTRY_PRESENT | ENTRY_WRITE | ENTRY_NX, 0, true },
    { "guard", main_guard, ENTRY_PRESENT | ENTRY_WRITE | ENTRY_NX, 0, true },
    { "memory-uncached", data_page, ENTRY_CD | ENTRY_WT, 0, false },
    { "memory-combining", data_page, ENTRY_LARGE, 0, false },        /* in a small page that bit is the PAT's */
    { "screen-cached", screen_page, 0, ENTRY_PAT_LARGE, false },
};

static bool has_nx(void)
{
    uint64_t efer = 0;

    msr_read_safe(MSR_EFER, &efer);
    return efer & EFER_NXE;
}

static unsigned break_page(const struct page_break *each)
{
    uint64_t page = each->page(), *entry, saved, set = each->set;
    uint32_t broken;
    unsigned level;

    if ((page == 0 && each->page != page_zero) || (each->clear == ENTRY_NX && !has_nx()))
        return !told(each->name, "there is nothing for");
    entry = page_entry(page, &level);
    saved = *entry;
    told(each->name, "breaking");
    if (each->makes)
        set |= page;
    *entry = (saved | set) & ~(each->clear == ENTRY_PAT_LARGE && level == 1 ? ENTRY_LARGE : each->clear);
    flush_pages();
    broken = mem_audit();
    *entry = saved;
    flush_pages();
    told(each->name, "mended");
    return judge(each->name, broken, mem_audit());
}

/* ---- registers ---- */

static void set_control_0(uint64_t value) { __asm__ volatile("mov %0, %%cr0" :: "r"(value) : "memory"); }
static void set_control_4(uint64_t value) { __asm__ volatile("mov %0, %%cr4" :: "r"(value) : "memory"); }

static uint64_t control_0(void)
{
    uint64_t value;

    __asm__ volatile("mov %%cr0, %0" : "=r"(value));
    return value;
}

static uint64_t control_4(void)
{
    uint64_t value;

    __asm__ volatile("mov %%cr4, %0" : "=r"(value));
    return value;
}

/* Switches bits of a register off, and has the audit mend it. */
static unsigned break_control(const char *name, uint64_t (*get)(void), void (*set)(uint64_t), uint64_t bit)
{
    uint32_t broken;

    if (!(get() & bit))
        return !told(name, "there is nothing for");
    told(name, "breaking");
    set(get() & ~bit);
    broken = mem_audit();
    told(name, "mended");
    return judge(name, get() & bit ? broken : 0, mem_audit());
}

static unsigned break_pat(void)
{
    uint64_t value, now = 0;
    uint32_t broken;

    msr_read_safe(MSR_PAT, &value);
    told("pat", "breaking");
    msr_write_safe(MSR_PAT, (value & ~(0xffull << 32)) | 6ull << 32);         /* what combined is cached */
    broken = mem_audit();
    told("pat", "mended");
    msr_read_safe(MSR_PAT, &now);
    return judge("pat", now == value ? broken : 0, mem_audit());
}

/* A copy of the tables without NX, which would be a reserved bit. The copies stay: this program ends soon. */
static uint64_t copy_without_nx(uint64_t table, unsigned level)
{
    uint64_t *copy = pages_alloc(1, 0, PAGES_ANYWHERE);

    memcpy(copy, (const void *)table, PAGE_BYTES);
    for (unsigned i = 0; i < 512; i++) {
        copy[i] &= ~ENTRY_NX;
        if (level > 1 && copy[i] & ENTRY_PRESENT && !(copy[i] & ENTRY_LARGE))
            copy[i] = copy_without_nx(copy[i] & ENTRY_ADDRESS, level - 1) | (copy[i] & ~ENTRY_ADDRESS);
    }
    return (uint64_t)copy;
}

static unsigned break_nxe(void)
{
    uint64_t cr3 = control_register_3(), efer = 0;
    uint32_t broken;

    if (!has_nx())
        return !told("nxe", "there is nothing for");
    told("nxe", "breaking");
    __asm__ volatile("mov %0, %%cr3" :: "r"(copy_without_nx(cr3 & ENTRY_ADDRESS, paging_levels())) : "memory");
    msr_read_safe(MSR_EFER, &efer);
    msr_write_safe(MSR_EFER, efer & ~(uint64_t)EFER_NXE);
    broken = mem_audit();
    __asm__ volatile("mov %0, %%cr3" :: "r"(cr3) : "memory");
    told("nxe", "mended");
    return judge("nxe", has_nx() ? broken : 0, mem_audit());
}

int main(void)
{
    unsigned failed = mem_audit() != 0;

    for (size_t i = 0; i < sizeof(page_breaks) / sizeof(page_breaks[0]); i++)
        failed += break_page(&page_breaks[i]);
    failed += break_control("wp", control_0, set_control_0, 1u << 16);
    failed += break_control("smep", control_4, set_control_4, 1u << 20);
    failed += break_control("smap", control_4, set_control_4, 1u << 21);
    failed += break_control("umip", control_4, set_control_4, 1u << 11);
    failed += break_pat();
    return (int)(failed + break_nxe());
}
