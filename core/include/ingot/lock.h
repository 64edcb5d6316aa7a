/* Locks for what several CPUs, or a CPU and its interrupts, share.
 *
 *     static struct lock ring_lock = LOCK("ring");
 *
 *     uint64_t flags = lock_take_irq(&ring_lock);
 *     ... a few microseconds at most: no wait on hardware, no log line that can be had a line later ...
 *     lock_give_irq(&ring_lock, flags);
 *
 * A ticket lock: CPUs get it in the order in which they asked, so none starves. Interrupts are off on this CPU while it is held,
 * so a handler may take it too. A CPU that takes a lock it already holds, and one that waits for seconds on a lock that does not
 * move on, end in `PANIC LOCK` with the lock's name, its owner and the waiter, in every build.
 *
 * Any CPU, from the first line of the core on; any context but NMI, machine check and panic, which stop a CPU anywhere, also
 * between taking and giving. Locks nest; CPUs that take the same two must take them in the same order. */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include <ingot/cpu.h>

struct lock {
    _Atomic uint32_t next;             /* the ticket that the next CPU to ask will draw */
    _Atomic uint32_t serving;          /* the ticket whose turn it is: equal to next when the lock is free */
    _Atomic uint32_t owner;            /* cpu_id() + 1, 0 when free: for messages and for the self-deadlock check only */
    const char *name;                  /* valid for ever */
};

/* The initial value of a lock, with its name for messages. */
#define LOCK(lock_name) { .name = (lock_name) }

/* Waits for the turn of ticket, or panics. Not for callers: lock_take_irq's slow half. */
void lock_wait(struct lock *lock, uint32_t ticket);

/* Switches this CPU's interrupts off, then waits for the lock. Returns what lock_give_irq() takes. */
static inline uint64_t lock_take_irq(struct lock *lock)
{
    uint64_t flags = cpu_interrupts_off();
    uint32_t ticket = atomic_fetch_add_explicit(&lock->next, 1, memory_order_relaxed);

    /* acquire: what the last owner stored before it gave the lock is seen from here on */
    if (atomic_load_explicit(&lock->serving, memory_order_acquire) != ticket)
        lock_wait(lock, ticket);
    atomic_store_explicit(&lock->owner, cpu_id() + 1, memory_order_relaxed);
    return flags;
}

/* Gives the lock to the CPU that has waited longest, then puts this CPU's interrupts back as lock_take_irq() found them. */
static inline void lock_give_irq(struct lock *lock, uint64_t flags)
{
    uint32_t turn = atomic_load_explicit(&lock->serving, memory_order_relaxed);

    atomic_store_explicit(&lock->owner, 0, memory_order_relaxed);
    atomic_store_explicit(&lock->serving, turn + 1, memory_order_release);
    cpu_interrupts_restore(flags);
}

/* From now on nobody waits for any lock: for a panic, which must get at what the CPUs that it stopped were holding. There is no
 * way back. What locks guard may then be seen half changed. */
void locks_ignore(void);
