/* Work for other CPUs, between marks that tools/cpus_plugin.c looks for: it counts the instructions of CPU 0, and of all, in between.
 * An operation is ended before the next begins, so that nobody else has anything to do but it. */
#include <ingot/cpu.h>
#include <ingot/time.h>

#include <stddef.h>

enum { TRIALS = 200, ITEMS = 1000 };

/* mark_begin_N and mark_end_N: a block of instructions of its own each, told by the number that it loads. */
#define MARKS(number) \
    __asm__(".text\n" \
            "mark_begin_" #number ": movl $0x6d61726b, %eax; movl $" #number ", %eax; ret\n" \
            "mark_end_" #number ": movl $0x656e646d, %eax; movl $" #number ", %eax; ret\n"); \
    void mark_begin_##number(void); \
    void mark_end_##number(void);
MARKS(0)
MARKS(1)
MARKS(2)
MARKS(3)
MARKS(4)

static void nothing(void *unused) { (void)unused; }

static void no_numbers(uint64_t first, uint64_t past, void *unused)
{
    (void)first, (void)past, (void)unused;
}

static void run_and_join(void)
{
    struct cpu_job job = { 0 };

    cpu_run(cpu_count() - 1, &job, nothing, NULL);
    cpu_join(&job);
}

/* Everybody sleeps again. */
static void settle(void) { cpu_sleep_until(time_ns() + 200000); }

#define TRIAL(number, operation) \
    do { \
        settle(); \
        mark_begin_##number(); \
        operation; \
        mark_end_##number(); \
    } while (0)

int main(void)
{
    for (unsigned i = 0; i < TRIALS; i++) {
        TRIAL(0, (void)0);
        TRIAL(1, run_and_join());
        TRIAL(2, cpu_run_all(nothing, NULL));
        TRIAL(3, cpu_for(cpu_count(), 1, no_numbers, NULL));
        TRIAL(4, cpu_for(cpu_count() + ITEMS, 1, no_numbers, NULL));
    }
    return 0;
}
