# efi/leave.c: a line on the firmware's console, behind the first ExitBootServices.
s/^    leave->exits++;$/    if (leave->exits++)\n        announce("once more");/
