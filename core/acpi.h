/* The core's side of <ingot/acpi.h>: how the tables are found, and what its files share.
 * Files: acpi.c finds and judges tables, acpi_fadt.c, acpi_madt.c, acpi_devices.c and acpi_info.c read them, acpi_aml.c reads \_S5. */
#pragma once

#include <ingot/acpi.h>

#include <stdint.h>

/* Where the bytes at a physical address can be read, or NULL unless all of them may be: memory of the map that the firmware may
 * have put tables in (any type but free, bad and device memory), and mapped. On this machine that is the address itself; tests
 * lend memory of their own. Asked about 2 times a table, so it should not take long. bytes is at most 4 GiB, and never 0. */
typedef const void *(*acpi_map_fn)(uint64_t address, uint64_t bytes);

/* Finds the tables behind the RSDP at this address (0: there is none) and reads the FADT. Once, on the boot CPU, before all else here.
 * 0; ERR_NOT_FOUND: no RSDP; ERR_BAD_DATA: there is one, but it leads nowhere. The log says why, and every question to ACPI is
 * answered with ERR_NOT_FOUND. Without ACPI a machine still runs: as one CPU, without power-off. */
int acpi_init(uint64_t rsdp_address, acpi_map_fn map);

/* Looks up what must outlive the tables (\_S5), then forgets them: acpi_find() finds nothing more. For mem_reclaim(). */
void acpi_close(void);

enum { ACPI_TABLES_MAX = 256 };          /* distinct tables kept in mind; big servers have under 100 */
enum { ACPI_ENTRIES_MAX = 10000 };       /* entries of an RSDT or XSDT that are looked at */

/* Reads memory behind an address that a table holds. Empty where it may not be read. */
struct acpi_window acpi_window_at(uint64_t address, uint32_t bytes);

/* Adds the table at this address to those that acpi_find() knows, if it has this signature. False if not. */
bool acpi_add(uint64_t address, const char *signature);

struct acpi_register acpi_read_register(const struct acpi_window *window, uint32_t offset);

/* Warns that no such thing can be where this register is. */
void acpi_tell_register(const char *what, const struct acpi_register *reg);

/* How a kind of record says its length. */
struct acpi_record_shape {
    uint8_t length_at, length_bytes;     /* where, and in how many bytes */
    uint8_t smallest;                    /* a shorter record ends the walk */
};
extern const struct acpi_record_shape acpi_record_plain;           /* type, length: MADT, SRAT */
extern const struct acpi_record_shape acpi_record_performance;     /* type in 2 bytes, length, revision: FPDT and what it leads to */

/* acpi_next_record() for any shape. */
bool acpi_next_record_of(const struct acpi_record_shape *shape, const struct acpi_window *table, uint32_t *offset,
                         struct acpi_window *out_record);

void acpi_fadt_init(void);

/* The two sleep types of \_S5, from DSDT or SSDTs. As acpi_get_...; ERR_UNSUPPORTED if it is no package of numbers. */
struct acpi_s5 {
    uint8_t type_a, type_b;
};
int acpi_read_s5(struct acpi_s5 *out_s5);
