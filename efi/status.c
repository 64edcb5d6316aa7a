#include "efi/firmware.h"

/* By code, from "EFI_STATUS Error Codes" (UEFI 2.10, appendix D, table D.2). A table of arrays: pointers would cost relocations. */
static const char error_names[][24] = {
    "no error", "load error", "invalid parameter", "unsupported", "bad buffer size", "buffer too small", "not ready", "device error",
    "write protected", "out of resources", "volume corrupted", "volume full", "no media", "media changed", "not found",
    "access denied", "no response", "no mapping", "time-out", "not started", "already started", "aborted", "ICMP error",
    "TFTP error", "protocol error", "incompatible version", "security violation", "CRC error", "end of media", "error 29", "error 30",
    "end of file", "invalid language", "compromised data",
};

const char *status_name(EFI_STATUS status)
{
    uint64_t code = status & ~EFI_ERROR_MASK;

    if (!EFI_ERROR(status))
        return status == EFI_SUCCESS ? "success" : "warning";
    return code < sizeof(error_names) / sizeof(error_names[0]) ? error_names[code] : "unknown error";
}
