/* The firmware's interfaces as the loader uses them: gnu-efi's headers and what they lack. Included by efi/ and its tests alone.
 * Every call goes through the typed pointer of its table; EFIAPI is ms_abi (GNU_EFI_USE_MS_ABI), so the compiler checks and
 * converts.
 * Source: UEFI Specification 2.10. */
#pragma once

#include <efi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef HAVE_USE_MS_ABI
#error "without GNU_EFI_USE_MS_ABI calls into the firmware compile and then fault"
#endif

enum {                                      /* EFI_MEMORY_TYPE beyond gnu-efi's ("Memory Type Usage", 7.2) */
    EFI_PERSISTENT_MEMORY = 14,
    EFI_UNACCEPTED_MEMORY = 15,
};
#define EFI_MEMORY_SPECIFIC_PURPOSE 0x40000ull /* EFI_MEMORY_SP: set aside for a device's driver */

enum { EFI_DESCRIPTOR_BYTES_MIN = sizeof(EFI_MEMORY_DESCRIPTOR) };
_Static_assert(sizeof(EFI_MEMORY_DESCRIPTOR) == 40, "version 1 of the descriptor is 40 bytes; firmware may make it longer");

/* A status in words, such as "not found" ("Status Codes", appendix D). Never NULL. */
const char *status_name(EFI_STATUS status);
