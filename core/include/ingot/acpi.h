/* ACPI's tables: what the firmware wrote down about this machine, read within their bounds.
 *
 * The typed answers below (acpi_get_...) are what most programs want: plain numbers, copied out. For a table that has none, acpi_find()
 * lends the bytes. Nothing here is code of the firmware's: no AML is run, only the \_S5 package is looked up in it.
 *
 * What is believed. Every byte of a table may be wrong, so
 *   - a table's length is what its header says if all of that is memory that may be read; else the table is not used;
 *   - a field beyond the table's end is 0, which ACPI's fields use for "not there": short and old tables need no rules of their own;
 *   - a table is judged when it is first asked for. It must have its smallest size. Tables made of records (MADT, SRAT, FPDT, DBG2)
 *     end, for their readers, before the first record that cannot be one: shorter than its head, or longer than what is left;
 *   - bytes that do not add up to 0 are told, by the table's name. Such a table is used all the same if its structure holds (the
 *     smallest size; in MADT, SRAT and FPDT records up to its last byte), as real firmware has sums that nobody updated; else not, and
 *     never a WDAT, which says what to write where;
 *   - of several tables where ACPI allows one, the first is used, and the others are told.
 * Each verdict is a warning in the log, once.
 *
 * Who may call: applications and the core, any CPU, after the core has started and until mem_reclaim(); not interrupt handlers,
 * as a first look may log. Windows are borrowed: they point into the tables and end with mem_reclaim(). Copied answers stay.
 * Returns of all acpi_get_...: 0; ERR_NOT_FOUND: this machine has no such thing (a machine without ACPI has none at all);
 * ERR_BAD_DATA: it has, but it cannot be true, and the log says why. out_ is written only with 0.
 *
 * Source: ACPI Specification 6.5, chapter 5 "ACPI Software Programming Model", and the documents that it names for tables of others. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* ---- bytes of a table ---- */

struct acpi_window {
    const uint8_t *start;                /* of a table: its header's first byte */
    uint32_t bytes;                      /* what may be read from there on */
};

enum { ACPI_HEADER_BYTES = 36 };         /* in front of every table: signature, length, revision, sum, who made it */

/* Table number index (from 0) of those with this signature of four characters that can be used, in the firmware's order.
 * "DSDT" is the one that the FADT names. 0 or ERR_NOT_FOUND. */
int acpi_find(const char *signature, unsigned index, struct acpi_window *out_table);

/* Table number index of all there are, in the firmware's order, and where it lies; 4 bytes may be read from its start in any case, its
 * signature. *out_table has 0 bytes when it cannot be used. False past the last. */
bool acpi_table(unsigned index, struct acpi_window *out_table, uint64_t *out_address);

/* A little-endian number of 1 to 8 bytes; 0 if any of it lies beyond the window. */
uint64_t acpi_read(const struct acpi_window *window, uint32_t offset, uint32_t bytes);

uint8_t acpi_read8(const struct acpi_window *window, uint32_t offset);
uint16_t acpi_read16(const struct acpi_window *window, uint32_t offset);
uint32_t acpi_read32(const struct acpi_window *window, uint32_t offset);
uint64_t acpi_read64(const struct acpi_window *window, uint32_t offset);

/* A part of a window; empty unless all of it lies inside. */
struct acpi_window acpi_part(const struct acpi_window *window, uint32_t offset, uint32_t bytes);

/* Steps over records that start with their type in one byte and their length in the next (MADT from 44 on, SRAT from 48 on).
 * *offset moves behind the record. False at the end, or before a record that does not fit. */
bool acpi_next_record(const struct acpi_window *table, uint32_t *offset, struct acpi_window *out_record);

/* Where a register is. Source: ACPI 6.5, "Generic Address Structure" (5.2.3.2). */
enum acpi_space {
    ACPI_SPACE_MEMORY = 0,
    ACPI_SPACE_IO     = 1,
    ACPI_SPACE_PCI    = 2,               /* configuration space of bus 0: address is device << 32 | function << 16 | offset */
};

struct acpi_register {
    uint64_t address;                    /* 0: there is no such register */
    uint8_t space;                       /* enum acpi_space, or a value that it does not know */
    uint8_t bits, bit_offset;            /* as the table says; some leave them 0 */
    uint8_t access_bytes;                /* 1, 2, 4 or 8: the width to access it with; 0: not said */
};

/* ---- FADT: the fixed hardware ---- */

