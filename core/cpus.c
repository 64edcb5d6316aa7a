/* Who does which job. Each CPU has two queues that anybody may add to, without a lock: jobs are done where it waits for work,
 * urgent ones in its interrupt. */
#include "core/cpus.h"

#include "core/option.h"

#include <ingot/error.h>
#define LOG_SUBSYSTEM smp
#include <ingot/format.h>
#include <ingot/log.h>
#include <ingot/time.h>
#include <ingot/timer.h>

LOG_SUBSYSTEM_DEFINE(smp);

enum way { JOBS, URGENT, WAYS };

/* Something for all CPUs at once, on the stack of who asked for it. */
struct errand {
    void (*run)(void *argument);
    void *argument;
    _Atomic uint32_t left;               /* CPUs that have not done it */
};

/* Each CPU's part of an errand. It is free again as soon as the CPU has begun, so errands may nest. */
struct errand_job {
    struct cpu_job job;
    struct errand *_Atomic errand;       /* NULL: free */
};

struct work {
    struct cpu_job *_Atomic newest[WAYS];    /* given, the last one first */
    struct cpu_job *oldest;              /* taken over from newest[JOBS], in order; only this CPU looks here */
    struct errand_job errand_job[WAYS];
    _Atomic uint32_t calls;              /* counts what somebody wants of this CPU: it sleeps only while nothing is new */
    _Atomic bool asleep, stopped;
};
static PER_CPU(struct work, work);

static uintptr_t distance[CPUS_MAX] __attribute__((section(".noinit")));
static uint32_t online = 1;

uint32_t cpu_count(void) { return online; }
uintptr_t cpu_distance(uint32_t cpu) { return cpu ? distance[cpu] : 0; }
static struct work *work_of(uint32_t cpu) { return per_cpu_of(&work, cpu); }
bool cpus_is_idle(uint32_t cpu) { return work_of(cpu)->asleep; }

bool cpus_is_free(void)
{
    const struct work *mine = per_cpu(&work);

    return mine->asleep && !mine->oldest && !mine->newest[JOBS];
}

/* ---- giving ---- */

/* The order matters on both sides: work, then calls, then the look at asleep here; asleep, then the look at calls in sleep(). */
static void call(uint32_t cpu, bool interrupt)
{
    struct work *theirs = work_of(cpu);

    atomic_fetch_add(&theirs->calls, 1);
    if (interrupt || (atomic_load(&theirs->asleep) && !arch_store_wakes()))
        arch_cpu_kick(cpu);
}

static void give(uint32_t cpu, enum way way, struct cpu_job *job)
{
    struct cpu_job *_Atomic *newest = &work_of(cpu)->newest[way];
    struct cpu_job *before = atomic_load_explicit(newest, memory_order_relaxed);

    do
        job->next = before;
    while (!atomic_compare_exchange_weak_explicit(newest, &before, job, memory_order_release, memory_order_relaxed));
    call(cpu, way == URGENT);
}

static int give_new(uint32_t cpu, enum way way, struct cpu_job *job, void (*run)(void *argument), void *argument)
{
    uint32_t ended = 0;

    if (cpu >= online)
        return ERR_BAD_VALUE;
    if (!atomic_compare_exchange_strong_explicit(&job->state, &ended, 1, memory_order_acquire, memory_order_relaxed))
        return ERR_BUSY;
    job->run = run;
    job->argument = argument;
    give(cpu, way, job);
    return 0;
}

int cpu_run(uint32_t cpu, struct cpu_job *job, void (*run)(void *argument), void *argument)
{
    return give_new(cpu, JOBS, job, run, argument);
}

int cpu_interrupt(uint32_t cpu, struct cpu_job *job, void (*run)(void *argument), void *argument)
{
    return give_new(cpu, URGENT, job, run, argument);
}

/* ---- doing ---- */

/* All that was given since, in the order in which it came. */
static struct cpu_job *take(struct cpu_job *_Atomic *newest)
{
    struct cpu_job *job, *next, *in_order = NULL;

