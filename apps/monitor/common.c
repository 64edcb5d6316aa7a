/* Arguments, and work on another CPU. */
#include "monitor.h"

#include <ingot/cpu.h>
#include <ingot/error.h>
#include <ingot/prompt.h>
#include <ingot/time.h>

static const uint64_t ANSWER_NS = 100000000;

int read_number(const char *word, uint64_t max, uint64_t *out_value)
{
    uint64_t value;

    if (expression_value(word, &value) || value > max)
        return ERR_BAD_VALUE;
    *out_value = value;
    return 0;
}

int read_cpu(const char *word, uint32_t *out_cpu)
{
    uint64_t cpu;

    if (read_number(word, cpu_count() - 1, &cpu))
        return ERR_BAD_VALUE;
    *out_cpu = (uint32_t)cpu;
    return 0;
}

int read_width(const char *word, unsigned max, unsigned *out_bytes)
{
    uint64_t bytes;

    if (read_number(word, max, &bytes) || bytes == 0 || bytes & (bytes - 1))
        return ERR_BAD_VALUE;
    *out_bytes = (unsigned)bytes;
    return 0;
}

int run_on(uint32_t cpu, void (*run)(void *argument), void *argument)
{
    static struct cpu_job job;
    uint64_t deadline_ns = time_ns() + ANSWER_NS;
    int error;

    if (cpu == cpu_id()) {
        run(argument);
        return 0;
    }
    if ((error = cpu_interrupt(cpu, &job, run, argument)))
        return error;
    while (!cpu_job_ended(&job)) {
        if (time_ns() > deadline_ns)
            return ERR_TIMEOUT;
        cpu_relax();
    }
    return 0;
}
