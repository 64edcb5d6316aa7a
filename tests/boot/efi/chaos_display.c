/* What the firmware says of its displays, changed in place: the mode that is set is described wrongly.
 *
 * Source: UEFI 2.10, "Graphics Output Protocol" (12.9). */
#include "chaos.h"

static EFI_GUID gop_guid = EFI_GRAPHICS_OUTPUT_PROTOCOL_GUID;

static void describe(EFI_GRAPHICS_OUTPUT_PROTOCOL_MODE *mode, const char *kind)
{
    static const EFI_PIXEL_BITMASK bgr = { 0xff0000, 0x00ff00, 0x0000ff, 0xff000000 };

    if (starts_with(kind, "blt"))
        mode->Info->PixelFormat = PixelBltOnly;
    if (starts_with(kind, "blt") || starts_with(kind, "base-0"))
        mode->FrameBufferBase = 0;
    if (starts_with(kind, "size-0"))
        mode->FrameBufferSize = 0;
    if (starts_with(kind, "small"))
        mode->FrameBufferSize /= 3;
    if (starts_with(kind, "high"))
        mode->FrameBufferBase = 1ull << 50;
    if (starts_with(kind, "format"))
        mode->Info->PixelFormat = 17;
    if (starts_with(kind, "bitmask")) {
        mode->Info->PixelFormat = PixelBitMask;
        mode->Info->PixelInformation = bgr;
    }
}

EFI_STATUS display(const char *kind)
{
    EFI_HANDLE *handle;
    UINTN count;
    EFI_STATUS status = boot->LocateHandleBuffer(ByProtocol, &gop_guid, NULL, &count, &handle);

    if (starts_with(kind, "none"))
        hide_displays();
    for (UINTN i = 0; status == EFI_SUCCESS && i < count; i++) {
        EFI_GRAPHICS_OUTPUT_PROTOCOL *gop;

        status = boot->HandleProtocol(handle[i], &gop_guid, (void **)&gop);
        if (status == EFI_SUCCESS)
            describe(gop->Mode, kind);
    }
    return status;
}
