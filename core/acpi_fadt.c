/* The FADT: the fixed hardware, how to reset it and how to power it off. */
#define LOG_SUBSYSTEM acpi
#include "core/acpi.h"

#include <ingot/error.h>
#include <ingot/log.h>

#include <stddef.h>

enum {                                   /* byte offset; ACPI 6.5, "Fixed ACPI Description Table (FADT)" (5.2.9) */
    FADT_REVISION       = 8,
    FADT_FACS           = 36,
    FADT_DSDT           = 40,
    FADT_PROFILE        = 45,
    FADT_SCI            = 46,
    FADT_SMI_COMMAND    = 48,
    FADT_ACPI_ENABLE    = 52,
    FADT_ACPI_DISABLE   = 53,
    FADT_PM1A_EVENT     = 56,
    FADT_PM1B_EVENT     = 60,
    FADT_PM1A_CONTROL   = 64,
    FADT_PM1B_CONTROL   = 68,
    FADT_PM_TIMER       = 76,
    FADT_PM1_EVENT_LEN  = 88,
    FADT_PM1_CONTROL_LEN = 89,
    FADT_PM_TIMER_LEN   = 91,
    FADT_CENTURY        = 108,
    FADT_BOOT_FLAGS     = 109,
    FADT_FLAGS          = 112,
    FADT_RESET          = 116,
    FADT_RESET_VALUE    = 128,
    FADT_MINOR          = 131,
    FADT_X_FACS         = 132,
    FADT_X_DSDT         = 140,
    FADT_X_PM1A_EVENT   = 148,
    FADT_X_PM1B_EVENT   = 160,
    FADT_X_PM1A_CONTROL = 172,
    FADT_X_PM1B_CONTROL = 184,
    FADT_X_PM_TIMER     = 208,
    FADT_SLEEP_CONTROL  = 244,
    FADT_SLEEP_STATUS   = 256,
};

enum {                                   /* FADT_BOOT_FLAGS: "IA-PC Boot Architecture Flags" (5.2.9.3) */
    BOOT_LEGACY_DEVICES = 1u << 0,
    BOOT_8042           = 1u << 1,
    BOOT_NO_VGA         = 1u << 2,
    BOOT_NO_MSI         = 1u << 3,
    BOOT_NO_RTC         = 1u << 5,
};

enum {                                   /* FADT_FLAGS */
    FLAG_TIMER_32_BITS    = 1u << 8,     /* TMR_VAL_EXT */
    FLAG_RESET            = 1u << 10,    /* RESET_REG_SUP */
    FLAG_HARDWARE_REDUCED = 1u << 20,    /* HW_REDUCED_ACPI */
};

enum {
    FADT_REVISION_ACPI2 = 3,             /* the boot flags mean something from here on */
    FADT_REVISION_ACPI5 = 5,             /* hardware-reduced machines exist from here on */
    WAET_FLAGS          = 36,            /* Microsoft, "Windows ACPI Emulated Devices Table" */
    WAET_PM_TIMER_GOOD  = 1u << 1,
};

#define HEX(number) ((unsigned long long)(number))

static struct acpi_fadt fadt;
static bool fadt_found;
static struct acpi_s5 s5;
static int s5_result = ERR_NOT_READY;

/* ---- fields that there are twice ---- */

static void tell_both(const char *name, uint64_t wide, unsigned space, uint32_t narrow, const char *used)
{
    log_warn("FADT: %s is at %#llx, space %u, in its 64-bit field and at %#x in the other; the %s is used", name, HEX(wide), space,
             narrow, used);
}

static uint64_t choose_address(const struct acpi_window *table, uint32_t offset, uint32_t x_offset, const char *name)
{
    uint32_t narrow = acpi_read32(table, offset);
    uint64_t wide = acpi_read64(table, x_offset);

    if (narrow != 0 && wide != 0 && narrow != wide)
        tell_both(name, wide, ACPI_SPACE_MEMORY, narrow, "first");
    return wide != 0 ? wide : narrow;
}

