/* What the files of chaos.efi share. Addresses are what they say only until the loader leaves the firmware. */
#pragma once

#include <efi.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

extern EFI_SYSTEM_TABLE *system_table;
extern EFI_BOOT_SERVICES *boot;

/* Reads at most *bytes of a file of the volume into to, and says in *bytes how many. The path ends at a space or a control character. */
EFI_STATUS read_file(const char *path, void *to, UINTN *bytes);

/* The word about the TPM. */
EFI_STATUS tpm_tell_in_exit(const char *unused);

/* Words about ACPI's tables; chaos.c lists them. */
EFI_STATUS acpi_install(const char *path);
EFI_STATUS acpi_remove(const char *signature);
