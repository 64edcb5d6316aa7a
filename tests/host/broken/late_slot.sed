# A CPU's slot for errands stays taken while the errand runs: one in another waits for ever.
s/atomic_exchange_explicit(&part->errand, NULL, memory_order_acq_rel)/atomic_load_explicit(\&part->errand, memory_order_acquire)/
s/^    errand->run(errand->argument);$/&\n    atomic_store(\&part->errand, NULL);/
