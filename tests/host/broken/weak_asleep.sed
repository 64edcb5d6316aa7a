# That it sleeps may become visible after its look at calls: the same, by the order of memory alone.
s/atomic_store(&mine->asleep, true)/atomic_store_explicit(\&mine->asleep, true, memory_order_release)/
