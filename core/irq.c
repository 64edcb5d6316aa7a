/* Who is attached to which vector, and what happens when it comes. */
#include "core/irq.h"

#include <ingot/cpu.h>
#include <ingot/error.h>
#include <ingot/heap.h>
#include <ingot/lock.h>
#define LOG_SUBSYSTEM irq
#include <ingot/log.h>
#include <ingot/pages.h>
#include <ingot/string.h>
#include <ingot/time.h>

LOG_SUBSYSTEM_DEFINE(irq);

enum { NO_LINE = UINT32_MAX, STORM_COUNT = IRQ_STORM_PER_MS * IRQ_STORM_MS, IN_VAIN_MAX = 16 };

struct irq {
    irq_handler handler;
    void *argument;
    bool nests, storm, told;
    int32_t in_vain;                     /* of the first on a vector: interrupts that may still come without anybody's claiming one */
    uint32_t line, cpu;
    unsigned vector;
    struct irq *next;                    /* another one on the same vector */
    uint64_t count, not_mine;
    uint32_t burst;                      /* interrupts since burst_start_ns */
    uint64_t burst_start_ns;
    const char *name;
    struct irq *all_next;
};

typedef struct irq *vector_table[IRQ_VECTORS];

static PER_CPU(vector_table *, table_here);      /* made when something is attached there */
static struct irq *all;
static struct lock lock = LOCK("irq");
static _Atomic uint64_t spurious, unclaimed;

uint64_t irq_spurious(void) { return spurious; }
uint64_t irq_unclaimed(void) { return unclaimed; }
void irq_count_spurious(void) { spurious++; }

/* Off the way of every interrupt: not inlined, whose registers dispatch would have to save. */
#define RARE __attribute__((cold, noinline))

static RARE void tell_unclaimed(uint32_t cpu, unsigned vector)
{
    if (unclaimed++ < 16)
        log_warn("vector %u came on cpu %u, and nobody is attached to it: passed over", vector, cpu);
}

/* A line that interrupts, and whose handlers all say that it was not theirs. */
static RARE void tell_not_mine(struct irq *irq)
{
    irq->told = true;
    log_warn("%s: vector %u came, and no handler says that it is his; told once", irq->name, irq->vector);
}

/* Called every STORM_COUNT interrupts of one kind: a storm if that many came too fast. */
static RARE void look_for_storm(struct irq *irq)
{
    uint64_t now_ns = time_ns(), taken_ns = now_ns - irq->burst_start_ns;

    irq->burst = 0;
    irq->burst_start_ns = now_ns;
    if (taken_ns >= IRQ_STORM_MS * 1000000ull || irq->line == NO_LINE)
        return;
    irq->storm = true;
    arch_irq_set_masked(irq->line, true);
    log_warn("%s: a storm, %d interrupts in %llu us on line %u: masked", irq->name, STORM_COUNT,
             (unsigned long long)(taken_ns / 1000), irq->line);
}

static inline enum irq_answer ask(struct irq *irq)
{
    enum irq_answer answer;

    if (!irq->nests)
        return irq->handler(irq->argument);
    cpu_interrupts_on();
    answer = irq->handler(irq->argument);
    cpu_interrupts_off();
    return answer;
}

bool irq_dispatch(uint32_t cpu, unsigned vector)
{
    vector_table *table = *per_cpu(&table_here);
    struct irq *irq = table ? (*table)[vector] : NULL, *first = irq;
    bool mine = false;

    if (!irq) {
        tell_unclaimed(cpu, vector);
        return false;
    }
    for (; irq; irq = irq->next) {
        irq->count++;
        if (ask(irq) == IRQ_NOT_MINE)
            irq->not_mine++;
        else
            mine = true;
        if (++irq->burst >= STORM_COUNT)
            look_for_storm(irq);
    }
    if (mine)
        first->in_vain = IN_VAIN_MAX;    /* an edge that came while the one before was served tells of what was served with it */
    else if (first->in_vain-- <= 0 && !first->told)
        tell_not_mine(first);
    return true;
}

/* ---- attaching ---- */

static vector_table *table_of(uint32_t cpu)
{
    vector_table **here = per_cpu_of(&table_here, cpu);

    if (!*here) {
        vector_table *table = pages_alloc((sizeof(vector_table) + PAGE_BYTES - 1) / PAGE_BYTES, 0, PAGES_ANYWHERE);

        if (table)
            memset(table, 0, sizeof(*table));
        *here = table;
    }
    return *here;
}

static struct irq *sharer_of(uint32_t line)
{
    for (struct irq *irq = all; irq; irq = irq->all_next)
        if (irq->line == line && line != NO_LINE)
            return irq;
    return NULL;
}

/* Vectors next to each other share a class, so they are handed out over the classes in turn. */
static unsigned free_vector(const vector_table *table)
{
    unsigned first = arch_irq_first_vector(), end = arch_irq_end_vector();

    for (unsigned offset = 0; offset < 16; offset++)
        for (unsigned vector = first + offset; vector < end; vector += 16)
            if (!(*table)[vector])
                return vector;
    return 0;
}

static int place(struct irq *irq, const struct irq *sharer)
{
    vector_table *table = table_of(sharer ? sharer->cpu : irq->cpu);
    int error;

    if (!table)
        return ERR_NO_MEMORY;
    irq->cpu = sharer ? sharer->cpu : irq->cpu;
    irq->vector = sharer ? sharer->vector : free_vector(table);
    if (irq->vector == 0) {
        log_warn("%s: no vector is left on cpu %u", irq->name, irq->cpu);
        return ERR_FULL;
    }
    if (!sharer && irq->line != NO_LINE && (error = arch_irq_route(irq->line, irq->cpu, irq->vector)))
        return error;
    irq->next = (*table)[irq->vector];
    (*table)[irq->vector] = irq;
    irq->all_next = all;
    all = irq;
    return 0;
}

