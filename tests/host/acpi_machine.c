#define LOG_SUBSYSTEM acpi
#include "acpi_machine.h"

#include "core/acpi.h"

#include <ingot/log.h>

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct machine_block machine_block[MACHINE_BLOCKS_MAX];
unsigned machine_blocks;
unsigned machine_warnings;
bool machine_log_to_stderr;
static char log_text[64 * 1024];
static size_t log_used;

/* ---- the log ---- */

void log_line(const struct log_subsystem *subsystem, enum log_level level, const char *pattern, ...)
{
    char line[LOG_LINE_BYTES];
    va_list args;

    va_start(args, pattern);
    vsnprintf(line, sizeof(line), pattern, args);
    va_end(args);
    if (machine_log_to_stderr)
        fprintf(stderr, "%s %s: %s\n", level <= LOG_WARN ? "warn" : "info", subsystem->name, line);
    if (level > LOG_WARN)
        return;
    machine_warnings++;
    if (log_used + strlen(line) + 2 < sizeof(log_text))
        log_used += (size_t)sprintf(log_text + log_used, "%s\n", line);
}

const char *machine_said(void) { return log_text; }
void machine_copy_log(char *to, size_t bytes) { snprintf(to, bytes, "%s", log_text); }

void machine_clear_log(void)
{
    machine_warnings = 0;
    log_used = 0;
    log_text[0] = '\0';
}

unsigned machine_warned_times(const char *text)
{
    unsigned times = 0;

    for (const char *at = log_text; (at = strstr(at, text)) != NULL; at++)
        times++;
    return times;
}

bool machine_warned(const char *text)
{
    return machine_warned_times(text) != 0;
}

/* ---- memory ---- */

/* The copy lies as its address does, so that a table at an odd address is read at one. */
static void fill(struct machine_block *block, const void *bytes, size_t count)
{
    size_t skew = block->address % 8;
    uint8_t *room = malloc(skew + count + (skew + count == 0));

    block->bytes = room + skew;
    block->count = count;
    memcpy(block->bytes, bytes, count);
}

static void empty(struct machine_block *block)
{
    free(block->bytes - block->address % 8);
}

void machine_clear(void)
{
    for (unsigned i = 0; i < machine_blocks; i++)
        empty(&machine_block[i]);
    machine_blocks = 0;
    machine_clear_log();
}

static struct machine_block *put(uint64_t address, const void *bytes, size_t count)
{
    if (machine_blocks == MACHINE_BLOCKS_MAX)
        abort();

    struct machine_block *block = &machine_block[machine_blocks++];

    memset(block, 0, sizeof(*block));
    block->address = address;
    fill(block, bytes, count);
    return block;
}

uint8_t *machine_put(uint64_t address, const void *bytes, size_t count)
{
    return put(address, bytes, count)->bytes;
}

void machine_resize(struct machine_block *block, const void *bytes, size_t count)
{
    empty(block);
    fill(block, bytes, count);
}

const void *machine_map(uint64_t address, uint64_t bytes)
{
    if (address == 0 || address + bytes <= address)
        abort();                         /* what the contract rules out */
    for (unsigned i = 0; i < machine_blocks; i++) {
        const struct machine_block *block = &machine_block[i];

        if (address >= block->address && address - block->address < block->count &&
            bytes <= block->count - (address - block->address))
            return block->bytes + (address - block->address);
    }
    return NULL;
}

/* ---- tables ---- */

