/* The MADT: processors and interrupt controllers. */
#define LOG_SUBSYSTEM acpi
#include "core/acpi.h"

#include <ingot/error.h>
#include <ingot/log.h>
#include <ingot/string.h>

enum {                                   /* byte offset; ACPI 6.5, "Multiple APIC Description Table (MADT)" (5.2.12) */
    MADT_LOCAL_ADDRESS = 36,
    MADT_FLAGS         = 40,             /* bit 0: PCAT_COMPAT */
    MADT_RECORDS       = 44,
};

enum madt_type {                         /* "Interrupt Controller Structure Types"; others are skipped */
    MADT_LOCAL_APIC     = 0,             /* u8 uid @2, u8 id @3, u32 flags @4 */
    MADT_IO_APIC        = 1,             /* u8 id @2, u32 address @4, u32 gsi base @8 */
    MADT_OVERRIDE       = 2,             /* u8 bus @2, u8 line @3, u32 gsi @4, u16 flags @8 */
    MADT_NMI_SOURCE     = 3,             /* u16 flags @2, u32 gsi @4 */
    MADT_LOCAL_NMI      = 4,             /* u8 uid @2, u16 flags @3, u8 lint @5 */
    MADT_LOCAL_ADDRESS_64 = 5,           /* u64 address @4 */
    MADT_LOCAL_X2APIC   = 9,             /* u32 id @4, u32 flags @8, u32 uid @12 */
    MADT_LOCAL_X2NMI    = 10,            /* u16 flags @2, u32 uid @4, u8 lint @8 */
    MADT_TYPES          = 11,
};

/* The bytes that a record of a type must have; 0: not read here. */
static const uint8_t smallest[MADT_TYPES] = { 8, 12, 10, 8, 6, 12, 0, 0, 0, 16, 12 };

enum {
    PROCESSOR_ENABLED        = 1u << 0,  /* "Local APIC Flags" (5.2.12.2) */
    PROCESSOR_ONLINE_CAPABLE = 1u << 1,
    PROCESSOR_NOT_FLAGS      = 0xffff0000,   /* reserved since ever: set only where something wrote over the table */
    APIC_ID_BROADCAST_8      = 0xff,
    UID_ALL_8                = 0xff,     /* in NMI records: every processor */
};
#define ID_BROADCAST_32 0xffffffffu      /* also UID of every processor */

enum {                                   /* "MPS INTI Flags" (5.2.12.5) */
    INTI_POLARITY  = 3u << 0,            /* 0 as the bus has it, 1 active high, 3 active low */
    INTI_LOW       = 3u << 0,
    INTI_TRIGGER   = 3u << 2,            /* 0 as the bus has it, 1 edge, 3 level */
    INTI_LEVEL     = 3u << 2,
};

/* A record of a known type that is too short for it says nothing. */
static bool is_short(const struct acpi_window *record)
{
    return record->start[0] < MADT_TYPES && record->bytes < smallest[record->start[0]];
}

/* ISA's lines are edge and active high, but the SCI, where it says nothing, is a shareable line: level and low. */
static struct acpi_line read_line(const struct acpi_window *record, uint32_t offset, bool is_sci)
{
    uint16_t flags = acpi_read16(record, offset);

    return (struct acpi_line){
        .flags = flags,
        .active_low = (flags & INTI_POLARITY) == INTI_LOW || (is_sci && (flags & INTI_POLARITY) == 0),
        .level = (flags & INTI_TRIGGER) == INTI_LEVEL || (is_sci && (flags & INTI_TRIGGER) == 0),
    };
}

/* ---- interrupt controllers ---- */

