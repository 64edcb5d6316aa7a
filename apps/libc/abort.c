#include <signal.h>
#include <stdlib.h>

#include <ingot/panic.h>

_Noreturn void abort(void)
{
    raise(SIGABRT);                      /* a handler may jump out of here */
    panic_code("ABORT", "the program called abort()");
}
