#include "core/clock.h"

#include "core/arch.h"
#include "core/mul_div.h"

#include <stdatomic.h>

#include <ingot/counter.h>
#include <ingot/cpu.h>
#include <ingot/error.h>
#include <ingot/format.h>
#define LOG_SUBSYSTEM clock
#include <ingot/log.h>
#include <ingot/time.h>

LOG_SUBSYSTEM_DEFINE(clock);

/* No CPU's counter is slower or faster than this; who measures otherwise has measured something else. */
static const uint64_t HZ_MIN = 100000000, HZ_MAX = 10000000000;

enum {
    SHIFT = 32,                        /* ns = ticks * ns_per_tick >> SHIFT */
    STUCK_READS = 20000,               /* a counter that shows one value for so many reads does not count: the slowest needs 1 us a tick */
    WINDOW_READS = 2000000,            /* the window closes after so many reads however slowly the counter creeps */
    WINDOW_TICKS = 1500,               /* with fewer, one tick more or less is too much: the PIT's window is longer than the others' */
    TRIES = 4,                         /* readings for one value */
    ROUNDS = 3,                        /* measurements, when two sources disagree */
    DISAGREE_PPM = 10000,              /* more than this apart, and one of two counters lies */
    UNSTEADY_PPM = 50000,              /* both halves of a window are that equal, or something stopped in between */
    SOURCES_MAX = COUNTERS_MAX + 1,
};

static struct counter *counters[COUNTERS_MAX];
static unsigned counter_count;
static bool unusable[COUNTERS_MAX];

static uint64_t ns_per_tick = (1000000000ull << SHIFT) / 10000000000ull;    /* HZ_MAX, until it is measured: waits get longer, not shorter */

/* The clock, where the CPU's counter cannot be one; NULL: the CPU's counter. Its stamps have a bit of their own, so that what was
 * stamped before by the CPU's counter can still be told, and it goes on from where time was then. */
static struct counter *fallback;
static const uint64_t FALLBACK_STAMP = 1ull << 63;
static _Atomic uint64_t fallback_total;
static uint64_t fallback_zero, fallback_base_ns, fallback_ns_per_tick;

static struct time_source source = { .name = "CPU counter", .measured_by = "nothing" };

int counter_register(struct counter *new_counter)
{
    if (counter_count == COUNTERS_MAX)
        return ERR_FULL;
    counters[counter_count++] = new_counter;
    return 0;
}

struct counter *counter(unsigned index)
{
    return index < counter_count ? counters[index] : NULL;
}

void time_source(struct time_source *out_source)
{
    *out_source = source;
}

/* The narrow counter made 64 bits wide: right as long as somebody looks once in half its period. */
static uint64_t fallback_read(void)
{
    uint64_t seen = atomic_load_explicit(&fallback_total, memory_order_relaxed), now;

    do
        now = seen + counter_distance(fallback, seen, fallback->read(fallback));
    while (!atomic_compare_exchange_weak_explicit(&fallback_total, &seen, now, memory_order_relaxed, memory_order_relaxed));
    return now;
}

uint64_t clock_stamp(void)
{
    return fallback ? FALLBACK_STAMP | (fallback_read() - fallback_zero) : cpu_ticks();
}

static uint64_t scale(uint64_t ticks, uint64_t ns_each)
{
    return (uint64_t)((unsigned __int128)ticks * ns_each >> SHIFT);
}

uint64_t clock_stamp_ns(uint64_t stamp)
{
    if (fallback && stamp & FALLBACK_STAMP)
        return fallback_base_ns + scale(stamp & ~FALLBACK_STAMP, fallback_ns_per_tick);
    return scale(stamp, ns_per_tick);
}

uint64_t time_ns(void)
{
    return clock_stamp_ns(clock_stamp());
}

/* A clock that has stopped must not hold anybody for ever. */
static void tell_it_stopped(void)
{
    static _Atomic bool told;

    if (!atomic_exchange_explicit(&told, true, memory_order_relaxed))
        log_error("%s stands still: waits end early", source.name);
}

void delay_ns(uint64_t ns)
{
    uint64_t last = time_ns(), until = last + ns, now;
    unsigned same = 0;

    while ((now = time_ns()) < until && same < STUCK_READS) {
        same = now == last ? same + 1 : 0;
        last = now;
        cpu_relax();
    }
    if (now < until)
        tell_it_stopped();
}

void delay_us(uint32_t us)
{
    delay_ns(us * 1000ull);
}

/* ---- measuring ---- */

