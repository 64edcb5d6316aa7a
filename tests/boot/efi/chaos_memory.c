/* Memory that is full of something, and page tables that forbid what newer firmware forbids: executing data, writing text, page 0.
 *
 * Source: Intel SDM vol. 3A, "4-Level Paging and 5-Level Paging", "Control Registers". */
#include "chaos.h"

enum { MAP_BYTES_MAX = 64 << 10, ENTRIES = 512, PAGE_SHIFT = 12, LEVEL_BITS = 9 };
enum { PRESENT = 1 << 0, WRITABLE = 1 << 1, LARGE = 1 << 7 };
#define NOT_EXECUTABLE (1ull << 63)
#define ADDRESS_BITS   0x000ffffffffff000ull
#define CR0_WP         (1ull << 16)
enum { CR4_UMIP = 1 << 11, CR4_LA57 = 1 << 12, CR4_SMEP = 1 << 20, CR4_SMAP = 1 << 21 };

static bool wants_nx, wants_text, wants_no_page_0;

static uint64_t cr0_read(void)
{
    uint64_t value;

    __asm__ volatile("mov %%cr0, %0" : "=r"(value));
    return value;
}

static uint64_t cr3_read(void)
{
    uint64_t value;

    __asm__ volatile("mov %%cr3, %0" : "=r"(value));
    return value;
}

static uint64_t cr4_read(void)
{
    uint64_t value;

    __asm__ volatile("mov %%cr4, %0" : "=r"(value));
    return value;
}

static void cr0_write(uint64_t value) { __asm__ volatile("mov %0, %%cr0" :: "r"(value) : "memory"); }
static void cr3_write(uint64_t value) { __asm__ volatile("mov %0, %%cr3" :: "r"(value) : "memory"); }
static void cr4_write(uint64_t value) { __asm__ volatile("mov %0, %%cr4" :: "r"(value) : "memory"); }

static bool has(const char *words, const char *word)
{
    for (; *words > ' '; words++)
        if (starts_with(words, word))
            return true;
    return false;
}

EFI_STATUS control(const char *bits)
{
    if (has(bits, "wp"))
        cr0_write(cr0_read() | CR0_WP);
    cr4_write(cr4_read() | (has(bits, "smep") ? CR4_SMEP : 0) | (has(bits, "smap") ? CR4_SMAP : 0) | (has(bits, "umip") ? CR4_UMIP : 0));
    return EFI_SUCCESS;
}

/* ---- what memory holds ---- */

static uint8_t map[MAP_BYTES_MAX] __attribute__((aligned(8)));
static UINTN map_bytes, entry_bytes;

static EFI_STATUS read_map(void)
{
    UINTN key;
    UINT32 version;

    map_bytes = sizeof(map);
    return boot->GetMemoryMap(&map_bytes, (EFI_MEMORY_DESCRIPTOR *)map, &key, &entry_bytes, &version);
}

static void fill(const EFI_MEMORY_DESCRIPTOR *range, uint64_t state, bool is_random)
{
    uint64_t *word = (uint64_t *)(range->PhysicalStart ? range->PhysicalStart : EFI_PAGE_SIZE);
    const uint64_t *end = (const uint64_t *)(range->PhysicalStart + range->NumberOfPages * EFI_PAGE_SIZE);

    for (; word < end; word++) {
        if (is_random)
            state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        *word = state;
    }
}

EFI_STATUS poison(const char *kind)
{
    bool is_random = starts_with(kind, "random");
    uint64_t state = is_random ? 88172645463325252ull : number(&kind) * 0x0101010101010101ull;
    EFI_STATUS status = read_map();

    for (UINTN at = 0; status == EFI_SUCCESS && at < map_bytes; at += entry_bytes) {
        const EFI_MEMORY_DESCRIPTOR *range = (const EFI_MEMORY_DESCRIPTOR *)(map + at);

        if (range->Type == EfiConventionalMemory)
            fill(range, state, is_random);
    }
    return status;
}

/* ---- page tables ---- */

EFI_STATUS protect(const char *kind)
{
    wants_nx = has(kind, "nx");
    wants_text = has(kind, "text");
    wants_no_page_0 = has(kind, "page-0");
    return wants_nx || wants_text || wants_no_page_0 ? EFI_SUCCESS : EFI_INVALID_PARAMETER;
}

