# efi/map.c: descriptors are taken to be aligned, wherever the firmware's size puts them.
s/__attribute__((packed, aligned(1)))//