struct sample {
    uint64_t ticks[COUNTERS_MAX], count[COUNTERS_MAX];
};

/* A counter's value, and the CPU's in the same moment: of a few tries the one that nothing came between (firmware's own interrupts
 * take their time, and an emulator's first look at code does). */
static void take_one(struct sample *out, unsigned index)
{
    uint64_t narrowest = UINT64_MAX;

    for (unsigned i = 0; i < TRIES; i++) {
        uint64_t before = cpu_ticks_ordered(), count = counters[index]->read(counters[index]), after = cpu_ticks_ordered();

        if (after - before >= narrowest)
            continue;
        narrowest = after - before;
        out->ticks[index] = before + narrowest / 2;
        out->count[index] = count;
    }
}

static void take(struct sample *out)
{
    for (unsigned i = 0; i < counter_count; i++)
        if (!unusable[i])
            take_one(out, i);
}

static bool counts(const struct counter *c)
{
    uint64_t first = c->read(c);

    for (unsigned reads = 0; reads < STUCK_READS; reads++)
        if (c->read(c) != first)
            return true;
    return false;
}

static void leave(unsigned index, const char *why)
{
    unusable[index] = true;
    log_warn("%s %s: left", counters[index]->name, why);
}

/* Starts the last resorts, or all others, and leaves out what does not count. */
static void sort_out(bool last_resorts)
{
    for (unsigned i = 0; i < counter_count; i++) {
        struct counter *c = counters[i];

        if (c->last_resort != last_resorts)
            continue;
        unusable[i] = false;
        if ((c->start && c->start(c)) || !counts(c))
            leave(i, "does not count");
    }
}

static unsigned usable_count(void)
{
    unsigned usable = 0;

    for (unsigned i = 0; i < counter_count; i++)
        usable += !unusable[i];
    return usable;
}

/* True when that gave one more counter. */
static bool ask_last_resorts(void)
{
    static bool asked;
    unsigned before = usable_count();

    if (!asked)
        sort_out(true);
    asked = true;
    return usable_count() > before;
}

static int first_usable(void)
{
    for (unsigned i = 0; i < counter_count; i++)
        if (!unusable[i])
            return (int)i;
    return -1;
}

/* Waits until the counter is `distance` behind `from`; false when it stops on the way. */
static bool wait_for(const struct counter *c, uint64_t from, uint64_t distance)
{
    uint64_t last = from;
    unsigned same = 0;

    for (unsigned reads = 0; reads < WINDOW_READS && same < STUCK_READS; reads++) {
        uint64_t now = c->read(c);

        if (counter_distance(c, from, now) >= distance)
            return true;
        same = now == last ? same + 1 : 0;
        last = now;
    }
    return false;
}

/* A window has a sample at its start, in its middle and at its end. */
enum { START, MIDDLE, END, SAMPLES };

/* The first window's samples are taken by the way, while the boot does something else: only what is missing is waited for. */
static struct sample window_sample[SAMPLES];
static unsigned window_samples;
static bool prepared;

/* The next sample of the window, half a window behind the last one at least. False when the counter that times it stops; it is left. */
static bool take_next(unsigned reference)
{
    const struct counter *c = counters[reference];
    uint64_t half = c->hz * CLOCK_WINDOW_US / 1000000 / 2;

    if (half < WINDOW_TICKS / 2)
        half = WINDOW_TICKS / 2;
    if (window_samples > START && !wait_for(c, window_sample[window_samples - 1].count[reference], half)) {
        leave(reference, "stopped counting");
        return false;
    }
    take(&window_sample[window_samples++]);
    return true;
}

static bool take_window(unsigned reference)
{
    bool whole = true;

    while (whole && window_samples < SAMPLES)
        whole = take_next(reference);
    window_samples = 0;                /* the next window starts anew */
    return whole;
}

/* How fast the CPU's counter is by a counter; 0 where one of them did not move. */
static uint64_t speed(unsigned index, const struct sample *from, const struct sample *to)
{
    uint64_t distance = counter_distance(counters[index], from->count[index], to->count[index]);

    if (distance == 0 || to->ticks[index] < from->ticks[index])
        return 0;
    return mul_div(to->ticks[index] - from->ticks[index], counters[index]->hz, distance);
}

/* a against b, in parts per million of b. */
static int64_t apart_ppm(uint64_t a, uint64_t b)
{
    return a >= b ? (int64_t)mul_div(a - b, 1000000, b) : -(int64_t)mul_div(b - a, 1000000, b);
}

