/* A machine made of register models: I/O ports, memory-mapped registers, and time that passes with each access to them.
 *
 * Every access is a step. A run that makes more steps than it may ends there, with MODEL_TOO_MANY_STEPS as its exit status, so that a
 * loop without a bound is a failed test and not a test that hangs. What nobody answers reads as all ones, and is counted. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum model_space { MODEL_PORT, MODEL_MEMORY };
enum { MODEL_DEVICES_MAX = 12, MODEL_TOO_MANY_STEPS = 77 };

struct model_device {
    enum model_space space;
    uint64_t start, end;                 /* [start, end) */
    unsigned widths;                     /* accesses that it takes: sum of 1, 2, 4 and 8 bytes. Others are counted, and do nothing */
    uint64_t (*read)(struct model_device *device, uint64_t offset);
    void (*write)(struct model_device *device, uint64_t offset, uint64_t value);
};

/* Something that stops the machine for a while: a firmware's interrupt, an emulator that is not scheduled. */
struct model_pause {
    uint64_t at_step;                    /* 0: never */
    uint64_t ps;
    bool cpu_counter_stops, devices_stop;
};

struct model_cpu_counter {
    uint64_t hz;                         /* 0: it stands still */
    uint64_t start;                      /* its value at time 0 */
    bool backwards;
};

struct model_bus {
    uint64_t now_ps, steps, steps_max;
    uint64_t cpu_lost_ps, devices_lost_ps;
    uint64_t stray_reads, stray_writes, wrong_widths;
    unsigned access_bytes;               /* of the access that a device is asked for */
    uint64_t memory_from, memory_to;     /* what mem_map_device() refuses: the machine's memory */
    struct model_pause pause;
    struct model_cpu_counter cpu;
};
extern struct model_bus model_bus;

/* Time as the devices see it. */
static inline uint64_t model_device_ps(void) { return model_bus.now_ps - model_bus.devices_lost_ps; }

void model_bus_clear(void);
void model_bus_add(struct model_device *device);

/* hz times ps, in ticks. */
uint64_t model_ticks(uint64_t hz, uint64_t ps);
