/* The TCO timer of Intel's chipsets, ICH6 to the 9 series and 300 series on. It counts down twice: the first expiry raises an SMI where the
 * firmware asked for one, the second resets the machine. The 100 and 200 series keep NO_REBOOT where only their firmware gets at it.
 * Source: Intel, "I/O Controller Hub 9 (ICH9) Family Datasheet" 316972, "LPC Interface Bridge Registers (D31:F0)", "System Management TCO
 * Registers" and "GCS - General Control and Status Register"; "Intel 300 Series Chipset Family PCH Datasheet, Volume 2" 337868, "SMBus
 * Configuration Registers" and "SMBus TCO I/O Registers". */
#include <ingot/acpi.h>
#include <ingot/error.h>
#define LOG_SUBSYSTEM watchdog
#include <ingot/log.h>
#include <ingot/memory.h>
#include <ingot/mmio.h>
#include <ingot/pci.h>
#include <ingot/port_io.h>
#include <ingot/watchdog.h>

#include <stdbool.h>
#include <stddef.h>

enum {
    CHIPSET_DEVICE = 31,                 /* on bus 0 */
    LPC_FUNCTION   = 0,
    SMBUS_FUNCTION = 4,
    VENDOR_INTEL   = 0x8086,
};

enum {                                   /* configuration offsets */
    LPC_PMBASE    = 0x40,                /* [15:7] of the power management I/O block */
    LPC_ACPI_CNTL = 0x44,                /* [7] that block is decoded */
    LPC_RCBA      = 0xf0,                /* [31:14] chipset registers in memory, [0] decoded */
    SMBUS_TCOBASE = 0x50,                /* [15:5] of the TCO's I/O block */
    SMBUS_TCOCTL  = 0x54,                /* [8] that block is decoded */
};

enum {
    ACPI_CNTL_ENABLE = 1u << 7,
    RCBA_ENABLE      = 1u << 0,
    TCOCTL_ENABLE    = 1u << 8,
    RCBA_GCS         = 0x3410,           /* behind RCBA */
    GCS_NO_REBOOT    = 1u << 5,
    PM_SMI_EN        = 0x30,             /* behind PMBASE */
    SMI_EN_GLOBAL    = 1u << 0,
    SMI_EN_TCO       = 1u << 13,
    PM_TCO           = 0x60,             /* behind PMBASE */
};

enum tco_reg {                           /* 16 bits each */
    TCO_RLD  = 0x00,                     /* any write: the timeout begins anew */
    TCO1_STS = 0x04,
    TCO2_STS = 0x06,
    TCO1_CNT = 0x08,
    TCO_TMR  = 0x12,                     /* [9:0] ticks to an expiry; 0 and 1 are ignored */
};

enum {
    STS1_TIMEOUT    = 1u << 3,           /* written 1 to clear, here and below */
    STS2_SECOND     = 1u << 1,           /* the second expiry; outlives the reset that it made */
    STS2_BOOT       = 1u << 2,           /* and no instruction was fetched since */
    CNT1_NO_REBOOT  = 1u << 0,           /* 300 series on; before, GCS has it */
    CNT1_NMI_NOW    = 1u << 8,           /* written 1 to clear */
    CNT1_SEND_NOW   = 1u << 10,
    CNT1_HALT       = 1u << 11,          /* TCO_TMR_HLT */
    TMR_MASK        = 0x3ff,
    TICKS_MIN       = 2,
    TICK_MS         = 600,
};

static uint16_t tco_base, pm_base;       /* I/O; pm_base 0: not known */
static void *gcs;                        /* NULL: NO_REBOOT is in TCO1_CNT */
static unsigned expiries;                /* until reset: 2; 1 where the firmware may act on the first */
static bool had_no_reboot;

static uint32_t config_read(unsigned function, uint32_t offset)
{
    const struct pci_function chipset = { .device = CHIPSET_DEVICE, .function = (uint8_t)function };

    return pci_read(&chipset, offset, 4);
}

static uint16_t tco_read(enum tco_reg reg) { return port_read16((uint16_t)(tco_base + reg)); }
static void tco_write(enum tco_reg reg, unsigned value) { port_write16((uint16_t)(tco_base + reg), (uint16_t)value); }

/* ---- where it is ---- */

