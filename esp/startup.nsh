@echo -off
# The UEFI Shell runs this file when it finds it and nobody presses a key: start the loader of the first file system that has it.
for %i in 0 1 2 3 4 5 6 7 8 9
    if exist fs%i:\EFI\BOOT\BOOTX64.EFI then
        fs%i:\EFI\BOOT\BOOTX64.EFI %1 %2 %3 %4 %5 %6 %7 %8 %9
        goto done
    endif
endfor
:done
