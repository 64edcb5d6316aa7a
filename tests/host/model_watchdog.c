#include "tests/host/model_watchdog.h"

#include <ingot/pci.h>
#include <ingot/port_io.h>

#include <assert.h>
#include <stddef.h>

#define MS 1000000000ull                         /* in picoseconds */
#define OWNER(type, member, device) ((struct type *)((char *)(device) - offsetof(struct type, member)))

enum { TICK_MS = 600, HALT = 1 << 11, LOCK_BIT = 1 << 12, NMI_NOW = 1 << 8, GCS_NO_REBOOT = 1 << 5, SMI_BOTH = 0x2001 };
enum { W_RLD = 0, W_STS1 = 2, W_STS2 = 3, W_CNT1 = 4, W_TMR = 9 };        /* numbers of 16-bit registers */

/* ---- TCO ---- */

static bool may_reboot(const struct model_tco *tco)
{
    return tco->chipset == CHIPSET_PCH ? !(tco->word[W_CNT1] & 1) : !(tco->gcs & GCS_NO_REBOOT);
}

static bool counts(const struct model_tco *tco)
{
    return !tco->fault.never_runs && !tco->fault.zeros && (!(tco->word[W_CNT1] & HALT) || tco->fault.never_halts) && tco->word[W_TMR] > 1;
}

static void reload(struct model_tco *tco, uint64_t from_ps)
{
    uint64_t ticks = tco->word[W_TMR] - (tco->fault.one_tick_early && tco->timeouts == 0);

    tco->expiry_ps = counts(tco) ? from_ps + ticks * TICK_MS * MS : 0;
}

static void reset(struct model_tco *tco)
{
    tco->resets++;
    tco->reset_ps = tco->expiry_ps;
    tco->timeouts = 0;
    tco->word[W_CNT1] |= HALT;
    tco->expiry_ps = 0;
}

static void expire(struct model_tco *tco)
{
    tco->word[W_STS1] |= 1 << 3;
    if (tco->fault.smi && tco->fault.smi_resets && ++tco->timeouts) {
        reset(tco);
    } else if (++tco->timeouts >= 2 && may_reboot(tco)) {
        tco->word[W_STS2] |= 1 << 1 | 1 << 2;
        reset(tco);
    } else {
        reload(tco, tco->expiry_ps);
    }
}

void model_tco_look(struct model_tco *tco)
{
    while (tco->expiry_ps && tco->expiry_ps <= model_device_ps())
        expire(tco);
}

static uint16_t word_read(const struct model_tco *tco, unsigned number)
{
    if (tco->fault.zeros)
        return 0;
    if (number == W_CNT1 && tco->fault.never_halts)
        return tco->word[number] & (uint16_t)~HALT;
    if (number == W_CNT1 && tco->fault.never_runs)
        return tco->word[number] | HALT;
    return number < 16 ? tco->word[number] : 0;
}

static uint64_t tco_read(struct model_device *device, uint64_t offset)
{
    struct model_tco *tco = OWNER(model_tco, tco, device);
    unsigned number = (unsigned)offset / 2;

    model_tco_look(tco);
    if (tco->fault.absent)
        return UINT64_MAX;
    return (word_read(tco, number) | (uint32_t)word_read(tco, number + 1) << 16) >> offset % 2 * 8;
}

/* Bits outside mask belong to bytes that were not written. */
static void word_write(struct model_tco *tco, unsigned number, uint16_t value, uint16_t mask)
{
    uint16_t *word = &tco->word[number < 16 ? number : 15];

    value &= mask;
    switch (number) {
    case W_RLD:
        tco->timeouts = 0;
        tco->kicks++;
        reload(tco, model_device_ps());
        break;
    case W_STS1:
    case W_STS2:
        *word &= (uint16_t)~value;
        break;
    case W_CNT1:
        if (value & (NMI_NOW | 1 << 10))
            model_bus.stray_writes++;            /* nobody may raise an NMI or a message by accident */
        *word = (uint16_t)((*word & ~mask) | value | (*word & LOCK_BIT) | (tco->fault.strap && tco->chipset == CHIPSET_PCH));
        reload(tco, model_device_ps());
        break;
    case W_TMR:
        if (!tco->fault.no_timer_value)
            *word = (uint16_t)(((*word & ~mask) | value) & 0x3ff);
        break;
    default:
        *word = (uint16_t)((*word & ~mask) | value);
    }
}

static void tco_write(struct model_device *device, uint64_t offset, uint64_t value)
{
    struct model_tco *tco = OWNER(model_tco, tco, device);
    unsigned number = (unsigned)offset / 2, shift = offset % 2 * 8;

    model_tco_look(tco);
    if (model_bus.access_bytes == 1) {
        word_write(tco, number, (uint16_t)((value & 0xff) << shift), (uint16_t)(0xff << shift));
        return;
    }
    word_write(tco, number, (uint16_t)value, UINT16_MAX);
    if (model_bus.access_bytes == 4)
        word_write(tco, number + 1, (uint16_t)(value >> 16), UINT16_MAX);
}

static uint64_t smi_read(struct model_device *device, uint64_t offset)
{
    (void)offset;
    return OWNER(model_tco, smi_en, device)->fault.smi ? SMI_BOTH : 1;
}

static void stray_write(struct model_device *device, uint64_t offset, uint64_t value)
{
    (void)device, (void)offset, (void)value;
    model_bus.stray_writes++;
}

