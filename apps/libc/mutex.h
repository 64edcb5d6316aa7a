/* For what several CPUs share and no interrupt does: who waits spins, with interrupts as they were. */
#pragma once

#include <stdatomic.h>

#include <ingot/cpu.h>

struct mutex {
    _Atomic uint32_t taken;
};

static inline void mutex_take(struct mutex *mutex)
{
    while (atomic_exchange_explicit(&mutex->taken, 1, memory_order_acquire))
        while (atomic_load_explicit(&mutex->taken, memory_order_relaxed))
            cpu_relax();
}

static inline void mutex_give(struct mutex *mutex)
{
    atomic_store_explicit(&mutex->taken, 0, memory_order_release);
}
