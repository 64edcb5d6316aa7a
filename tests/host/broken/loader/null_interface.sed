# efi/check.c: a protocol that is said to be there, is.
s/return EFI_ERROR(status) ? status : \*out_interface ? EFI_SUCCESS : EFI_NOT_FOUND;/return status;/
