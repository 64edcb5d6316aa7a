/* Locks of the library: who waits spins, as nothing here takes a CPU away from whoever has the lock. */
#include <errno.h>
#include <stdatomic.h>

#include <ingot/cpu.h>

#include "calls.h"

enum { FUTEX_WAIT, FUTEX_WAKE, FUTEX_REQUEUE = 3, FUTEX_PRIVATE = 128 };

long call_futex(long word, long operation, long value)
{
    switch (operation & ~FUTEX_PRIVATE) {
    case FUTEX_WAIT:
        while (atomic_load((_Atomic int *)word) == (int)value)
            cpu_relax();
        return 0;
    case FUTEX_WAKE:
    case FUTEX_REQUEUE:
        return 0;
    }
    return -ENOSYS;
}
