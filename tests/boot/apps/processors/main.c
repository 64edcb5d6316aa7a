/* What the machine's tables say of its processors, in lines for a test to compare, and what a start-up page could be taken from. With the word stay
 * it is there some seconds longer. */
#include <ingot/acpi.h>
#include <ingot/cpu.h>
#include <ingot/log.h>
#include <ingot/machine.h>
#include <ingot/memory.h>
#include <ingot/pages.h>
#include <ingot/string.h>
#include <ingot/time.h>

enum { PROCESSORS_MAX = 512, STAY_S = 3 };

static struct acpi_processor processors[PROCESSORS_MAX];

static void tell_processors(void)
{
    struct acpi_processor_counts counts;

    if (acpi_get_processors(processors, PROCESSORS_MAX, &counts) != 0) {
        log_raw("listed none");
        return;
    }
    for (uint32_t i = 0; i < counts.usable; i++)
        log_raw("processor id %u uid %u", processors[i].id, processors[i].uid);
    log_raw("listed usable=%u more=%u repeated=%u disabled=%u online_capable=%u ignored=%u", counts.usable, counts.more, counts.repeated,
            counts.disabled, counts.online_capable, counts.ignored);
}

static void tell_low_memory(void)
{
    struct machine_region region;
    struct pages_stats stats;

    for (unsigned i = 0; machine_region(i, &region) && region.start < PAGES_BELOW_1M; i++)
        log_raw("low memory [%#llx, %#llx) %s", (unsigned long long)region.start, (unsigned long long)region.end, region.type);
    pages_stats(&stats);
    log_raw("pages below 1 MiB: %llu", (unsigned long long)stats.zone[PAGES_ZONE_1M].total);
}

static void tell_places(void)
{
    struct cpu_place place;

    for (uint32_t cpu = 0; cpu_place(cpu, &place); cpu++)
        log_raw("place of cpu %u: id=%u package=%u die=%u core=%u thread=%u node=%u", cpu, place.hardware_id, place.package, place.die,
                place.core, place.thread, place.node);
}

/* Time for what comes late from outside. Nothing may have changed by it. */
static void stay(void)
{
    log_raw("staying");
    for (uint32_t ms = 0; ms < STAY_S * 1000; ms++)
        delay_us(1000);
    log_raw("stayed: running %u, %u broken", cpu_count(), mem_audit());
}

int main(int argc, char **argv)
{
    tell_processors();
    tell_low_memory();
    tell_places();
    log_raw("running %u", cpu_count());
    if (argc > 1 && !strcmp(argv[1], "stay"))
        stay();
    return 0;
}