static bool is_ich(uint16_t device)
{
    static const struct { uint16_t first, last; } bridges[] = {      /* LPC bridges with GCS at RCBA + 0x3410 */
        { 0x2640, 0x2642 }, { 0x27b8, 0x27bd }, { 0x2810, 0x2815 }, { 0x2912, 0x2919 }, { 0x3a14, 0x3a1a },      /* ICH6 to ICH10 */
        { 0x3b00, 0x3b16 }, { 0x1c41, 0x1c5f }, { 0x1d40, 0x1d41 }, { 0x1e41, 0x1e5f },      /* 5 and 6 series, C600, 7 series */
        { 0x8c41, 0x8c5f }, { 0x9c41, 0x9c47 }, { 0x8d40, 0x8d5f }, { 0x8cc1, 0x8cc6 }, { 0x9cc1, 0x9ccb },      /* 8, C610, 9 series */
    };

    for (unsigned i = 0; i < sizeof(bridges) / sizeof(bridges[0]); i++)
        if (device >= bridges[i].first && device <= bridges[i].last)
            return true;
    return false;
}

static bool is_pch(uint16_t device)
{
    static const uint16_t smbus[] = {    /* SMBus controllers beside a TCO that has NO_REBOOT in its own register */
        0xa323, 0x9da3, 0x02a3, 0x06a3, 0x34a3, 0x4da3, 0x4b23, 0xa0a3, 0x43a3, 0x7aa3, 0x51a3, 0x54a3, 0x7a23, 0x7e22,
    };

    for (unsigned i = 0; i < sizeof(smbus) / sizeof(smbus[0]); i++)
        if (device == smbus[i])
            return true;
    return false;
}

static int find_ich(void)
{
    uint32_t pmbase = config_read(LPC_FUNCTION, LPC_PMBASE) & 0xff80, rcba = config_read(LPC_FUNCTION, LPC_RCBA);
    uint64_t gcs_address = (rcba & 0xffffc000) + RCBA_GCS;
    volatile void *pointer;

    if (!pmbase || !(config_read(LPC_FUNCTION, LPC_ACPI_CNTL) & ACPI_CNTL_ENABLE) || !(rcba & RCBA_ENABLE) ||
        mem_map_device(gcs_address, 4, MEM_UNCACHED, &pointer)) {
        log_warn("TCO: the firmware left its registers switched off (PMBASE %#x, RCBA %#x); not used", pmbase, rcba);
        return ERR_UNSUPPORTED;
    }
    pm_base = (uint16_t)pmbase;
    tco_base = (uint16_t)(pmbase + PM_TCO);
    gcs = (void *)(uintptr_t)gcs_address;
    return 0;
}

static int find_pch(void)
{
    const struct acpi_fadt *fadt = acpi_get_fadt();
    uint32_t base = config_read(SMBUS_FUNCTION, SMBUS_TCOBASE) & 0xffe0;

    if (!base || !(config_read(SMBUS_FUNCTION, SMBUS_TCOCTL) & TCOCTL_ENABLE)) {
        log_warn("TCO: the firmware left its registers switched off (TCOBASE %#x); not used", base);
        return ERR_UNSUPPORTED;
    }
    tco_base = (uint16_t)base;
    gcs = NULL;
    /* PM1a event is the first register of that block. */
    pm_base = fadt && fadt->pm1a_event.space == ACPI_SPACE_IO ? (uint16_t)fadt->pm1a_event.address : 0;
    return 0;
}

static int find_chipset(void)
{
    uint32_t lpc = config_read(LPC_FUNCTION, 0);

    if ((lpc & 0xffff) != VENDOR_INTEL)
        return ERR_NOT_FOUND;
    if (is_ich((uint16_t)(lpc >> 16)))
        return find_ich();

    uint32_t smbus = config_read(SMBUS_FUNCTION, 0);

    if ((smbus & 0xffff) == VENDOR_INTEL && is_pch((uint16_t)(smbus >> 16)))
        return find_pch();
    log_info("TCO: the chipset with bridge 8086:%04x is not one whose timer is known; left alone", lpc >> 16);
    return ERR_UNSUPPORTED;
}

/* ---- NO_REBOOT ---- */

/* TCO1_CNT as it may be written back: without the bits that do something when they are written. */
static uint16_t control_read(void) { return tco_read(TCO1_CNT) & (uint16_t)~(CNT1_NMI_NOW | CNT1_SEND_NOW); }

