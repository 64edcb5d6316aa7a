/* acpi-facts FOLDER: what the ACPI reader says about the machine whose tables lie in the folder, as JSON. One file a table, as Linux
 * has them in /sys/firmware/acpi/tables or as acpixtract writes them. The log's warnings go to the standard error output. */
#include "acpi_machine.h"

#include "core/acpi.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *between = "";         /* what parts this value from the one before */

static void open_list(const char *name, char bracket)
{
    if (name != NULL)
        printf("%s\n\"%s\": %c", between, name, bracket);
    else
        printf("%s %c", between, bracket);
    between = "";
}

static void close_list(char bracket)
{
    printf("%c", bracket);
    between = ",";
}

static void put_number(const char *name, uint64_t value)
{
    if (name != NULL)
        printf("%s\"%s\": %" PRIu64, between, name, value);
    else
        printf("%s%" PRIu64, between, value);
    between = ", ";
}

static void put_text(const char *name, const char *value)
{
    printf("%s\"%s\": \"%s\"", between, name, value);
    between = ", ";
}

static void put_register(const char *name, const struct acpi_register *reg)
{
    open_list(name, '{');
    put_number("space", reg->space);
    put_number("address", reg->address);
    put_number("bits", reg->bits);
    put_number("access_bytes", reg->access_bytes);
    close_list('}');
}

static void put_fadt(void)
{
    const struct acpi_fadt *fadt = acpi_get_fadt();

    if (fadt == NULL)
        return;
    open_list("fadt", '{');
    put_number("revision", fadt->revision);
    put_number("profile", fadt->profile);
    put_number("flags", fadt->flags);
    put_number("hardware_reduced", fadt->hardware_reduced);
    put_number("has_8042", fadt->has_8042);
    put_number("has_legacy_devices", fadt->has_legacy_devices);
    put_number("no_vga", fadt->no_vga);
    put_number("no_msi", fadt->no_msi);
    put_number("no_rtc", fadt->no_rtc);
    put_number("century_index", fadt->century_index);
    put_number("sci_interrupt", fadt->sci_interrupt);
    put_number("smi_command", fadt->smi_command);
    put_number("acpi_enable", fadt->acpi_enable);
    put_number("dsdt", fadt->dsdt);
    put_number("facs", fadt->facs);
    put_register("pm1a_control", &fadt->pm1a_control);
    put_register("pm1b_control", &fadt->pm1b_control);
    close_list('}');
}

static void put_time(void)
{
    struct acpi_pm_timer timer;
    struct acpi_hpet hpet;

    if (acpi_get_pm_timer(&timer) == 0) {
        open_list("pm_timer", '{');
        put_number("bits", timer.bits);
        put_number("reads_once", timer.reads_once);
        put_register("counter", &timer.counter);
        close_list('}');
    }
    if (acpi_get_hpet(&hpet) == 0) {
        open_list("hpet", '{');
        put_number("address", hpet.address);
        put_number("block_id", hpet.block_id);
        put_number("min_tick", hpet.min_tick);
        put_number("number", hpet.number);
        close_list('}');
    }
}

static void put_processors(void)
{
    static struct acpi_processor processors[4096];
    struct acpi_processor_counts counts;
    struct acpi_local_nmi nmi;

    if (acpi_get_processors(processors, 4096, &counts) != 0)
        return;
    open_list("processors", '[');
    for (uint32_t i = 0; i < counts.usable; i++) {
        open_list(NULL, '{');
        put_number("id", processors[i].id);
        put_number("uid", processors[i].uid);
        if (acpi_get_local_nmi(processors[i].uid, &nmi) == 0) {
            put_number("nmi_lint", nmi.lint);
            put_number("nmi_flags", nmi.line.flags);
        }
        close_list('}');
    }
    close_list(']');
    open_list("processor_counts", '{');
    put_number("usable", counts.usable);
    put_number("more", counts.more);
    put_number("repeated", counts.repeated);
    put_number("disabled", counts.disabled);
    put_number("online_capable", counts.online_capable);
    put_number("ignored", counts.ignored);
    close_list('}');
}

static void put_line(uint32_t gsi, const struct acpi_line *line)
{
    put_number("gsi", gsi);
    put_number("flags", line->flags);
    put_number("active_low", line->active_low);
    put_number("level", line->level);
}

