/* Tables that name one kind of device each: HPET, MCFG, WDAT, and the serial ports of SPCR and DBG2. */
#define LOG_SUBSYSTEM acpi
#include "core/acpi.h"

#include <ingot/error.h>
#include <ingot/log.h>
#include <ingot/string.h>

#define HEX(number) ((unsigned long long)(number))

/* ---- HPET ---- */

enum {                                   /* IA-PC HPET Specification 1.0a, "The ACPI 2.0 HPET Description Table" (3.2.4) */
    HPET_BLOCK_ID = 36,
    HPET_ADDRESS  = 40,
    HPET_NUMBER   = 52,
    HPET_MIN_TICK = 53,
};

int acpi_get_hpet(struct acpi_hpet *out_hpet)
{
    struct acpi_window table;

    if (acpi_find("HPET", 0, &table) != 0)
        return ERR_NOT_FOUND;

    struct acpi_register registers = acpi_read_register(&table, HPET_ADDRESS);

    if (registers.space != ACPI_SPACE_MEMORY || registers.address == 0) {
        acpi_tell_register("HPET: registers", &registers);
        return ERR_BAD_DATA;
    }
    *out_hpet = (struct acpi_hpet){
        .address = registers.address, .block_id = acpi_read32(&table, HPET_BLOCK_ID),
        .min_tick = acpi_read16(&table, HPET_MIN_TICK), .number = acpi_read8(&table, HPET_NUMBER),
    };
    return 0;
}

/* ---- MCFG ---- */

enum {                                   /* PCI Firmware Specification 3.3, "MCFG Table Description" (4.1.2) */
    MCFG_RANGES      = 44,
    MCFG_RANGE_BYTES = 16,               /* u64 base @0, u16 segment @8, u8 start bus @10, u8 end bus @11 */
    ECAM_BUS_SHIFT   = 20,               /* 1 MiB a bus */
};

static bool ecam_can_be(const struct acpi_ecam *ecam)
{
    uint64_t bytes = ((uint64_t)ecam->end_bus + 1) << ECAM_BUS_SHIFT;

    return ecam->base != 0 && ecam->start_bus <= ecam->end_bus && ecam->base + bytes > ecam->base;
}

int acpi_get_ecam(unsigned index, struct acpi_ecam *out_ecam)
{
    struct acpi_window table;

    if (acpi_find("MCFG", 0, &table) != 0)
        return ERR_NOT_FOUND;
    for (uint32_t at = MCFG_RANGES; table.bytes - at >= MCFG_RANGE_BYTES; at += MCFG_RANGE_BYTES) {
        struct acpi_ecam ecam = {
            .base = acpi_read64(&table, at), .segment = acpi_read16(&table, at + 8),
            .start_bus = acpi_read8(&table, at + 10), .end_bus = acpi_read8(&table, at + 11),
        };

        if (!ecam_can_be(&ecam)) {
            if (index == 0)              /* between the last one that was given and the next: told once by who looks at all */
                log_warn("MCFG: segment %u, buses %u to %u, at %#llx cannot be; not used", ecam.segment, ecam.start_bus, ecam.end_bus,
                         HEX(ecam.base));
        } else if (index-- == 0) {
            *out_ecam = ecam;
            return 0;
        }
    }
    return ERR_NOT_FOUND;
}

/* ---- WDAT ---- */

enum {                                   /* Microsoft, "Hardware Watchdog Timers Design Specification", watchdog action table */
    WDAT_HEAD         = 36,              /* u32: bytes between the table's header and its entries */
    WDAT_PERIOD       = 48,
    WDAT_MAX_COUNT    = 52,
    WDAT_MIN_COUNT    = 56,
    WDAT_FLAGS        = 60,              /* bit 0 enabled, bit 7 stopped in sleep */
    WDAT_ENTRIES      = 64,
    WDAT_HEAD_SMALLEST = 32,
    WDAT_ENTRY_BYTES  = 24,              /* u8 action @0, u8 instruction @1, register @4, u32 value @16, u32 mask @20 */
    INSTRUCTION_PRESERVE = 1u << 7,
};

/* The entries' bytes; empty unless all that the table counts are there. */
static struct acpi_window watchdog_entries(const struct acpi_window *table)
{
    uint32_t head = acpi_read32(table, WDAT_HEAD), count = acpi_read32(table, WDAT_ENTRIES);

