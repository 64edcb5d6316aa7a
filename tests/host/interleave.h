/* All interleavings of a few CPUs that run the real code: each atomic operation is a step (tests/host/interleave/stdatomic.h), and every
 * order of steps is tried, once for each state that the machine can come to. A state is the memory in question and the CPUs' stacks.
 *
 * What a CPU stores other than sequentially consistent waits in a buffer, in order, and may reach memory any time later, as on x86;
 * loads of other CPUs do not see it before. Interrupts come between any two steps, when they are on. A CPU that waits in cpu_relax() goes
 * on when somebody has written; if nobody can go on and somebody has not ended, that is found as well. Include once, in the test itself. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include <cmocka.h>

#include "core/cpus.h"

enum { RUNS_MAX = 4, STACK_BYTES = 8192, BUFFER_MAX = 4, REGIONS_MAX = 16, DEPTH_MAX = 20000, VISITED = 1 << 24, WORDS_MAX = 64 };

enum run_state { GOES_ON, WAITS, ASLEEP, ENDED };

struct waiting_store {
    volatile void *at;
    uint64_t value;
    size_t bytes;
};

struct run {                             /* one CPU */
    jmp_buf context;
    uintptr_t stack_pointer;             /* below it nothing counts */
    enum run_state state;
    bool changed;                        /* somebody wrote since it last waited */
    bool interrupts, pending, taken;
    const _Atomic uint32_t *word;        /* asleep: wakes when this is not value; NULL: only by an interrupt */
    uint32_t value;
    struct waiting_store buffer[BUFFER_MAX];
    unsigned buffered;
    const char *next;                    /* what it does when it goes on */
};

struct region {
    void *start;
    size_t bytes;
};

enum act { STEP, INTERRUPT, DRAIN, ACTS };

static struct run runs[RUNS_MAX];
static char stacks[RUNS_MAX][STACK_BYTES] __attribute__((aligned(64)));
static unsigned run_count, this_cpu;
static jmp_buf explorer;
static struct region regions[REGIONS_MAX];
static unsigned region_count;
static bool store_wakes;                 /* of the machine that is modelled */

/* Memory that one CPU alone uses, or that nobody writes to, cannot be in anybody's way: only what is shared makes a step. What is shared
 * is found by trying: a case begins again whenever one more word is. */
static struct word {
    const volatile void *at;
    unsigned readers, writers;           /* a bit for each CPU */
    bool shared;
} words[WORDS_MAX];
static unsigned word_count;
static bool more_shared;

static uint64_t *visited;                /* hashes of states, 0 where there is none */
static uint64_t state_count, end_count;
static char failure[400];
static struct { const char *what; uint8_t run, act; } path[DEPTH_MAX];
static unsigned depth;

/* ---- on the CPUs ---- */

static void wrong(const char *pattern, ...)
{
    va_list args;

    va_start(args, pattern);
    if (!failure[0])
        vsnprintf(failure, sizeof(failure), pattern, args);
    va_end(args);
    _longjmp(explorer, 1);
}

#define HOLDS(condition) ((condition) ? (void)0 : wrong("%s is not true (line %d)", #condition, __LINE__))

static void yield(const char *what)
{
    struct run *run = &runs[this_cpu];
    enum run_state before = run->state;

    run->next = what;
    for (;;) {
        __asm__ volatile("mov %%rsp, %0" : "=r"(run->stack_pointer));
        if (!_setjmp(run->context))
            _longjmp(explorer, 1);
        if (!run->taken)
            return;
        run->taken = run->pending = run->interrupts = false;
        run->state = GOES_ON;
        cpus_kicked();
        run->interrupts = run->changed = true;
        run->state = before == ENDED ? ENDED : GOES_ON;
        run->next = what;
    }
}

/* Notes an access, and lets others go on before it if it matters to them. Returns whether it does. */
static bool step(const volatile void *at, bool writes, const char *what)
{
    struct word *word = words;

    while (word < words + word_count && word->at != at)
        word++;
    if (word == words + WORDS_MAX)
        abort();
    if (word == words + word_count)
        words[word_count++] = (struct word){ .at = at };
    *(writes ? &word->writers : &word->readers) |= 1u << this_cpu;
    if (!word->shared && word->writers && ((word->readers | word->writers) & ((word->readers | word->writers) - 1)))
        word->shared = more_shared = true;
    if (word->shared)
        yield(what);
    return word->shared;
}

