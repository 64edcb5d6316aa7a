#include "efi/tables.h"

#include "efi/bytes.h"
#include "efi/console.h"
#include "efi/loader.h"

enum { CONFIGURATION_TABLES_MAX = 4096 };   /* more cannot be meant */

enum {                                      /* RSDP (5.2.5.3) */
    RSDP_CHECKED_BYTES = 20,                /* what the first checksum covers, and all that revision 0 has */
    RSDP_REVISION = 15,
    RSDP_RSDT = 16,
    RSDP_XSDT = 24,
};
enum { TABLE_LENGTH = 4 };                  /* System Description Table Header (5.2.6) */
enum {                                      /* HPET (IA-PC HPET Specification 1.0a, "The ACPI 2.0 HPET Description Table") */
    HPET_SPACE = 40,                        /* Generic Address Structure: 0 is memory */
    HPET_ADDRESS = 44,
    HPET_BYTES = 56,
};
enum {                                      /* MADT (5.2.12) */
    MADT_ENTRIES = 44,
    MADT_IOAPIC = 1, MADT_IOAPIC_BYTES = 12,
    MADT_IOAPIC_ADDRESS = 4,
};

static uint32_t load32(const uint8_t *at)
{
    uint32_t value;

    __builtin_memcpy(&value, at, sizeof(value));
    return value;
}

static uint64_t load64(const uint8_t *at) { return load32(at) | (uint64_t)load32(at + 4) << 32; }

static bool sums_to_zero(const uint8_t *at, uint32_t bytes)
{
    uint8_t sum = 0;

    for (uint32_t i = 0; i < bytes; i++)
        sum += at[i];
    return sum == 0;
}

static bool has_signature(const uint8_t *table, const char *signature, uint32_t bytes)
{
    return memcmp(table, signature, bytes) == 0;
}

/* The table at address if it can be one: not at 0, within the CPU's reach, of a sane length. */
static const uint8_t *table_at(uint64_t address, uint32_t *out_bytes)
{
    const uint8_t *table = (const uint8_t *)(uintptr_t)address;

    if (address == 0 || address > cpu_address_limit() - ACPI_TABLE_BYTES_MAX)
        return NULL;
    *out_bytes = load32(table + TABLE_LENGTH);
    return *out_bytes >= ACPI_HEADER_BYTES && *out_bytes <= ACPI_TABLE_BYTES_MAX ? table : NULL;
}

struct root {                               /* RSDT or XSDT */
    const uint8_t *table;
    uint32_t bytes, pointer_bytes;
};

static bool find_root(uint64_t rsdp_address, struct root *out)
{
    const uint8_t *rsdp = (const uint8_t *)(uintptr_t)rsdp_address;
    uint64_t xsdt;

    if (rsdp_address == 0 || !has_signature(rsdp, "RSD PTR ", 8) || !sums_to_zero(rsdp, RSDP_CHECKED_BYTES))
        return false;
    xsdt = rsdp[RSDP_REVISION] >= 2 ? load64(rsdp + RSDP_XSDT) : 0;
    out->pointer_bytes = xsdt ? 8 : 4;
    out->table = table_at(xsdt ? xsdt : load32(rsdp + RSDP_RSDT), &out->bytes);
    return out->table && has_signature(out->table, xsdt ? "XSDT" : "RSDT", 4);
}

const uint8_t *acpi_find(uint64_t rsdp, const char signature[4], uint32_t *out_bytes)
{
    struct root root;
    uint32_t count;

    if (!find_root(rsdp, &root))
        return NULL;
    count = (root.bytes - ACPI_HEADER_BYTES) / root.pointer_bytes;
    for (uint32_t i = 0; i < count && i < ACPI_TABLES_MAX; i++) {
        const uint8_t *pointer = root.table + ACPI_HEADER_BYTES + i * root.pointer_bytes;
        const uint8_t *table = table_at(root.pointer_bytes == 8 ? load64(pointer) : load32(pointer), out_bytes);

        if (table && has_signature(table, signature, 4) && sums_to_zero(table, *out_bytes))
            return table;
    }
    return NULL;
}

