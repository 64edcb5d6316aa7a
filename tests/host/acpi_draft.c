#include "acpi_draft.h"

void store(uint8_t *at, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        at[i] = i < 8 ? (uint8_t)(value >> 8 * i) : 0;
}

void set(struct draft *draft, size_t offset, uint64_t value, size_t bytes)
{
    store(draft->table + offset, value, bytes);
    if (offset + bytes > draft->bytes)
        draft->bytes = offset + bytes;
}

void set_register(struct draft *draft, size_t offset, uint8_t space, uint8_t bits, uint8_t access, uint64_t address)
{
    set(draft, offset, space | (uint32_t)bits << 8 | (uint32_t)access << 24, 4);
    set(draft, offset + 4, address, 8);
}

void add(struct draft *draft, const void *bytes, size_t count)
{
    memcpy(draft->table + draft->bytes, bytes, count);
    draft->bytes += count;
}

uint8_t *place(const struct draft *draft, uint64_t address, const char *signature, uint8_t revision)
{
    return machine_table(address, signature, revision, draft->table + ACPI_HEADER_BYTES, draft->bytes - ACPI_HEADER_BYTES);
}

void start_with_table(const struct draft *draft, const char *signature, uint8_t revision)
{
    machine_clear();
    place(draft, OTHER_AT, signature, revision);
    assert_int_equal(machine_start(), 0);
}

struct draft new_fadt(void)
{
    struct draft fadt = { .bytes = 276 };

    set(&fadt, 40, DSDT_AT, 4);
    set(&fadt, 46, 9, 2);
    set(&fadt, 48, 0xb2, 4);
    set(&fadt, 52, 0xa0, 1);
    set(&fadt, 64, 0x1804, 4);
    set(&fadt, 76, 0x1808, 4);
    set(&fadt, 89, 2, 1);
    set(&fadt, 91, 4, 1);
    return fadt;
}

int clear_machine(void **state)
{
    (void)state;
    machine_clear();
    return 0;
}
