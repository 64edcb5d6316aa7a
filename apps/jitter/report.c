/* What was measured, in lines of stable columns, each beginning with a word of its own:
 *   jitter        names of the columns of
 *   jitter-row    one for each CPU and phase, and one for `all`: sums, but for the least step_min, the greatest step_median and smi
 *   jitter-bins   gaps by how much they lost: from:count ..., from in ns up to the next one in 1 2 5 10 ...; empty bins are left out
 *   jitter-worst  the worst gaps: lost@when ..., both in ns, when as the log counts
 * smi is - where the CPU does not count them. */
#include "jitter.h"

#include <ingot/cpu.h>
#include <ingot/format.h>
#include <ingot/log.h>

enum { CPU_BYTES = 8, LINE_BYTES = LOG_LINE_BYTES };

const char *duration(char to[DURATION_BYTES], uint64_t ns)
{
    static const char *const unit[] = { "us", "ms", "s" };
    unsigned u = 0;

    if (ns < 1000) {
        format(to, DURATION_BYTES, "%u ns", (unsigned)ns);
        return to;
    }
    for (; ns >= 1000000 && u < 2; u++)
        ns /= 1000;
    format(to, DURATION_BYTES, "%llu.%u %s", (unsigned long long)ns / 1000, (unsigned)(ns % 1000 / 100), unit[u]);
    return to;
}

static void tell_row(const char *cpu, const char *phase, const struct tally *tally)
{
    double ppm = tally->watched_ns ? (double)tally->lost_ns * 1e6 / (double)tally->watched_ns : 0;
    uint64_t thousandths = (uint64_t)(ppm * 1000);
    char smi[24] = "-";

    if (tally->counts_smi)
        format(smi, sizeof(smi), "%llu", (unsigned long long)tally->smi);
    log_raw("jitter-row   %4s %-3s %13llu %13llu %9llu %9llu %9llu %12llu %7llu.%03u %12llu %14llu %5s", cpu, phase,
            (unsigned long long)tally->loops, (unsigned long long)tally->watched_ns, (unsigned long long)tally->step_min_ps,
            (unsigned long long)tally->step_median_ps, (unsigned long long)tally->gaps, (unsigned long long)tally->lost_ns,
            (unsigned long long)thousandths / 1000, (unsigned)(thousandths % 1000), (unsigned long long)tally->worst[0].lost_ns,
            (unsigned long long)tally->worst[0].at_ns, smi);
}

static void tell_bins(const char *cpu, const char *phase, const struct tally *tally)
{
    char line[LINE_BYTES];
    size_t at = 0;

    for (unsigned i = 0; i < BINS && at < sizeof(line); i++)
        if (tally->bin[i])
            at += (size_t)format(line + at, sizeof(line) - at, " %u:%llu", bin_from_ns[i], (unsigned long long)tally->bin[i]);
    if (at)
        log_raw("jitter-bins  %4s %-3s%s", cpu, phase, line);
}

static void tell_worst(const char *cpu, const char *phase, const struct tally *tally)
{
    char line[LINE_BYTES];
    size_t at = 0;

    for (unsigned i = 0; i < WORST_MAX && tally->worst[i].lost_ns; i++)
        at += (size_t)format(line + at, sizeof(line) - at, " %llu@%llu", (unsigned long long)tally->worst[i].lost_ns,
                             (unsigned long long)tally->worst[i].at_ns);
    if (at)
        log_raw("jitter-worst %4s %-3s%s", cpu, phase, line);
}

static void tell(uint32_t cpu, enum phase phase, void (*line)(const char *cpu, const char *phase, const struct tally *tally))
{
    char name[CPU_BYTES] = "all";
    struct tally tally = { 0 };

    if (cpu < cpu_count()) {
        format(name, sizeof(name), "%u", cpu);
        watch_add(&tally, phase, cpu);
    } else {
        tally = watch_total(phase);
    }
    line(name, phase_name[phase], &tally);
}

void report(enum phase phase)
{
    uint32_t all = cpu_count();

    log_raw("jitter        cpu irq         loops    watched_ns    min_ps median_ps      gaps      lost_ns    lost_ppm     worst_ns"
            "    worst_at_ns   smi");
    for (uint32_t cpu = 0; cpu <= all; cpu++)
        tell(cpu, phase, tell_row);
    for (uint32_t cpu = 0; cpu <= all; cpu++)
        tell(cpu, phase, tell_bins);
    for (uint32_t cpu = 0; cpu < all; cpu++)
        tell(cpu, phase, tell_worst);
}
