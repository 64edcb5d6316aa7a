/* Files that cannot be read, or only bit by bit.
 *
 * Source: UEFI 2.10, "EFI_FILE_PROTOCOL.Read()" (13.5). */
#include "chaos.h"

enum { SHORT_BYTES = 97 };

static EFI_GUID file_system_guid = EFI_SIMPLE_FILE_SYSTEM_PROTOCOL_GUID;
static bool is_on, is_short;
static uint64_t failing, seen;

static EFI_STATUS (EFIAPI *real_open_volume)(EFI_SIMPLE_FILE_SYSTEM_PROTOCOL *volume, EFI_FILE_PROTOCOL **out_root);
static EFI_FILE_OPEN real_open;
static EFI_FILE_READ real_read;

EFI_STATUS reads(const char *kind)
{
    is_on = true;
    is_short = starts_with(kind, "short");
    failing = number(&kind);
    return EFI_SUCCESS;
}

static EFI_STATUS EFIAPI read(EFI_FILE_PROTOCOL *file, UINTN *bytes, void *to)
{
    if (!is_short && seen++ == failing)
        return EFI_DEVICE_ERROR;
    if (is_short && *bytes > SHORT_BYTES)
        *bytes = SHORT_BYTES;
    return real_read(file, bytes, to);
}

static EFI_STATUS EFIAPI open(EFI_FILE_PROTOCOL *root, EFI_FILE_PROTOCOL **out_file, CHAR16 *path, UINT64 mode, UINT64 attributes)
{
    EFI_STATUS status = real_open(root, out_file, path, mode, attributes);

    if (status == EFI_SUCCESS) {
        real_read = (*out_file)->Read == read ? real_read : (*out_file)->Read;
        (*out_file)->Read = read;
    }
    return status;
}

static EFI_STATUS EFIAPI open_volume(EFI_SIMPLE_FILE_SYSTEM_PROTOCOL *volume, EFI_FILE_PROTOCOL **out_root)
{
    EFI_STATUS status = real_open_volume(volume, out_root);

    if (status == EFI_SUCCESS && is_loaders(__builtin_return_address(0))) {
        real_open = (*out_root)->Open == open ? real_open : (*out_root)->Open;
        (*out_root)->Open = open;
    }
    return status;
}

EFI_STATUS arm_volume(void)
{
    EFI_SIMPLE_FILE_SYSTEM_PROTOCOL *volume;
    EFI_STATUS status = is_on && !real_open_volume ? boot->HandleProtocol(device, &file_system_guid, (void **)&volume) : EFI_NOT_READY;

    if (status == EFI_NOT_READY)
        return EFI_SUCCESS;
    if (status == EFI_SUCCESS) {
        real_open_volume = volume->OpenVolume;
        volume->OpenVolume = open_volume;
    }
    return status;
}
