/* What the tests of the ACPI reader's rules share: tables being written. Offsets count from the table's first byte, as in
 * specifications. */
#pragma once

#include "acpi_machine.h"

#include "core/acpi.h"

#include <ingot/error.h>

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* cmocka.h wants the four above first. */
#include <cmocka.h>

enum { BODY_MAX = 4096, FADT_AT = 0x70000000, DSDT_AT = 0x70100000, MADT_AT = 0x70200000, OTHER_AT = 0x70300000 };

struct draft {
    uint8_t table[BODY_MAX];
    size_t bytes;
};

void store(uint8_t *at, uint64_t value, size_t bytes);
void set(struct draft *draft, size_t offset, uint64_t value, size_t bytes);
void set_register(struct draft *draft, size_t offset, uint8_t space, uint8_t bits, uint8_t access, uint64_t address);
void add(struct draft *draft, const void *bytes, size_t count);
#define ADD(draft, ...) add((draft), (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))

/* Lists the table in the machine, its header and sum made. */
uint8_t *place(const struct draft *draft, uint64_t address, const char *signature, uint8_t revision);
/* The same as the only one of a new machine, which is then started. */
void start_with_table(const struct draft *draft, const char *signature, uint8_t revision);

struct draft new_fadt(void);             /* 276 bytes, its DSDT at DSDT_AT */

/* Each rule is a test; it begins and ends without a machine. */
int clear_machine(void **state);
#define RULE(function) cmocka_unit_test_setup_teardown(function, clear_machine, clear_machine)

/* The rules of each file; how many failed. */
int run_root_rules(void);
int run_fadt_rules(void);
int run_madt_rules(void);
int run_device_rules(void);
int run_aml_rules(void);
int run_info_rules(void);
