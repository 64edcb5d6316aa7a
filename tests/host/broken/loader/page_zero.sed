# efi/memory.c: memory at address 0 is taken as it comes.
s/if (!EFI_ERROR(status) && base == 0)/if (0)/
