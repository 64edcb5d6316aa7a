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

/* EFI_TCG2_PROTOCOL (TCG EFI Protocol Specification, family "2.0", "EFI TCG2 Protocol"): measuring into a TPM. */
#define EFI_TCG2_PROTOCOL_GUID { 0x607f766c, 0x7455, 0x42be, { 0x93, 0x0b, 0xe4, 0xd7, 0x6d, 0xb2, 0x72, 0x0f } }
enum {
    TCG2_EVENT_HEADER_BYTES   = 14,
    TCG2_EVENT_HEADER_VERSION = 1,
    TCG2_EV_IPL               = 0x0d,       /* what boot loaders say of what they load, in a text */
    TCG2_TEXT_BYTES           = 1024,       /* of an event; firmware's logs have 64 KiB for all */
};

struct tcg2_event {                         /* EFI_TCG2_EVENT */
    uint32_t bytes;                         /* of all */
    uint32_t header_bytes;
    uint16_t header_version;
    uint32_t pcr, type;
    char text[TCG2_TEXT_BYTES];
} __attribute__((packed));
_Static_assert(offsetof(struct tcg2_event, text) == 4 + TCG2_EVENT_HEADER_BYTES, "the header lies behind the size, without gaps");

struct tcg2 {
    void *GetCapability, *GetEventLog;
    EFI_STATUS (EFIAPI *HashLogExtendEvent)(struct tcg2 *this, uint64_t flags, uint64_t data, uint64_t bytes, struct tcg2_event *event);
    void *SubmitCommand, *GetActivePcrBanks, *SetActivePcrBanks, *GetResultOfSetActivePcrBanks;
};

/* A status in words, such as "not found" ("Status Codes", appendix D). Never NULL. */
const char *status_name(EFI_STATUS status);
