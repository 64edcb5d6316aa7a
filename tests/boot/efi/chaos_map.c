/* GetMemoryMap with more entries, larger ones, and ones that cannot be. What is added is true as long as it can be: pages of free memory,
 * split from the end of the largest range below 4 GiB.
 *
 * Source: UEFI 2.10, "EFI_BOOT_SERVICES.GetMemoryMap()" (7.2). */
#include "chaos.h"

enum { MAP_BYTES_MAX = 64 << 10, BAD_ENTRIES = 8, OEM_TYPE = 0x70000000, WRAP_PAGES = 0x200 };
#define FOUR_GIB (1ull << 32)
#define NOWHERE  0x4000000000ull         /* 256 GiB: no memory of the machines that this is for */

static EFI_GET_MEMORY_MAP real_get_map;
static uint64_t extra, growth, entry_bytes;
static bool is_bad;

EFI_STATUS map_extra(const char *count)
{
    extra = number(&count);
    return EFI_SUCCESS;
}

EFI_STATUS map_entry(const char *bytes)
{
    entry_bytes = number(&bytes);
    return entry_bytes >= sizeof(EFI_MEMORY_DESCRIPTOR) ? EFI_SUCCESS : EFI_INVALID_PARAMETER;
}

EFI_STATUS map_grows(const char *count)
{
    growth = number(&count);
    return EFI_SUCCESS;
}

EFI_STATUS map_bad(const char *unused)
{
    (void)unused;
    is_bad = true;
    return EFI_SUCCESS;
}

static uint8_t real_map[MAP_BYTES_MAX] __attribute__((aligned(8)));
static UINTN real_bytes, real_entry_bytes;

static EFI_MEMORY_DESCRIPTOR *real_entry(UINTN at) { return (EFI_MEMORY_DESCRIPTOR *)(real_map + at); }

static EFI_MEMORY_DESCRIPTOR *largest_free(void)
{
    EFI_MEMORY_DESCRIPTOR *best = NULL;

    for (UINTN at = 0; at < real_bytes; at += real_entry_bytes)
        if (real_entry(at)->Type == EfiConventionalMemory && real_entry(at)->PhysicalStart < FOUR_GIB &&
            (!best || real_entry(at)->NumberOfPages > best->NumberOfPages))
            best = real_entry(at);
    return best;
}

/* Where entries are written, from the first to the last, or the other way round. */
struct writer {
    uint8_t *to;
    uint64_t next, count;
};

static void write_entry(struct writer *writer, const EFI_MEMORY_DESCRIPTOR *entry)
{
    uint64_t at = is_bad ? writer->count - 1 - writer->next : writer->next;

    writer->next++;
    boot->SetMem(writer->to + at * entry_bytes, entry_bytes, 0xee);
    boot->CopyMem(writer->to + at * entry_bytes, (void *)entry, sizeof(*entry));
}

static void write_part(struct writer *writer, uint32_t type, uint64_t start, uint64_t pages, uint64_t attributes)
{
    write_entry(writer, &(EFI_MEMORY_DESCRIPTOR){ type, 0, start, 0, pages, attributes });
}

/* Free pages from start on, one an entry: boot services' and free ones in turn, so that they cannot be joined. */
static void write_pages(struct writer *writer, uint64_t start, uint64_t pages, uint64_t attributes)
{
    for (uint64_t i = 0; i < pages; i++)
        write_part(writer, i % 2 ? EfiConventionalMemory : EfiBootServicesData, start + i * EFI_PAGE_SIZE, 1, attributes);
}

static void write_bad(struct writer *writer, const EFI_MEMORY_DESCRIPTOR *free)
{
    uint64_t end = free->PhysicalStart + free->NumberOfPages * EFI_PAGE_SIZE;

    write_part(writer, EfiConventionalMemory, NOWHERE, 0, free->Attribute);
    write_part(writer, EfiReservedMemoryType, 0, 0, free->Attribute);
    write_part(writer, EfiConventionalMemory, -(uint64_t)EFI_PAGE_SIZE * (WRAP_PAGES / 2), WRAP_PAGES, free->Attribute);
    write_part(writer, EfiConventionalMemory, NOWHERE, (1ull << 52) + 16, free->Attribute);
    write_part(writer, EfiReservedMemoryType, end - 16 * EFI_PAGE_SIZE, 16, free->Attribute);
    write_entry(writer, free);
    write_part(writer, OEM_TYPE, NOWHERE, 16, free->Attribute);
    write_part(writer, 0xffffffff, NOWHERE + (1 << 20), 16, free->Attribute);
}

static void write_map(struct writer *writer, uint64_t split)
{
    const EFI_MEMORY_DESCRIPTOR *free = largest_free();

    for (UINTN at = 0; at < real_bytes; at += real_entry_bytes) {
        EFI_MEMORY_DESCRIPTOR entry = *real_entry(at);

        if (free == real_entry(at))
            entry.NumberOfPages -= split;
        write_entry(writer, &entry);
        if (free == real_entry(at))
            write_pages(writer, entry.PhysicalStart + entry.NumberOfPages * EFI_PAGE_SIZE, split, entry.Attribute);
    }
    if (is_bad)
        write_bad(writer, free);
}

static EFI_STATUS EFIAPI get_map(UINTN *bytes, EFI_MEMORY_DESCRIPTOR *to, UINTN *key, UINTN *out_entry_bytes, UINT32 *version)
{
    EFI_STATUS status;
    uint64_t count;

    if (!is_loaders(__builtin_return_address(0)))
        return real_get_map(bytes, to, key, out_entry_bytes, version);
    real_bytes = sizeof(real_map);
    status = real_get_map(&real_bytes, real_entry(0), key, &real_entry_bytes, version);
    if (status != EFI_SUCCESS || !largest_free())
        return status;
    extra += growth;
    if (extra >= largest_free()->NumberOfPages)
        extra = largest_free()->NumberOfPages - 1;
    count = real_bytes / real_entry_bytes + extra + (is_bad ? BAD_ENTRIES : 0);
    *out_entry_bytes = entry_bytes = entry_bytes ? entry_bytes : real_entry_bytes;
    if (*bytes < count * entry_bytes || !to) {
        *bytes = count * entry_bytes;
        return EFI_BUFFER_TOO_SMALL;
    }
    *bytes = count * entry_bytes;
    write_map(&(struct writer){ (uint8_t *)to, 0, count }, extra);
    return EFI_SUCCESS;
}

void arm_map(void)
{
    if (!extra && !growth && !entry_bytes && !is_bad)
        return;
    real_get_map = real_get_map ? real_get_map : boot->GetMemoryMap;
    boot->GetMemoryMap = get_map;
}