    if (head < WDAT_HEAD_SMALLEST || head > table->bytes || count > table->bytes / WDAT_ENTRY_BYTES)
        return (struct acpi_window){ table->start, 0 };
    return acpi_part(table, ACPI_HEADER_BYTES + head, count * WDAT_ENTRY_BYTES);
}

int acpi_get_watchdog(struct acpi_watchdog *out_watchdog)
{
    struct acpi_window table;

    if (acpi_find("WDAT", 0, &table) != 0)
        return ERR_NOT_FOUND;

    uint8_t flags = acpi_read8(&table, WDAT_FLAGS);
    struct acpi_watchdog watchdog = {
        .period_ms = acpi_read32(&table, WDAT_PERIOD), .min_count = acpi_read32(&table, WDAT_MIN_COUNT),
        .max_count = acpi_read32(&table, WDAT_MAX_COUNT), .enabled = flags & 1, .stops_in_sleep = flags >> 7,
        .entries = watchdog_entries(&table).bytes / WDAT_ENTRY_BYTES,
    };

    if (watchdog.period_ms == 0 || watchdog.max_count == 0 || watchdog.min_count > watchdog.max_count || watchdog.entries == 0) {
        log_warn("WDAT: %u to %u counts of %u ms and %u entries in %u bytes cannot be; not used", watchdog.min_count,
                 watchdog.max_count, watchdog.period_ms, acpi_read32(&table, WDAT_ENTRIES), table.bytes);
        return ERR_BAD_DATA;
    }
    *out_watchdog = watchdog;
    return 0;
}

int acpi_get_watchdog_entry(unsigned index, struct acpi_watchdog_entry *out_entry)
{
    struct acpi_window table, entry;

    if (acpi_find("WDAT", 0, &table) != 0)
        return ERR_NOT_FOUND;
    entry = watchdog_entries(&table);
    if (index >= entry.bytes / WDAT_ENTRY_BYTES)
        return ERR_NOT_FOUND;
    entry = acpi_part(&entry, index * WDAT_ENTRY_BYTES, WDAT_ENTRY_BYTES);

    uint8_t instruction = acpi_read8(&entry, 1);

    *out_entry = (struct acpi_watchdog_entry){
        .action = acpi_read8(&entry, 0), .instruction = instruction & (uint8_t)~INSTRUCTION_PRESERVE,
        .preserve = instruction & INSTRUCTION_PRESERVE, .reg = acpi_read_register(&entry, 4),
        .value = acpi_read32(&entry, 16), .mask = acpi_read32(&entry, 20),
    };
    return 0;
}

/* ---- serial ports ---- */

enum {                                   /* Microsoft, "Serial Port Console Redirection Table (SPCR)" */
    SPCR_REVISION  = 8,
    SPCR_KIND      = 36,                 /* revision 1: 0 is a 16550, 1 a 16450; later: DBG2's subtypes */
    SPCR_REGISTERS = 40,
    SPCR_BAUD      = 58,
    SPCR_CLOCK     = 76,                 /* from revision 3 on */
    SPCR_PRECISE_BAUD = 80,              /* from revision 4 on */
};

enum {                                   /* Microsoft, "Microsoft Debug Port Table 2 (DBG2)" */
    DBG2_DEVICES_AT   = 36,
    DBG2_DEVICES      = 40,
    DEVICE_SMALLEST   = 22,
    DEVICE_LENGTH     = 1,
    DEVICE_ADDRESSES  = 3,
    DEVICE_TYPE       = 12,
    DEVICE_SUBTYPE    = 14,
    DEVICE_ADDRESS_AT = 18,
    DEVICE_SIZE_AT    = 20,
    TYPE_SERIAL       = 0x8000,
};

enum {                                   /* serial subtypes of the 16550 family */
    SERIAL_16550      = 0x00,
    SERIAL_16550_DBGP = 0x01,            /* a subset of it */
    SERIAL_16550_GAS  = 0x12,            /* with register widths as the address structure says */
};

enum { UART_BYTES = 8, IO_SPACE_END = 0x10000 };

static bool is_16550(uint32_t subtype)
{
    return subtype == SERIAL_16550 || subtype == SERIAL_16550_DBGP || subtype == SERIAL_16550_GAS;
}

static const struct acpi_record_shape dbg2_device = { DEVICE_LENGTH, 2, DEVICE_SMALLEST };