static int attach(uint32_t line, const struct irq_wish *wish, struct irq **out_irq)
{
    struct irq *irq;
    uint64_t flags;
    int error;

    if (wish->cpu >= cpu_count() || !wish->handler)
        return ERR_BAD_VALUE;
    if (arch_irq_first_vector() == arch_irq_end_vector())
        return ERR_NOT_FOUND;
    irq = malloc(sizeof(*irq));
    if (!irq)
        return ERR_NO_MEMORY;
    *irq = (struct irq){
        .handler = wish->handler, .argument = wish->argument, .nests = wish->nests, .line = line, .cpu = wish->cpu,
        .name = wish->name, .burst_start_ns = time_ns(),
    };
    flags = lock_take_irq(&lock);
    error = place(irq, sharer_of(line));
    lock_give_irq(&lock, flags);
    if (error)
        free(irq);
    else
        *out_irq = irq;
    return error;
}

int irq_attach(uint32_t line, const struct irq_wish *wish, struct irq **out_irq)
{
    int error = attach(line, wish, out_irq);

    if (error == 0)
        arch_irq_set_masked(line, false);
    else if (error == ERR_NOT_FOUND)
        log_warn("%s: no interrupt controller has line %u", wish->name, line);
    return error;
}

int irq_attach_message(const struct irq_wish *wish, struct irq **out_irq, struct irq_message *out_message)
{
    int error = attach(NO_LINE, wish, out_irq);

    if (error == 0)
        arch_irq_message((*out_irq)->cpu, (*out_irq)->vector, out_message);
    return error;
}

static void unlink_irq(struct irq **list, const struct irq *irq, size_t link_offset)
{
    while (*list && *list != irq)
        list = (struct irq **)((uint8_t *)*list + link_offset);
    if (*list)
        *list = *(struct irq **)((uint8_t *)*list + link_offset);
}

static void nothing(void *unused)
{
    (void)unused;
}

void irq_detach(struct irq *irq)
{
    struct cpu_job round = { 0 };
    uint64_t flags;

    if (!irq)
        return;
    flags = lock_take_irq(&lock);
    unlink_irq(&(*table_of(irq->cpu))[irq->vector], irq, offsetof(struct irq, next));
    unlink_irq(&all, irq, offsetof(struct irq, all_next));
    if (irq->line != NO_LINE && !sharer_of(irq->line))
        arch_irq_set_masked(irq->line, true);
    lock_give_irq(&lock, flags);
    if (irq->cpu != cpu_id() && cpu_interrupt(irq->cpu, &round, nothing, NULL) == 0)
        cpu_join(&round);                /* a handler that runs there ends before another interrupt comes */
    free(irq);
}

void irq_mask(struct irq *irq)
{
    if (irq->line != NO_LINE)
        arch_irq_set_masked(irq->line, true);
}

void irq_unmask(struct irq *irq)
{
    if (irq->line == NO_LINE)
        return;
    irq->storm = false;
    irq->burst = 0;
    irq->burst_start_ns = time_ns();
    arch_irq_set_masked(irq->line, false);
}

bool irq_is_pending(const struct irq *irq)
{
    return arch_irq_is_pending(irq->vector);
}

/* All handlers of the vector move together. The old CPU knows them until leave(). */
static int move(struct irq *irq, uint32_t cpu)
{
    vector_table *from = table_of(irq->cpu), *to = table_of(cpu);
    unsigned vector;

    if (!to)
        return ERR_NO_MEMORY;
    vector = free_vector(to);
    if (vector == 0)
        return ERR_FULL;
    (*to)[vector] = (*from)[irq->vector];
    for (struct irq *each = (*to)[vector]; each; each = each->next) {
        each->cpu = cpu;
        each->vector = vector;
    }
    arch_irq_route(irq->line, cpu, vector);
    arch_irq_set_masked(irq->line, false);
    return 0;
}

struct old_place {
    uint32_t cpu;
    unsigned vector;
    bool pending;
};

static void look_for_pending(void *argument)
{
    struct old_place *old = argument;

    old->pending = arch_irq_is_pending(old->vector);
}

/* An interrupt that was on its way to the old CPU is served there first: the next edge may wait for it. */
static void leave(struct old_place *old)
{
    struct cpu_job look = { 0 };

    do {
        cpu_interrupt(old->cpu, &look, look_for_pending, old);
        cpu_join(&look);
    } while (old->pending);
    (*table_of(old->cpu))[old->vector] = NULL;
}

int irq_set_cpu(struct irq *irq, uint32_t cpu)
{
    struct old_place old;
    uint64_t flags;
    int error;

    if (irq->line == NO_LINE)
        return ERR_UNSUPPORTED;
    if (cpu >= cpu_count())
        return ERR_BAD_VALUE;
    flags = lock_take_irq(&lock);
    old = (struct old_place){ irq->cpu, irq->vector, false };
    error = move(irq, cpu);
    lock_give_irq(&lock, flags);
    if (error == 0)
        leave(&old);
    return error;
}

bool irq_stats(unsigned index, struct irq_stats *out_stats)
{
    uint64_t flags = lock_take_irq(&lock);
    struct irq *irq = all;

    while (irq && index--)
        irq = irq->all_next;
    if (irq)
        *out_stats = (struct irq_stats){
            .name = irq->name, .line = irq->line, .cpu = irq->cpu, .vector = irq->vector, .count = irq->count,
            .not_mine = irq->not_mine, .masked_by_storm = irq->storm,
        };
    lock_give_irq(&lock, flags);
    return irq != NULL;
}