static bool no_reboot(void) { return gcs ? mmio_read32(gcs) & GCS_NO_REBOOT : tco_read(TCO1_CNT) & CNT1_NO_REBOOT; }

static void set_no_reboot(bool on)
{
    if (gcs)
        mmio_write32(gcs, (mmio_read32(gcs) & ~GCS_NO_REBOOT) | (on ? GCS_NO_REBOOT : 0));
    else
        tco_write(TCO1_CNT, (control_read() & ~CNT1_NO_REBOOT) | (on ? CNT1_NO_REBOOT : 0));
}

/* ---- the driver ---- */

static void clear_status(void)
{
    tco_write(TCO1_STS, STS1_TIMEOUT);
    tco_write(TCO2_STS, STS2_SECOND);
    tco_write(TCO2_STS, STS2_BOOT);      /* only after SECOND_TO_STS */
}

/* The handler of the firmware may reset the machine at the first expiry, or do nothing: which, it does not tell. It is left as it is, as
 * TCO_LOCK would demand anyway, and the timeout is counted to what can come first. */
static bool firmware_listens(void)
{
    const uint32_t both = SMI_EN_GLOBAL | SMI_EN_TCO;

    return !pm_base || (port_read32((uint16_t)(pm_base + PM_SMI_EN)) & both) == both;
}

static int tco_find(struct watchdog_info *out_info)
{
    int error = find_chipset();

    if (error)
        return error;
    if (tco_read(TCO1_CNT) == 0xffff) {
        log_warn("TCO: nobody answers at port %#x; not used", tco_base);
        return ERR_FAULT;
    }
    expiries = firmware_listens() ? 1 : 2;
    had_no_reboot = no_reboot();
    *out_info = (struct watchdog_info){
        .name = "TCO", .resolution_ms = expiries * TICK_MS,
        .min_ms = (expiries * TICKS_MIN - 1) * TICK_MS, .max_ms = (expiries * TMR_MASK - 1) * TICK_MS,
        .last_reset = tco_read(TCO2_STS) & STS2_SECOND ? WATCHDOG_RESET_YES : WATCHDOG_RESET_NO,
    };
    clear_status();
    return 0;
}

/* False when it does not obey. */
static bool set_halt(bool on)
{
    tco_write(TCO1_CNT, (control_read() & ~CNT1_HALT) | (on ? CNT1_HALT : 0));
    return !(tco_read(TCO1_CNT) & CNT1_HALT) == !on;
}

static void tco_kick(void) { tco_write(TCO_RLD, 1); }

static int tco_stop(void)
{
    bool halted = set_halt(true);

    set_no_reboot(had_no_reboot);
    if (halted || had_no_reboot)
        return 0;
    log_warn("TCO: the timer does not stop");
    return ERR_FAULT;
}

/* Why it will not expire in time, or NULL. */
static const char *start(unsigned ticks)
{
    if (!set_halt(true))
        return "does not stop first";
    clear_status();
    tco_write(TCO_TMR, (tco_read(TCO_TMR) & ~TMR_MASK) | ticks);
    if ((tco_read(TCO_TMR) & TMR_MASK) != ticks)
        return "does not take the timeout";
    tco_kick();
    if (!set_halt(false))
        return "does not run";
    tco_kick();
    return NULL;
}

/* "The timer has an error of +/- 1 tick": one more, so that it is never early. */
static int tco_start(uint32_t timeout_ms, uint32_t *out_timeout_ms)
{
    unsigned total = (timeout_ms + TICK_MS - 1) / TICK_MS + 1, ticks = (total + expiries - 1) / expiries;
    const char *why;

    set_no_reboot(false);
    if (no_reboot()) {
        log_warn("TCO: NO_REBOOT is set, by a strap on the board, and stays; not started");
        return ERR_UNSUPPORTED;
    }
    why = start(ticks);
    if (why) {
        log_warn("TCO: it was told to start, but %s; stopped", why);
        tco_stop();
        return ERR_FAULT;
    }
    *out_timeout_ms = expiries * ticks * TICK_MS;
    return 0;
}

WATCHDOG_DRIVER(tco, .find = tco_find, .start = tco_start, .kick = tco_kick, .stop = tco_stop);
