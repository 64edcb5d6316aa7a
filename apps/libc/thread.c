/* What musl keeps for each thread is kept for each CPU: a program's threads are the CPUs' jobs. The only file of ours that sees musl's
 * inside. */
#include <unistd.h>

#include "pthread_impl.h"
#include "stdio_impl.h"
#include "locale_impl.h"

#include <ingot/cpu.h>

#include "thread.h"

PER_CPU(struct pthread, libc_cpu);
_Static_assert(CPU_LOCAL_DISTANCE == 24, "arch/pthread_arch.h names it");

static void start_cpu(uint32_t cpu)
{
    struct pthread *self = per_cpu_of(&libc_cpu, cpu);

    self->self = self->next = self->prev = self;
    self->detach_state = DT_JOINABLE;
    self->tid = (int)cpu + 1;
    self->locale = &libc.global_locale;
}

/* With several CPUs everything that has a lock takes it, from the first line on. */
void thread_start(const char *name)
{
    static char *no_environment[1];
    FILE *const open[] = { __stdin_used, __stdout_used, __stderr_used };

    for (uint32_t cpu = 0; cpu < cpu_count(); cpu++)
        start_cpu(cpu);
    __environ = no_environment;
    __progname = __progname_full = (char *)name;
    libc.page_size = 4096;
    libc.can_do_threads = 1;
    if (cpu_count() == 1)
        return;
    libc.threads_minus_1 = (int)cpu_count() - 1;
    libc.need_locks = libc.threaded = 1;
    for (unsigned i = 0; i < sizeof(open) / sizeof(open[0]); i++)
        if (open[i])
            open[i]->lock = 0;
}