static bool agree(uint64_t a, uint64_t b, int64_t limit_ppm)
{
    int64_t ppm = apart_ppm(a, b);

    return ppm <= limit_ppm && ppm >= -limit_ppm;
}

/* Something that stopped one of the two for a while (firmware's interrupts, an emulator that was paused) makes the halves differ. */
static bool kept_step(unsigned index, const struct sample sample[SAMPLES])
{
    uint64_t first = speed(index, &sample[START], &sample[MIDDLE]), second = speed(index, &sample[MIDDLE], &sample[END]);

    return first && second && agree(first, second, UNSTEADY_PPM);
}

struct opinion {
    const char *name;
    uint64_t hz;
    int index;                         /* of its counter; -1: the CPU's own word */
};

/* All who have a believable opinion on the CPU counter's speed, the best first: the CPU itself, then counters as they registered. */
struct opinions {
    struct opinion by[SOURCES_MAX];
    unsigned count;
    bool unsteady;                     /* somebody was not heard who may say something sensible next time */
};

static bool is_speed(uint64_t hz)
{
    return hz >= HZ_MIN && hz <= HZ_MAX;
}

/* Something came between, or a narrow counter went round: that may be better next time. In the last round the unsteady are heard too:
 * they are better than nothing. */
static void hear(struct opinions *all, unsigned index, const struct sample sample[SAMPLES], bool last_round)
{
    uint64_t hz = speed(index, &sample[START], &sample[END]);
    const char *name = counters[index]->name;
    bool sane = is_speed(hz);

    if (sample[START].count[index] == sample[END].count[index]) {
        leave(index, "stopped counting");
    } else if (sane && (last_round || kept_step(index, sample))) {
        all->by[all->count++] = (struct opinion){ name, hz, (int)index };
    } else {
        all->unsteady = true;
        log_warn("%s makes the CPU's counter %llu Hz%s: %s", name, (unsigned long long)hz, sane ? ", but keeps no step with it" : "",
                 last_round ? "not believed" : "measuring again");
    }
}

static void collect(struct opinions *all, uint64_t stated_hz, bool last_round)
{
    int reference;

    all->count = 0;
    all->unsteady = false;
    if (is_speed(stated_hz))
        all->by[all->count++] = (struct opinion){ arch_ticks_stated_by, stated_hz, -1 };
    do {
        reference = first_usable();
        if (reference < 0)
            return;
    } while (!take_window((unsigned)reference));
    for (unsigned i = 0; i < counter_count; i++)
        if (!unusable[i])
            hear(all, i, window_sample, last_round);
}

/* The first two that agree. */
static bool find_pair(const struct opinions *all, unsigned *out_first, unsigned *out_second)
{
    for (unsigned a = 0; a < all->count; a++)
        for (unsigned b = a + 1; b < all->count; b++)
            if (agree(all->by[a].hz, all->by[b].hz, DISAGREE_PPM)) {
                *out_first = a;
                *out_second = b;
                return true;
            }
    return false;
}

static void settle(const struct opinion *by, const struct opinion *checked_by)
{
    source.name = arch_ticks_name;
    source.is_cpu_ticks = true;
    source.hz = by->hz;
    source.measured_by = by->name;
    source.checked_by = checked_by ? checked_by->name : NULL;
    source.disagreement_ppm = checked_by ? apart_ppm(checked_by->hz, by->hz) : 0;
}

/* Who is outvoted is not used any more. True when the window was timed by one of them, so had another length than it should. */
static bool drop_outvoted(const struct opinions *all)
{
    int reference = first_usable();

    for (unsigned i = 0; i < all->count; i++) {
        const struct opinion *by = &all->by[i];

        if (agree(by->hz, source.hz, DISAGREE_PPM))
            continue;
        log_warn("%s makes the CPU's counter %llu.%06llu MHz: outvoted", by->name, (unsigned long long)(by->hz / 1000000),
                 (unsigned long long)(by->hz % 1000000));
        if (by->index >= 0)
            unusable[by->index] = true;
    }
    return reference != first_usable();
}

static bool settle_without_check(const struct opinions *all)
{
    if (all->count == 0)
        return false;
    settle(&all->by[0], NULL);
    if (all->count == 1)
        log_warn("only %s tells how fast the CPU's counter is: not checked", source.measured_by);
    else
        log_warn("no two sources agree: %s is believed", source.measured_by);
    return true;
}