struct acpi_fadt {
    uint8_t revision, minor_revision;
    uint8_t profile;                     /* "Preferred_PM_Profile": 1 desktop, 2 mobile, 4 server ... */
    uint32_t flags;                      /* "Fixed ACPI Description Table Fixed Feature Flags", as they stand */
    bool hardware_reduced;               /* there are no PM1 registers, no PM timer and no SCI */
    bool has_8042;                       /* a keyboard controller answers; true where the table is too old to say */
    bool has_legacy_devices;             /* devices at ISA's addresses that nothing enumerates; true where not said */
    bool no_vga, no_msi, no_rtc;         /* must not be probed, used, relied on */
    uint8_t century_index;               /* RTC's CMOS index of the century; 0: it has none */
    uint16_t sci_interrupt;              /* a GSI, or an ISA line under the MADT's overrides */
    uint32_t smi_command;                /* I/O port; 0: the machine is always in ACPI mode */
    uint8_t acpi_enable, acpi_disable;   /* what is written there to enter and to leave ACPI mode */
    /* The 64-bit field where there is one and it is not 0, else the 32-bit one. Where both are there and differ, the log says so. */
    uint64_t dsdt, facs;
    struct acpi_register pm1a_event, pm1b_event, pm1a_control, pm1b_control;
    struct acpi_register pm_timer;
    struct acpi_register sleep_control, sleep_status;    /* for hardware_reduced */
    struct acpi_register reset;          /* address 0 (and space not PCI) unless reset_supported */
    uint8_t reset_value;
    bool reset_supported;
};

/* The FADT's facts, or NULL without one. Valid for ever. */
const struct acpi_fadt *acpi_get_fadt(void);

/* ---- time ---- */

struct acpi_pm_timer {                   /* counts at 3,579,545 Hz. ACPI 6.5, "Power Management Timer" (4.8.2.1) */
    struct acpi_register counter;
    uint32_t bits;                       /* 24 or 32: where it wraps */
    bool reads_once;                     /* the WAET says that one read is enough (virtual machines); else read until it is stable */
};
int acpi_get_pm_timer(struct acpi_pm_timer *out_timer);

struct acpi_hpet {                       /* IA-PC HPET Specification 1.0a, "The ACPI 2.0 HPET Description Table" (3.2.4) */
    uint64_t address;                    /* of its registers, in memory */
    uint32_t block_id;                   /* as its capability register's low half should read */
    uint16_t min_tick;
    uint8_t number;
};
int acpi_get_hpet(struct acpi_hpet *out_hpet);

/* ---- interrupts and processors: the MADT. ACPI 6.5, "Multiple APIC Description Table (MADT)" (5.2.12) ---- */

enum { ACPI_IOAPICS_MAX = 32, ACPI_OVERRIDES_MAX = 32, ACPI_NMIS_MAX = 8 };

struct acpi_line {                       /* how an interrupt line speaks, with the bus's default filled in */
    bool active_low, level;
    uint16_t flags;                      /* "MPS INTI Flags", as they stand */
};

struct acpi_interrupts {
    uint64_t local_address;              /* of the local APIC's registers, the 64-bit override applied */
    bool legacy_pics;                    /* a pair of 8259s is there and must be masked */
    uint32_t ioapics, overrides, nmis;   /* how many of each follow */
    struct acpi_ioapic {
        uint64_t address;
        uint32_t gsi_base;               /* GSI of its first line; how many it has, the device itself says */
        uint8_t id;
    } ioapic[ACPI_IOAPICS_MAX];
    struct acpi_override {               /* an ISA line that is not the GSI of the same number, edge, active high */
        uint32_t gsi;
        uint8_t isa_line;
        struct acpi_line line;
    } override[ACPI_OVERRIDES_MAX];
    struct acpi_nmi {                    /* a line that should be an NMI */
        uint32_t gsi;
        struct acpi_line line;
    } nmi[ACPI_NMIS_MAX];
};
int acpi_get_interrupts(struct acpi_interrupts *out_interrupts);

struct acpi_processor {
    uint32_t id;                         /* of its local APIC, up to 32 bits; the boot CPU's need not be 0 nor come first */
    uint32_t uid;                        /* as other tables and the namespace call it */
};

struct acpi_processor_counts {           /* records of the MADT: their sum is what it lists */
    uint32_t usable;                     /* in the array */
    uint32_t more;                       /* usable, but the array was full */
    uint32_t repeated;                   /* an id that an earlier usable record has (firmware lists CPUs as type 0 and as type 9) */
    uint32_t disabled;                   /* not there, or must not be started */
    uint32_t online_capable;             /* could be plugged in while the machine runs: not there now */
    uint32_t ignored;                    /* cannot be true: broadcast ids, reserved bits, too short */
};

/* Writes the processors that may be started, each id once, in the firmware's order, at most max of them. */
int acpi_get_processors(struct acpi_processor *out_processors, uint32_t max, struct acpi_processor_counts *out_counts);

/* Which input of a processor's local APIC is the NMI; uid UINT32_MAX: of all of them at once. ERR_NOT_FOUND: the MADT names none. */
struct acpi_local_nmi {
    struct acpi_line line;
    uint8_t lint;                        /* 0 or 1 */
};
int acpi_get_local_nmi(uint32_t uid, struct acpi_local_nmi *out_nmi);

/* ---- PCI: the MCFG. PCI Firmware Specification 3.3, "MCFG Table Description" (4.1.2) ---- */

struct acpi_ecam {                       /* configuration space as memory: 4 KiB a function, 1 MiB a bus */
    uint64_t base;                       /* of bus 0, even where start_bus is not 0 */
    uint16_t segment;
    uint8_t start_bus, end_bus;          /* both included: nothing outside may be touched. Many machines end before 255 */
};
/* Number index of those that can be true. ERR_NOT_FOUND past the last. */
int acpi_get_ecam(unsigned index, struct acpi_ecam *out_ecam);

