/* Finds ACPI's tables and judges them; the rules are in <ingot/acpi.h>. */
#define LOG_SUBSYSTEM acpi
#include "core/acpi.h"

#include <ingot/byteorder.h>
#include <ingot/error.h>
#include <ingot/log.h>
#include <ingot/string.h>

LOG_SUBSYSTEM_DEFINE(acpi);

enum {                                   /* ACPI 6.5, "Root System Description Pointer (RSDP) Structure" (5.2.5.3) */
    RSDP_REVISION   = 15,
    RSDP_RSDT       = 16,
    RSDP_V1_BYTES   = 20,
    RSDP_LENGTH     = 20,
    RSDP_XSDT       = 24,
    RSDP_V2_BYTES   = 36,
    RSDP_MAX_BYTES  = 4096,              /* no honest one is longer */
    TABLE_LENGTH    = 4,                 /* ACPI 6.5, "System Description Table Header" (5.2.6) */
};

#define SIGNATURE(a, b, c, d) ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)
#define HEX(number) ((unsigned long long)(number))

const struct acpi_record_shape acpi_record_plain = { 1, 1, 2 };
const struct acpi_record_shape acpi_record_performance = { 2, 1, 4 };

/* What is known of tables of which there is one. No pointers: each would cost a relocation. */
static const struct rule {
    char signature[4];
    uint8_t smallest;                    /* bytes without which there is nothing to read */
    uint8_t records_at;                  /* where its records begin; 0: it has none */
    struct acpi_record_shape shape;
} rules[] = {
    { "FACP", 44, 0, { 0 } }, { "APIC", 44, 44, { 1, 1, 2 } }, { "HPET", 56, 0, { 0 } }, { "MCFG", 44, 0, { 0 } },
    { "SPCR", 52, 0, { 0 } }, { "DBG2", 44, 0, { 0 } }, { "WAET", 40, 0, { 0 } }, { "BGRT", 56, 0, { 0 } },
    { "SLIT", 44, 0, { 0 } }, { "FPDT", 36, 36, { 2, 1, 4 } }, { "SRAT", 48, 48, { 1, 1, 2 } },
    { "WDAT", 68, 0, { 0 } },
};

struct table {
    uint64_t address;
    const uint8_t *start;
    uint32_t signature;
    uint32_t bytes;                      /* that its readers may see, once it is judged */
    enum verdict { UNSEEN, USED, REFUSED } verdict;
};

static struct table tables[ACPI_TABLES_MAX];
static unsigned table_count;
static acpi_map_fn map_memory;

/* ---- windows ---- */

uint64_t acpi_read(const struct acpi_window *window, uint32_t offset, uint32_t bytes)
{
    uint64_t value = 0;

    if (offset > window->bytes || bytes > window->bytes - offset)
        return 0;
    /*@ loop invariant bytes <= \at(bytes, Pre); loop assigns bytes, value; */
    while (bytes-- > 0)
        value = value << 8 | window->start[offset + bytes];
    return value;
}

uint8_t acpi_read8(const struct acpi_window *window, uint32_t offset) { return (uint8_t)acpi_read(window, offset, 1); }
uint16_t acpi_read16(const struct acpi_window *window, uint32_t offset) { return (uint16_t)acpi_read(window, offset, 2); }
uint32_t acpi_read32(const struct acpi_window *window, uint32_t offset) { return (uint32_t)acpi_read(window, offset, 4); }
uint64_t acpi_read64(const struct acpi_window *window, uint32_t offset) { return acpi_read(window, offset, 8); }

struct acpi_window acpi_part(const struct acpi_window *window, uint32_t offset, uint32_t bytes)
{
    if (offset > window->bytes || bytes > window->bytes - offset)
        return (struct acpi_window){ window->start, 0 };
    return (struct acpi_window){ window->start + offset, bytes };
}

bool acpi_next_record_of(const struct acpi_record_shape *shape, const struct acpi_window *table, uint32_t *offset,
                         struct acpi_window *out_record)
{
    /* Where not even the length is left it reads as 0, which is too short. */
    uint32_t length = (uint32_t)acpi_read(table, *offset + shape->length_at, shape->length_bytes);

