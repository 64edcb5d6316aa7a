# efi/room.c: the sizes that the firmware names are divided by as they come.
s/if (descriptor_bytes < EFI_DESCRIPTOR_BYTES_MIN || bytes == 0 || /if (/