static uint64_t hpet_address(const uint8_t *table, uint32_t bytes)
{
    uint64_t address = table && bytes >= HPET_BYTES && table[HPET_SPACE] == 0 ? load64(table + HPET_ADDRESS) : 0;

    return address < CPU_DEVICE_LIMIT - HANDOFF_PAGE_BYTES && address % 8 == 0 ? address : 0;
}

static void add_ioapic(struct cpu_devices *devices, uint32_t address)
{
    if (address < HANDOFF_PAGE_BYTES || address % 16 || devices->interrupt_controllers == CPU_INTERRUPT_CONTROLLERS_MAX)
        return;
    devices->interrupt_controller[devices->interrupt_controllers++] = address;
}

void acpi_find_devices(uint64_t rsdp, struct cpu_devices *out_devices)
{
    uint32_t bytes = 0, at = MADT_ENTRIES;
    const uint8_t *table = acpi_find(rsdp, "HPET", &bytes);

    *out_devices = (struct cpu_devices){ .hpet = hpet_address(table, bytes) };
    table = acpi_find(rsdp, "APIC", &bytes);
    while (table && at + 2 <= bytes) {
        uint32_t entry_bytes = table[at + 1];

        if (entry_bytes < 2 || entry_bytes > bytes - at)
            return;
        if (table[at] == MADT_IOAPIC && entry_bytes >= MADT_IOAPIC_BYTES)
            add_ioapic(out_devices, load32(table + at + MADT_IOAPIC_ADDRESS));
        at += entry_bytes;
    }
}

/* ---- serial ports ---- */

enum {                                      /* Generic Address Structure (5.2.3.2) */
    GAS_SPACE = 0, GAS_BITS = 1, GAS_ACCESS = 3, GAS_ADDRESS = 4, GAS_BYTES = 12,
};
enum {                                      /* Microsoft, "Serial Port Console Redirection Table (SPCR)" */
    SPCR_REVISION = 8, SPCR_KIND = 36, SPCR_REGISTERS = 40, SPCR_BAUD = 58, SPCR_BYTES = 59,
    SPCR_CLOCK = 76, SPCR_CLOCK_REVISION = 3, SPCR_CLOCK_BYTES = 80,
};
enum {                                      /* Microsoft, "Microsoft Debug Port Table 2 (DBG2)" */
    DBG2_DEVICES_AT = 36, DBG2_DEVICES = 40, DBG2_BYTES = 44,
    DEVICE_LENGTH = 1, DEVICE_ADDRESSES = 3, DEVICE_TYPE = 12, DEVICE_SUBTYPE = 14, DEVICE_ADDRESS_AT = 18, DEVICE_BYTES = 22,
    TYPE_SERIAL = 0x8000,
};

static uint32_t load16(const uint8_t *at) { return at[0] | (uint32_t)at[1] << 8; }

/* 16550, one with fewer registers, one whose registers are as wide as its address structure says. */
static bool is_16550(uint32_t kind) { return kind == 0 || kind == 1 || kind == 0x12; }

/* Registers lie as far apart as they are wide. Some firmware gives no access size but a width. */
static struct serial_port read_place(const uint8_t *gas, uint32_t source)
{
    uint32_t access = gas[GAS_ACCESS], width = access == 0 ? gas[GAS_BITS] / 8u : access <= 4 ? 1u << (access - 1) : 1;
    uint32_t space = gas[GAS_SPACE] == 0 ? HANDOFF_SERIAL_MMIO : gas[GAS_SPACE] == 1 ? HANDOFF_SERIAL_IO : 0;

    return (struct serial_port){ .address = load64(gas + GAS_ADDRESS), .space = space, .source = source,
                                 .stride = space == HANDOFF_SERIAL_MMIO && (width == 2 || width == 4) ? width : 1 };
}