static uint32_t config_of(const struct model_tco *tco, uint32_t address)
{
    switch (tco->chipset == CHIPSET_NONE ? 0 : address) {
    case 0x8000f800: return 0x8086u | (uint32_t)tco->lpc_id << 16;
    case 0x8000f840: return MODEL_PMBASE | 1;
    case 0x8000f844: return tco->fault.ports_off ? 0 : 0x80;
    case 0x8000f8f0: return MODEL_RCBA | !tco->fault.rcba_off;
    case 0x8000fc00: return 0x8086u | (uint32_t)tco->smbus_id << 16;
    case 0x8000fc50: return MODEL_PCH_TCO | 1;
    case 0x8000fc54: return tco->fault.ports_off ? 0 : 0x100;
    }
    return UINT32_MAX;
}

static uint64_t config_read(struct model_device *device, uint64_t offset)
{
    struct model_tco *tco = OWNER(model_tco, config, device);

    return offset == 0 ? tco->config_address : config_of(tco, tco->config_address);
}

static void config_write(struct model_device *device, uint64_t offset, uint64_t value)
{
    if (offset == 0)
        OWNER(model_tco, config, device)->config_address = (uint32_t)value;
    else
        model_bus.stray_writes++;                /* the firmware's settings are not ours */
}

static uint64_t gcs_read(struct model_device *device, uint64_t offset)
{
    (void)offset;
    return OWNER(model_tco, gcs_device, device)->gcs;
}

static void gcs_write(struct model_device *device, uint64_t offset, uint64_t value)
{
    struct model_tco *tco = OWNER(model_tco, gcs_device, device);

    (void)offset;
    tco->gcs = (uint32_t)value | (tco->fault.strap ? GCS_NO_REBOOT : 0);
}

/* For the driver, in place of core/pci.c. */
uint32_t pci_read(const struct pci_function *function, uint32_t offset, unsigned bytes)
{
    assert(bytes == 4 && function->bus == 0);
    port_write32(0xcf8, 1u << 31 | (uint32_t)function->device << 11 | (uint32_t)function->function << 8 | offset);
    return port_read32(0xcfc);
}

void model_tco_add(struct model_tco *tco, uint16_t port)
{
    static const uint16_t lpc[] = { 0, 0x2918, 0xa306 }, smbus[] = { 0, 0x2930, 0xa323 };

    tco->lpc_id = tco->lpc_id ? tco->lpc_id : lpc[tco->chipset];
    tco->smbus_id = tco->smbus_id ? tco->smbus_id : smbus[tco->chipset];
    tco->gcs = GCS_NO_REBOOT | 0x80000000;
    tco->word[W_CNT1] = HALT | (tco->chipset == CHIPSET_PCH);
    tco->word[W_TMR] = 4;
    tco->tco = (struct model_device){ MODEL_PORT, port, port + 0x20u, 1 | 2 | 4, tco_read, tco_write };
    tco->smi_en = (struct model_device){ MODEL_PORT, MODEL_PMBASE + 0x30, MODEL_PMBASE + 0x34, 4, smi_read, stray_write };
    tco->config = (struct model_device){ MODEL_PORT, 0xcf8, 0xd00, 4, config_read, config_write };
    tco->gcs_device = (struct model_device){ MODEL_MEMORY, MODEL_RCBA + 0x3410, MODEL_RCBA + 0x3414, 4, gcs_read, gcs_write };
    model_bus_add(&tco->config);
    if (tco->chipset == CHIPSET_NONE)
        return;
    model_bus_add(&tco->tco);
    model_bus_add(&tco->smi_en);
    model_bus_add(&tco->gcs_device);
}

/* ---- SP5100: [0] runs, [1] has fired, [2] shuts down instead of resetting, [7] written 1: begins anew ---- */

void model_sp5100_look(struct model_sp5100 *chip)
{
    if (!chip->expiry_ps || chip->expiry_ps > model_device_ps())
        return;
    chip->control = (chip->control | 2) & ~1u;
    chip->resets++;
    chip->reset_ps = chip->expiry_ps;
    chip->expiry_ps = 0;
}

static uint64_t sp5100_read(struct model_device *device, uint64_t offset)
{
    struct model_sp5100 *chip = OWNER(model_sp5100, device, device);

    model_sp5100_look(chip);
    return offset == 0 ? chip->control : chip->count;
}

static void sp5100_write(struct model_device *device, uint64_t offset, uint64_t value)
{
    struct model_sp5100 *chip = OWNER(model_sp5100, device, device);

    model_sp5100_look(chip);
    if (chip->stuck)
        return;
    if (offset == 4) {
        chip->count = value & 0xffff;
        return;
    }
    chip->control = (uint32_t)((value & 5) | (chip->control & ~value & 2));
    chip->kicks += value >> 7 & 1;
    if (!(value & 1))
        chip->expiry_ps = 0;
    else if (value & 0x80)
        chip->expiry_ps = model_device_ps() + chip->count * 1000 * MS;
}

void model_sp5100_add(struct model_sp5100 *chip, uint64_t address)
{
    chip->device = (struct model_device){ MODEL_MEMORY, address, address + 8, 4, sp5100_read, sp5100_write };
    model_bus_add(&chip->device);
}

/* ---- index and data ---- */

static uint64_t indexed_read(struct model_device *device, uint64_t offset)
{
    struct model_indexed *pair = OWNER(model_indexed, device, device);

    return offset == 0 ? 0xff : pair->data[pair->index];
}

static void indexed_write(struct model_device *device, uint64_t offset, uint64_t value)
{
    struct model_indexed *pair = OWNER(model_indexed, device, device);

    if (offset == 0)
        pair->index = (uint8_t)value;
    else
        pair->data[pair->index] = (uint8_t)value;
}

void model_indexed_add(struct model_indexed *pair, uint16_t port)
{
    pair->device = (struct model_device){ MODEL_PORT, port, port + 2u, 1, indexed_read, indexed_write };
    model_bus_add(&pair->device);
}
