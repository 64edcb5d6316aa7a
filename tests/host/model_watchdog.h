/* Register models of watchdogs: the TCO timer of Intel's chipsets with what surrounds it, and AMD's in memory. Time comes from
 * tests/host/model_bus.h; what expires is seen at the next access or look.
 * Source: Intel, "ICH9 Family Datasheet" 316972; AMD, "SP5100 Register Reference Guide", "Watchdog Timer Control". */
#pragma once

#include "tests/host/model_bus.h"

enum { MODEL_PMBASE = 0x400, MODEL_TCO = 0x460, MODEL_PCH_TCO = 0x4a0, MODEL_RCBA = 0xfed1c000, MODEL_SP5100 = 0xfeb00000 };

enum model_chipset { CHIPSET_NONE, CHIPSET_ICH9, CHIPSET_PCH };

struct model_tco_fault {
    bool absent;                         /* ports read all ones */
    bool zeros;                          /* every TCO register reads 0 */
    bool ports_off, rcba_off;            /* the firmware did not decode them */
    bool strap;                          /* NO_REBOOT is set and stays */
    bool never_halts, never_runs;        /* TCO_TMR_HLT is stuck */
    bool no_timer_value;                 /* TCO_TMR is stuck */
    bool one_tick_early;                 /* the data sheet allows it */
    bool smi, smi_resets;                /* the firmware asked for the first expiry, and resets at it */
};

struct model_tco {
    struct model_device tco, smi_en, config, gcs_device;
    enum model_chipset chipset;
    struct model_tco_fault fault;
    uint16_t lpc_id, smbus_id, word[16]; /* TCO registers */
    uint32_t config_address, gcs;
    unsigned timeouts, kicks;
    uint64_t expiry_ps;                  /* 0: it does not count */
    unsigned resets;
    uint64_t reset_ps;                   /* the last one */
};

/* The caller has set chipset, fault and ids that are not those of an ICH9 or a 300 series; the rest starts as firmware leaves it. Of
 * CHIPSET_NONE there is a PCI bus without it. */
void model_tco_add(struct model_tco *tco, uint16_t port);

/* Lets expire what should have. */
void model_tco_look(struct model_tco *tco);

struct model_sp5100 {
    struct model_device device;
    bool stuck;                          /* takes no write */
    uint32_t control, count;
    uint64_t expiry_ps;
    unsigned kicks, resets;
    uint64_t reset_ps;
};

void model_sp5100_add(struct model_sp5100 *chip, uint64_t address);
void model_sp5100_look(struct model_sp5100 *chip);

/* An index register and its data, as CMOS and AMD's PM registers are. */
struct model_indexed {
    struct model_device device;
    uint8_t index, data[256];
};

void model_indexed_add(struct model_indexed *pair, uint16_t port);
