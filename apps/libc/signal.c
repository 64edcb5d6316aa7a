/* Signals that a program sends to itself: raise(), kill() of its own process, Ctrl-C at the console. They are delivered on the CPU that
 * sends them, at once or when they are no longer blocked. Faults of the program end in a panic, as everywhere. */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include <ingot/cpu.h>
#include <ingot/log.h>
#include <ingot/panic.h>

#include "calls.h"

enum { SIGNALS = 64 };

/* As the call hands them over (Linux, struct kernel_sigaction). */
struct action {
    void (*handler)(int signal);
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
};

static struct action actions[SIGNALS];   /* by number - 1 */

struct signals {
    uint64_t blocked, waiting;           /* bit number - 1 */
};
static PER_CPU(struct signals, signals);

/* What happens when the program has said nothing. */
static void by_default(int signal)
{
    switch (signal) {
    case SIGCHLD: case SIGCONT: case SIGURG: case SIGWINCH:
        return;
    case SIGABRT:
        return;                          /* abort() says it itself */
    case SIGFPE: case SIGILL: case SIGSEGV: case SIGBUS: case SIGTRAP: case SIGSYS:
        panic_code("SIGNAL", "the program raised signal %d (%s)", signal, strsignal(signal));
    }
    log_warn("ended by signal %d (%s)", signal, strsignal(signal));
    call_exit_group(signal);
}

static void deliver(struct signals *mine, int signal)
{
    struct action action = actions[signal - 1];
    uint64_t before = mine->blocked;

    if (action.handler == SIG_IGN)
        return;
    if (action.handler == SIG_DFL)
        return by_default(signal);
    if (action.flags & SA_RESETHAND)
        actions[signal - 1].handler = SIG_DFL;
    mine->blocked |= action.mask | (action.flags & SA_NODEFER ? 0 : 1ull << (signal - 1));
    if (action.flags & SA_SIGINFO)
        ((void (*)(int, siginfo_t *, void *))(void *)action.handler)(signal, &(siginfo_t){ .si_signo = signal, .si_code = SI_TKILL }, NULL);
    else
        action.handler(signal);
    mine->blocked = before;
}

static void deliver_all(struct signals *mine)
{
    uint64_t due;

    while ((due = mine->waiting & ~mine->blocked)) {
        int signal = __builtin_ctzll(due) + 1;

        mine->waiting &= ~(1ull << (signal - 1));
        deliver(mine, signal);
    }
}

long call_tkill(long thread, long signal)
{
    struct signals *mine = per_cpu(&signals);

    if (thread != (long)cpu_id() + 1)
        return -ESRCH;
    if (signal < 0 || signal > SIGNALS)
        return -EINVAL;
    if (signal)
        mine->waiting |= 1ull << (signal - 1);
    deliver_all(mine);
    return 0;
}

long call_kill(long process, long signal)
{
    return process == call_getpid() || process == 0 ? call_tkill((long)cpu_id() + 1, signal) : -ESRCH;
}

long call_rt_sigaction(long signal, const void *action, void *old, size_t bytes)
{
    if (signal < 1 || signal > SIGNALS || bytes != sizeof(uint64_t) || (action && (signal == SIGKILL || signal == SIGSTOP)))
        return -EINVAL;
    if (old)
        memcpy(old, &actions[signal - 1], sizeof(struct action));
    if (action)
        memcpy(&actions[signal - 1], action, sizeof(struct action));
    return 0;
}

long call_rt_sigprocmask(long how, const void *set, void *old, size_t bytes)
{
    const uint64_t never = 1ull << (SIGKILL - 1) | 1ull << (SIGSTOP - 1);
    struct signals *mine = per_cpu(&signals);
    uint64_t before = mine->blocked, wanted = 0;

    if (bytes != sizeof(uint64_t))
        return -EINVAL;
    if (set) {
        memcpy(&wanted, set, sizeof(wanted));
        mine->blocked = (how == SIG_BLOCK ? before | wanted : how == SIG_UNBLOCK ? before & ~wanted : wanted) & ~never;
    }
    if (old)
        memcpy(old, &before, sizeof(before));
    deliver_all(mine);
    return 0;
}

long call_rt_sigpending(void *set, size_t bytes)
{
    if (bytes != sizeof(uint64_t))
        return -EINVAL;
    memcpy(set, &per_cpu(&signals)->waiting, sizeof(uint64_t));
    return 0;
}
