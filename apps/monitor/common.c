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

    if (expression_value(word, &value))
        return ERR_BAD_VALUE;
    if (value > max)
        return prompt_complain("%s: %#llx at most", word, ULL(max));
    *out_value = value;
    return 0;
}

int read_multiple(const char *word, unsigned bytes, uint64_t *out_address)
{
    uint64_t value;

    if (expression_value(word, &value))
        return ERR_BAD_VALUE;
    if (value % bytes)
        return prompt_complain("%s: no multiple of %u bytes", word, bytes);
    *out_address = value;
    return 0;
}

int read_cpu(const char *word, uint32_t *out_cpu)
{
    uint64_t cpu;

    if (expression_value(word, &cpu))
        return ERR_BAD_VALUE;
    if (cpu >= cpu_count())
        return prompt_complain("%s: CPUs have the numbers 0 to %u", word, cpu_count() - 1);
    *out_cpu = (uint32_t)cpu;
    return 0;
}

int read_width(const char *word, unsigned max, unsigned *out_bytes)
{
    uint64_t bytes;

    if (expression_value(word, &bytes))
        return ERR_BAD_VALUE;
    if (bytes > max || bytes == 0 || bytes & (bytes - 1))
        return prompt_complain("%s: a width is 1, 2%s bytes", word, max == 8 ? ", 4 or 8" : " or 4");
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