static void put_interrupts(void)
{
    static struct acpi_interrupts found;

    if (acpi_get_interrupts(&found) != 0)
        return;
    put_number("local_address", found.local_address);
    put_number("legacy_pics", found.legacy_pics);
    open_list("ioapics", '[');
    for (uint32_t i = 0; i < found.ioapics; i++) {
        open_list(NULL, '{');
        put_number("id", found.ioapic[i].id);
        put_number("address", found.ioapic[i].address);
        put_number("gsi_base", found.ioapic[i].gsi_base);
        close_list('}');
    }
    close_list(']');
    open_list("overrides", '[');
    for (uint32_t i = 0; i < found.overrides; i++) {
        open_list(NULL, '{');
        put_number("isa_line", found.override[i].isa_line);
        put_line(found.override[i].gsi, &found.override[i].line);
        close_list('}');
    }
    close_list(']');
    open_list("nmis", '[');
    for (uint32_t i = 0; i < found.nmis; i++) {
        open_list(NULL, '{');
        put_line(found.nmi[i].gsi, &found.nmi[i].line);
        close_list('}');
    }
    close_list(']');
}

static void put_ecam(void)
{
    struct acpi_ecam ecam;

    open_list("ecam", '[');
    for (unsigned i = 0; acpi_get_ecam(i, &ecam) == 0; i++) {
        open_list(NULL, '{');
        put_number("base", ecam.base);
        put_number("segment", ecam.segment);
        put_number("start_bus", ecam.start_bus);
        put_number("end_bus", ecam.end_bus);
        close_list('}');
    }
    close_list(']');
}

static void put_watchdog(void)
{
    struct acpi_watchdog watchdog;
    struct acpi_watchdog_entry entry;

    if (acpi_get_watchdog(&watchdog) != 0)
        return;
    open_list("watchdog", '{');
    put_number("period_ms", watchdog.period_ms);
    put_number("min_count", watchdog.min_count);
    put_number("max_count", watchdog.max_count);
    put_number("enabled", watchdog.enabled);
    put_number("stops_in_sleep", watchdog.stops_in_sleep);
    open_list("entries", '[');
    for (unsigned i = 0; acpi_get_watchdog_entry(i, &entry) == 0; i++) {
        open_list(NULL, '{');
        put_number("action", entry.action);
        put_number("instruction", entry.instruction);
        put_number("preserve", entry.preserve);
        put_register("register", &entry.reg);
        put_number("bit_offset", entry.reg.bit_offset);
        put_number("value", entry.value);
        put_number("mask", entry.mask);
        close_list('}');
    }
    close_list(']');
    close_list('}');
}

static void put_serial(void)
{
    struct acpi_serial serial;

    open_list("serial", '[');
    for (unsigned i = 0; acpi_get_serial(i, &serial) == 0; i++) {
        open_list(NULL, '{');
        put_text("source", serial.source);
        put_number("stride", serial.stride);
        put_number("bytes", serial.bytes);
        put_number("baud", serial.baud);
        put_number("clock_hz", serial.clock_hz);
        put_register("registers", &serial.registers);
        close_list('}');
    }
    close_list(']');
}

static void put_end(void)
{
    struct acpi_reset reset;
    struct acpi_power_off power_off;

    if (acpi_get_reset(&reset) == 0) {
        open_list("reset", '{');
        put_number("value", reset.value);
        put_register("register", &reset.reg);
        close_list('}');
    }
    if (acpi_get_power_off(&power_off) == 0) {
        open_list("power_off", '{');
        put_number("type_a", power_off.type_a);
        put_number("type_b", power_off.type_b);
        put_number("control_a", power_off.control_a.address);
        put_number("control_b", power_off.control_b.address);
        close_list('}');
    }
}

static void put_affinity(void)
{
    struct acpi_affinity affinity;
    uint32_t cursor = 0, domains = 0;

    open_list("affinity", '[');
    while (acpi_next_affinity(&cursor, &affinity)) {
        open_list(NULL, '{');
        put_number("domain", affinity.domain);
        if (affinity.is_memory) {
            put_number("base", affinity.base);
            put_number("bytes", affinity.bytes);
        } else {
            put_number("processor_id", affinity.processor_id);
        }
        close_list('}');
    }
    close_list(']');
    while (acpi_get_distance(domains, domains) >= 0)
        domains++;
    open_list("distances", '[');
    for (uint32_t i = 0; i < domains * domains; i++)
        put_number(NULL, (uint64_t)acpi_get_distance(i / domains, i % domains));
    close_list(']');
}

int main(int argc, char **argv)
{
    machine_log_to_stderr = true;
    if (argc != 2 || strncmp(argv[1], "-", 1) == 0) {
        fprintf(stderr, "usage: acpi-facts FOLDER    (such as /sys/firmware/acpi/tables)\n");
        return 2;
    }
    if (!machine_load(argv[1])) {
        fprintf(stderr, "acpi-facts: no table in %s\n", argv[1]);
        return 1;
    }
    if (machine_start() != 0)
        return 1;
    open_list(NULL, '{');
    put_fadt();
    put_time();
    put_processors();
    put_interrupts();
    put_ecam();
    put_serial();
    put_watchdog();
    put_end();
    put_affinity();
    close_list('}');
    printf("\n");
    machine_clear();
    return 0;
}