static bool add_ioapic(struct acpi_interrupts *found, const struct acpi_window *record)
{
    uint32_t address = acpi_read32(record, 4);

    if (address == 0) {
        log_warn("MADT: I/O APIC %u at address 0; not used", acpi_read8(record, 2));
        return true;
    }
    /*@ loop invariant i <= found->ioapics; loop assigns i; */
    for (uint32_t i = 0; i < found->ioapics; i++)
        if (found->ioapic[i].address == address) {
            log_warn("MADT: a second I/O APIC at %#x; not used", address);
            return true;
        }
    if (found->ioapics == ACPI_IOAPICS_MAX)
        return false;
    found->ioapic[found->ioapics++] = (struct acpi_ioapic){
        .id = acpi_read8(record, 2), .address = address, .gsi_base = acpi_read32(record, 8),
    };
    return true;
}

static bool add_override(struct acpi_interrupts *found, const struct acpi_window *record)
{
    const struct acpi_fadt *fadt = acpi_get_fadt();
    uint8_t line = acpi_read8(record, 3);
    uint32_t gsi = acpi_read32(record, 4);

    if (found->overrides == ACPI_OVERRIDES_MAX)
        return false;
    found->override[found->overrides++] = (struct acpi_override){
        .isa_line = line, .gsi = gsi,
        .line = read_line(record, 8, fadt != NULL && fadt->sci_interrupt != 0 && fadt->sci_interrupt == line),
    };
    return true;
}

static bool add_nmi(struct acpi_interrupts *found, const struct acpi_window *record)
{
    if (found->nmis == ACPI_NMIS_MAX)
        return false;
    found->nmi[found->nmis++] = (struct acpi_nmi){ .gsi = acpi_read32(record, 4), .line = read_line(record, 2, false) };
    return true;
}

/* False if there was no room for it. */
static bool add_record(struct acpi_interrupts *found, const struct acpi_window *record)
{
    switch (record->start[0]) {
    case MADT_IO_APIC:
        return add_ioapic(found, record);
    case MADT_OVERRIDE:
        return add_override(found, record);
    case MADT_NMI_SOURCE:
        return add_nmi(found, record);
    case MADT_LOCAL_ADDRESS_64:
        found->local_address = acpi_read64(record, 4);
        return true;
    default:
        return true;
    }
}

int acpi_get_interrupts(struct acpi_interrupts *out_interrupts)
{
    struct acpi_window madt, record;
    uint32_t offset = MADT_RECORDS, dropped = 0, cut = 0;

    if (acpi_find("APIC", 0, &madt) != 0)
        return ERR_NOT_FOUND;
    memset(out_interrupts, 0, sizeof(*out_interrupts));
    out_interrupts->local_address = acpi_read32(&madt, MADT_LOCAL_ADDRESS);
    out_interrupts->legacy_pics = acpi_read32(&madt, MADT_FLAGS) & 1;
    /*@ loop invariant window(&madt);
      @ loop invariant room(out_interrupts);
      @ loop assigns offset, record, cut, dropped, *out_interrupts; */
    while (acpi_next_record(&madt, &offset, &record)) {
        if (is_short(&record))
            cut++;
        else if (!add_record(out_interrupts, &record))
            dropped++;
    }
    if (cut != 0 || dropped != 0)
        log_warn("MADT: %u records are too short for their type, %u are more than fit; not used", cut, dropped);
    return 0;
}

/* ---- processors ---- */

struct listed {
    struct acpi_processor processor;
    uint32_t flags;
    bool broadcast;
};

/*@ requires record(record) && \valid(out_listed) && \separated(out_listed, record);
  @ assigns *out_listed; */
static bool read_processor(const struct acpi_window *record, struct listed *out_listed)
{
    if (record->start[0] == MADT_LOCAL_APIC) {
        uint8_t id = acpi_read8(record, 3);

        *out_listed = (struct listed){ { id, acpi_read8(record, 2) }, acpi_read32(record, 4), id == APIC_ID_BROADCAST_8 };
        return true;
    }
    if (record->start[0] == MADT_LOCAL_X2APIC) {
        uint32_t id = acpi_read32(record, 4);

        *out_listed = (struct listed){ { id, acpi_read32(record, 12) }, acpi_read32(record, 8), id == ID_BROADCAST_32 };
        return true;
    }
    return false;
}

