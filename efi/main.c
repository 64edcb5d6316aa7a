/* The loader's table of contents: from the firmware's call to the jump into the core, one line a step, in order. */
#include "efi/console.h"
#include "efi/handoff.h"
#include "efi/loader.h"
#include "efi/recorder.h"
#include "efi/serial.h"
#include "efi/volume.h"

void stamp(struct loader *loader, enum handoff_stage stage)
{
    if (loader->stamps < STAMPS_MAX)
        loader->stamp[loader->stamps++] = (struct handoff_stamp){ .stage = stage, .ticks = cpu_ticks() };
    recorder_stage(stage);
}

void loader_undo(struct loader *loader)
{
    volume_close(loader);
    recorder_close();
    memory_give_all(&loader->memory);
}

static EFI_STATUS step(struct loader *loader, EFI_STATUS (*run)(struct loader *loader), enum handoff_stage stage)
{
    EFI_STATUS status = run(loader);

    if (!EFI_ERROR(status))
        stamp(loader, stage);
    return EFI_ERROR(status) ? status : EFI_SUCCESS;
}

/* In order, to the first error. Not a table: its pointers would be the image's only relocations. */
static EFI_STATUS run_steps(struct loader *loader)
{
    return step(loader, firmware_check,     HANDOFF_STAGE_CONSOLE)      ?: /* is this a system table; from here on the screen can tell */
           recorder_open(loader)                                        ?: /* from here on the next boot can tell */
           step(loader, watchdog_stop,      HANDOFF_STAGE_WATCHDOG)     ?:
           step(loader, volume_read_config, HANDOFF_STAGE_VOLUME)       ?: /* \ingot\ingot.cfg, where there is a volume */
           last_run_save(loader)                                        ?: /* what it has to tell of the last one, to the volume */
           step(loader, command_line_read,  HANDOFF_STAGE_COMMAND_LINE) ?: /* ingot.cfg, then LoadOptions; serial= is obeyed */
           step(loader, tables_find,        HANDOFF_STAGE_TABLES)       ?: /* ACPI, SMBIOS */
           ports_find(loader)                                           ?: /* serial ports that ACPI and PCI name */
           step(loader, seed_make,          HANDOFF_STAGE_SEED)         ?:
           step(loader, displays_find,      HANDOFF_STAGE_DISPLAYS)     ?:
           step(loader, image_find,         HANDOFF_STAGE_IMAGE)        ?: /* the core's ELF, verified whole */
           measure(loader)                                              ?: /* into the TPM, where there is one */
           step(loader, image_place,        HANDOFF_STAGE_MEMORY)       ?: /* memory for all that stays; the core in its place */
           step(loader, paging_make,        HANDOFF_STAGE_PAGING)       ?: /* the firmware's map, and page tables from it, not yet used */
           step(loader, firmware_leave,     HANDOFF_STAGE_EXIT);           /* the firmware's end */
}

/* The firmware has left: silence, the last records, the jump. Nothing here can fail. */
static _Noreturn void start_core(struct loader *loader)
{
    uint64_t entry = loader->core.entry + (loader->core_base - loader->core.start);

    cpu_quiet(&loader->devices);
    say("paging: %s, %lu KiB at 0x%lx", cpu_tables_kind(), loader->room.tables_bytes >> 10, loader->room.tables);
    if (loader->exit_tries > 1)
        say("exit: W EFI-EBS retries=%u", loader->exit_tries - 1);
    handoff_make_map(loader);
    stamp(loader, HANDOFF_STAGE_QUIET);
    say("core at 0x%lx (%s0x%lx), loader at 0x%lx, jumping to 0x%lx", loader->core_base,
        loader->core_base == loader->core.start ? "as wanted, " : "moved from ", loader->core.start,
        loader->loaded ? (uint64_t)(uintptr_t)loader->loaded->ImageBase : 0, entry);
    cpu_enter(entry, loader->room.stack + STACK_BYTES, handoff_finish(loader), loader->room.tables_root);
}

EFI_STATUS EFIAPI efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system);

EFI_STATUS EFIAPI efi_main(EFI_HANDLE image, EFI_SYSTEM_TABLE *system)
{
    static struct words words;
    struct loader loader = { .image = image, .system = system, .words = &words };
    EFI_STATUS status;

    stamp(&loader, HANDOFF_STAGE_ENTRY);
    words_clear(&words);
    console_open();
    serial_find();
    status = run_steps(&loader);
    if (!EFI_ERROR(status))
        start_core(&loader);
    loader_undo(&loader);
    return status;
}