    if (!atomic_load_explicit(newest, memory_order_relaxed))
        return NULL;
    for (job = atomic_exchange_explicit(newest, NULL, memory_order_acquire); job; job = next) {
        next = job->next;
        job->next = in_order;
        in_order = job;
    }
    return in_order;
}

static void run_job(struct cpu_job *job)
{
    job->run(job->argument);
    atomic_store_explicit(&job->state, 0, memory_order_release);    /* now it is its owner's again */
}

/* One at a time, so that a job which waits for the next one lets it run. */
static bool do_a_job(struct work *mine)
{
    struct cpu_job *job;

    if (atomic_load_explicit(&mine->stopped, memory_order_relaxed))
        return false;
    if (!mine->oldest)
        mine->oldest = take(&mine->newest[JOBS]);
    job = mine->oldest;
    if (!job)
        return false;
    mine->oldest = job->next;
    run_job(job);
    return true;
}

static void do_urgent(struct work *mine)
{
    struct cpu_job *job = take(&mine->newest[URGENT]), *next;

    for (; job; job = next) {
        next = job->next;
        run_job(job);
    }
}

void cpus_kicked(void)
{
    do_urgent(per_cpu(&work));
}

/* calls as it was before the caller found nothing to do. */
static void sleep(struct work *mine, uint32_t calls)
{
    cpu_interrupts_off();
    atomic_store(&mine->asleep, true);
    if (atomic_load(&mine->calls) == calls)
        arch_cpu_sleep(&mine->calls, calls);
    else
        cpu_interrupts_on();
    atomic_store_explicit(&mine->asleep, false, memory_order_relaxed);
}

_Noreturn void cpus_work(void)
{
    struct work *mine = per_cpu(&work);

    for (;;) {
        uint32_t calls = atomic_load(&mine->calls);

        if (!do_a_job(mine))
            sleep(mine, calls);
    }
}

/* ---- waiting ---- */

bool cpu_job_ended(const struct cpu_job *job)
{
    return atomic_load_explicit(&job->state, memory_order_acquire) == 0;
}

/* Something useful while others are waited for. Who waits for urgent work is one whom others may wait for: it looks by itself, as
 * its interrupts may be off. */
static void help(struct work *mine, enum way way)
{
    if (way == URGENT) {
        uint64_t flags = cpu_interrupts_off();

        do_urgent(mine);
        cpu_interrupts_restore(flags);
        cpu_relax();
    } else if (!do_a_job(mine)) {
        cpu_relax();
    }
}

void cpu_join(struct cpu_job *job)
{
    while (!cpu_job_ended(job))
        help(per_cpu(&work), JOBS);
}

static void run_errand(void *argument)
{
    struct errand_job *part = argument;
    struct errand *errand = atomic_exchange_explicit(&part->errand, NULL, memory_order_acq_rel);

    errand->run(errand->argument);
    atomic_fetch_sub_explicit(&errand->left, 1, memory_order_release);    /* the last touch: its owner goes on */
}

static void send_errand(uint32_t cpu, enum way way, struct errand *errand)
{
    struct errand_job *part = &work_of(cpu)->errand_job[way];
    struct errand *none = NULL;

    while (!atomic_compare_exchange_weak_explicit(&part->errand, &none, errand, memory_order_acq_rel, memory_order_relaxed)) {
        none = NULL;
        help(per_cpu(&work), way);
    }
    part->job.run = run_errand;
    part->job.argument = part;
    give(cpu, way, &part->job);
}

static void everywhere(enum way way, void (*run)(void *argument), void *argument)
{
    struct errand errand = { run, argument, online };
    uint32_t me = cpu_id();

    for (uint32_t cpu = 0; cpu < online; cpu++) {
        if (cpu == me)
            continue;
        if (way == JOBS && atomic_load_explicit(&work_of(cpu)->stopped, memory_order_relaxed))
            atomic_fetch_sub_explicit(&errand.left, 1, memory_order_relaxed);
        else
            send_errand(cpu, way, &errand);
    }
    run(argument);
    while (atomic_load_explicit(&errand.left, memory_order_acquire) > 1)
        help(per_cpu(&work), way);
}

