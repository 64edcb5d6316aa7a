# efi/console.c: a refusal returns the status that it was given, be it success.
s/return EFI_ERROR(status) ? status : EFI_LOAD_ERROR;/return status;/
