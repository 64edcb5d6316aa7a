#include "core/clock.h"

#include "core/arch.h"

#include <ingot/cpu.h>
#define LOG_SUBSYSTEM clock
#include <ingot/log.h>
#include <ingot/time.h>

LOG_SUBSYSTEM_DEFINE(clock);

enum { TICKS_SHIFT = 32 };                     /* ns = ticks * ns_per_tick >> TICKS_SHIFT */
static const uint64_t hz_guess = 10000000000;  /* faster than any CPU, so that waits before the clock is set are too long, not too short */

static uint64_t ns_per_tick = (1000000000ull << TICKS_SHIFT) / 10000000000ull;

uint64_t clock_ticks_to_ns(uint64_t ticks)
{
    return (uint64_t)((unsigned __int128)ticks * ns_per_tick >> TICKS_SHIFT);
}

uint64_t time_ns(void)
{
    return clock_ticks_to_ns(cpu_ticks());
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

void clock_start(void)
{
    bool invariant;
    uint64_t hz = arch_ticks_hz(&invariant);

    if (hz == 0)
        hz = hz_guess;
    ns_per_tick = (uint64_t)(((unsigned __int128)1000000000 << TICKS_SHIFT) / hz);
}
