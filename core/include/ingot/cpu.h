/* Processors: how many there are, where they sit, and work for them.
 *
 *     static void fill(uint64_t first, uint64_t past, void *table)
 *     {
 *         for (uint64_t i = first; i < past; i++)
 *             ((double *)table)[i] = f(i);
 *     }
 *     cpu_for(1000000, 0, fill, table);              a `for` on all CPUs; it returns when every number has had its turn
 *
 *     static struct cpu_job job;
 *     cpu_run(3, &job, count_primes, &result);       on CPU 3, beside what goes on here
 *     cpu_join(&job);
 *
 * main() runs on CPU 0. All others are idle until they are given work: they sleep, nothing ticks on them, and they wake in
 * microseconds. A CPU does one job at a time, in the order in which they came, with interrupts on, on a stack of its own with a
 * guard page; a job runs to its end, as nothing here takes a CPU away. CPU 0 does jobs when main waits in cpu_join(),
 * cpu_run_all() or cpu_for(): any CPU does, that waits there, so that two that wait for each other go on.
 * What a job stored before it ended is seen by whoever has joined it; what was stored before cpu_run() is seen by the job. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <ingot/cpu_inline.h>    /* cpu_id, cpu_ticks, cpu_interrupts_off, cpu_interrupts_restore, cpu_relax, cpu_wait: the CPU's own */

/* How many CPUs run for us: at least 1. Their numbers are 0 to cpu_count() - 1, and 0 is the one that booted; the others are in
 * the firmware's order. The same from main's first line on. `cpus=4` on the command line starts no more than 4. Any context. */
uint32_t cpu_count(void);

enum cpu_kind { CPU_KIND_ONLY, CPU_KIND_PERFORMANCE, CPU_KIND_EFFICIENT };    /* ONLY: the machine does not distinguish */

struct cpu_place {
    uint32_t hardware_id;                /* PC: of the local APIC */
    uint32_t package, die, core, thread; /* numbers within the one before; threads of one core share it */
    uint32_t node;                       /* NUMA node as the firmware numbers it; 0 where it says nothing */
    enum cpu_kind kind;
};

/* Where a CPU sits. False, and nothing written, when there is no such CPU. Any context. Source (PC): Intel SDM vol. 2A, "CPUID",
 * leaves 0BH, 1AH and 1FH; ACPI 6.5, "System Resource Affinity Table" (5.2.16). */
bool cpu_place(uint32_t cpu, struct cpu_place *out_place);

/* ---- variables of which each CPU has its own ----
 *
 *     static PER_CPU(uint64_t, interrupts);
 *     ++*per_cpu(&interrupts);                       this CPU's
 *     sum += *per_cpu_of(&interrupts, cpu);          another one's
 *
 * They start as zero: a variable with an initial value does not compile. Any context, from the first line of the core on. */
#define PER_CPU(type, name) __attribute__((section(".bss.per_cpu"))) __typeof__(type) name

#define per_cpu(variable)         ((__typeof__(variable))((uintptr_t)(variable) + cpu_local_distance()))
#define per_cpu_of(variable, cpu) ((__typeof__(variable))((uintptr_t)(variable) + cpu_distance(cpu)))

/* For per_cpu_of(): how far the variables of a CPU, which must be one of those there are, lie behind those of CPU 0. */
uintptr_t cpu_distance(uint32_t cpu);

/* ---- work ---- */

struct cpu_job {                         /* the caller's memory, zeroed before its first use; it stays until the job has ended */
    void (*run)(void *argument);
    void *argument;
    struct cpu_job *next;
    _Atomic uint32_t state;
};

/* Gives a CPU a job: run(argument). For the caller's own CPU: it does it when it next waits.
 * 0; ERR_BAD_VALUE: no such CPU; ERR_BUSY: this job has not ended yet. Any CPU, any context but NMI. */
int cpu_run(uint32_t cpu, struct cpu_job *job, void (*run)(void *argument), void *argument);

/* The same, at once: in an interrupt of that CPU, whatever it does, unless its interrupts are off. run() follows the rules of
 * <ingot/irq.h> for handlers. Same errors and callers. Also the way to wake a CPU that waits in cpu_wait(). */
int cpu_interrupt(uint32_t cpu, struct cpu_job *job, void (*run)(void *argument), void *argument);

/* Whether the job has ended (or was never given to anybody). Any context. */
bool cpu_job_ended(const struct cpu_job *job);

/* Waits until it has, and does this CPU's own jobs meanwhile. Not in interrupts. There is no limit: a job may take days. */
void cpu_join(struct cpu_job *job);

/* Does run(argument) on every CPU, this one included, and returns when all have ended. Not in interrupts. */
void cpu_run_all(void (*run)(void *argument), void *argument);

/* Does run(first, past, argument) for pieces [first, past) of [0, count), each number once, on all CPUs, this one included, and
 * returns when all is done. chunk 0: one piece for each CPU, of equal size; else pieces of chunk numbers, and who has done one
 * takes the next: for work of which some parts are harder. Not in interrupts. */
void cpu_for(uint64_t count, uint64_t chunk, void (*run)(uint64_t first, uint64_t past, void *argument), void *argument);

/* ---- waiting together ---- */

struct cpu_barrier {                     /* zeroed before its first use */
    _Atomic uint32_t arrived, round;
};

/* Returns when `cpus` callers, each on a CPU of its own, have come here; then the barrier may be used again. No jobs are done
 * meanwhile, and there is no limit. True for one of them: the last. Any CPU, not in interrupts. */
bool cpu_barrier_wait(struct cpu_barrier *barrier, uint32_t cpus);

/* Sleeps until time_ns() is at least deadline_ns. Interrupts are served meanwhile, jobs wait. Any CPU, interrupts on. */
void cpu_sleep_until(uint64_t deadline_ns);

/* The same, but it ends as well when *wake is true, which an interrupt of this CPU sets; one that came before the sleep counts. */
void cpu_sleep_until_set(uint64_t deadline_ns, const _Atomic bool *wake);

/* ---- taking a CPU out ---- */

/* Stops a CPU when the job that it does has ended: it sleeps, and other jobs wait until cpu_wake(). cpu_run_all() and cpu_for() that
 * begin afterwards do without it; one that is going on waits for it if it has given it its part. Its interrupts are still served: move
 * them with irq_set_cpu(). Returns at once.
 * 0; ERR_BAD_VALUE: no such CPU, CPU 0, or the caller's own; ERR_BUSY: stopped already. Any CPU, not in interrupts. */
int cpu_stop(uint32_t cpu);

/* Lets it go on. ERR_BAD_VALUE: no such CPU; ERR_NOT_READY: it was not stopped. Any CPU, not in interrupts. */
int cpu_wake(uint32_t cpu);