static void drain_one(struct run *run)
{
    struct waiting_store *first = &run->buffer[0];

    memcpy((void *)first->at, &first->value, first->bytes);
    memmove(first, first + 1, --run->buffered * sizeof(*first));
    memset(&run->buffer[run->buffered], 0, sizeof(*first));
    for (unsigned i = 0; i < run_count; i++)
        if (&runs[i] != run)
            runs[i].changed = true;
}

static void drain(struct run *run)
{
    while (run->buffered)
        drain_one(run);
}

void step_load(const volatile void *at, void *out, size_t bytes, const char *what)
{
    struct run *run = &runs[this_cpu];

    step(at, false, what);
    memcpy(out, (const void *)at, bytes);
    for (unsigned i = 0; i < run->buffered; i++)
        if (run->buffer[i].at == at)
            memcpy(out, &run->buffer[i].value, bytes);
}

void step_store(volatile void *at, const void *value, size_t bytes, int order, const char *what)
{
    struct run *run = &runs[this_cpu];
    bool shared = step(at, true, what);

    if (run->buffered == BUFFER_MAX)
        drain_one(run);
    run->buffer[run->buffered] = (struct waiting_store){ .at = at, .bytes = bytes };
    memcpy(&run->buffer[run->buffered++].value, value, bytes);
    if (order == memory_order_seq_cst)
        drain(run);
    if (shared)
        yield("goes on after it");       /* what it gave away others may change before it looks there again */
}

void step_change(volatile void *at, const char *what)
{
    step(at, true, what);
    drain(&runs[this_cpu]);
}

void step_wrote(void)
{
    for (unsigned i = 0; i < run_count; i++)
        if (i != this_cpu)
            runs[i].changed = true;
}

/* ---- what the CPU folder provides ---- */

uint32_t cpu_id(void) { return this_cpu; }

uint64_t cpu_interrupts_off(void)
{
    bool before = runs[this_cpu].interrupts;

    runs[this_cpu].interrupts = false;
    return before;
}

void cpu_interrupts_restore(uint64_t flags) { runs[this_cpu].interrupts = flags; }
void cpu_interrupts_on(void) { runs[this_cpu].interrupts = true; }

/* Once more around if anybody wrote since the last time: the look before may have come too early. */
void cpu_relax(void)
{
    if (!runs[this_cpu].changed)
        runs[this_cpu].state = WAITS;
    yield("goes on");
    runs[this_cpu].changed = false;
}

void arch_cpu_kick(uint32_t cpu)
{
    yield("kicks");
    drain(&runs[this_cpu]);
    runs[cpu].pending = true;
}

bool arch_store_wakes(void) { return store_wakes; }

void arch_cpu_sleep(const _Atomic uint32_t *word, uint32_t value)
{
    struct run *run = &runs[this_cpu];

    run->interrupts = true;
    run->word = store_wakes ? word : NULL;
    run->value = value;
    run->state = ASLEEP;
    yield("wakes up");
}

/* ---- exploring ---- */

static void region(void *start, size_t bytes)
{
    regions[region_count++] = (struct region){ start, bytes };
}

struct state {
    size_t bytes;
    uint8_t data[];
};

static size_t live_bytes(unsigned i) { return (size_t)((uintptr_t)stacks[i + 1] - runs[i].stack_pointer); }

/* Copies the machine to data (or from it, if back); returns the bytes. */
static size_t copy_state(uint8_t *data, bool back)
{
    uint8_t *at = data;
#define COPY(where, size) (back ? memcpy(where, at, size) : memcpy(at, where, size), at += (size))
    COPY(runs, sizeof(runs));
    for (unsigned i = 0; i < run_count; i++)
        COPY((void *)runs[i].stack_pointer, live_bytes(i));
    for (unsigned i = 0; i < region_count; i++)
        COPY(regions[i].start, regions[i].bytes);
#undef COPY
    return (size_t)(at - data);
}

static uint64_t hash(const uint8_t *data, size_t bytes)
{
    uint64_t sum = bytes, word;

    for (size_t i = 0; i < bytes; i += 8) {
        size_t left = bytes - i < 8 ? bytes - i : 8;

        word = 0;
        memcpy(&word, data + i, left);
        sum = (sum ^ word) * 0x9e3779b97f4a7c15;
        sum ^= sum >> 29;
    }
    return sum ? sum : 1;
}

static bool is_new(uint64_t sum)
{
    uint64_t at = sum % VISITED;

    while (visited[at] && visited[at] != sum)
        at = (at + 1) % VISITED;
    if (visited[at])
        return false;
    visited[at] = sum;
    if (++state_count > VISITED / 2) {
        fprintf(stderr, "too many states\n");
        abort();
    }
    return true;
}

