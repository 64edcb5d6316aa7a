# A CPU says that it sleeps after its look at calls: who gives it a job in between does not wake it.
/^    atomic_store(&mine->asleep, true);$/d
s/^        arch_cpu_sleep(&mine->calls, calls);$/        atomic_store(\&mine->asleep, true), arch_cpu_sleep(\&mine->calls, calls);/
