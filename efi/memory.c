#include "efi/memory.h"

#include "core/handoff.h"

static EFI_STATUS take_anywhere(struct memory *memory, EFI_MEMORY_TYPE type, uint64_t pages, EFI_PHYSICAL_ADDRESS *out_base)
{
    EFI_PHYSICAL_ADDRESS base = 0, page_zero;
    EFI_STATUS status = memory->boot->AllocatePages(AllocateAnyPages, type, pages, &base);

    if (!EFI_ERROR(status) && base == 0) {  /* an address that looks like NULL to everybody: hold it while asking again */
        page_zero = base;
        status = memory->boot->AllocatePages(AllocateAnyPages, type, pages, &base);
        memory->boot->FreePages(page_zero, pages);
    }
    if (!EFI_ERROR(status))
        *out_base = base;
    return status;
}

/* At wanted; with wanted = 0 anywhere. */
static EFI_STATUS take(struct memory *memory, uint32_t handoff_type, uint64_t bytes, uint64_t wanted, uint64_t *out_base)
{
    EFI_MEMORY_TYPE type = handoff_type == HANDOFF_MEMORY_CORE ? EfiLoaderCode : EfiLoaderData;
    uint64_t pages = (bytes + MEMORY_PAGE_BYTES - 1) / MEMORY_PAGE_BYTES;
    EFI_PHYSICAL_ADDRESS base = wanted;
    EFI_STATUS status;

    if (memory->blocks == MEMORY_BLOCKS_MAX)
        return EFI_OUT_OF_RESOURCES;
    status = wanted ? memory->boot->AllocatePages(AllocateAddress, type, pages, &base) : take_anywhere(memory, type, pages, &base);
    if (EFI_ERROR(status))
        return status;
    memory->block[memory->blocks++] = (struct memory_block){ base, pages * MEMORY_PAGE_BYTES, handoff_type, type };
    *out_base = base;
    return EFI_SUCCESS;
}

EFI_STATUS memory_take_at(struct memory *memory, uint32_t handoff_type, uint64_t bytes, uint64_t wanted, uint64_t *out_base)
{
    return take(memory, handoff_type, bytes, wanted, out_base);
}

EFI_STATUS memory_take(struct memory *memory, uint32_t handoff_type, uint64_t bytes, uint64_t wanted, uint64_t *out_base)
{
    EFI_STATUS status = wanted ? take(memory, handoff_type, bytes, wanted, out_base) : EFI_NOT_FOUND;

    return EFI_ERROR(status) ? take(memory, handoff_type, bytes, 0, out_base) : status;
}

void memory_give(struct memory *memory, uint64_t base)
{
    for (unsigned i = 0; base && i < memory->blocks; i++)
        if (memory->block[i].base == base) {
            memory->boot->FreePages(base, memory->block[i].bytes / MEMORY_PAGE_BYTES);
            memory->block[i] = memory->block[--memory->blocks];
            return;
        }
}

void memory_give_all(struct memory *memory)
{
    while (memory->blocks)
        memory_give(memory, memory->block[memory->blocks - 1].base);
}