static void store(uint8_t *at, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

static void fix_sum_at(uint8_t *bytes, size_t count, size_t sum_at)
{
    uint8_t sum = 0;

    bytes[sum_at] = 0;
    for (size_t i = 0; i < count; i++)
        sum = (uint8_t)(sum + bytes[i]);
    bytes[sum_at] = (uint8_t)-sum;
}

void machine_fix_sum(uint8_t *table, size_t bytes)
{
    fix_sum_at(table, bytes, 9);
}

static struct machine_block *make_table(uint64_t address, const char *signature, uint8_t revision, const void *body,
                                        size_t body_bytes)
{
    size_t bytes = ACPI_HEADER_BYTES + body_bytes;
    uint8_t *table = calloc(1, bytes);

    memcpy(table, signature, 4);
    store(table + 4, bytes, 4);
    table[8] = revision;
    if (body_bytes != 0)
        memcpy(table + ACPI_HEADER_BYTES, body, body_bytes);
    machine_fix_sum(table, bytes);

    struct machine_block *block = put(address, table, bytes);

    free(table);
    return block;
}

uint8_t *machine_table(uint64_t address, const char *signature, uint8_t revision, const void *body, size_t body_bytes)
{
    struct machine_block *block = make_table(address, signature, revision, body, body_bytes);

    block->listed = true;
    return block->bytes;
}

static void make_root(uint64_t address, const char *signature, size_t entry_bytes)
{
    uint8_t body[MACHINE_BLOCKS_MAX * 8];
    size_t used = 0;

    for (unsigned i = 0; i < machine_blocks; i++)
        if (machine_block[i].listed) {
            store(body + used, machine_block[i].address, entry_bytes);
            used += entry_bytes;
        }
    make_table(address, signature, 1, body, used);
}

void machine_make_roots(uint8_t revision)
{
    uint8_t rsdp[36] = "RSD PTR ";

    make_root(MACHINE_RSDT, "RSDT", 4);
    make_root(MACHINE_XSDT, "XSDT", 8);
    rsdp[15] = revision;
    store(rsdp + 16, MACHINE_RSDT, 4);
    fix_sum_at(rsdp, 20, 8);
    if (revision >= 2) {
        store(rsdp + 20, 36, 4);
        store(rsdp + 24, MACHINE_XSDT, 8);
        fix_sum_at(rsdp, 20, 8);
        fix_sum_at(rsdp, 36, 32);
    }
    put(MACHINE_RSDP, rsdp, revision >= 2 ? 36 : 20);
}

int machine_start(void)
{
    machine_make_roots(2);
    return acpi_init(MACHINE_RSDP, machine_map);
}

/* ---- a folder of tables ---- */

/* Some files of /sys do not know their size: read to the end. */
static uint8_t *read_file(const char *path, size_t *out_bytes)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = NULL;
    size_t room = 0, used = 0, got = 1;

    while (file != NULL && got != 0) {
        if (used == room)
            bytes = realloc(bytes, room = room * 2 + 4096);
        got = fread(bytes + used, 1, room - used, file);
        used += got;
    }
    if (file != NULL)
        fclose(file);
    *out_bytes = used;
    return bytes;
}

static int is_file(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool has_signature(const uint8_t *table, size_t bytes, const char *signature)
{
    return bytes >= 4 && memcmp(table, signature, 4) == 0;
}

static void add_file(const char *folder, const char *name, uint64_t address)
{
    char path[4096];
    size_t bytes;

    snprintf(path, sizeof(path), "%s/%s", folder, name);

    uint8_t *table = read_file(path, &bytes);

    if (bytes >= ACPI_HEADER_BYTES && !has_signature(table, bytes, "RSDT") && !has_signature(table, bytes, "XSDT") &&
        !has_signature(table, bytes, "FACS") && !has_signature(table, bytes, "RSD ")) {
        struct machine_block *block = put(address, table, bytes);

        block->listed = !has_signature(table, bytes, "DSDT");
        snprintf(block->name, sizeof(block->name), "%.31s", name);
    }
    free(table);
}

/* The dump does not say where a table was, but the FADT says where the DSDT is. */
void machine_place_dsdt(void)
{
    uint64_t address = 0;

    for (unsigned i = 0; i < machine_blocks; i++) {
        struct acpi_window fadt = { machine_block[i].bytes, (uint32_t)machine_block[i].count };

        if (has_signature(fadt.start, fadt.bytes, "FACP") && address == 0)
            address = acpi_read64(&fadt, 140) != 0 ? acpi_read64(&fadt, 140) : acpi_read32(&fadt, 40);
    }
    for (unsigned i = 0; i < machine_blocks; i++) {
        struct machine_block *block = &machine_block[i];

        if (has_signature(block->bytes, block->count, "DSDT") && address != 0) {
            uint8_t *bytes = block->bytes - block->address % 8;
            uint8_t *copy = malloc(block->count);

            memcpy(copy, block->bytes, block->count);
            free(bytes);
            block->address = address;
            fill(block, copy, block->count);
            free(copy);
        }
    }
}

bool machine_load(const char *folder)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, is_file, by_name);

    machine_clear();
    for (int i = 0; i < count; i++) {
        add_file(folder, entries[i]->d_name, 0x100000000 + (uint64_t)i * 0x1000000);     /* where no real table lies */
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    machine_place_dsdt();
    return machine_blocks != 0;
}

