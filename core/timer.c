#include "core/timer.h"

#include "core/irq.h"
#include "core/option.h"
#include "core/timer_queue.h"

#include <ingot/cpu.h>
#include <ingot/error.h>
#define LOG_SUBSYSTEM timer
#include <ingot/log.h>
#include <ingot/string.h>
#include <ingot/time.h>
#include <ingot/timer.h>

LOG_SUBSYSTEM_DEFINE(timer);

/* So many handlers in one interrupt, then others have their turn: a period shorter than its handling must not stop the machine. */
enum { AT_ONCE_MAX = 256, PAUSE_NS = 10000 };

_Static_assert(sizeof(struct timer_entry) <= sizeof(((struct timer *)0)->entry), "struct timer must have room for its queue entry");

/* Each CPU has its own queue, touched by nobody else: interrupts off is lock enough. */
struct cpu_timers {
    enum { NOT_TRIED, READY, NO_TIMER } state;
    const struct timer_device *device;   /* NULL: the CPU's own */
    unsigned number;                     /* of the device's timer */
    struct timer_queue queue;
    uint64_t soon_ns;                    /* when soon is to be called; 0: not at all */
    void (*soon)(void);
};
static PER_CPU(struct cpu_timers, cpu_timers);

static struct timer_entry *entry_of(struct timer *timer) { return (struct timer_entry *)timer->entry; }
static struct timer *timer_of(struct timer_entry *entry)
{
    return (struct timer *)((uint8_t *)entry - offsetof(struct timer, entry));
}

static void set_hardware_to(const struct cpu_timers *timers, uint64_t next_ns, uint64_t now_ns)
{
    if (timers->device)
        timers->device->set(timers->number, next_ns == UINT64_MAX ? next_ns : next_ns - now_ns);
    else
        arch_timer_set(next_ns == UINT64_MAX ? 0 : next_ns, now_ns);
}

static uint64_t earliest_ns(const struct cpu_timers *timers)
{
    uint64_t next_ns = timer_queue_next_ns(&timers->queue);

    return timers->soon_ns && timers->soon_ns < next_ns ? timers->soon_ns : next_ns;
}

/* For the earliest deadline, but not before pause_ns have passed. */
static void set_hardware(const struct cpu_timers *timers, uint64_t pause_ns)
{
    uint64_t next_ns = earliest_ns(timers), now_ns = time_ns();

    set_hardware_to(timers, next_ns < now_ns + pause_ns ? now_ns + pause_ns : next_ns, now_ns);
}

extern const struct timer_device __start_timer_devices[], __stop_timer_devices[];    /* the linker's */

/* Without timer= the CPU's own, then devices; with it the one that it names, and no other. */
static bool start(struct cpu_timers *timers, uint32_t cpu)
{
    const char *wanted = option("timer");
    bool has_vectors = arch_irq_first_vector() < arch_irq_end_vector();

    if ((!wanted || !strcmp(wanted, arch_timer_name)) && arch_timer_start() == 0)
        return true;
    for (const struct timer_device *device = __start_timer_devices; has_vectors && device < __stop_timer_devices; device++) {
        int number = !wanted || !strcmp(wanted, device->name) ? device->start(cpu) : ERR_NOT_FOUND;

        if (number >= 0) {
            timers->device = device;
            timers->number = (unsigned)number;
            return true;
        }
    }
    log_error("nothing can interrupt cpu %u at a time%s%s: it has no timers", cpu, wanted ? ", with timer=" : "", wanted ? wanted : "");
    return false;
}

static bool ready(struct cpu_timers *timers, uint32_t cpu)
{
    if (timers->state == NOT_TRIED)
        timers->state = start(timers, cpu) ? READY : NO_TIMER;
    return timers->state == READY;
}

int timer_arm(struct timer *timer, uint64_t deadline_ns, uint64_t period_ns)
{
    uint64_t flags = cpu_interrupts_off();
    uint32_t cpu = cpu_id();
    struct cpu_timers *timers = per_cpu(&cpu_timers);
    int error = 0;

    if (!ready(timers, cpu)) {
        error = ERR_NOT_FOUND;
    } else if (timer_queue_armed(entry_of(timer)) && timer->cpu != cpu) {
        error = ERR_BUSY;
    } else {
        timer->cpu = cpu;
        if (timer_queue_arm(&timers->queue, entry_of(timer), deadline_ns, period_ns))
            set_hardware(timers, 0);
    }
    cpu_interrupts_restore(flags);
    return error;
}

bool timer_start_soon(void (*handler)(void))
{
    uint64_t flags = cpu_interrupts_off();     /* a device proves itself by an interrupt that waits */
    struct cpu_timers *timers = per_cpu(&cpu_timers);
    bool is_ready = ready(timers, cpu_id());

    timers->soon = handler;
    cpu_interrupts_restore(flags);
    return is_ready;
}

/* A timer that comes earlier sets the hardware to this one when it has. */
void timer_call_soon(uint64_t now_ns, uint64_t delay_ns)
{
    uint64_t flags = cpu_interrupts_off();
    struct cpu_timers *timers = per_cpu(&cpu_timers);

    timers->soon_ns = now_ns + delay_ns;
    if (timers->soon_ns < timer_queue_next_ns(&timers->queue))
        set_hardware_to(timers, timers->soon_ns, now_ns);
    cpu_interrupts_restore(flags);
}

bool timer_cancel(struct timer *timer)
{
    uint64_t flags = cpu_interrupts_off();
    uint32_t cpu = cpu_id();
    bool was_armed = timer->cpu == cpu && timer_queue_cancel(&per_cpu(&cpu_timers)->queue, entry_of(timer));

    cpu_interrupts_restore(flags);             /* the hardware may still come once: it finds nothing due */
    return was_armed;
}

uint64_t timer_count(void)
{
    return per_cpu(&cpu_timers)->queue.armed;
}

void timer_interrupt(void)
{
    struct cpu_timers *timers = per_cpu(&cpu_timers);
    struct timer_entry *entry;
    unsigned left = AT_ONCE_MAX;

    if (timers->soon_ns && timers->soon_ns <= time_ns()) {
        timers->soon_ns = 0;
        timers->soon();
    }
    while (left && (entry = timer_queue_pop(&timers->queue, time_ns()))) {
        timer_of(entry)->handler(timer_of(entry));
        left--;
    }
    set_hardware(timers, left ? 0 : PAUSE_NS);
}
