/* From the core's call of main() to the program's own, and back out. The linker gives this main() the name by which the core calls it, and
 * the program's own the name __real_main (ld --wrap=main, in libc.mk). */
#include <setjmp.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include <ingot/cpu.h>
#include <ingot/end.h>
#include <ingot/panic.h>

#include "calls.h"
#include "thread.h"

int __real_main(int argc, char **argv, char **environment);
int __wrap_main(int argc, char **argv);

int __wrap_main(int argc, char **argv)
{
    thread_start(argv[0]);
    exit(__real_main(argc, argv, environ));
}

/* Where exit() ends. The first CPU that comes here ends the run. */
long call_exit_group(long status)
{
    static _Atomic bool ending;

    while (atomic_exchange(&ending, true))
        cpu_wait();
    end_run((int)status);
}

long call_exit(long status) { call_exit_group(status); }

/* Where musl finds its own data broken (arch/atomic_arch.h). */
_Noreturn void libc_broken(void);
_Noreturn void libc_broken(void)
{
    panic_code("LIBC", "the C library found its data overwritten, called from %p", __builtin_return_address(0));
}
