/* Register models of the counters of a PC: HPET, PM timer, PIT channel 2. Time comes from tests/host/model_bus.h. */
#pragma once

#include "tests/host/model_bus.h"

/* How a counter counts, or does not. All zeros: as it should. */
struct model_fault {
    enum { COUNTER_WORKS, COUNTER_ABSENT, COUNTER_ALL_ZEROS, COUNTER_ALL_ONES, COUNTER_FROZEN, COUNTER_GLITCHES } kind;
    unsigned speed_percent;              /* 0 means 100 */
    uint64_t freezes_at_ps;              /* 0: never */
    uint64_t start;                      /* value when it starts */
};

struct model_counter {
    struct model_device device;
    struct model_fault fault;
    uint64_t hz;
    uint64_t mask;                       /* 2^bits - 1 */
    uint64_t reads;
};

enum { MODEL_HPET_TIMERS = 3 };

struct model_hpet_timer {
    uint32_t config, lines;              /* as reset has them: [15] takes messages; the lines that it can lead to */
    uint32_t comparator, message_data, message_address;
    uint64_t due_ps;                     /* when it matches, if it is not written before */
    uint64_t matches;                    /* those that are past */
};

struct model_hpet {
    struct model_counter counter;
    uint32_t config, capabilities, status;
    uint32_t period_fs;
    uint64_t on_since_ps;
    uint64_t latch_ps;                   /* until a written comparator counts */
    struct model_hpet_timer timer[MODEL_HPET_TIMERS];
};

struct model_pit {
    struct model_counter counter;
    struct model_device gate_device;     /* port 0x61 */
    uint8_t gate, load[2], control;
    uint16_t latched;
    bool is_latched, write_high, read_high, loaded;
    uint64_t loaded_ps;
};

enum { MODEL_HPET_BASE = 0xfed00000, MODEL_PM_PORT = 0x608 };

void model_hpet_add(struct model_hpet *hpet, struct model_fault fault);

/* Lets time pass until timer number matches, if that is not past already: true when it interrupts then. */
bool model_hpet_wait(struct model_hpet *hpet, unsigned number);
void model_pm_timer_add(struct model_counter *timer, struct model_fault fault, enum model_space space, uint64_t address, unsigned bits);
void model_pit_add(struct model_pit *pit, struct model_fault fault);
