/* Instructions that pages, heap and timers take, counted by stepping through them one by one (ptrace): exact, the same every
 * time, and in need of no performance counters. What masks interrupts is a call here, two or three instructions on the target.
 *
 *     build/host/bench_alloc
 *     pages_alloc + pages_free, 1 page                            149 mean    480 worst of 60
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

#include <ingot/cpu.h>
#include <ingot/log.h>
#include <ingot/pages.h>
#include <ingot/panic.h>

#include "core/pages.h"
#include "core/timer_queue.h"

void *heap_malloc(size_t bytes);                       /* <ingot/heap.h>, beside the C library's */
void heap_free(void *block);

uint32_t cpu_id(void) { return 0; }
uint64_t cpu_interrupts_off(void) { return 0; }
void cpu_interrupts_restore(uint64_t flags) { (void)flags; }
void cpu_relax(void) { }

_Noreturn void panic_code(const char *code, const char *pattern, ...)
{
    fprintf(stderr, "%s: %s\n", code, pattern);
    abort();
}

void log_line(const struct log_subsystem *subsystem, enum log_level level, const char *pattern, ...)
{
    (void)subsystem;
    (void)level;
    (void)pattern;
}

/* ---- counting ---- */

enum { TRIALS = 60 };

static inline void marker(void) { __asm__ volatile("int3" ::: "memory"); }

static bool stopped_at_marker(pid_t child)
{
    siginfo_t info;

    return ptrace(PTRACE_GETSIGINFO, child, NULL, &info) == 0 && info.si_code == SI_KERNEL;
}

/* Lets the child run to its next marker. False when it has ended. */
static bool run_to_marker(pid_t child)
{
    int status;

    ptrace(PTRACE_CONT, child, NULL, NULL);
    return waitpid(child, &status, 0) == child && WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP;
}

static unsigned steps_to_marker(pid_t child)
{
    unsigned steps = 0;
    int status;

    do {
        ptrace(PTRACE_SINGLESTEP, child, NULL, NULL);
        waitpid(child, &status, 0);
        steps++;
    } while (WIFSTOPPED(status) && !stopped_at_marker(child));
    return steps - 1;                                  /* without the marker */
}

struct cost {
    double mean;
    unsigned worst;
};

/* The cost of operation(0), operation(1) ... each after prepare(i), which is not counted. */
static struct cost count(void (*operation)(unsigned), void (*prepare)(unsigned))
{
    struct cost cost = { 0 };
    pid_t child = fork();
    int status;

    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, NULL, NULL);
        raise(SIGSTOP);
        for (unsigned i = 0; i < TRIALS; i++) {
            prepare(i);
            marker();
            operation(i);
            marker();
        }
        _exit(0);
    }
    waitpid(child, &status, 0);
    while (run_to_marker(child)) {
        unsigned steps = steps_to_marker(child);

        cost.mean += (double)steps / TRIALS;
        cost.worst = steps > cost.worst ? steps : cost.worst;
    }
    return cost;
}

static void nothing(unsigned i) { (void)i; }

static void report(const char *what, void (*operation)(unsigned), void (*prepare)(unsigned))
{
    struct cost empty = count(nothing, nothing), cost = count(operation, prepare);

    printf("%-56s %6.0f mean %6u worst of %d\n", what, cost.mean - empty.mean, cost.worst - (unsigned)empty.mean, TRIALS);
}

/* ---- what is counted ---- */

static uint64_t random_state = 12345;

static uint64_t next_random(void)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return random_state >> 20;
}

static void one_page(unsigned i)
{
    (void)i;
    pages_free(pages_alloc(1, 0, PAGES_ANYWHERE), 1);
}

static void one_page_kept(unsigned i)
{
    (void)i;
    pages_alloc(1, 0, PAGES_ANYWHERE);
}

static void eight_pages(unsigned i)
{
    (void)i;
    pages_free(pages_alloc(8, 0, PAGES_ANYWHERE), 8);
}

static void large_page(unsigned i)
{
    (void)i;
    pages_free(pages_alloc(512, 512 * PAGE_BYTES, PAGES_ANYWHERE), 512);
}

