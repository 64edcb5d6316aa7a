#include "core/machine.h"

#include "core/clock.h"
#include "core/display.h"
#include "core/memory.h"
#include "core/serial.h"

#include <ingot/cpu.h>
#include <ingot/format.h>
#include <ingot/log.h>
#include <ingot/machine.h>
#include <ingot/string.h>

extern const uint8_t build_hash[];       /* link.ld */

static const struct handoff_view *view;
static uint64_t core_entry_ticks, ready_ticks;
static char degraded[96];

void machine_start(const struct handoff_view *new_view, uint64_t entry_ticks)
{
    view = new_view;
    core_entry_ticks = entry_ticks;
}

uint64_t machine_moved_by(void) { return view ? view->image->base - view->image->preferred_base : 0; }

void machine_degraded(const char *word)
{
    size_t used = strlen(degraded);

    format(degraded + used, sizeof(degraded) - used, "%s%s", used ? "," : "", word);
}

static uint64_t loader_entry_ticks(void)
{
    return view->stamps && view->stamps->count ? view->stamps->stamp[0].ticks : core_entry_ticks;
}

void machine_ready(void)
{
    uint64_t us;

    if (serial_count() == 0)
        machine_degraded("serial");
    if (display_count() == 0)
        machine_degraded("display");
    if (!view->roots || view->roots->acpi_rsdp == 0)
        machine_degraded("acpi");
    if (view->x86_state && view->x86_state->found & HANDOFF_X86_NO_NX)
        machine_degraded("nx");
    if (view->firmware && view->firmware->flags & HANDOFF_FIRMWARE_TPM_LOST)
        machine_degraded("tpm");
    ready_ticks = cpu_ticks();
    us = clock_stamp_ns(ready_ticks - loader_entry_ticks()) / 1000;
    log_raw("READY %s%s%s%u cpu, %llu MiB, %u display, %u serial, %llu.%03llu ms since the loader's entry",
            *degraded ? "degraded=" : "", degraded, *degraded ? " " : "", cpu_count(),
            (unsigned long long)(memory_bytes(HANDOFF_MEMORY_USABLE) >> 20), display_count(), serial_count(),
            (unsigned long long)(us / 1000), (unsigned long long)(us % 1000));
}

const char *machine_firmware(uint32_t *out_uefi_revision, uint32_t *out_firmware_revision)
{
    if (!view->firmware)
        return NULL;
    *out_uefi_revision = view->firmware->uefi_revision;
    *out_firmware_revision = view->firmware->firmware_revision;
    return view->firmware->vendor;
}

const uint8_t *machine_build(void) { return build_hash; }

bool machine_secure_boot(void)
{
    return view->firmware && view->firmware->flags & HANDOFF_FIRMWARE_SECURE_BOOT;
}

const struct handoff_roots *machine_roots(void) { return view->roots; }

bool machine_region(unsigned index, struct machine_region *out_region)
{
    if (index >= view->map->count)
        return false;
    *out_region = (struct machine_region){
        view->map->region[index].start, view->map->region[index].end, handoff_memory_name(view->map->region[index].type),
    };
    return true;
}

bool machine_boot_stage(unsigned index, const char **out_name, uint64_t *out_ns)
{
    uint32_t count = view->stamps ? view->stamps->count : 0;
    uint64_t ticks;

    if (index < count) {
        *out_name = handoff_stage_name(view->stamps->stamp[index].stage);
        ticks = view->stamps->stamp[index].ticks;
    } else if (index <= count + 1) {
        *out_name = index == count ? "core entry" : "ready";
        ticks = index == count ? core_entry_ticks : ready_ticks;
    } else {
        return false;
    }
    *out_ns = clock_stamp_ns(ticks);
    return true;
}