    if (*offset >= table->bytes || length < shape->smallest || length > table->bytes - *offset)
        return false;
    *out_record = acpi_part(table, *offset, length);
    *offset += length;
    return true;
}

bool acpi_next_record(const struct acpi_window *table, uint32_t *offset, struct acpi_window *out_record)
{
    return acpi_next_record_of(&acpi_record_plain, table, offset, out_record);
}

struct acpi_register acpi_read_register(const struct acpi_window *window, uint32_t offset)
{
    uint32_t head = acpi_read32(window, offset);         /* space, bits, first bit, access size: a byte each */
    uint32_t access = head >> 24;

    return (struct acpi_register){
        .space = (uint8_t)head, .bits = (uint8_t)(head >> 8), .bit_offset = (uint8_t)(head >> 16),
        .access_bytes = access >= 1 && access <= 4 ? (uint8_t)(1 << (access - 1)) : 0,
        .address = acpi_read64(window, offset + 4),
    };
}

struct acpi_window acpi_window_at(uint64_t address, uint32_t bytes)
{
    const uint8_t *start = NULL;

    if (address != 0 && bytes != 0 && address + bytes > address && map_memory != NULL)
        start = map_memory(address, bytes);
    return (struct acpi_window){ start, start != NULL ? bytes : 0 };
}

/* name: of four characters or more, which need no end. */
static void tell_sum(const char *name, uint64_t address, const char *use)
{
    log_warn("ACPI-SUM %.4s at %#llx: its bytes do not add up to 0; %s", name, HEX(address), use);
}

static void tell_length(const char *name, uint64_t address, uint32_t length, const char *use)
{
    log_warn("ACPI-LEN %.4s at %#llx: it cannot have %u bytes%s", name, HEX(address), length, use);
}

static const char not_used[] = "; not used";

static bool adds_up(const struct acpi_window *window)
{
    uint8_t sum = 0;

    for (uint32_t i = 0; i < window->bytes; i++)
        sum = (uint8_t)(sum + window->start[i]);
    return sum == 0;
}

/* ---- judging ---- */