static unsigned read_spcr(const uint8_t *spcr, uint32_t bytes, struct serial_port *out)
{
    static const uint8_t baud[] = { [3] = 2, [4] = 4, [6] = 12, [7] = 24 };    /* times 4,800 */

    if (bytes < SPCR_BYTES || !is_16550(spcr[SPCR_KIND])) {
        say("serial: SPCR left: no 16550, kind %u of %u bytes", bytes < SPCR_BYTES ? 0 : spcr[SPCR_KIND], bytes);
        return 0;
    }
    *out = read_place(spcr + SPCR_REGISTERS, HANDOFF_SERIAL_SPCR);
    if (bytes >= SPCR_CLOCK_BYTES && spcr[SPCR_REVISION] >= SPCR_CLOCK_REVISION)
        out->clock_hz = load32(spcr + SPCR_CLOCK);
    out->baud = spcr[SPCR_BAUD] < sizeof(baud) ? baud[spcr[SPCR_BAUD]] * 4800u : 0;
    return 1;
}

static unsigned read_dbg2(const uint8_t *dbg2, uint32_t bytes, struct serial_port *out, unsigned max)
{
    uint32_t at = bytes < DBG2_BYTES ? bytes : load32(dbg2 + DBG2_DEVICES_AT), left = bytes < DBG2_BYTES ? 0 : load32(dbg2 + DBG2_DEVICES);
    unsigned count = 0;

    for (; left && count < max && at < bytes && bytes - at >= DEVICE_BYTES; left--) {
        const uint8_t *device = dbg2 + at;
        uint32_t length = load16(device + DEVICE_LENGTH), gas = load16(device + DEVICE_ADDRESS_AT);

        if (length < DEVICE_BYTES || length > bytes - at)
            break;
        if (load16(device + DEVICE_TYPE) == TYPE_SERIAL && is_16550(load16(device + DEVICE_SUBTYPE)) && device[DEVICE_ADDRESSES] &&
            gas + GAS_BYTES <= length)
            out[count++] = read_place(device + gas, HANDOFF_SERIAL_DBG2);
        at += length;
    }
    if (left && count < max)
        say("serial: DBG2 ends at %u of %u bytes, with %u devices to come", at, bytes, left);
    return count;
}

unsigned acpi_find_ports(uint64_t rsdp, struct serial_port *out_place, unsigned max)
{
    uint32_t bytes;
    const uint8_t *table = acpi_find(rsdp, "SPCR", &bytes);
    unsigned count = table && max ? read_spcr(table, bytes, out_place) : 0;

    table = acpi_find(rsdp, "DBG2", &bytes);
    return count + (table ? read_dbg2(table, bytes, out_place + count, max - count) : 0);
}

/* ---- the firmware's own list ---- */

/* Where the first configuration table of this kind lies, or 0. */
static uint64_t configuration_table(const EFI_SYSTEM_TABLE *system, const EFI_GUID *guid)
{
    for (uint64_t i = 0; system->ConfigurationTable && i < system->NumberOfTableEntries && i < CONFIGURATION_TABLES_MAX; i++)
        if (memcmp(&system->ConfigurationTable[i].VendorGuid, guid, sizeof(*guid)) == 0)
            return (uint64_t)(uintptr_t)system->ConfigurationTable[i].VendorTable;
    return 0;
}

EFI_STATUS tables_find(struct loader *loader)
{
    static const EFI_GUID acpi2 = ACPI_20_TABLE_GUID, acpi1 = ACPI_TABLE_GUID;
    static const EFI_GUID smbios3 = SMBIOS3_TABLE_GUID, smbios = SMBIOS_TABLE_GUID;
    struct handoff_roots *roots = &loader->roots;

    roots->acpi_rsdp = configuration_table(loader->system, &acpi2);
    if (!roots->acpi_rsdp)
        roots->acpi_rsdp = configuration_table(loader->system, &acpi1);
    roots->smbios3 = configuration_table(loader->system, &smbios3);
    roots->smbios = configuration_table(loader->system, &smbios);
    acpi_find_devices(roots->acpi_rsdp, &loader->devices);
    say("tables: acpi 0x%lx, smbios 0x%lx, hpet 0x%lx, %u ioapics", roots->acpi_rsdp,
        roots->smbios3 ? roots->smbios3 : roots->smbios, loader->devices.hpet, loader->devices.interrupt_controllers);
    return EFI_SUCCESS;
}
