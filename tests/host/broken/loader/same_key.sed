# efi/leave.c: after a failure ExitBootServices is called again with the key of the map that it has just called stale.
s/? LEAVE_READ : LEAVE_DONE/? LEAVE_EXIT : LEAVE_DONE/
