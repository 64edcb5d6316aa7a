/* What ACPI's readers promise each other, for `make prove`: a window's bytes may be read, all of them, and nothing else. */
#pragma once

#include "core/acpi.h"

/*@ predicate readable(uint8_t *start, integer bytes) = bytes > 0 ==> \valid_read(start + (0 .. bytes - 1));
  @ predicate window(struct acpi_window *w) = \valid_read(w) && readable(w->start, w->bytes);
  @ predicate shape(struct acpi_record_shape *s) = \valid_read(s) && s->length_bytes <= 8 && s->smallest >= 1; */

/*@ requires window(window) && bytes <= 8;
  @ assigns \nothing; */
uint64_t acpi_read(const struct acpi_window *window, uint32_t offset, uint32_t bytes);

/*@ requires window(window);
  @ assigns \nothing; */
uint8_t acpi_read8(const struct acpi_window *window, uint32_t offset);

/*@ requires window(window);
  @ assigns \nothing; */
uint16_t acpi_read16(const struct acpi_window *window, uint32_t offset);

/*@ requires window(window);
  @ assigns \nothing; */
uint32_t acpi_read32(const struct acpi_window *window, uint32_t offset);

/*@ requires window(window);
  @ assigns \nothing; */
uint64_t acpi_read64(const struct acpi_window *window, uint32_t offset);

/*@ requires window(window);
  @ assigns \nothing;
  @ ensures readable(\result.start, \result.bytes);
  @ ensures offset + bytes <= window->bytes ==> \result.bytes == bytes; */
struct acpi_window acpi_part(const struct acpi_window *window, uint32_t offset, uint32_t bytes);

/*@ requires window(table) && shape(shape) && \valid(offset) && \valid(out_record);
  @ requires \separated(offset, table, out_record, shape) && (table->bytes > 0 ==> \separated(table->start + (0 .. table->bytes - 1), offset, out_record));
  @ assigns *offset, *out_record;
  @ ensures \result ==> window(out_record) && out_record->bytes >= shape->smallest; */
bool acpi_next_record_of(const struct acpi_record_shape *shape, const struct acpi_window *table, uint32_t *offset,
                         struct acpi_window *out_record);
