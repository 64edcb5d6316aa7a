#include "core/clock.h"

#include "core/arch.h"
#include "core/mul_div.h"

#include <stdatomic.h>

#include <ingot/counter.h>
#include <ingot/cpu.h>
#include <ingot/error.h>
#define LOG_SUBSYSTEM clock
#include <ingot/log.h>
#include <ingot/time.h>

LOG_SUBSYSTEM_DEFINE(clock);

/* No CPU's counter is slower or faster than this; who measures otherwise has measured something else. */
static const uint64_t HZ_MIN = 100000000, HZ_MAX = 10000000000;

enum {
    SHIFT = 32,                        /* ns = ticks * ns_per_tick >> SHIFT */
    STUCK_READS = 20000,               /* a counter that shows one value for so many reads does not count: the slowest needs 1 us a tick */
    WINDOW_READS = 2000000,            /* the window closes after so many reads whatever the counters say */
    TRIES = 4,                         /* readings for one value */
    ROUNDS = 3,                        /* measurements, when two sources disagree */
    DISAGREE_PPM = 10000,              /* more than this apart, and one of two counters lies */
    SOURCES_MAX = COUNTERS_MAX + 1,
};

static struct counter *counters[COUNTERS_MAX];
static unsigned counter_count;
static bool unusable[COUNTERS_MAX];

static uint64_t ns_per_tick = (1000000000ull << SHIFT) / 10000000000ull;    /* HZ_MAX, until it is measured: waits get longer, not shorter */
static struct counter *fallback;       /* the clock, where the CPU's counter cannot be; NULL: the CPU's counter */
static _Atomic uint64_t fallback_total;
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
    return fallback ? fallback_read() : cpu_ticks();
}

uint64_t clock_stamp_ns(uint64_t stamp)
{
    return (uint64_t)((unsigned __int128)stamp * ns_per_tick >> SHIFT);
}

uint64_t time_ns(void)
{
    return clock_stamp_ns(clock_stamp());
}

