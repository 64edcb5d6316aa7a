/* Tables about the machine's past and shape: BGRT, FPDT, SRAT, SLIT. */
#define LOG_SUBSYSTEM acpi
#include "core/acpi.h"

#include <ingot/byteorder.h>
#include <ingot/error.h>
#include <ingot/log.h>
#include <ingot/string.h>

#include <stddef.h>

/* ---- BGRT ---- */

enum {                                   /* ACPI 6.5, "Boot Graphics Resource Table (BGRT)" (5.2.23) */
    BGRT_STATUS      = 38,               /* bit 0 displayed, bits 2:1 quarter turns clockwise */
    BGRT_IMAGE_TYPE  = 39,               /* 0: bitmap */
    BGRT_IMAGE       = 40,
    BGRT_X           = 48,
    BGRT_Y           = 52,
    BMP_BYTES        = 2,                /* in the picture's file header, whose first bytes are "BM" */
    BMP_HEADER_BYTES = 14,
};

/* The file at this address, as long as it says that it is; empty if there is none. */
static struct acpi_window read_bitmap(uint64_t address)
{
    struct acpi_window header = acpi_window_at(address, BMP_HEADER_BYTES);
    uint32_t bytes = acpi_read32(&header, BMP_BYTES);

    if (acpi_read16(&header, 0) != load_le16("BM") || bytes < BMP_HEADER_BYTES)
        return (struct acpi_window){ NULL, 0 };
    return acpi_window_at(address, bytes);
}

int acpi_get_logo(struct acpi_logo *out_logo)
{
    struct acpi_window table;

    if (acpi_find("BGRT", 0, &table) != 0)
        return ERR_NOT_FOUND;

    uint64_t address = acpi_read64(&table, BGRT_IMAGE);
    struct acpi_window bitmap = read_bitmap(address);
    uint8_t status = acpi_read8(&table, BGRT_STATUS);

    if (acpi_read8(&table, BGRT_IMAGE_TYPE) != 0 || bitmap.start == NULL) {
        log_warn("BGRT: no bitmap that can be read at %#llx; not used", (unsigned long long)address);
        return ERR_BAD_DATA;
    }
    *out_logo = (struct acpi_logo){
        .bitmap = bitmap, .x = acpi_read32(&table, BGRT_X), .y = acpi_read32(&table, BGRT_Y),
        .displayed = status & 1, .rotated_degrees = (status >> 1 & 3) * 90u,
    };
    return 0;
}

/* ---- FPDT ---- */

enum {                                   /* ACPI 6.5, "Firmware Performance Data Table (FPDT)" (5.2.24) */
    FPDT_RECORDS       = 36,
    FPDT_BASIC_POINTER = 0,              /* type: u64 address of the FBPT @8 */
    FBPT_LENGTH        = 4,
    FBPT_RECORDS       = 8,
    FBPT_MAX_BYTES     = 64 * 1024,
    FBPT_BASIC         = 2,              /* type: five u64 from 8 on */
    FBPT_BASIC_BYTES   = 48,
};

static bool find_performance(const struct acpi_window *table, uint32_t offset, uint16_t type, struct acpi_window *out_record)
{
    while (acpi_next_record_of(&acpi_record_performance, table, &offset, out_record))
        if (acpi_read16(out_record, 0) == type)
            return true;
    return false;
}

/* The basic boot record of the table at this address; empty if there is none. */
static struct acpi_window read_basic_boot(uint64_t address)
{
    struct acpi_window fbpt = acpi_window_at(address, FBPT_RECORDS), record;
    uint32_t length = acpi_read32(&fbpt, FBPT_LENGTH);
    bool fits = acpi_read32(&fbpt, 0) == load_le32("FBPT") && length >= FBPT_RECORDS && length <= FBPT_MAX_BYTES;

    fbpt = acpi_window_at(address, fits ? length : 0);
    if (!find_performance(&fbpt, FBPT_RECORDS, FBPT_BASIC, &record) || record.bytes < FBPT_BASIC_BYTES)
        return (struct acpi_window){ NULL, 0 };
    return record;
}