struct block {                           /* a register block of the fixed hardware */
    char name[13];
    uint8_t offset, x_offset, length_at;
    uint16_t at;                         /* in struct acpi_fadt */
};

/* A 64-bit field in a space where such a register cannot be is rubbish, seen on machines whose 32-bit field is right. */
static struct acpi_register choose_block(const struct acpi_window *table, const struct block *block)
{
    uint32_t narrow = acpi_read32(table, block->offset);
    uint8_t bytes = acpi_read8(table, block->length_at);
    struct acpi_register wide = acpi_read_register(table, block->x_offset);
    struct acpi_register port = { .space = ACPI_SPACE_IO, .bits = (uint8_t)(bytes * 8), .address = bytes != 0 ? narrow : 0 };
    bool usable = wide.address != 0 && wide.space <= ACPI_SPACE_IO;

    if (wide.address != 0 && narrow != 0 && (!usable || wide.space != ACPI_SPACE_IO || wide.address != narrow))
        tell_both(block->name, wide.address, wide.space, narrow, usable ? "first" : "second");
    return usable ? wide : port;
}

/* ---- reading ---- */

static void read_flags(const struct acpi_window *table)
{
    uint32_t flags = acpi_read32(table, FADT_FLAGS);
    uint16_t boot = acpi_read16(table, FADT_BOOT_FLAGS);
    bool told = fadt.revision >= FADT_REVISION_ACPI2 && table->bytes >= FADT_BOOT_FLAGS + 2;

    fadt.flags = flags;
    fadt.hardware_reduced = fadt.revision >= FADT_REVISION_ACPI5 && (flags & FLAG_HARDWARE_REDUCED);
    fadt.has_8042 = !told || (boot & BOOT_8042);
    fadt.has_legacy_devices = !told || (boot & BOOT_LEGACY_DEVICES);
    fadt.no_vga = told && (boot & BOOT_NO_VGA);
    fadt.no_msi = told && (boot & BOOT_NO_MSI);
    fadt.no_rtc = told && (boot & BOOT_NO_RTC);
}

static void read_reset(const struct acpi_window *table)
{
    struct acpi_register reg = acpi_read_register(table, FADT_RESET);

    if (!(fadt.flags & FLAG_RESET) || table->bytes <= FADT_RESET_VALUE)
        return;
    if (reg.space > ACPI_SPACE_PCI || (reg.address == 0 && reg.space != ACPI_SPACE_PCI)) {
        acpi_tell_register("FADT: a reset register", &reg);
        return;
    }
    fadt.reset = reg;
    fadt.reset_value = acpi_read8(table, FADT_RESET_VALUE);
    fadt.reset_supported = true;
}

