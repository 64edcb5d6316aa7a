/* What a debugger is tried on: all CPUs at work, and a log that flows. */
#include <stddef.h>

#include <ingot/cpu.h>
#include <ingot/log.h>
#include <ingot/time.h>

enum { TICK_NS = 50000000, CPUS_SHOWN = 64, RESULT = 7 };

volatile uint64_t rounds, leave, broken, watched;
volatile uint64_t worked[CPUS_SHOWN];
const char greeting[] = "hello from read-only memory";

struct pair {
    uint32_t first, second;
};
volatile struct pair pair = { 11, 22 };

/* Called once a round. */
static __attribute__((noinline)) uint64_t place(uint64_t round)
{
    watched += 2;
    return round * 3;
}

static __attribute__((noinline)) uint64_t outer(uint64_t round)
{
    uint64_t result = place(round);

    return result + 1;
}

/* On all other CPUs: registers have values that nothing else here gives them, and that must come back. */
static void work(void *unused)
{
    uint32_t me = cpu_id();
    uint64_t mark = 0x1122334455667700 + me, back;

    (void)unused;
    while (!leave) {
        __asm__ volatile("movq %1, %%xmm15\n\tmovl $1000, %%ecx\n1:\tdecl %%ecx\n\tjnz 1b\n\tmovq %%xmm15, %0"
                         : "=r"(back) : "r"(mark) : "xmm15", "ecx");
        if (back != mark)
            broken++;
        worked[me < CPUS_SHOWN ? me : 0]++;
    }
}

int main(void)
{
    static struct cpu_job job[CPUS_SHOWN];
    uint64_t tick_ns = time_ns();

    log_info("greeting: %s, %u", greeting, pair.first + pair.second);
    for (uint32_t cpu = 1; cpu < cpu_count() && cpu < CPUS_SHOWN; cpu++)
        cpu_run(cpu, &job[cpu], work, NULL);
    while (!leave) {
        rounds++;
        if (outer(rounds) != rounds * 3 + 1)
            broken++;
        if (time_ns() < tick_ns)
            continue;
        tick_ns += TICK_NS;
        log_info("tick: round %llu", (unsigned long long)rounds);
    }
    for (uint32_t cpu = 1; cpu < cpu_count() && cpu < CPUS_SHOWN; cpu++)
        cpu_join(&job[cpu]);
    log_info("left after %llu rounds, %llu broken", (unsigned long long)rounds, (unsigned long long)broken);
    return broken ? 1 : RESULT;
}
