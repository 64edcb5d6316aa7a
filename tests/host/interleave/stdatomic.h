/* Atomic operations as steps of a model (tests/host/interleave.h): before each one any other CPU may go on. */
#pragma once

#include_next <stdatomic.h>
#include <stddef.h>

/* A load sees this CPU's own stores that wait in its buffer. A store that is not sequentially consistent waits there. */
void step_load(const volatile void *at, void *out, size_t bytes, const char *what);
void step_store(volatile void *at, const void *value, size_t bytes, int order, const char *what);
/* Around what reads and writes at once: the buffer is empty before it. */
void step_change(volatile void *at, const char *what);
void step_wrote(void);

#define STEP_VALUE(at) __typeof__((void)0, *(at))

#undef atomic_load_explicit
#define atomic_load_explicit(at, order) \
    __extension__({ STEP_VALUE(at) step_value; step_load(at, &step_value, sizeof(step_value), "load " #at); step_value; })
#undef atomic_load
#define atomic_load(at) atomic_load_explicit(at, memory_order_seq_cst)

#undef atomic_store_explicit
#define atomic_store_explicit(at, value, order) \
    __extension__({ STEP_VALUE(at) step_value = (value); step_store(at, &step_value, sizeof(step_value), order, "store " #at); })
#undef atomic_store
#define atomic_store(at, value) atomic_store_explicit(at, value, memory_order_seq_cst)

#define STEP_CHANGE(at, what, change) \
    __extension__({ STEP_VALUE(at) step_old; step_change(at, what #at); step_old = (change); step_wrote(); step_old; })

#undef atomic_fetch_add_explicit
#define atomic_fetch_add_explicit(at, by, order) STEP_CHANGE(at, "add to ", __atomic_fetch_add(at, by, order))
#undef atomic_fetch_add
#define atomic_fetch_add(at, by) atomic_fetch_add_explicit(at, by, memory_order_seq_cst)
#undef atomic_fetch_sub_explicit
#define atomic_fetch_sub_explicit(at, by, order) STEP_CHANGE(at, "subtract from ", __atomic_fetch_sub(at, by, order))

#undef atomic_exchange_explicit
#define atomic_exchange_explicit(at, value, order) STEP_CHANGE(at, "exchange ", __atomic_exchange_n(at, value, order))
#undef atomic_exchange
#define atomic_exchange(at, value) atomic_exchange_explicit(at, value, memory_order_seq_cst)

#undef atomic_compare_exchange_strong_explicit
#define atomic_compare_exchange_strong_explicit(at, expected, value, success, failure) \
    __extension__({ \
        bool step_done; \
        step_change(at, "compare and exchange " #at); \
        step_done = __atomic_compare_exchange_n(at, expected, value, false, success, failure); \
        if (step_done) \
            step_wrote(); \
        step_done; \
    })
#undef atomic_compare_exchange_weak_explicit
#define atomic_compare_exchange_weak_explicit atomic_compare_exchange_strong_explicit