/* A large page becomes a table of the next smaller ones, with the same rights. */
static EFI_STATUS split(uint64_t *entry, unsigned level)
{
    EFI_PHYSICAL_ADDRESS table;
    EFI_STATUS status = boot->AllocatePages(AllocateAnyPages, EfiBootServicesData, 1, &table);
    uint64_t step = 1ull << (PAGE_SHIFT + LEVEL_BITS * (level - 1)), rights = *entry & ~ADDRESS_BITS;
    uint64_t base = *entry & ADDRESS_BITS & ~(step * ENTRIES - 1);

    if (status != EFI_SUCCESS)
        return status;
    for (unsigned i = 0; i < ENTRIES; i++)
        ((uint64_t *)table)[i] = (base + i * step) | (level == 1 ? rights & ~(uint64_t)LARGE : rights);
    *entry = table | PRESENT | WRITABLE;
    return EFI_SUCCESS;
}

/* The entry of the 4 KiB page at address; NULL where there is none. */
static uint64_t *page_entry(uint64_t address)
{
    uint64_t *table = (uint64_t *)(cr3_read() & ADDRESS_BITS);

    for (unsigned level = cr4_read() & CR4_LA57 ? 4 : 3;; level--) {
        uint64_t *entry = &table[address >> (PAGE_SHIFT + LEVEL_BITS * level) & (ENTRIES - 1)];

        if (level == 0)
            return entry;
        if (!(*entry & PRESENT) || (*entry & LARGE && split(entry, level) != EFI_SUCCESS))
            return NULL;
        table = (uint64_t *)(*entry & ADDRESS_BITS);
    }
}

static EFI_STATUS change(uint64_t start, uint64_t end, uint64_t set, uint64_t clear)
{
    for (uint64_t at = start; at < end; at += EFI_PAGE_SIZE) {
        uint64_t *entry = page_entry(at);

        if (!entry)
            return EFI_OUT_OF_RESOURCES;
        *entry = (*entry | set) & ~clear;
    }
    return EFI_SUCCESS;
}

/* Data of all kinds: what is free, what boot services and applications hold. */
static EFI_STATUS forbid_execution(void)
{
    EFI_STATUS status = read_map();

    for (UINTN at = 0; status == EFI_SUCCESS && at < map_bytes; at += entry_bytes) {
        const EFI_MEMORY_DESCRIPTOR *range = (const EFI_MEMORY_DESCRIPTOR *)(map + at);

        if (range->Type == EfiConventionalMemory || range->Type == EfiBootServicesData || range->Type == EfiLoaderData)
            status = change(range->PhysicalStart, range->PhysicalStart + range->NumberOfPages * EFI_PAGE_SIZE, NOT_EXECUTABLE, 0);
    }
    return status;
}

enum { PE_OFFSET = 0x3c, PE_SECTIONS = 6, PE_OPTIONAL_BYTES = 20, PE_HEADER_BYTES = 24, SECTION_BYTES = 40, SECTION_SIZE = 8,
       SECTION_ADDRESS = 12, SECTION_FLAGS = 36 };
#define SECTION_MAY_WRITE 0x80000000u
#define SECTION_MAY_RUN   0x20000000u

static uint32_t load32(const uint8_t *at) { return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24; }

/* Each section with the rights that its header asks for, and no more: what NX_COMPAT promises (PE Format, "Section Flags"). */
static EFI_STATUS protect_image(const EFI_LOADED_IMAGE_PROTOCOL *image)
{
    const uint8_t *base = image->ImageBase, *pe = base + load32(base + PE_OFFSET);
    const uint8_t *section = pe + PE_HEADER_BYTES + (pe[PE_OPTIONAL_BYTES] | pe[PE_OPTIONAL_BYTES + 1] << 8);
    EFI_STATUS status = EFI_SUCCESS;

    for (unsigned i = 0; status == EFI_SUCCESS && i < pe[PE_SECTIONS]; i++, section += SECTION_BYTES) {
        uint64_t start = (uint64_t)base + load32(section + SECTION_ADDRESS), end = start + load32(section + SECTION_SIZE);
        uint32_t flags = load32(section + SECTION_FLAGS);

        status = change(start, end, flags & SECTION_MAY_RUN ? 0 : NOT_EXECUTABLE, flags & SECTION_MAY_WRITE ? 0 : WRITABLE);
    }
    return status;
}

EFI_STATUS arm_protection(const EFI_LOADED_IMAGE_PROTOCOL *loader)
{
    EFI_STATUS status = EFI_SUCCESS;
    uint64_t cr0 = cr0_read();

    if (!wants_nx && !wants_text && !wants_no_page_0)
        return EFI_SUCCESS;
    cr0_write(cr0 & ~CR0_WP);            /* the tables themselves may be protected */
    if (wants_nx)
        status = forbid_execution();
    if (status == EFI_SUCCESS && wants_text)
        status = protect_image(loader);
    if (status == EFI_SUCCESS && wants_no_page_0)
        status = change(0, EFI_PAGE_SIZE, 0, PRESENT);
    cr3_write(cr3_read());
    cr0_write(cr0 | CR0_WP);
    return status;
}