/* ---- questions ---- */

static uint64_t sum_bytes(const void *of, size_t bytes)
{
    const uint8_t *byte = of;
    uint64_t sum = 0;

    for (size_t i = 0; i < bytes; i++)
        sum += byte[i];
    return sum;
}

static uint64_t ask_records(void)
{
    struct acpi_affinity affinity;
    struct acpi_ecam ecam;
    struct acpi_serial serial;
    uint64_t sum = 0;
    uint32_t cursor = 0;

    while (acpi_next_affinity(&cursor, &affinity))
        sum += affinity.domain + affinity.base;
    for (unsigned i = 0; acpi_get_ecam(i, &ecam) == 0; i++)
        sum += ecam.base;
    for (unsigned i = 0; acpi_get_serial(i, &serial) == 0; i++)
        sum += serial.registers.address + serial.stride;
    for (uint32_t i = 0; i < 9; i++)
        sum += (uint64_t)acpi_get_distance(i, 8 - i);
    return sum;
}

static uint64_t ask_devices(void)
{
    struct acpi_pm_timer timer;
    struct acpi_hpet hpet;
    struct acpi_reset reset;
    struct acpi_power_off power_off;
    struct acpi_logo logo;
    struct acpi_boot_times times;
    struct acpi_watchdog watchdog;
    struct acpi_watchdog_entry entry;
    uint64_t sum = 0;

    if (acpi_get_pm_timer(&timer) == 0)
        sum += timer.bits + timer.counter.address;
    if (acpi_get_hpet(&hpet) == 0)
        sum += hpet.address;
    if (acpi_get_reset(&reset) == 0)
        sum += reset.reg.address + reset.value;
    if (acpi_get_power_off(&power_off) == 0)
        sum += power_off.type_a + power_off.control_a.address;
    if (acpi_get_logo(&logo) == 0)
        sum += sum_bytes(logo.bitmap.start, logo.bitmap.bytes);
    if (acpi_get_boot_times(&times) == 0)
        sum += times.reset_end_ns;
    if (acpi_get_watchdog(&watchdog) == 0)
        sum += watchdog.period_ms;
    for (unsigned i = 0; acpi_get_watchdog_entry(i, &entry) == 0; i++)
        sum += entry.reg.address + entry.mask;
    return sum;
}

uint64_t machine_ask_everything(void)
{
    static struct acpi_interrupts interrupts;
    static struct acpi_processor processors[64];
    struct acpi_processor_counts counts;
    struct acpi_local_nmi nmi;
    struct acpi_window table;
    uint64_t sum = ask_devices() + ask_records();

    if (acpi_get_fadt() != NULL)
        sum += sum_bytes(acpi_get_fadt(), sizeof(struct acpi_fadt));
    if (acpi_get_interrupts(&interrupts) == 0)
        sum += sum_bytes(&interrupts, sizeof(interrupts));
    if (acpi_get_processors(processors, 64, &counts) == 0)
        sum += counts.usable + counts.disabled + counts.ignored;
    for (uint32_t uid = 0; uid < 4; uid++)
        if (acpi_get_local_nmi(uid, &nmi) == 0)
            sum += nmi.lint;
    for (unsigned i = 0; acpi_find("SSDT", i, &table) == 0; i++)
        sum += sum_bytes(table.start, table.bytes);
    return sum;
}
