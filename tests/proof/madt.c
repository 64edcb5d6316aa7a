/* make prove: the MADT's reader, whatever the table holds. */
#include "tests/proof/acpi.h"

/*@ predicate record(struct acpi_window *r) = window(r) && r->bytes >= 1;
  @ predicate room(struct acpi_interrupts *f) =
  @   f->ioapics <= ACPI_IOAPICS_MAX && f->overrides <= ACPI_OVERRIDES_MAX && f->nmis <= ACPI_NMIS_MAX; */

/*@ requires \valid(counts);
  @ assigns *counts;
  @ ensures counts->usable == 0; */
void clear_counts(struct acpi_processor_counts *counts);

/*@ requires \valid(found);
  @ assigns *found;
  @ ensures room(found); */
void clear_interrupts(struct acpi_interrupts *found);

/*@ requires window(table) && \valid(offset) && \valid(out_record) && \separated(offset, table, out_record);
  @ assigns *offset, *out_record;
  @ ensures \result ==> record(out_record); */
bool acpi_next_record(const struct acpi_window *table, uint32_t *offset, struct acpi_window *out_record);

/*@ requires \valid(out_table);
  @ assigns *out_table;
  @ ensures \result == 0 ==> window(out_table); */
int acpi_find(const char *signature, unsigned index, struct acpi_window *out_table);

/*@ assigns \nothing;
  @ ensures \result == \null || \valid_read(\result); */
const struct acpi_fadt *acpi_get_fadt(void);

/*@ requires record(record);
  @ assigns \nothing; */
static bool is_short(const struct acpi_window *record);

/*@ requires window(record);
  @ assigns \nothing; */
static struct acpi_line read_line(const struct acpi_window *record, uint32_t offset, bool is_sci);

/*@ requires record(record) && \valid(found) && room(found) && \separated(found, record);
  @ assigns *found;
  @ ensures room(found); */
static bool add_ioapic(struct acpi_interrupts *found, const struct acpi_window *record);

/*@ requires record(record) && \valid(found) && room(found) && \separated(found, record);
  @ assigns *found;
  @ ensures room(found); */
static bool add_override(struct acpi_interrupts *found, const struct acpi_window *record);

/*@ requires record(record) && \valid(found) && room(found) && \separated(found, record);
  @ assigns *found;
  @ ensures room(found); */
static bool add_nmi(struct acpi_interrupts *found, const struct acpi_window *record);

/*@ requires record(record) && \valid(found) && room(found) && \separated(found, record);
  @ assigns *found;
  @ ensures room(found); */
static bool add_record(struct acpi_interrupts *found, const struct acpi_window *record);

/*@ requires \valid(out_interrupts);
  @ assigns *out_interrupts;
  @ ensures \result == 0 ==> room(out_interrupts); */
int acpi_get_interrupts(struct acpi_interrupts *out_interrupts);

struct listed;

/*@ requires count > 0 ==> \valid_read(processors + (0 .. count - 1));
  @ assigns \nothing; */
static bool is_among(uint32_t id, const struct acpi_processor *processors, uint32_t count);

/*@ requires \valid(out_counts) && (max > 0 ==> \valid(out_processors + (0 .. max - 1)));
  @ requires \separated(out_counts, out_processors + (0 .. max - 1));
  @ assigns *out_counts, out_processors[0 .. max - 1];
  @ ensures \result == 0 ==> out_counts->usable <= max; */
int acpi_get_processors(struct acpi_processor *out_processors, uint32_t max, struct acpi_processor_counts *out_counts);

/*@ requires \valid(out_nmi);
  @ assigns *out_nmi; */
int acpi_get_local_nmi(uint32_t uid, struct acpi_local_nmi *out_nmi);

#include "core/acpi_madt.c"