void cpu_run_all(void (*run)(void *argument), void *argument) { everywhere(JOBS, run, argument); }
void cpus_interrupt_all(void (*run)(void *argument), void *argument) { everywhere(URGENT, run, argument); }

struct range_work {
    void (*run)(uint64_t first, uint64_t past, void *argument);
    void *argument;
    uint64_t count, chunk;
    _Atomic uint64_t next;               /* piece that nobody has taken */
};

static void run_pieces(void *argument)
{
    struct range_work *range = argument;
    uint64_t pieces = range->count / range->chunk + (range->count % range->chunk != 0), piece;

    while ((piece = atomic_fetch_add_explicit(&range->next, 1, memory_order_relaxed)) < pieces) {
        uint64_t first = piece * range->chunk, left = range->count - first;

        range->run(first, first + (left < range->chunk ? left : range->chunk), range->argument);
    }
}

void cpu_for(uint64_t count, uint64_t chunk, void (*run)(uint64_t first, uint64_t past, void *argument), void *argument)
{
    struct range_work range = { run, argument, count, chunk, 0 };

    if (count == 0)
        return;
    if (chunk == 0)
        range.chunk = count / online + (count % online != 0);
    everywhere(JOBS, run_pieces, &range);
}

bool cpu_barrier_wait(struct cpu_barrier *barrier, uint32_t cpus)
{
    uint32_t round = atomic_load_explicit(&barrier->round, memory_order_acquire);

    if (atomic_fetch_add_explicit(&barrier->arrived, 1, memory_order_acq_rel) + 1 == cpus) {
        atomic_store_explicit(&barrier->arrived, 0, memory_order_relaxed);
        atomic_store_explicit(&barrier->round, round + 1, memory_order_release);
        return true;
    }
    while (atomic_load_explicit(&barrier->round, memory_order_acquire) == round)
        cpu_relax();
    return false;
}

/* The interrupt is all that is wanted. */
static void wake_up(struct timer *timer)
{
    (void)timer;
}

void cpu_sleep_until_set(uint64_t deadline_ns, const _Atomic bool *wake)
{
    struct timer timer = { .handler = wake_up };
    bool has_timer = time_ns() < deadline_ns && timer_arm(&timer, deadline_ns, 0) == 0;

    while (time_ns() < deadline_ns && !*wake) {
        cpu_interrupts_off();
        if (has_timer && time_ns() < deadline_ns && !*wake)
            cpu_wait();
        cpu_interrupts_on();
        cpu_relax();                     /* no timer interrupts here; it was told */
    }
    timer_cancel(&timer);
}

void cpu_sleep_until(uint64_t deadline_ns)
{
    static const _Atomic bool never;

    cpu_sleep_until_set(deadline_ns, &never);
}

/* ---- taking a CPU out ---- */

int cpu_stop(uint32_t cpu)
{
    if (cpu == 0 || cpu >= online || cpu == cpu_id())
        return ERR_BAD_VALUE;
    return atomic_exchange(&work_of(cpu)->stopped, true) ? ERR_BUSY : 0;
}

int cpu_wake(uint32_t cpu)
{
    if (cpu >= online)
        return ERR_BAD_VALUE;
    if (!atomic_exchange(&work_of(cpu)->stopped, false))
        return ERR_NOT_READY;
    call(cpu, false);
    return 0;
}

/* ---- start ---- */

/* What `cpus=` allows. */
static uint32_t allowed(void)
{
    const char *text = option("cpus");
    unsigned long long max;

    if (!text)
        return CPUS_MAX;
    if (parse_number(text, &max) == 0 && max > 0)
        return max < CPUS_MAX ? (uint32_t)max : CPUS_MAX;
    log_warn("cpus=%s is no number from 1 on: all CPUs are started", text);
    return CPUS_MAX;
}

void cpus_start(void)
{
    online = arch_cpus_start(allowed(), distance);
}