/* True when somebody knows the speed of the CPU's counter. */
static bool calibrate(uint64_t stated_hz)
{
    struct opinions all;
    unsigned first, second;

    for (unsigned round = 1; round <= ROUNDS; round++) {
        collect(&all, stated_hz, round == ROUNDS);
        if (find_pair(&all, &first, &second)) {
            settle(&all.by[first], &all.by[second]);
            if (!drop_outvoted(&all) || round == ROUNDS)
                return true;
            continue;
        }
        if (!ask_last_resorts() && all.count < 2 && !all.unsteady)
            break;                     /* nobody will say more */
        if (all.count >= 2 && round < ROUNDS)
            log_warn("%s and %s are %lld ppm apart on the CPU's counter: measuring again", all.by[0].name, all.by[1].name,
                     (long long)apart_ppm(all.by[1].hz, all.by[0].hz));
    }
    return settle_without_check(&all);
}

static bool cpu_counter_moves(void)
{
    uint64_t first = cpu_ticks();

    for (unsigned reads = 0; reads < STUCK_READS; reads++)
        if (cpu_ticks() > first)
            return true;
    return false;
}

static uint64_t per_tick(uint64_t hz)
{
    return mul_div(1000000000, 1ull << SHIFT, hz);
}

/* Where nothing counts, each look is taken for 10 ns, so that waits end. */
static uint64_t guess_read(const struct counter *c)
{
    static _Atomic uint64_t looks;

    (void)c;
    return atomic_fetch_add_explicit(&looks, 1, memory_order_relaxed);
}

static struct counter guess = { .name = "guess", .hz = 100000000, .bits = 64, .read = guess_read };

static void take_over(struct counter *c)
{
    fallback_base_ns = time_ns();
    fallback_ns_per_tick = per_tick(c->hz);
    fallback_total = fallback_zero = c->read(c);
    fallback = c;
    source = (struct time_source){ .name = c->name, .hz = c->hz, .measured_by = c == &guess ? "nothing" : c->name };
}

/* The CPU's counter is dead or of unknown speed: a device's counter becomes the clock. */
static void fall_back(bool cpu_moves, const char *fault)
{
    int index = first_usable();

    if (index >= 0) {
        take_over(counters[index]);
        log_warn("the CPU's counter %s: %s is the clock, and must be looked at every %llu ms", fault, source.name,
                 (unsigned long long)((1ull << (fallback->bits - 1)) * 1000 / source.hz));
    } else if (cpu_moves) {
        source.hz = HZ_MAX;
        log_error("no counter of this machine tells how fast the CPU's is: the clock is a guess, and slow");
    } else {
        take_over(&guess);
        log_error("nothing in this machine counts: time is a guess, and waits are of any length");
    }
}

/* Which counters count. Not again for a second window: who failed in the first stays out. */
static void prepare(void)
{
    for (unsigned i = 0; i < counter_count; i++)
        unusable[i] = true;
    sort_out(false);
    if (usable_count() < 2)
        ask_last_resorts();
    prepared = true;
}

/* The PIT goes round in 55 ms: a serial port that is stuck takes longer. Its window is waited for. */
static bool one_goes_round_soon(void)
{
    for (unsigned i = 0; i < counter_count; i++)
        if (!unusable[i] && counters[i]->bits < 64 && 1ull << counters[i]->bits < counters[i]->hz)
            return true;
    return false;
}

void clock_look(void)
{
    if (!prepared)
        prepare();
    if (window_samples < MIDDLE + 1 && first_usable() >= 0 && !one_goes_round_soon())
        take(&window_sample[window_samples++]);
}

static void tell(void)
{
    char check[64] = "";

    if (source.checked_by)
        format(check, sizeof(check), ", checked by %s: %lld ppm apart", source.checked_by, (long long)source.disagreement_ppm);
    log_info("%s, %llu.%06llu MHz by %s%s%s", source.name, (unsigned long long)(source.hz / 1000000),
             (unsigned long long)(source.hz % 1000000), source.measured_by, check, source.invariant ? "" : "; not invariant");
}

void clock_start(void)
{
    bool invariant, cpu_moves = cpu_counter_moves();
    uint64_t stated_hz = arch_ticks_hz(&invariant);

    if (!prepared)
        prepare();
    if (cpu_moves && calibrate(stated_hz))
        ns_per_tick = per_tick(source.hz);
    else
        fall_back(cpu_moves, cpu_moves ? "has no speed that can be" : "does not go forward");
    source.invariant = invariant && !fallback;
    tell();
}

void clock_distrust_ticks(void)
{
    if (!fallback && first_usable() >= 0)
        fall_back(true, "is not the same on all CPUs");
    else if (!fallback)
        log_error("no other counter can be the clock: time differs from CPU to CPU");
}
