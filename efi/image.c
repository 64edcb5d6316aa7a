/* The core: found, verified whole, and put where it wants to be or elsewhere. */
#include "efi/console.h"
#include "efi/embedded.h"
#include "efi/loader.h"
#include "efi/room.h"
#include "efi/volume.h"

static EFI_STATUS get_file(struct loader *loader)
{
    EFI_STATUS status;

    if (!loader->core_path[0]) {
        loader->core_file = embedded_core(&loader->core_file_bytes);
        return EFI_SUCCESS;
    }
    status = volume_read_file(loader, loader->core_path, &loader->core_file_memory, &loader->core_file_bytes);
    loader->core_file = (const void *)(uintptr_t)loader->core_file_memory;
    return status;
}

EFI_STATUS image_find(struct loader *loader)
{
    const char *name = loader->core_path[0] ? loader->core_path : "embedded";
    EFI_STATUS status;
    enum elf_fault fault;

    status = get_file(loader);
    if (EFI_ERROR(status))
        return status;
    fault = elf_verify(loader->core_file, loader->core_file_bytes, &cpu_elf_target, &loader->core);
    if (fault)
        return refuse(EFI_LOAD_ERROR, elf_fault_code(fault), "the core (%s, %lu bytes): %s", name, loader->core_file_bytes,
                      elf_fault_text(fault));
    say("core: %s, %lu bytes%s", name, loader->core_file_bytes,
        loader->firmware_flags & HANDOFF_FIRMWARE_SECURE_BOOT ? ", secure boot" : "");
    return EFI_SUCCESS;
}

static EFI_STATUS place_core(struct loader *loader)
{
    const struct elf_image *core = &loader->core;
    uint64_t bytes = core->end - core->start;
    EFI_STATUS status = memory_take(&loader->memory, HANDOFF_MEMORY_CORE, bytes, core->start, &loader->core_base);

    if (EFI_ERROR(status))
        return memory_refused(loader, status, "the core", bytes);
    elf_place(loader->core_file, core, (uint8_t *)(uintptr_t)loader->core_base);
    memory_give(&loader->memory, loader->core_file_memory);
    loader->core_file_memory = 0;
    loader->core_file = NULL;
    return EFI_SUCCESS;
}

EFI_STATUS image_place(struct loader *loader)
{
    EFI_STATUS status = room_take(loader, 0, 0);

    return EFI_ERROR(status) ? status : place_core(loader);
}
