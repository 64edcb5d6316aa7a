# efi/map.c: a range may run past the end of the address space.
s/pages == 0 || pages > .* || start > -(uint64_t)PAGE_BYTES/pages == 0/
