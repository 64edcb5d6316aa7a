#include "efi/firmware.h"

#include "efi/text.h"

enum { ERROR_NAMES = 34 };

/* By code, from "EFI_STATUS Error Codes" (UEFI 2.10, appendix D, table D.2). */
static const char error_names[] =
    "no error\0" "load error\0" "invalid parameter\0" "unsupported\0" "bad buffer size\0" "buffer too small\0" "not ready\0"
    "device error\0" "write protected\0" "out of resources\0" "volume corrupted\0" "volume full\0" "no media\0" "media changed\0"
    "not found\0" "access denied\0" "no response\0" "no mapping\0" "time-out\0" "not started\0" "already started\0" "aborted\0"
    "ICMP error\0" "TFTP error\0" "protocol error\0" "incompatible version\0" "security violation\0" "CRC error\0"
    "end of media\0" "error 29\0" "error 30\0" "end of file\0" "invalid language\0" "compromised data";

const char *status_name(EFI_STATUS status)
{
    uint64_t code = status & ~EFI_ERROR_MASK;

    if (!EFI_ERROR(status))
        return status == EFI_SUCCESS ? "success" : "warning";
    return code < ERROR_NAMES ? text_entry(error_names, (unsigned)code) : "unknown error";
}
