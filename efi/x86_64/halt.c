#include "efi/cpu.h"
#include "efi/x86_64/io.h"

_Noreturn void cpu_halt(void)
{
    for (;;) {
        io_interrupts_off();
        io_halt();
    }
}