void delay_ns(uint64_t ns)
{
    uint64_t until = time_ns() + ns;

    while (time_ns() < until)
        cpu_relax();
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

/* Leaves out what does not count. Last resorts are not even started when two better ones work. Returns how many are usable. */
static unsigned sort_out(bool last_resorts, unsigned usable)
{
    for (unsigned i = 0; i < counter_count; i++) {
        struct counter *c = counters[i];

        if (c->last_resort != last_resorts)
            continue;
        unusable[i] = (last_resorts && usable >= 2) || (c->start && c->start(c)) || !counts(c);
        if (!unusable[i])
            usable++;
        else if (!last_resorts || usable < 2)
            log_warn("%s does not count: left", c->name);
    }
    return usable;
}

static int first_usable(void)
{
    for (unsigned i = 0; i < counter_count; i++)
        if (!unusable[i])
            return (int)i;
    return -1;
}

/* One window: how fast the CPU's counter is by each counter, 0 where it cannot be said. */
static void measure(uint64_t hz[COUNTERS_MAX])
{
    int reference = first_usable();
    const struct counter *c = counters[reference];
    uint64_t window = c->hz * CLOCK_WINDOW_US / 1000000;
    struct sample from, to;

    take(&from);
    for (unsigned reads = 0; reads < WINDOW_READS; reads++)
        if (counter_distance(c, from.count[reference], c->read(c)) >= window)
            break;
    take(&to);
    for (unsigned i = 0; i < counter_count; i++) {
        uint64_t distance = unusable[i] ? 0 : counter_distance(counters[i], from.count[i], to.count[i]);

        hz[i] = distance ? mul_div(to.ticks[i] - from.ticks[i], counters[i]->hz, distance) : 0;
    }
}

/* a against b, in parts per million of b. */
static int64_t apart_ppm(uint64_t a, uint64_t b)
{
    return a >= b ? (int64_t)mul_div(a - b, 1000000, b) : -(int64_t)mul_div(b - a, 1000000, b);
}

static bool agree(uint64_t a, uint64_t b)
{
    int64_t ppm = apart_ppm(a, b);

    return ppm <= DISAGREE_PPM && ppm >= -DISAGREE_PPM;
}

struct opinion {
    const char *name;
    uint64_t hz;
};

/* All who have a believable opinion on the CPU counter's speed, the best first: the CPU itself, then counters as they registered. */
static unsigned collect(struct opinion opinion[SOURCES_MAX], uint64_t stated_hz)
{
    uint64_t hz[COUNTERS_MAX];
    unsigned count = 0;

    if (stated_hz >= HZ_MIN && stated_hz <= HZ_MAX)
        opinion[count++] = (struct opinion){ "CPUID", stated_hz };
    if (first_usable() < 0)
        return count;
    measure(hz);
    for (unsigned i = 0; i < counter_count; i++) {
        if (hz[i] >= HZ_MIN && hz[i] <= HZ_MAX)
            opinion[count++] = (struct opinion){ counters[i]->name, hz[i] };
        else if (!unusable[i])
            log_warn("%s makes the CPU's counter %llu Hz: not believed", counters[i]->name, (unsigned long long)hz[i]);
    }
    return count;
}

/* The first two that agree. */
static bool find_pair(const struct opinion *opinion, unsigned count, unsigned *out_first, unsigned *out_second)
{
    for (unsigned a = 0; a < count; a++)
        for (unsigned b = a + 1; b < count; b++)
            if (agree(opinion[a].hz, opinion[b].hz)) {
                *out_first = a;
                *out_second = b;
                return true;
            }
    return false;
}

static void settle(const struct opinion *by, const struct opinion *checked_by)
{
    source.name = "TSC";
    source.hz = by->hz;
    source.measured_by = by->name;
    source.checked_by = checked_by ? checked_by->name : NULL;
    source.disagreement_ppm = checked_by ? apart_ppm(checked_by->hz, by->hz) : 0;
}

/* True when somebody knows the speed of the CPU's counter. */
static bool calibrate(uint64_t stated_hz)
{
    struct opinion opinion[SOURCES_MAX];
    unsigned count = 0, first, second;

    for (unsigned round = 0; round < ROUNDS; round++) {
        count = collect(opinion, stated_hz);
        if (find_pair(opinion, count, &first, &second)) {
            settle(&opinion[first], &opinion[second]);
            return true;
        }
        if (count < 2)
            break;
        log_warn("%s and %s are %lld ppm apart on the CPU's counter: measuring again", opinion[0].name, opinion[1].name,
                 (long long)apart_ppm(opinion[1].hz, opinion[0].hz));
    }
    if (count == 0)
        return false;
    settle(&opinion[0], NULL);
    log_warn("only %s tells how fast the CPU's counter is: not checked", opinion[0].name);
    return true;
}

static bool cpu_counter_moves(void)
{
    uint64_t first = cpu_ticks();

    for (unsigned reads = 0; reads < STUCK_READS; reads++)
        if (cpu_ticks() > first)
            return true;
    return false;
}

/* The CPU's counter is dead or of unknown speed: a device's counter becomes the clock. */
static void fall_back(void)
{
    int index = first_usable();

    if (index < 0) {
        source.hz = HZ_MAX;
        log_error("no counter of this machine tells time: the clock is a guess, and slow");
        return;
    }
    fallback = counters[index];
    fallback_total = fallback->read(fallback);
    source = (struct time_source){ .name = fallback->name, .hz = fallback->hz, .measured_by = fallback->name };
    log_warn("the CPU's counter is no clock here: %s is, with %u bits", fallback->name, fallback->bits);
}

void clock_start(void)
{
    bool invariant;
    uint64_t stated_hz = arch_ticks_hz(&invariant);

    sort_out(true, sort_out(false, 0));
    if (!cpu_counter_moves() || !calibrate(stated_hz))
        fall_back();
    source.invariant = invariant && !fallback;
    ns_per_tick = mul_div(1000000000, 1ull << SHIFT, source.hz);
    log_info("%s, %llu.%06llu MHz by %s%s%s", source.name, (unsigned long long)(source.hz / 1000000),
             (unsigned long long)(source.hz % 1000000), source.measured_by, source.checked_by ? ", checked by " : "",
             source.checked_by ? source.checked_by : "");
    if (source.checked_by)
        log_info("the two are %lld ppm apart%s", (long long)source.disagreement_ppm,
                 source.invariant ? "" : "; the CPU does not promise one speed in all power states");
}