/* Registers lie as far apart as they are wide. The access size says so where it is given; firmware that leaves it 0 has the width. */
static uint32_t stride_of(const struct acpi_register *registers)
{
    uint32_t width = registers->access_bytes != 0 ? registers->access_bytes : registers->bits / 8u;

    return registers->space == ACPI_SPACE_MEMORY && (width == 2 || width == 4) ? width : 1;
}

/* A place that is not even possible is told, if asked to, and left out. */
static bool place_can_be(const struct acpi_serial *serial, bool tell)
{
    const struct acpi_register *reg = &serial->registers;
    uint64_t end = reg->address + UART_BYTES * serial->stride;
    bool can_be = reg->address != 0 && end > reg->address &&
                  (reg->space == ACPI_SPACE_MEMORY || (reg->space == ACPI_SPACE_IO && end <= IO_SPACE_END));

    if (!can_be && tell)
        log_warn("%s: no serial port can be at %#llx in space %u; not used", serial->source, HEX(reg->address), reg->space);
    return can_be;
}

static uint32_t spcr_baud(const struct acpi_window *spcr, uint8_t revision)
{
    static const uint32_t baud[] = { [3] = 9600, [4] = 19200, [6] = 57600, [7] = 115200 };
    uint32_t precise = revision >= 4 ? acpi_read32(spcr, SPCR_PRECISE_BAUD) : 0;
    uint8_t code = acpi_read8(spcr, SPCR_BAUD);

    if (precise != 0)
        return precise;
    return code < sizeof(baud) / sizeof(baud[0]) ? baud[code] : 0;
}

static bool read_spcr(struct acpi_serial *out_serial, bool tell)
{
    struct acpi_window spcr;

    if (acpi_find("SPCR", 0, &spcr) != 0)
        return false;
    if (!is_16550(acpi_read8(&spcr, SPCR_KIND))) {
        if (tell)
            log_warn("SPCR: a console of kind %u, which is no 16550; not used", acpi_read8(&spcr, SPCR_KIND));
        return false;
    }

    uint8_t revision = acpi_read8(&spcr, SPCR_REVISION);
    struct acpi_register registers = acpi_read_register(&spcr, SPCR_REGISTERS);

    *out_serial = (struct acpi_serial){
        .registers = registers, .stride = stride_of(&registers), .baud = spcr_baud(&spcr, revision),
        .clock_hz = revision >= 3 ? acpi_read32(&spcr, SPCR_CLOCK) : 0, .source = "SPCR",
    };
    return place_can_be(out_serial, tell);
}

static bool read_device(const struct acpi_window *device, struct acpi_serial *out_serial, bool tell)
{
    uint32_t size_at = acpi_read16(device, DEVICE_SIZE_AT);

    if (acpi_read16(device, DEVICE_TYPE) != TYPE_SERIAL || !is_16550(acpi_read16(device, DEVICE_SUBTYPE)) ||
        acpi_read8(device, DEVICE_ADDRESSES) == 0)
        return false;

    struct acpi_register registers = acpi_read_register(device, acpi_read16(device, DEVICE_ADDRESS_AT));

    *out_serial = (struct acpi_serial){
        .registers = registers, .stride = stride_of(&registers), .source = "DBG2",
        .bytes = size_at >= DEVICE_SMALLEST ? acpi_read32(device, size_at) : 0,
    };
    return place_can_be(out_serial, tell);
}

int acpi_get_serial(unsigned index, struct acpi_serial *out_serial)
{
    struct acpi_window dbg2, device;
    struct acpi_serial serial;

    if (read_spcr(&serial, index == 0) && index-- == 0) {
        *out_serial = serial;
        return 0;
    }
    if (acpi_find("DBG2", 0, &dbg2) != 0)
        return ERR_NOT_FOUND;

    uint32_t offset = acpi_read32(&dbg2, DBG2_DEVICES_AT), devices = acpi_read32(&dbg2, DBG2_DEVICES);

    for (; devices > 0 && acpi_next_record_of(&dbg2_device, &dbg2, &offset, &device); devices--)
        if (read_device(&device, &serial, index == 0) && index-- == 0) {
            *out_serial = serial;
            return 0;
        }
    if (devices > 0 && index == 0)
        log_warn("DBG2 stop@%u: no device fits there, but %u more are listed", offset, devices);
    return ERR_NOT_FOUND;
}
