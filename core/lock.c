/* The slow half of ticket locks: waiting, and noticing that it is in vain. */
#include <ingot/lock.h>

#include <stdbool.h>

#include <ingot/panic.h>

/* Looks at a lock that does not move on: 1 to 15 s on the CPUs we know, where cpu_relax() takes 4 to 60 ns. */
enum { LOCK_LOOKS_MAX = 1 << 28 };

static _Atomic bool ignored;

static void check_owner(const struct lock *lock)
{
    uint32_t me = cpu_id() + 1;

    /* Only this CPU stores its own number there, so seeing it means that it never gave the lock back. */
    if (atomic_load_explicit(&lock->owner, memory_order_relaxed) == me)
        panic_code("LOCK", "cpu %u waits for the lock \"%s\", which it holds itself", me - 1, lock->name);
}

static _Noreturn void give_up(const struct lock *lock)
{
    uint32_t owner = atomic_load_explicit(&lock->owner, memory_order_relaxed);

    if (owner == 0)
        panic_code("LOCK", "cpu %u waited for seconds for the lock \"%s\", which nobody holds", cpu_id(), lock->name);
    panic_code("LOCK", "cpu %u waited for seconds for the lock \"%s\", which cpu %u holds", cpu_id(), lock->name, owner - 1);
}

void lock_wait(struct lock *lock, uint32_t ticket)
{
    uint32_t looks = 0, seen, last = ticket;

    if (!atomic_load_explicit(&ignored, memory_order_relaxed))
        check_owner(lock);
    while ((seen = atomic_load_explicit(&lock->serving, memory_order_acquire)) != ticket) {
        if (atomic_load_explicit(&ignored, memory_order_relaxed))
            return;
        if (seen != last)              /* the queue moves: the bound is for one owner, not for all who stand before us */
            looks = 0;
        last = seen;
        if (++looks == LOCK_LOOKS_MAX)
            give_up(lock);
        cpu_relax();
    }
}

void locks_ignore(void) { atomic_store_explicit(&ignored, true, memory_order_relaxed); }
