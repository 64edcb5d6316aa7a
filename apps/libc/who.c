/* Who we are, for programs that ask: the only process, of the only user. */
#include <string.h>
#include <sys/utsname.h>

#include "calls.h"

long call_uname(struct utsname *out_name)
{
    *out_name = (struct utsname){ .sysname = "Ingot", .nodename = "ingot", .release = "1", .version = "1", .machine = "x86_64" };
    return 0;
}

long call_getpid(void) { return 1; }
long call_getuid(void) { return 0; }
long call_geteuid(void) { return 0; }
long call_getgid(void) { return 0; }
long call_getegid(void) { return 0; }
