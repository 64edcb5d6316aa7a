/* Before anything is believed: is this a system table at all? And the firmware's watchdog, which would reset the machine after
 * five minutes. */
#include "efi/console.h"
#include "efi/loader.h"

enum { TABLE_BYTES_MAX = 4096, UEFI_2_0 = 2 << 16 };

/* CRC-32 as EFI_TABLE_HEADER has it ("EFI Table Header", UEFI 2.10, 4.2), with the field itself as 0; half a byte a step. */
static uint32_t table_crc(const uint8_t *table, uint32_t bytes)
{
    static const uint32_t half[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c,
        0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    uint32_t crc = ~0u;

    for (uint32_t i = 0; i < bytes; i++) {
        crc ^= i - offsetof(EFI_TABLE_HEADER, CRC32) < 4 ? 0 : table[i];
        crc = crc >> 4 ^ half[crc & 15];
        crc = crc >> 4 ^ half[crc & 15];
    }
    return ~crc;
}

EFI_STATUS firmware_check(struct loader *loader)
{
    const EFI_TABLE_HEADER *header = &loader->system->Hdr;

    if (header->Signature != EFI_SYSTEM_TABLE_SIGNATURE)
        return refuse(EFI_INCOMPATIBLE_VERSION, "EFI-TABLE", "the system table's signature is 0x%lx", header->Signature);
    if (header->HeaderSize < sizeof(EFI_SYSTEM_TABLE) || header->HeaderSize > TABLE_BYTES_MAX)
        return refuse(EFI_INCOMPATIBLE_VERSION, "EFI-TABLE", "the system table is %u bytes long", header->HeaderSize);
    console_screen(loader->system);
    if (table_crc((const uint8_t *)header, header->HeaderSize) != header->CRC32)
        return refuse(EFI_CRC_ERROR, "EFI-TABLE", "the system table's checksum is wrong");
    if (header->Revision < UEFI_2_0)
        return refuse(EFI_INCOMPATIBLE_VERSION, "EFI-TABLE", "UEFI 2.0 is needed, this is revision 0x%x", header->Revision);
    if (!loader->system->BootServices || loader->system->BootServices->Hdr.Signature != EFI_BOOT_SERVICES_SIGNATURE)
        return refuse(EFI_INCOMPATIBLE_VERSION, "EFI-TABLE", "there is no boot services table");
    loader->boot = loader->system->BootServices;
    loader->memory.boot = loader->boot;
    say("ingot on UEFI 0x%x, firmware 0x%x", header->Revision, loader->system->FirmwareRevision);
    return EFI_SUCCESS;
}

EFI_STATUS watchdog_stop(struct loader *loader)
{
    EFI_STATUS status = loader->boot->SetWatchdogTimer(0, 0, 0, NULL);

    if (EFI_ERROR(status))
        say("watchdog: not stopped (%s), may reset the machine before the core runs", status_name(status));
    return EFI_SUCCESS;
}

EFI_STATUS protocol_on(struct loader *loader, EFI_HANDLE handle, EFI_GUID guid, void **out_interface)
{
    EFI_STATUS status;

    *out_interface = NULL;
    status = handle ? loader->boot->HandleProtocol(handle, &guid, out_interface) : EFI_NOT_FOUND;
    return EFI_ERROR(status) ? status : *out_interface ? EFI_SUCCESS : EFI_NOT_FOUND;
}
