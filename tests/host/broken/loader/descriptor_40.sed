# efi/map.c: a descriptor has the size that the structure has, not the one that the firmware says.
s/at += source->descriptor_bytes/at += sizeof(EFI_MEMORY_DESCRIPTOR)/
