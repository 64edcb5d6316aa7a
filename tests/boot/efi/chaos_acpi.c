/* Changes the firmware's ACPI tables: one put in place of those with its signature, all with a signature left out, single bytes, the roots.
 *
 * Each root (RSDT, XSDT) is copied with the change, and the RSDP points to the copy, all sums made anew. The table itself stays as its
 * file has it: whoever made it decides about its sum and its length.
 *
 * Source: ACPI Specification 6.5, "ACPI System Description Tables" (5.2). */
#include "chaos.h"

enum {
    RSDP_SUM        = 8,                 /* over the first RSDP_V1_BYTES */
    RSDP_REVISION   = 15,
    RSDP_RSDT       = 16,
    RSDP_V1_BYTES   = 20,
    RSDP_XSDT       = 24,
    RSDP_SUM_ALL    = 32,                /* over RSDP_V2_BYTES */
    RSDP_V2_BYTES   = 36,
    TABLE_LENGTH    = 4,
    TABLE_SUM       = 9,
    HEADER_BYTES    = 36,
    TABLE_BYTES_MAX = 256 << 10,
};

struct change {
    const char *signature;               /* four characters */
    uint64_t table;                      /* what takes its place; 0: nothing */
};

static uint64_t load(const uint8_t *at, uint32_t bytes)
{
    uint64_t value = 0;

    while (bytes-- > 0)
        value = value << 8 | at[bytes];
    return value;
}

