/* Locks, barriers, variables of which each CPU has its own, and one clock for all. */
#include "smp.h"

#include <ingot/cpu.h>
#include <ingot/lock.h>
#include <ingot/string.h>
#include <ingot/time.h>

/* ---- locks ---- */

static struct lock outer = LOCK("outer"), inner = LOCK("inner");
static uint64_t guarded, guarded_too;

static void increment(void *turns)
{
    for (uint64_t i = 0; i < *(const uint64_t *)turns; i++) {
        uint64_t flags = lock_take_irq(&outer), inner_flags;

        EXPECT(guarded == guarded_too && !cpu_interrupts_are_on());
        guarded++;
        inner_flags = lock_take_irq(&inner);
        guarded_too++;
        lock_give_irq(&inner, inner_flags);
        EXPECT(!cpu_interrupts_are_on());
        lock_give_irq(&outer, flags);
        EXPECT(cpu_interrupts_are_on());
    }
}

static void locks(char *figures)
{
    uint64_t turns = rounds / cpu_count() + 1;

    guarded = guarded_too = 0;
    cpu_run_all(increment, &turns);
    EXPECT(guarded == turns * cpu_count() && guarded_too == guarded);
    SAY("%llu increments by each CPU, under two locks", (unsigned long long)turns);
}

/* ---- barriers ---- */

static struct cpu_barrier barrier;
static _Atomic uint64_t phase[MANY_CPUS], lasts;

/* Behind a barrier everybody has come as far as we, and nobody is more than one round ahead. */
static void march(void *unused)
{
    uint32_t me = cpu_id(), cpus = cpu_count(), other = me;

    (void)unused;
    for (uint64_t round = 1; round <= rounds; round++) {
        phase[me] = round;
        if (cpu_barrier_wait(&barrier, cpus))
            lasts++;
        other = other + 1 < cpus ? other + 1 : 0;
        EXPECT(phase[other] == round || phase[other] == round + 1);
    }
}

static void barriers(char *figures)
{
    lasts = 0;
    EXPECT(cpu_count() <= MANY_CPUS);
    cpu_run_all(march, NULL);
    EXPECT(lasts == rounds && barrier.arrived == 0);
    SAY("%llu rounds of %u CPUs, one last in each", (unsigned long long)rounds, cpu_count());
}

/* ---- PER_CPU ---- */

struct own {
    uint64_t count;
    uint32_t cpu;
};
static PER_CPU(struct own, own);

static void count_own(void *unused)
{
    (void)unused;
    for (uint64_t i = 0; i < rounds; i++)
        per_cpu(&own)->count++;
    per_cpu(&own)->cpu = cpu_id();
    EXPECT(per_cpu(&own) == per_cpu_of(&own, cpu_id()));
}

static void own_variables(char *figures)
{
    uint64_t sum = 0;

    for (uint32_t cpu = 0; cpu < cpu_count(); cpu++)
        EXPECT(per_cpu_of(&own, cpu)->count == 0 && per_cpu_of(&own, cpu)->cpu == 0);
    cpu_run_all(count_own, NULL);
    for (uint32_t cpu = 0; cpu < cpu_count(); cpu++) {
        struct own *theirs = per_cpu_of(&own, cpu);

        EXPECT(theirs->count == rounds && theirs->cpu == cpu);
        sum += theirs->count;
        memset(theirs, 0, sizeof(*theirs));
    }
    SAY("%u of them, each counted to %llu by its own CPU", cpu_count(), (unsigned long long)(sum / cpu_count()));
}

/* ---- the clock ---- */

static _Atomic uint64_t latest_ns, reads;

/* What another CPU read before we read must not lie ahead of us. */
static void read_clock(void *unused)
{
    uint64_t mine = 0;

    (void)unused;
    for (uint64_t i = 0; i < rounds; i++) {
        uint64_t seen_ns = latest_ns, now_ns = time_ns();

        EXPECT(now_ns >= seen_ns && now_ns >= mine);
        mine = now_ns;
        while (now_ns > seen_ns && !atomic_compare_exchange_weak(&latest_ns, &seen_ns, now_ns))
            ;
    }
    reads += rounds;
}

static void one_clock(char *figures)
{
    struct time_source source;

    time_source(&source);
    reads = 0;
    cpu_run_all(read_clock, NULL);
    EXPECT(reads == rounds * cpu_count());
    SAY("%llu reads on %u CPUs, never back, by %s", (unsigned long long)reads, cpu_count(), source.name);
}

const struct check together_checks[] = {
    { "locks", locks }, { "barriers", barriers }, { "per-cpu", own_variables }, { "clock", one_clock }, { 0 },
};