static bool is_among(uint32_t id, const struct acpi_processor *processors, uint32_t count)
{
    /*@ loop invariant i <= count; loop assigns i; */
    for (uint32_t i = 0; i < count; i++)
        if (processors[i].id == id)
            return true;
    return false;
}

/* Finds the counter that a record belongs to; a usable one also goes into the array. Disabled ones are looked at no further: their
 * ids are often all the same, or 0xff. */
/*@ requires \valid_read(listed) && \valid(counts) && counts->usable <= max && (max > 0 ==> \valid(processors + (0 .. max - 1)));
  @ requires \separated(counts, listed, processors + (0 .. max - 1));
  @ assigns processors[0 .. max - 1];
  @ ensures \result == &counts->usable && counts->usable < max || \result == &counts->ignored || \result == &counts->disabled ||
  @         \result == &counts->online_capable || \result == &counts->repeated || \result == &counts->more; */
static uint32_t *sort_processor(const struct listed *listed, struct acpi_processor *processors, uint32_t max,
                                struct acpi_processor_counts *counts)
{
    if (listed->flags & PROCESSOR_NOT_FLAGS)
        return &counts->ignored;
    if (!(listed->flags & PROCESSOR_ENABLED))
        return listed->flags & PROCESSOR_ONLINE_CAPABLE ? &counts->online_capable : &counts->disabled;
    if (listed->broadcast)
        return &counts->ignored;
    if (is_among(listed->processor.id, processors, counts->usable))
        return &counts->repeated;
    if (counts->usable == max)
        return &counts->more;
    processors[counts->usable] = listed->processor;
    return &counts->usable;
}

int acpi_get_processors(struct acpi_processor *out_processors, uint32_t max, struct acpi_processor_counts *out_counts)
{
    struct acpi_window madt, record;
    struct listed listed;
    uint32_t offset = MADT_RECORDS;

    if (acpi_find("APIC", 0, &madt) != 0)
        return ERR_NOT_FOUND;
    memset(out_counts, 0, sizeof(*out_counts));
    /*@ loop invariant window(&madt);
      @ loop invariant out_counts->usable <= max;
      @ loop assigns offset, record, listed, *out_counts, *(out_processors + (0 .. max - 1)); */
    while (acpi_next_record(&madt, &offset, &record)) {
        if (!read_processor(&record, &listed))
            continue;
        if (is_short(&record))
            out_counts->ignored++;
        else
            ++*sort_processor(&listed, out_processors, max, out_counts);
    }
    if (out_counts->ignored != 0)
        log_warn("CPU ignored=%u: the MADT lists them with a broadcast id, reserved flags or too few bytes", out_counts->ignored);
    if (out_counts->more != 0)
        log_warn("CPU ignored=%u: the MADT lists more than the %u that fit", out_counts->more, max);
    return 0;
}

int acpi_get_local_nmi(uint32_t uid, struct acpi_local_nmi *out_nmi)
{
    struct acpi_window madt, record;
    uint32_t offset = MADT_RECORDS;

    if (acpi_find("APIC", 0, &madt) != 0)
        return ERR_NOT_FOUND;
    /*@ loop invariant window(&madt); loop assigns offset, record; */
    while (acpi_next_record(&madt, &offset, &record)) {
        bool wide = record.start[0] == MADT_LOCAL_X2NMI;
        uint32_t named = wide ? acpi_read32(&record, 4) : acpi_read8(&record, 2);

        if ((!wide && record.start[0] != MADT_LOCAL_NMI) || is_short(&record))
            continue;
        if (named != uid && named != (wide ? ID_BROADCAST_32 : UID_ALL_8))
            continue;
        out_nmi->line = read_line(&record, wide ? 2 : 3, false);
        out_nmi->lint = acpi_read8(&record, wide ? 8 : 5);
        return 0;
    }
    return ERR_NOT_FOUND;
}
