/* The ACPI reader on any tables. The input is a byte of choices and then tables, each behind two bytes that say how long it is; the
 * choices: bit 0 makes the tables' sums right, bit 1 takes the RSDT, bit 2 makes the first table the XSDT, bit 3 the RSDP. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/acpi.h"
#include "tests/host/acpi_machine.h"

enum { FIX_SUMS = 1, OLD = 2, OWN_XSDT = 4, OWN_RSDP = 8, TABLES_MAX = 32 };

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes);

static void put_tables(const uint8_t *input, size_t bytes, uint8_t choices)
{
    for (unsigned i = 0; i < TABLES_MAX && bytes > 2; i++) {
        size_t count = (size_t)input[0] | (size_t)input[1] << 8;

        count = count < bytes - 2 ? count : bytes - 2;
        if (count > 0) {
            uint8_t *table = machine_put(0x100000000 + i * 0x100000ull, input + 2, count);

            if ((choices & FIX_SUMS) && count >= ACPI_HEADER_BYTES)
                machine_fix_sum(table, count);
            machine_block[machine_blocks - 1].listed = count < 4 || memcmp(table, "DSDT", 4) != 0;
        }
        input += 2 + count;
        bytes -= 2 + count;
    }
}

/* The first table's bytes stand where a root belongs. */
static void replace_root(uint64_t address)
{
    for (unsigned i = 1; i < machine_blocks; i++)
        if (machine_block[i].address == address)
            machine_resize(&machine_block[i], machine_block[0].bytes, machine_block[0].count);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t bytes)
{
    uint8_t choices = bytes != 0 ? input[0] : 0;

    machine_clear();
    if (bytes != 0)
        put_tables(input + 1, bytes - 1, choices);
    machine_place_dsdt();
    machine_make_roots(choices & OLD ? 0 : 2);
    if (choices & OWN_XSDT)
        replace_root(MACHINE_XSDT);
    if (choices & OWN_RSDP)
        replace_root(MACHINE_RSDP);
    acpi_init(MACHINE_RSDP, machine_map);
    machine_ask_everything();
    acpi_close();
    machine_ask_everything();
    return 0;
}
