/* The loader's table of contents: from the firmware's call to the jump into the core, one line a step, in order. */
#include "efi/console.h"
#include "efi/handoff.h"
#include "efi/loader.h"
#include "efi/serial.h"
#include "efi/volume.h"

static const struct step {
    enum handoff_stage stage;
    EFI_STATUS (*run)(struct loader *loader);
} steps[] = {
    { HANDOFF_STAGE_CONSOLE,      firmware_check },      /* is this a system table; from here on the screen can tell */
    { HANDOFF_STAGE_WATCHDOG,     watchdog_stop },
    { HANDOFF_STAGE_VOLUME,       volume_read_config },  /* \ingot\ingot.cfg, where there is a volume */
    { HANDOFF_STAGE_COMMAND_LINE, command_line_read },   /* ingot.cfg, then LoadOptions; serial= is obeyed */
    { HANDOFF_STAGE_TABLES,       tables_find },         /* ACPI, SMBIOS */
    { HANDOFF_STAGE_SEED,         seed_make },
    { HANDOFF_STAGE_DISPLAYS,     displays_find },
    { HANDOFF_STAGE_IMAGE,        image_find },          /* the core's ELF, verified whole */
    { HANDOFF_STAGE_MEMORY,       image_place },         /* memory for all that stays; the core in its place */
    { HANDOFF_STAGE_PAGING,       paging_make },         /* the firmware's map, and our own page tables from it, not yet used */
    { HANDOFF_STAGE_EXIT,         firmware_leave },      /* the firmware's end */
};

void stamp(struct loader *loader, enum handoff_stage stage)
{
    if (loader->stamps < STAMPS_MAX)
        loader->stamp[loader->stamps++] = (struct handoff_stamp){ .stage = stage, .ticks = cpu_ticks() };
}

void loader_undo(struct loader *loader)
{
    volume_close(loader);
    memory_give_all(&loader->memory);
}

static EFI_STATUS run_steps(struct loader *loader)
{
    for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        EFI_STATUS status = steps[i].run(loader);

        if (EFI_ERROR(status))
            return status;
        stamp(loader, steps[i].stage);
    }
    return EFI_SUCCESS;
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
