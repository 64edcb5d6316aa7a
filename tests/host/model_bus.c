#include "tests/host/model_bus.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <ingot/cpu.h>
#include <ingot/error.h>
#include <ingot/memory.h>
#include <ingot/mmio.h>
#include <ingot/port_io.h>

/* What an access takes on a PC, about. */
enum { PORT_PS = 1000000, MEMORY_PS = 250000, TICKS_PS = 10000, RELAX_PS = 40000 };

struct model_bus model_bus;
static struct model_device *devices[MODEL_DEVICES_MAX];
static unsigned device_count;

void model_bus_clear(void)
{
    model_bus = (struct model_bus){ .steps_max = 10000000, .cpu.hz = 3000000000 };
    device_count = 0;
}

void model_bus_add(struct model_device *device)
{
    if (device_count == MODEL_DEVICES_MAX)
        _exit(MODEL_TOO_MANY_STEPS + 1);
    devices[device_count++] = device;
}

uint64_t model_ticks(uint64_t hz, uint64_t ps)
{
    return (uint64_t)((unsigned __int128)hz * ps / 1000000000000);
}

/* ---- time ---- */

static void step(uint64_t ps)
{
    model_bus.now_ps += ps;
    if (++model_bus.steps > model_bus.steps_max) {
        fprintf(stderr, "more than %llu accesses: a loop without a bound?\n", (unsigned long long)model_bus.steps_max);
        _exit(MODEL_TOO_MANY_STEPS);
    }
    if (model_bus.steps != model_bus.pause.at_step)
        return;
    model_bus.now_ps += model_bus.pause.ps;
    model_bus.cpu_lost_ps += model_bus.pause.cpu_counter_stops ? model_bus.pause.ps : 0;
    model_bus.devices_lost_ps += model_bus.pause.devices_stop ? model_bus.pause.ps : 0;
}

uint64_t cpu_ticks(void)
{
    uint64_t ticks;

    step(TICKS_PS);
    ticks = model_ticks(model_bus.cpu.hz, model_bus.now_ps - model_bus.cpu_lost_ps);
    return model_bus.cpu.backwards ? model_bus.cpu.start - ticks : model_bus.cpu.start + ticks;
}

uint64_t cpu_ticks_ordered(void) { return cpu_ticks(); }
void cpu_relax(void) { step(RELAX_PS); }
uint32_t cpu_id(void) { return 0; }
uint64_t cpu_interrupts_off(void) { return 0; }
void cpu_interrupts_restore(uint64_t flags) { (void)flags; }

/* ---- accesses ---- */

static struct model_device *find(enum model_space space, uint64_t address, unsigned bytes)
{
    for (unsigned i = 0; i < device_count; i++) {
        struct model_device *device = devices[i];

        if (device->space != space || address < device->start || address >= device->end)
            continue;
        if (device->widths & bytes && address + bytes <= device->end && address % bytes == 0)
            return device;
        model_bus.wrong_widths++;
        return NULL;
    }
    return NULL;
}

static uint64_t bus_read(enum model_space space, uint64_t address, unsigned bytes)
{
    struct model_device *device = find(space, address, bytes);

    step(space == MODEL_PORT ? PORT_PS : MEMORY_PS);
    model_bus.access_bytes = bytes;
    if (device)
        return device->read(device, address - device->start);
    model_bus.stray_reads++;
    return UINT64_MAX;
}

static void bus_write(enum model_space space, uint64_t address, unsigned bytes, uint64_t value)
{
    struct model_device *device = find(space, address, bytes);

    step(space == MODEL_PORT ? PORT_PS : MEMORY_PS);
    model_bus.access_bytes = bytes;
    if (device)
        device->write(device, address - device->start, value);
    else
        model_bus.stray_writes++;
}

uint8_t port_read8(uint16_t port) { return (uint8_t)bus_read(MODEL_PORT, port, 1); }
uint16_t port_read16(uint16_t port) { return (uint16_t)bus_read(MODEL_PORT, port, 2); }
uint32_t port_read32(uint16_t port) { return (uint32_t)bus_read(MODEL_PORT, port, 4); }
void port_write8(uint16_t port, uint8_t value) { bus_write(MODEL_PORT, port, 1, value); }
void port_write16(uint16_t port, uint16_t value) { bus_write(MODEL_PORT, port, 2, value); }
void port_write32(uint16_t port, uint32_t value) { bus_write(MODEL_PORT, port, 4, value); }

uint8_t mmio_read8(const volatile void *reg) { return (uint8_t)bus_read(MODEL_MEMORY, (uintptr_t)reg, 1); }
uint16_t mmio_read16(const volatile void *reg) { return (uint16_t)bus_read(MODEL_MEMORY, (uintptr_t)reg, 2); }
uint32_t mmio_read32(const volatile void *reg) { return (uint32_t)bus_read(MODEL_MEMORY, (uintptr_t)reg, 4); }
uint64_t mmio_read64(const volatile void *reg) { return bus_read(MODEL_MEMORY, (uintptr_t)reg, 8); }
void mmio_write8(volatile void *reg, uint8_t value) { bus_write(MODEL_MEMORY, (uintptr_t)reg, 1, value); }
void mmio_write16(volatile void *reg, uint16_t value) { bus_write(MODEL_MEMORY, (uintptr_t)reg, 2, value); }
void mmio_write32(volatile void *reg, uint32_t value) { bus_write(MODEL_MEMORY, (uintptr_t)reg, 4, value); }
void mmio_write64(volatile void *reg, uint64_t value) { bus_write(MODEL_MEMORY, (uintptr_t)reg, 8, value); }

int mem_map_device(phys_addr address, uint64_t bytes, enum mem_caching caching, volatile void **out_pointer)
{
    (void)caching;
    if (bytes == 0 || address + bytes < address || (address < model_bus.memory_to && address + bytes > model_bus.memory_from))
        return ERR_BAD_VALUE;
    *out_pointer = (volatile void *)(uintptr_t)address;
    return 0;
}
