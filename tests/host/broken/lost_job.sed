# A job is put into the queue whatever came there since the look.
s/^    while (!atomic_compare_exchange_weak_explicit(newest, &before, job, .*$/    while (atomic_store_explicit(newest, job, memory_order_release), 0);/