static void block_of_64(unsigned i)
{
    (void)i;
    heap_free(heap_malloc(64));
}

static void block_of_1000(unsigned i)
{
    (void)i;
    heap_free(heap_malloc(1000));
}

static void block_of_100000(unsigned i)
{
    (void)i;
    heap_free(heap_malloc(100000));
}

/* Leaves a heap with holes of all sizes. */
static void fragment_heap(void)
{
    enum { COUNT = 20000 };
    static void *block[COUNT];

    for (unsigned i = 0; i < COUNT; i++)
        block[i] = heap_malloc(1 + next_random() % 3000);
    for (unsigned i = 0; i < COUNT; i += 1 + next_random() % 3)
        heap_free(block[i]);
}

static void fragment_pages(void)
{
    enum { COUNT = 100000 };
    static void *page[COUNT];

    for (unsigned i = 0; i < COUNT; i++)
        page[i] = pages_alloc(1, 0, PAGES_ANYWHERE);
    for (unsigned i = 0; i < COUNT; i += 2)
        pages_free(page[i], 1);
}

enum { TIMERS = 100000 };
static struct timer_entry timer[TIMERS], extra;
static struct timer_queue queue;
static uint64_t deadline_ns[TRIALS];

static void fill_queue(unsigned count)
{
    queue = (struct timer_queue){ 0 };
    extra = (struct timer_entry){ 0 };
    for (unsigned i = 0; i < TIMERS; i++)
        timer[i] = (struct timer_entry){ 0 };
    for (unsigned i = 0; i < count; i++)
        timer_queue_arm(&queue, &timer[i], next_random(), 0);
    for (unsigned i = 0; i < TRIALS; i++)
        deadline_ns[i] = next_random();
}

static void arm(unsigned i) { timer_queue_arm(&queue, &extra, deadline_ns[i], 0); }
static void arm_last(unsigned i) { timer_queue_arm(&queue, &extra, UINT64_MAX - 1000 + i, 0); }
static void disarm(unsigned i)
{
    (void)i;
    timer_queue_cancel(&queue, &extra);
}
static void cancel(unsigned i) { timer_queue_cancel(&queue, &timer[i * 2]); }
static void pop(unsigned i)
{
    (void)i;
    timer_queue_pop(&queue, UINT64_MAX);
}

static void report_timers(unsigned count_armed)
{
    char what[64];

#define REPORT(name, operation, prepare) \
    fill_queue(count_armed); \
    snprintf(what, sizeof what, "timer_queue_%s, %u armed", name, count_armed); \
    report(what, operation, prepare)
    REPORT("arm", arm, disarm);
    REPORT("arm (last)", arm_last, disarm);
    REPORT("cancel", cancel, nothing);
    REPORT("pop", pop, nothing);
}

int main(void)
{
    const size_t bytes = 1u << 30;
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (memory == MAP_FAILED)
        return 1;
    pages_add((uintptr_t)memory, (uintptr_t)memory + bytes);
    heap_free(heap_malloc(1));
    report("pages_alloc + pages_free, 1 page", one_page, nothing);
    report("pages_alloc, 1 page, kept", one_page_kept, nothing);
    report("pages_alloc + pages_free, 8 pages", eight_pages, nothing);
    report("malloc + free, 64 bytes", block_of_64, nothing);
    report("malloc + free, 1000 bytes", block_of_1000, nothing);
    report("malloc + free, 100000 bytes", block_of_100000, nothing);
    fragment_heap();
    report("malloc + free, 64 bytes, 10,000 holes", block_of_64, nothing);
    report("malloc + free, 1000 bytes, 10,000 holes", block_of_1000, nothing);
    fragment_pages();
    report("pages_alloc + pages_free, 1 page, 50,000 ranges", one_page, nothing);
    report("pages_alloc, 1 page, kept, 50,000 ranges", one_page_kept, nothing);
    report("pages_alloc + pages_free, 8 pages, 50,000 ranges", eight_pages, nothing);
    report("pages_alloc + pages_free, 2 MiB aligned, 50,000 ranges", large_page, nothing);
    report_timers(1000);
    report_timers(100000);
    return 0;
}
