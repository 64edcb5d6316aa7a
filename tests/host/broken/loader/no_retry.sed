# efi/leave.c: ExitBootServices is called once; that its key may be stale is not thought of.
s/EXIT_TRIES_MAX = 64/EXIT_TRIES_MAX = 1/