int acpi_get_boot_times(struct acpi_boot_times *out_times)
{
    struct acpi_window table, record;

    if (acpi_find("FPDT", 0, &table) != 0 || !find_performance(&table, FPDT_RECORDS, FPDT_BASIC_POINTER, &record))
        return ERR_NOT_FOUND;

    uint64_t address = acpi_read64(&record, 8);

    record = read_basic_boot(address);
    if (record.start == NULL) {
        log_warn("FPDT: no boot times that can be read at %#llx; not used", (unsigned long long)address);
        return ERR_BAD_DATA;
    }
    *out_times = (struct acpi_boot_times){
        .reset_end_ns = acpi_read64(&record, 8), .load_start_ns = acpi_read64(&record, 16), .start_ns = acpi_read64(&record, 24),
        .exit_start_ns = acpi_read64(&record, 32), .exit_end_ns = acpi_read64(&record, 40),
    };
    return 0;
}

/* ---- SRAT ---- */

enum {                                   /* ACPI 6.5, "System Resource Affinity Table (SRAT)" (5.2.16) */
    SRAT_REVISION     = 8,
    SRAT_RECORDS      = 48,
    SRAT_LOCAL_APIC   = 0,               /* u8 domain @2, u8 id @3, u32 flags @4, domain's upper bytes @9 */
    SRAT_MEMORY       = 1,               /* u32 domain @2, u64 base @8, u64 bytes @16, u32 flags @28 */
    SRAT_X2APIC       = 2,               /* u32 domain @4, u32 id @8, u32 flags @12 */
    SRAT_ENABLED      = 1u << 0,
    SRAT_HOT_PLUG     = 1u << 1,
    SRAT_NONVOLATILE  = 1u << 2,
};

/* False for a record of another type, one that is too short, or one not in use. */
static bool read_affinity(const struct acpi_window *record, bool wide_domains, struct acpi_affinity *out)
{
    static const uint8_t flags_at[] = { 4, 28, 12 };
    uint8_t type = acpi_read8(record, 0);
    uint32_t flags = type <= SRAT_X2APIC ? acpi_read32(record, flags_at[type]) : 0;

    if (!(flags & SRAT_ENABLED))
        return false;
    memset(out, 0, sizeof(*out));
    switch (type) {
    case SRAT_LOCAL_APIC:
        out->domain = acpi_read8(record, 2) | (wide_domains ? (uint32_t)acpi_read(record, 9, 3) << 8 : 0);
        out->processor_id = acpi_read8(record, 3);
        break;
    case SRAT_MEMORY:
        out->is_memory = true;
        out->domain = wide_domains ? acpi_read32(record, 2) : acpi_read8(record, 2);
        out->base = acpi_read64(record, 8);
        out->bytes = acpi_read64(record, 16);
        out->hot_pluggable = flags & SRAT_HOT_PLUG;
        out->nonvolatile = flags & SRAT_NONVOLATILE;
        break;
    case SRAT_X2APIC:
        out->domain = acpi_read32(record, 4);
        out->processor_id = acpi_read32(record, 8);
        break;
    }
    return true;
}

bool acpi_next_affinity(uint32_t *cursor, struct acpi_affinity *out_affinity)
{
    struct acpi_window table, record;
    struct acpi_affinity affinity;

    if (acpi_find("SRAT", 0, &table) != 0)
        return false;
    if (*cursor < SRAT_RECORDS)
        *cursor = SRAT_RECORDS;
    while (acpi_next_record(&table, cursor, &record))
        /* Domains had 8 bits in revision 1; the bytes above were reserved and hold anything. */
        if (read_affinity(&record, acpi_read8(&table, SRAT_REVISION) >= 2, &affinity)) {
            *out_affinity = affinity;
            return true;
        }
    return false;
}

/* ---- SLIT ---- */

enum {                                   /* ACPI 6.5, "System Locality Information Table (SLIT)" (5.2.17) */
    SLIT_DOMAINS   = 36,                 /* u64: how many rows, of so many bytes each */
    SLIT_DISTANCES = 44,
};

int acpi_get_distance(uint32_t from_domain, uint32_t to_domain)
{
    struct acpi_window table;

    if (acpi_find("SLIT", 0, &table) != 0)
        return ERR_NOT_FOUND;

    uint64_t domains = acpi_read64(&table, SLIT_DOMAINS);

    if (from_domain >= domains || to_domain >= domains || domains > table.bytes)
        return ERR_NOT_FOUND;

    uint64_t at = SLIT_DISTANCES + domains * from_domain + to_domain;

    return at < table.bytes ? table.start[at] : ERR_NOT_FOUND;
}