static void store(uint8_t *at, uint64_t value, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

static void make_sum(uint8_t *start, uint32_t bytes, uint32_t at)
{
    uint8_t sum = 0;

    start[at] = 0;
    for (uint32_t i = 0; i < bytes; i++)
        sum += start[i];
    start[at] = (uint8_t)-sum;
}

/* Where firmware puts its tables: below 4 GiB, for the RSDT's pointers. */
static EFI_STATUS allocate(uint32_t bytes, uint8_t **out_memory)
{
    EFI_PHYSICAL_ADDRESS address = 0xffffffff;
    EFI_STATUS status = boot->AllocatePages(AllocateMaxAddress, EfiACPIReclaimMemory, EFI_SIZE_TO_PAGES(bytes), &address);

    *out_memory = (uint8_t *)(uintptr_t)address;
    return status;
}

static bool is_meant(uint64_t table, const struct change *change)
{
    return table != 0 && load((const uint8_t *)(uintptr_t)table, 4) == load((const uint8_t *)change->signature, 4);
}

/* Puts the address of a changed copy of the root where pointer is. */
static EFI_STATUS change_root(uint8_t *pointer, uint32_t pointer_bytes, const struct change *change)
{
    const uint8_t *root = (const uint8_t *)(uintptr_t)load(pointer, pointer_bytes);
    uint32_t bytes = (uint32_t)load(root + TABLE_LENGTH, 4), end = HEADER_BYTES;
    uint64_t left = change->table;
    uint8_t *copy;
    EFI_STATUS status = allocate(bytes + pointer_bytes, &copy);

    if (status != EFI_SUCCESS)
        return status;
    boot->CopyMem(copy, (void *)root, HEADER_BYTES);
    for (uint32_t at = HEADER_BYTES; at + pointer_bytes <= bytes; at += pointer_bytes) {
        uint64_t table = load(root + at, pointer_bytes);

        if (is_meant(table, change)) {
            table = left;                /* in the place of the first */
            left = 0;
        }
        store(copy + end, table, pointer_bytes);
        end += table ? pointer_bytes : 0;
    }
    store(copy + end, left, pointer_bytes);
    end += left ? pointer_bytes : 0;
    store(copy + TABLE_LENGTH, end, 4);
    make_sum(copy, end, TABLE_SUM);
    store(pointer, (uintptr_t)copy, pointer_bytes);
    return EFI_SUCCESS;
}

static EFI_STATUS change_roots(uint8_t *rsdp, const struct change *change)
{
    EFI_STATUS status = EFI_SUCCESS;

    if (load(rsdp + RSDP_RSDT, 4) != 0)
        status = change_root(rsdp + RSDP_RSDT, 4, change);
    if (status == EFI_SUCCESS && rsdp[RSDP_REVISION] >= 2 && load(rsdp + RSDP_XSDT, 8) != 0)
        status = change_root(rsdp + RSDP_XSDT, 8, change);
    make_sum(rsdp, RSDP_V1_BYTES, RSDP_SUM);
    if (rsdp[RSDP_REVISION] >= 2)
        make_sum(rsdp, RSDP_V2_BYTES, RSDP_SUM_ALL);
    return status;
}

static bool is_guid(const EFI_GUID *one, const EFI_GUID *other)
{
    return load((const uint8_t *)one, 8) == load((const uint8_t *)other, 8) &&
           load((const uint8_t *)one + 8, 8) == load((const uint8_t *)other + 8, 8);
}

/* In all roots that the firmware shows. A root that is shown twice is changed twice, which comes to the same. */
static EFI_STATUS apply(const struct change *change)
{
    static const EFI_GUID kinds[] = { ACPI_20_TABLE_GUID, ACPI_TABLE_GUID };
    EFI_STATUS status = EFI_NOT_FOUND;

    for (UINTN i = 0; i < system_table->NumberOfTableEntries; i++) {
        EFI_CONFIGURATION_TABLE *entry = &system_table->ConfigurationTable[i];

        if (is_guid(&entry->VendorGuid, &kinds[0]) || is_guid(&entry->VendorGuid, &kinds[1]))
            status = change_roots(entry->VendorTable, change);
        if (status != EFI_SUCCESS && status != EFI_NOT_FOUND)
            return status;
    }
    return status;
}

EFI_STATUS acpi_install(const char *path)
{
    UINTN bytes = TABLE_BYTES_MAX;
    uint8_t *table;
    EFI_STATUS status = allocate(TABLE_BYTES_MAX, &table);

    if (status == EFI_SUCCESS)
        status = read_file(path, table, &bytes);
    if (status == EFI_SUCCESS)
        status = apply(&(struct change){ (const char *)table, (uintptr_t)table });
    return status;
}

EFI_STATUS acpi_remove(const char *signature)
{
    return apply(&(struct change){ signature, 0 });
}

static uint8_t *find_rsdp(void)
{
    static const EFI_GUID kind = ACPI_20_TABLE_GUID;

    for (UINTN i = 0; i < system_table->NumberOfTableEntries; i++)
        if (is_guid(&system_table->ConfigurationTable[i].VendorGuid, &kind))
            return system_table->ConfigurationTable[i].VendorTable;
    return NULL;
}

static uint8_t *find_table(const char *signature)
{
    uint8_t *rsdp = find_rsdp();
    const uint8_t *xsdt = rsdp ? (const uint8_t *)(uintptr_t)load(rsdp + RSDP_XSDT, 8) : NULL;

    if (load((const uint8_t *)signature, 4) == load((const uint8_t *)"RSDP", 4))
        return rsdp;
    for (uint32_t at = HEADER_BYTES; xsdt && at + 8 <= load(xsdt + TABLE_LENGTH, 4); at += 8)
        if (is_meant(load(xsdt + at, 8), &(struct change){ signature, 0 }))
            return (uint8_t *)(uintptr_t)load(xsdt + at, 8);
    return NULL;
}

EFI_STATUS acpi_poke(const char *value)
{
    uint8_t *table = find_table(value);
    uint64_t offset;

    if (!table || value[4] != ':')
        return EFI_NOT_FOUND;
    value += 5;
    offset = number(&value);
    if (*value++ != ':')
        return EFI_INVALID_PARAMETER;
    table[offset] = (uint8_t)number(&value);
    return EFI_SUCCESS;
}

EFI_STATUS acpi_root(const char *kind)
{
    static const EFI_GUID kinds[] = { ACPI_20_TABLE_GUID, ACPI_TABLE_GUID };
    uint8_t *rsdp = find_rsdp();

    if (!rsdp)
        return EFI_NOT_FOUND;
    for (UINTN i = 0; starts_with(kind, "none") && i < system_table->NumberOfTableEntries; i++)
        if (is_guid(&system_table->ConfigurationTable[i].VendorGuid, &kinds[0]) ||
            is_guid(&system_table->ConfigurationTable[i].VendorGuid, &kinds[1]))
            system_table->ConfigurationTable[i].VendorGuid.Data1 ^= 1;
    if (starts_with(kind, "rev0"))
        rsdp[RSDP_REVISION] = 0;
    if (starts_with(kind, "no-xsdt"))
        store(rsdp + RSDP_XSDT, 0, 8);
    make_sum(rsdp, RSDP_V1_BYTES, RSDP_SUM);
    make_sum(rsdp, RSDP_V2_BYTES, RSDP_SUM_ALL);
    return EFI_SUCCESS;
}
