/* A machine made of tables, for tests of the ACPI reader: physical memory that exists only where a table lies. Each table has a
 * malloc block of its own size, so that the address sanitizer sees the first byte that is read outside. Also the log's lines, kept. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MACHINE_BLOCKS_MAX = 512, MACHINE_RSDP = 0xe0010, MACHINE_XSDT = 0x7ff00000, MACHINE_RSDT = 0x7fe00000 };

struct machine_block {
    uint64_t address;
    uint8_t *bytes;
    size_t count;
    bool listed;                         /* in RSDT and XSDT */
    char name[32];                       /* of its file */
};
extern struct machine_block machine_block[MACHINE_BLOCKS_MAX];
extern unsigned machine_blocks;

void machine_clear(void);
uint8_t *machine_put(uint64_t address, const void *bytes, size_t count);             /* returns the copy */
void machine_resize(struct machine_block *block, const void *bytes, size_t count);   /* other content, same address */
const void *machine_map(uint64_t address, uint64_t bytes);

/* A table of this signature at this address with this body behind its header, its sum right, and listed. */
uint8_t *machine_table(uint64_t address, const char *signature, uint8_t revision, const void *body, size_t body_bytes);
void machine_fix_sum(uint8_t *table, size_t bytes);

/* RSDP, RSDT and XSDT of the listed blocks. */
void machine_make_roots(uint8_t revision);
/* Both of the above, then acpi_init(). */
int machine_start(void);

/* Every file of the folder as a table, the DSDT where the FADT has it. Root tables and the FACS are left out. False if it has none. */
bool machine_load(const char *folder);

/* Moves the DSDT among the blocks to where the FADT among them has it. */
void machine_place_dsdt(void);

/* Asks the reader every question there is. The sum keeps a compiler from dropping any. */
uint64_t machine_ask_everything(void);

/* Warnings since machine_clear_log(): their number, and whether one of them holds the text. */
extern unsigned machine_warnings;
extern bool machine_log_to_stderr;
void machine_clear_log(void);
void machine_copy_log(char *to, size_t bytes);   /* cut to bytes - 1 */
const char *machine_said(void);                  /* good until the next warning */
bool machine_warned(const char *text);
unsigned machine_warned_times(const char *text);
