# A barrier lets its callers go before it counts from 0 again.
/^        atomic_store_explicit(&barrier->arrived, 0, memory_order_relaxed);$/d
s/^        atomic_store_explicit(&barrier->round, round + 1, memory_order_release);$/&\n        atomic_store(\&barrier->arrived, 0);/
