/* All CPUs: primes are counted by all at once, and each says how many it found.
 *
 *     make run APP=apps/examples/cpus SMP=4
 *
 * What you will see:
 *
 *     app: cpu 0 found ...
 *     app: cpu 1 found ...
 *     app: cpu 2 found ...
 *     app: cpu 3 found ...
 *     app: 9592 primes below 100000
 *
 * Who found how many differs from run to run; the sum does not. */
#include <stddef.h>

#include <ingot/cpu.h>
#include <ingot/log.h>

enum { BELOW = 100000, PIECE = 1000 };

static PER_CPU(unsigned, found);         /* each CPU has its own, so that none waits for another */

static bool is_prime(uint64_t number)
{
    for (uint64_t divisor = 2; divisor * divisor <= number; divisor++)
        if (number % divisor == 0)
            return false;
    return number >= 2;
}

/* A piece of the work: the numbers [first, past). */
static void count(uint64_t first, uint64_t past, void *nothing)
{
    (void)nothing;
    for (uint64_t number = first; number < past; number++)
        *per_cpu(&found) += is_prime(number);
}

int main(void)
{
    unsigned sum = 0;

    cpu_for(BELOW, PIECE, count, NULL);  /* returns when all pieces are done: who has done one takes the next */
    for (uint32_t cpu = 0; cpu < cpu_count(); cpu++) {
        log_info("cpu %u found %u", cpu, *per_cpu_of(&found, cpu));
        sum += *per_cpu_of(&found, cpu);
    }
    log_info("%u primes below %u", sum, BELOW);
    return 0;
}