static void read_blocks(const struct acpi_window *table)
{
    static const struct block blocks[] = {
        { "PM1a event", FADT_PM1A_EVENT, FADT_X_PM1A_EVENT, FADT_PM1_EVENT_LEN, offsetof(struct acpi_fadt, pm1a_event) },
        { "PM1b event", FADT_PM1B_EVENT, FADT_X_PM1B_EVENT, FADT_PM1_EVENT_LEN, offsetof(struct acpi_fadt, pm1b_event) },
        { "PM1a control", FADT_PM1A_CONTROL, FADT_X_PM1A_CONTROL, FADT_PM1_CONTROL_LEN, offsetof(struct acpi_fadt, pm1a_control) },
        { "PM1b control", FADT_PM1B_CONTROL, FADT_X_PM1B_CONTROL, FADT_PM1_CONTROL_LEN, offsetof(struct acpi_fadt, pm1b_control) },
        { "PM timer", FADT_PM_TIMER, FADT_X_PM_TIMER, FADT_PM_TIMER_LEN, offsetof(struct acpi_fadt, pm_timer) },
    };

    for (unsigned i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
        /* 0: there is no timer; "PM_TMR_LEN" allows nothing else */
        if (blocks[i].length_at != FADT_PM_TIMER_LEN || acpi_read8(table, FADT_PM_TIMER_LEN) == 4)
            *(struct acpi_register *)((uint8_t *)&fadt + blocks[i].at) = choose_block(table, &blocks[i]);
}

static void find_dsdt(const struct acpi_window *table)
{
    fadt.dsdt = choose_address(table, FADT_DSDT, FADT_X_DSDT, "the DSDT");
    if (acpi_add(fadt.dsdt, "DSDT"))
        return;
    if (acpi_add(acpi_read32(table, FADT_DSDT), "DSDT"))
        fadt.dsdt = acpi_read32(table, FADT_DSDT);
    else
        log_warn("no DSDT at %#llx, where the FADT has it: no power-off through ACPI", HEX(fadt.dsdt));
}

void acpi_fadt_init(void)
{
    struct acpi_window table;

    fadt = (struct acpi_fadt){ 0 };
    s5_result = ERR_NOT_READY;
    fadt_found = acpi_find("FACP", 0, &table) == 0;
    if (!fadt_found)
        return;
    fadt.revision = acpi_read8(&table, FADT_REVISION);
    fadt.minor_revision = acpi_read8(&table, FADT_MINOR);
    fadt.profile = acpi_read8(&table, FADT_PROFILE);
    fadt.century_index = acpi_read8(&table, FADT_CENTURY);
    read_flags(&table);
    read_reset(&table);
    find_dsdt(&table);
    fadt.facs = choose_address(&table, FADT_FACS, FADT_X_FACS, "the FACS");
    fadt.sleep_control = acpi_read_register(&table, FADT_SLEEP_CONTROL);
    fadt.sleep_status = acpi_read_register(&table, FADT_SLEEP_STATUS);
    if (fadt.hardware_reduced)           /* "all fields related to the ACPI hardware are ignored" */
        return;
    fadt.sci_interrupt = acpi_read16(&table, FADT_SCI);
    fadt.smi_command = acpi_read32(&table, FADT_SMI_COMMAND);
    fadt.acpi_enable = acpi_read8(&table, FADT_ACPI_ENABLE);
    fadt.acpi_disable = acpi_read8(&table, FADT_ACPI_DISABLE);
    read_blocks(&table);
}

const struct acpi_fadt *acpi_get_fadt(void)
{
    return fadt_found ? &fadt : NULL;
}

/* ---- answers ---- */

int acpi_get_pm_timer(struct acpi_pm_timer *out_timer)
{
    struct acpi_window waet;

    if (fadt.pm_timer.address == 0)
        return ERR_NOT_FOUND;
    out_timer->counter = fadt.pm_timer;
    out_timer->bits = fadt.flags & FLAG_TIMER_32_BITS ? 32 : 24;
    out_timer->reads_once = acpi_find("WAET", 0, &waet) == 0 && (acpi_read32(&waet, WAET_FLAGS) & WAET_PM_TIMER_GOOD);
    return 0;
}

int acpi_get_reset(struct acpi_reset *out_reset)
{
    if (!fadt.reset_supported)
        return ERR_NOT_FOUND;
    out_reset->reg = fadt.reset;
    out_reset->value = fadt.reset_value;
    return 0;
}

int acpi_get_power_off(struct acpi_power_off *out_power_off)
{
    const struct acpi_register *control = fadt.hardware_reduced ? &fadt.sleep_control : &fadt.pm1a_control;

    if (!fadt_found || control->address == 0)
        return ERR_NOT_FOUND;
    if (s5_result == ERR_NOT_READY)
        s5_result = acpi_read_s5(&s5);
    if (s5_result != 0)
        return s5_result;
    *out_power_off = (struct acpi_power_off){
        .hardware_reduced = fadt.hardware_reduced, .type_a = s5.type_a, .type_b = s5.type_b,
        .control_a = *control, .control_b = fadt.pm1b_control,
        .smi_command = fadt.smi_command, .acpi_enable = fadt.acpi_enable,
    };
    return 0;
}
