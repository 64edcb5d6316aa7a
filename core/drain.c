#include "core/drain.h"

#include "core/cpus.h"
#include "core/irq.h"
#include "core/log.h"
#include "core/timer.h"

#include <stdatomic.h>

#include <ingot/cpu.h>
#include <ingot/time.h>

enum {
    DELAY_NS   = 1000000,                /* the boot CPU's own lines wait so long for others, to be drawn together */
    SLICE_NS   = 1000000,                /* a program that was interrupted goes on after so long, for at least as long as it stood */
    OVERDUE_NS = 50000000,
    IDLE_LOOKS = 16,                     /* CPUs that are asked whether they have nothing to do, each time */
};

static bool started, has_timer;
static _Atomic bool called;              /* somebody will come: he clears it, then drains */
static _Atomic uint64_t called_ns;
static _Atomic uint32_t last_idle;       /* where one was idle lately */

struct turn {
    bool goes_on, called_again;
    bool ended_early;                    /* this CPU has other work */
    uint64_t end_ns;                     /* for a program that was interrupted */
};
static PER_CPU(struct turn, turn);

/* Not in the timer's interrupt: all others would wait. */
static void come(void) { arch_drain_call(0); }

/* A CPU other than this one that has nothing to do. */
static bool find_idle(uint32_t *out_cpu)
{
    uint32_t me = cpu_id(), count = cpu_count(), first = atomic_load_explicit(&last_idle, memory_order_relaxed);

    for (uint32_t i = 0; i < count && i < IDLE_LOOKS; i++) {
        uint32_t cpu = (first + i) % count;

        if (cpu != me && cpus_is_idle(cpu)) {
            atomic_store_explicit(&last_idle, cpu, memory_order_relaxed);
            *out_cpu = cpu;
            return true;
        }
    }
    atomic_store_explicit(&last_idle, (first + IDLE_LOOKS) % count, memory_order_relaxed);
    return false;
}

/* With interrupts off this may be an NMI, which must not touch timers; the interrupt waits until they are on. */
static void call(uint64_t now_ns, uint64_t delay_ns)
{
    uint32_t cpu = 0;

    atomic_store_explicit(&called_ns, now_ns, memory_order_relaxed);
    if (cpu_count() > 1 && find_idle(&cpu))
        arch_drain_call(cpu);
    else if (has_timer && cpu_id() == 0 && cpu_interrupts_are_on())
        timer_call_soon(now_ns, delay_ns);
    else
        arch_drain_call(0);
}

bool drain_call(uint64_t now_ns)
{
    if (!started)
        return false;
    if (atomic_exchange(&called, true))
        return now_ns < atomic_load_explicit(&called_ns, memory_order_relaxed) + OVERDUE_NS;
    call(now_ns, DELAY_NS);
    return true;
}

/* An idle CPU stays at it until there is work for it. */
static bool may_go_on(void)
{
    struct turn *mine = per_cpu(&turn);

    mine->ended_early = !cpus_is_free() && (cpu_id() != 0 || time_ns() >= mine->end_ns);
    return !mine->ended_early;
}

/* Who was called while he was at it may have been through already. */
static bool has_ended(struct turn *mine)
{
    bool again;

    cpu_interrupts_off();
    again = mine->called_again;
    mine->called_again = false;
    mine->goes_on = again;
    cpu_interrupts_on();
    return !again;
}

/* Where another CPU drains, it sends all there is, or calls when it cannot. */
void drain_interrupt(void)
{
    struct turn *mine = per_cpu(&turn);
    uint64_t start_ns = time_ns(), now_ns;
    bool is_left;

    atomic_store(&called, false);        /* whoever adds a line from here on calls again */
    mine->called_again = mine->goes_on;
    if (mine->goes_on)
        return;
    mine->goes_on = true;
    mine->ended_early = false;
    mine->end_ns = start_ns + SLICE_NS;
    do
        is_left = log_drain_while(may_go_on);
    while (!has_ended(mine));
    if (!is_left || !mine->ended_early || atomic_exchange(&called, true))
        return;
    now_ns = time_ns();
    call(now_ns, now_ns - start_ns > DELAY_NS ? now_ns - start_ns : DELAY_NS);
}

void drain_start(void)
{
    started = arch_irq_first_vector() < arch_irq_end_vector();    /* without interrupts each drains what he has written */
    has_timer = started && timer_start_soon(come);
}