static const struct rule *find_rule(uint32_t signature)
{
    for (unsigned i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        if (load_le32(rules[i].signature) == signature)
            return &rules[i];
    return NULL;
}

/* Where the table's records stop making sense: its end, if all is well. */
static uint32_t records_end(const struct rule *rule, const struct acpi_window *table)
{
    struct acpi_window record;
    uint32_t offset = rule->records_at;

    while (acpi_next_record_of(&rule->shape, table, &offset, &record))
        continue;
    return offset;
}

static bool accept(struct table *table, const struct acpi_window *window, uint32_t sound_bytes)
{
    const char *name = (const char *)table->start;
    bool sound = sound_bytes == window->bytes;

    if (!adds_up(window)) {
        bool used = sound && table->signature != SIGNATURE('W', 'D', 'A', 'T');

        tell_sum(name, table->address, used ? "used, as its structure holds" :
                 sound ? "not used, as it says what to write where" : "not used, as its records break off too");
        if (!used)
            return false;
    }
    if (!sound)
        log_warn("%.4s stop@%u: no record fits there; its last %u bytes are not used", name, sound_bytes,
                 window->bytes - sound_bytes);
    table->bytes = sound_bytes;
    return true;
}

static bool judge(struct table *table)
{
    const struct rule *rule = find_rule(table->signature);
    uint32_t length = load_le32(table->start + TABLE_LENGTH);
    struct acpi_window window = { NULL, 0 };

    if (length >= (rule != NULL ? rule->smallest : ACPI_HEADER_BYTES))
        window = acpi_window_at(table->address, length);
    if (window.start == NULL) {
        tell_length((const char *)table->start, table->address, length, not_used);
        return false;
    }
    table->start = window.start;
    return accept(table, &window, rule != NULL && rule->records_at != 0 ? records_end(rule, &window) : length);
}

int acpi_find(const char *signature, unsigned index, struct acpi_window *out_table)
{
    for (unsigned i = 0; i < table_count; i++) {
        struct table *table = &tables[i];

        if (table->signature != load_le32(signature))
            continue;
        if (table->verdict == UNSEEN)
            table->verdict = judge(table) ? USED : REFUSED;
        if (table->verdict == USED && index-- == 0) {
            *out_table = (struct acpi_window){ table->start, table->bytes };
            return 0;
        }
    }
    return ERR_NOT_FOUND;
}

bool acpi_table(unsigned index, struct acpi_window *out_table, uint64_t *out_address)
{
    struct acpi_window window;

    if (index >= table_count)
        return false;
    *out_address = tables[index].address;
    *out_table = (struct acpi_window){ tables[index].start, 0 };
    for (unsigned i = 0; acpi_find((const char *)&tables[index].signature, i, &window) == 0; i++)
        if (window.start == tables[index].start)
            *out_table = window;
    return true;
}

/* ---- finding ---- */

enum outcome { ADDED, NO_POINTER, REPEATED, UNREADABLE, NOT_HERE, NO_ROOM, OUTCOMES };

static void tell_second(uint32_t signature, uint64_t address)
{
    if (find_rule(signature) == NULL)
        return;
    for (unsigned i = 0; i < table_count; i++)
        if (tables[i].signature == signature) {
            log_warn("a second %.4s at %#llx: the first one is used, at %#llx", (const char *)tables[i].start, HEX(address),
                     HEX(tables[i].address));
            return;
        }
}

/* wanted is a signature, or 0: any that an entry may have. Roots are no tables, and the DSDT is found through the FADT alone. */
static enum outcome add(uint64_t address, uint32_t wanted)
{
    if (address == 0)
        return NO_POINTER;
    for (unsigned i = 0; i < table_count; i++)
        if (tables[i].address == address)
            return REPEATED;

    struct acpi_window header = acpi_window_at(address, ACPI_HEADER_BYTES);

    if (header.start == NULL)
        return UNREADABLE;

    uint32_t signature = load_le32(header.start);
    bool fits = wanted != 0 ? signature == wanted
                            : signature != SIGNATURE('X', 'S', 'D', 'T') && signature != SIGNATURE('R', 'S', 'D', 'T') &&
                              signature != SIGNATURE('D', 'S', 'D', 'T');
    if (!fits)
        return NOT_HERE;
    if (table_count == ACPI_TABLES_MAX)
        return NO_ROOM;
    tell_second(signature, address);
    tables[table_count++] = (struct table){ .address = address, .start = header.start, .signature = signature };
    return ADDED;
}

bool acpi_add(uint64_t address, const char *signature)
{
    return add(address, load_le32(signature)) == ADDED;
}

/* The root table's bytes, if it is one. Unlike other tables it has no second use for its name: the pointer to it says what it is. */
static struct acpi_window read_root(const char *signature, uint64_t address)
{
    struct acpi_window root = acpi_window_at(address, ACPI_HEADER_BYTES);
    uint32_t length = acpi_read32(&root, TABLE_LENGTH);

    if (acpi_read32(&root, 0) != load_le32(signature)) {
        log_warn("no %s at %#llx, where the RSDP has it", signature, HEX(address));
        return (struct acpi_window){ NULL, 0 };
    }
    root = acpi_window_at(address, length < ACPI_HEADER_BYTES ? 0 : length);
    if (root.start == NULL)
        tell_length(signature, address, length, not_used);
    else if (!adds_up(&root))
        tell_sum(signature, address, "used as far as its entries lead to tables");
    return root;
}

/* Adds what the RSDT or XSDT lists. True if there is any table. */
static bool add_listed(const char *signature, uint64_t address, uint32_t entry_bytes)
{
    struct acpi_window root = read_root(signature, address);
    uint32_t listed = root.start != NULL ? (root.bytes - ACPI_HEADER_BYTES) / entry_bytes : 0;
    uint32_t entries = listed < ACPI_ENTRIES_MAX ? listed : ACPI_ENTRIES_MAX;
    uint32_t count[OUTCOMES] = { 0 };

    for (uint32_t i = 0; i < entries; i++)
        count[add(acpi_read(&root, ACPI_HEADER_BYTES + i * entry_bytes, entry_bytes), 0)]++;
    count[NO_ROOM] += listed - entries;
    if (count[ADDED] != listed)
        log_warn("%s: of %u entries %u are null, %u repeated, %u not readable, %u not what belongs there, %u more than fit; not used",
                 signature, listed, count[NO_POINTER], count[REPEATED], count[UNREADABLE], count[NOT_HERE], count[NO_ROOM]);
    return count[ADDED] != 0;
}

/* The XSDT's address as an RSDP of revision 2 or later has it; 0: none. */
static uint64_t xsdt_named(uint64_t rsdp_address)
{
    struct acpi_window rsdp = acpi_window_at(rsdp_address, RSDP_V2_BYTES);
    uint32_t length = acpi_read32(&rsdp, RSDP_LENGTH);

    if (length >= RSDP_V2_BYTES && length <= RSDP_MAX_BYTES)
        rsdp = acpi_window_at(rsdp_address, length);
    if (length < RSDP_V2_BYTES || length > RSDP_MAX_BYTES || rsdp.start == NULL)
        tell_length("RSDP", rsdp_address, length, "");
    else if (!adds_up(&rsdp))
        tell_sum("RSDP", rsdp_address, "used if it leads to an XSDT");
    return acpi_read64(&rsdp, RSDP_XSDT);
}

/* The XSDT's address if the RSDP is new enough to have one that can be believed, else 0. */
static uint64_t xsdt_address(uint64_t rsdp_address, uint8_t revision)
{
    uint64_t address = revision < 2 ? 0 : xsdt_named(rsdp_address);

    if (address == 0)
        log_warn("RSDP rev %u: no XSDT, the 32-bit RSDT is used", revision);
    return address;
}

static void tell_tables(uint8_t revision, const char *root)
{
    char names[24 * 5 + 4] = "";
    unsigned shown = table_count < 24 ? table_count : 24;

    for (unsigned i = 0; i < shown; i++) {
        names[i * 5] = ' ';
        memcpy(&names[i * 5 + 1], &tables[i].signature, 4);
    }
    if (shown < table_count)
        memcpy(&names[shown * 5], "...", 4);
    log_info("revision %u, %u tables in the %s:%s", revision, table_count, root, names);
}

int acpi_init(uint64_t rsdp_address, acpi_map_fn map)
{
    table_count = 0;
    map_memory = map;
    acpi_fadt_init();                    /* forgets the last machine: tests have many */
    if (rsdp_address == 0) {
        log_warn("the firmware named no RSDP: no tables");
        return ERR_NOT_FOUND;
    }

    struct acpi_window rsdp = acpi_window_at(rsdp_address, RSDP_V1_BYTES);
    uint8_t revision = acpi_read8(&rsdp, RSDP_REVISION);

    if (rsdp.start == NULL || memcmp(rsdp.start, "RSD PTR ", 8) != 0) {
        log_warn("no RSDP at %#llx, where the firmware has it: no tables", HEX(rsdp_address));
        return ERR_BAD_DATA;
    }
    if (!adds_up(&rsdp))
        tell_sum("RSDP", rsdp_address, "used if it leads to tables");

    uint64_t xsdt = xsdt_address(rsdp_address, revision);
    const char *root = "XSDT";

    if (xsdt == 0 || !add_listed(root, xsdt, 8)) {
        root = "RSDT";
        if (!add_listed(root, acpi_read32(&rsdp, RSDP_RSDT), 4)) {
            log_warn("the RSDP at %#llx leads to no table", HEX(rsdp_address));
            return ERR_BAD_DATA;
        }
    }
    tell_tables(revision, root);
    acpi_fadt_init();
    return 0;
}

void acpi_tell_register(const char *what, const struct acpi_register *reg)
{
    log_warn("%s at %#llx in space %u cannot be; not used", what, HEX(reg->address), reg->space);
}

void acpi_close(void)
{
    struct acpi_power_off ignored;

    acpi_get_power_off(&ignored);        /* keeps what \_S5 says */
    table_count = 0;
    map_memory = NULL;
}
