/* ACPI's tables. */
#include "monitor.h"

#include <ingot/acpi.h>
#include <ingot/console.h>
#include <ingot/error.h>
#include <ingot/facts.h>
#include <ingot/format.h>
#include <ingot/prompt.h>
#include <ingot/string.h>

enum { DUMP_ROW = 16, TABLE_REVISION = 8, TABLE_OEM = 10, TABLE_OEM_BYTES = 14, LISTED_MAX = 256 };

static void show_tables(void)
{
    struct acpi_window table;
    uint64_t address;
    char oem[TABLE_OEM_BYTES + 1] = "", name[5] = "";

    for (unsigned i = 0; acpi_table(i, &table, &address) && !console_interrupted(); i++) {
        memcpy(name, table.start, 4);
        if (table.bytes)
            memcpy(oem, table.start + TABLE_OEM, TABLE_OEM_BYTES);
        facts("table %s address %#llx bytes %u revision %u oem %s", name, ULL(address), table.bytes, acpi_read8(&table, TABLE_REVISION),
              table.bytes ? oem : NULL);
    }
}

static void show_fadt(void)
{
    const struct acpi_fadt *f = acpi_get_fadt();

    if (!f)
        return;
    facts("fadt %u minor %u profile %u flags %#x sci %u smi_command %#x hardware_reduced %hhu has_8042 %hhu has_legacy_devices %hhu "
          "no_vga %hhu no_msi %hhu no_rtc %hhu", f->revision, f->minor_revision, f->profile, f->flags, f->sci_interrupt, f->smi_command,
          f->hardware_reduced, f->has_8042, f->has_legacy_devices, f->no_vga, f->no_msi, f->no_rtc);
    facts("pm_timer %#llx reset %#llx reset_space %u reset_value %#x reset_supported %hhu", ULL(f->pm_timer.address),
          ULL(f->reset.address), f->reset.space, f->reset_value, f->reset_supported);
}

static void show_interrupts(void)
{
    static struct acpi_interrupts found;
    static struct acpi_processor listed[LISTED_MAX];
    struct acpi_processor_counts counts;

    if (acpi_get_processors(listed, LISTED_MAX, &counts) == 0)
        facts("processors %u disabled %u online_capable %u repeated %u ignored %u", counts.usable + counts.more, counts.disabled,
              counts.online_capable, counts.repeated, counts.ignored);
    if (acpi_get_interrupts(&found))
        return;
    facts("local_apic %#llx legacy_pics %hhu", ULL(found.local_address), found.legacy_pics);
    for (unsigned i = 0; i < found.ioapics; i++)
        facts("ioapic %u address %#llx gsi_base %u", found.ioapic[i].id, ULL(found.ioapic[i].address), found.ioapic[i].gsi_base);
    for (unsigned i = 0; i < found.overrides; i++)
        facts("isa_line %u gsi %u active_low %hhu level %hhu", found.override[i].isa_line, found.override[i].gsi,
              found.override[i].line.active_low, found.override[i].line.level);
}

static void show_devices(void)
{
    struct acpi_hpet hpet;
    struct acpi_ecam ecam;
    struct acpi_serial serial;

    if (acpi_get_hpet(&hpet) == 0)
        facts("hpet %#llx block_id %#x min_tick %u", ULL(hpet.address), hpet.block_id, hpet.min_tick);
    for (unsigned i = 0; acpi_get_ecam(i, &ecam) == 0; i++)
        facts("ecam %#llx segment %u start_bus %u end_bus %u", ULL(ecam.base), ecam.segment, ecam.start_bus, ecam.end_bus);
    for (unsigned i = 0; acpi_get_serial(i, &serial) == 0; i++)
        facts("uart %#llx space %u named_by %s stride %u baud %u clock_hz %u", ULL(serial.registers.address), serial.registers.space,
              serial.source, serial.stride, serial.baud, serial.clock_hz);
}

static int dump_table(const char *name)
{
    struct acpi_window table;
    char hex[DUMP_ROW * 3 + 1];
    bool found = false;

    for (unsigned index = 0; strlen(name) == 4 && acpi_find(name, index, &table) == 0; index++) {
        found = true;
        for (uint32_t at = 0; at < table.bytes && !console_interrupted(); at += DUMP_ROW) {
            for (uint32_t i = 0; i < DUMP_ROW && at + i < table.bytes; i++)
                format(hex + i * 3, 4, " %02x", table.start[at + i]);
            facts("offset %#06x bytes %s", at, hex + 1);
        }
    }
    return found ? 0 : ERR_NOT_FOUND;
}

static const char *table_choice(unsigned index)
{
    static char name[5];
    struct acpi_window table;
    uint64_t address;

    if (!acpi_table(index, &table, &address))
        return NULL;
    memcpy(name, table.start, 4);
    return name;
}

static int show_acpi(int argc, char **argv)
{
    if (argc > 2)
        return PROMPT_USAGE;
    if (argc == 2)
        return dump_table(argv[1]);
    show_tables();
    show_fadt();
    show_interrupts();
    show_devices();
    return 0;
}
COMMAND(acpi, "[NAME]: tables and what they say, or the bytes of one", show_acpi, table_choice);
