# Who gives a job looks whether the CPU sleeps before he counts the call.
/^    atomic_fetch_add(&theirs->calls, 1);$/d
/^        arch_cpu_kick(cpu);$/a\    atomic_fetch_add(\&theirs->calls, 1);