/* ---- serial ports ---- */

struct acpi_serial {                     /* a port of the 16550 family. It may not be there: prove it before it is believed */
    struct acpi_register registers;      /* memory or I/O, register 0 */
    uint32_t stride;                     /* bytes from register to register: 1, 2 or 4 */
    uint32_t bytes;                      /* that its registers take; 0: not said */
    uint32_t baud;                       /* as the firmware set it; 0: not said */
    uint32_t clock_hz;                   /* 0: not said */
    const char *source;                  /* "SPCR": the console that the firmware uses; "DBG2": for a debugger */
};
/* Candidate number index, the SPCR's first. Addresses 0 and those outside their space are told and left out.
 * Source: Microsoft, "Serial Port Console Redirection Table (SPCR)" and "Debug Port Table 2 (DBG2)". */
int acpi_get_serial(unsigned index, struct acpi_serial *out_serial);

/* ---- watchdog: the WDAT. Microsoft, "Hardware Watchdog Timers Design Specification", watchdog action table ---- */

struct acpi_watchdog {
    uint32_t period_ms;                  /* of one count */
    uint32_t min_count, max_count;
    bool enabled;                        /* else the firmware wants it left alone */
    bool stops_in_sleep;
    uint32_t entries;                    /* at least 1 */
};
int acpi_get_watchdog(struct acpi_watchdog *out_watchdog);

/* One step of an action, as the table has it: nobody has looked whether such a register can be. */
struct acpi_watchdog_entry {
    uint8_t action;                      /* the specification's number: 1 is a kick, 9 starts ... */
    uint8_t instruction;                 /* 0 compares with value, 1 reads a count, 2 writes value, 3 writes a count */
    bool preserve;                       /* a write keeps the bits outside mask */
    struct acpi_register reg;
    uint32_t value, mask;                /* above bit reg.bit_offset of the register */
};
/* Entry number index. ERR_NOT_FOUND past the last. */
int acpi_get_watchdog_entry(unsigned index, struct acpi_watchdog_entry *out_entry);

/* ---- the end ---- */

struct acpi_reset {                      /* write value, in the register's own width, and the machine resets. Any of the three spaces */
    struct acpi_register reg;
    uint8_t value;
};
int acpi_get_reset(struct acpi_reset *out_reset);

/* How to power off. Not reduced: if smi_command is not 0 and SCI_EN is clear in control_a, write acpi_enable there first; then write
 * type << 10 | 1 << 13 (SLP_EN) to control_a, and to control_b with its own type. Reduced: type_a << 2 | 1 << 5 to control_a, 8 bits.
 * ACPI 6.5, "PM1 Control Registers" (4.8.3.2.1), "Sleep Control and Status Registers" (4.8.3.7). */
struct acpi_power_off {
    bool hardware_reduced;
    uint8_t type_a, type_b;              /* 0 to 7, from \_S5 */
    struct acpi_register control_a, control_b;
    uint32_t smi_command;
    uint8_t acpi_enable;
};
/* The first call walks the DSDT, and the SSDTs if need be, to their \_S5: about ten instructions a byte. It stays valid for ever. */
int acpi_get_power_off(struct acpi_power_off *out_power_off);

/* ---- what else there is to know ---- */

struct acpi_logo {                       /* the picture that the firmware showed. ACPI 6.5, "Boot Graphics Resource Table" (5.2.23) */
    struct acpi_window bitmap;           /* a BMP file, within memory that may be read */
    uint32_t x, y;                       /* pixels from the upper left corner */
    uint32_t rotated_degrees;            /* clockwise: 0, 90, 180 or 270 */
    bool displayed;                      /* it is on the screen, unless somebody drew over it */
};
int acpi_get_logo(struct acpi_logo *out_logo);

struct acpi_boot_times {                 /* nanoseconds since reset; 0: not said. ACPI 6.5, "Firmware Performance Data Table" (5.2.24) */
    uint64_t reset_end_ns, load_start_ns, start_ns, exit_start_ns, exit_end_ns;
};
int acpi_get_boot_times(struct acpi_boot_times *out_times);

struct acpi_affinity {                   /* ACPI 6.5, "System Resource Affinity Table (SRAT)" (5.2.16) */
    bool is_memory;                      /* else a processor */
    uint32_t domain;
    uint32_t processor_id;               /* of its local APIC */
    uint64_t base, bytes;                /* of the memory */
    bool hot_pluggable, nonvolatile;     /* of the memory */
};
/* The next record in use. *cursor starts at 0. False at the end. */
bool acpi_next_affinity(uint32_t *cursor, struct acpi_affinity *out_affinity);

/* Relative distance between two domains: 10 is local, 255 unreachable. ERR_NOT_FOUND: no SLIT, or it does not know one of them.
 * ACPI 6.5, "System Locality Information Table (SLIT)" (5.2.17). */
int acpi_get_distance(uint32_t from_domain, uint32_t to_domain);