static bool may(unsigned i, enum act act)
{
    const struct run *run = &runs[i];

    if (act == DRAIN)
        return run->buffered;
    if (act == INTERRUPT)
        return run->pending && run->interrupts;
    return run->state == GOES_ON || (run->state == WAITS && run->changed)
           || (run->state == ASLEEP && run->word && *(const volatile uint32_t *)run->word != run->value);
}

static void perform(unsigned i, enum act act)
{
    if (act == DRAIN) {
        drain_one(&runs[i]);
        return;
    }
    this_cpu = i;
    memset(stacks[i], 0, (size_t)(runs[i].stack_pointer - (uintptr_t)stacks[i]));      /* what was there is no part of the state */
    runs[i].taken = act == INTERRUPT;
    if (act == STEP)
        runs[i].state = GOES_ON;
    if (!_setjmp(explorer))
        _longjmp(runs[i].context, 1);
}

/* Nobody can do anything: then all that were to end have. */
static void judge_end(unsigned must_end, void (*at_end)(void))
{
    end_count++;
    for (unsigned i = 0; i < must_end; i++)
        if (runs[i].state != ENDED && !failure[0])
            snprintf(failure, sizeof(failure), "cpu %u never goes on: %s", i, runs[i].next);
    if (!failure[0] && !_setjmp(explorer))
        at_end();
}

static void explore(unsigned must_end, void (*at_end)(void))
{
    static uint8_t now[sizeof(runs) + sizeof(stacks) + 65536];
    size_t bytes = copy_state(now, false);
    bool any = false;
    uint8_t *kept;

    if (more_shared || !is_new(hash(now, bytes)))
        return;
    kept = malloc(bytes);
    memcpy(kept, now, bytes);
    for (unsigned choice = 0; choice < run_count * ACTS && !failure[0] && !more_shared; choice++) {
        unsigned i = choice / ACTS;
        enum act act = choice % ACTS;

        if (any)
            copy_state(kept, true);
        if (!may(i, act))
            continue;
        any = true;
        path[depth].what = act == STEP ? runs[i].next : act == DRAIN ? "an earlier store is seen" : "is interrupted";
        path[depth].run = (uint8_t)i;
        if (++depth == DEPTH_MAX)
            abort();
        perform(i, act);
        if (!failure[0])
            explore(must_end, at_end);
        if (!failure[0])
            depth--;
    }
    free(kept);
    if (!any && !failure[0] && !more_shared)
        judge_end(must_end, at_end);
}

/* ---- a case ---- */

static void (*body_of[RUNS_MAX])(void);

static void run_body(void)
{
    yield("begins");
    body_of[this_cpu]();
    drain(&runs[this_cpu]);
    runs[this_cpu].state = ENDED;
    yield("has ended");
}

static void start_all(unsigned count, void (*const bodies[])(void))
{
    memset(runs, 0, sizeof(runs));
    memset(stacks, 0, sizeof(stacks));
    state_count = end_count = depth = 0;
    more_shared = false;
    for (this_cpu = 0; this_cpu < count; this_cpu++) {
        static ucontext_t context;

        runs[this_cpu].interrupts = runs[this_cpu].changed = true;
        body_of[this_cpu] = bodies[this_cpu];
        getcontext(&context);
        context.uc_stack.ss_sp = stacks[this_cpu];
        context.uc_stack.ss_size = STACK_BYTES;
        makecontext(&context, run_body, 0);
        if (!_setjmp(explorer))
            setcontext(&context);
    }
}

/* CPU i does bodies[i], from the state that prepare() makes. The first must_end of them have to end, whatever happens; the others may end
 * asleep. Returns whether all went well, and at_end() held; prints how much was tried, and what led to a failure. */
static bool explore_all(const char *name, unsigned count, void (*const bodies[])(void), unsigned must_end, void (*prepare)(void),
                        void (*at_end)(void))
{
    run_count = count;
    word_count = 0;
    failure[0] = '\0';
    do {
        prepare();
        start_all(count, bodies);
        visited = calloc(VISITED, sizeof(*visited));
        explore(must_end, at_end);
        free(visited);
    } while (more_shared && !failure[0]);
    for (unsigned i = 0; failure[0] && getenv("INGOT_PATH") && i < depth; i++)
        fprintf(stderr, "    cpu %u %s\n", path[i].run, path[i].what);
    fprintf(stderr, "%s: %llu states, %llu ends%s%s\n", name, (unsigned long long)state_count, (unsigned long long)end_count,
            failure[0] ? ": " : "", failure);
    return !failure[0];
}
