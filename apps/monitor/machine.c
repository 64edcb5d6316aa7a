/* What this machine is. */
#include "monitor.h"

#include <ingot/console.h>
#include <ingot/counter.h>
#include <ingot/cpu.h>
#include <ingot/display.h>
#include <ingot/error.h>
#include <ingot/facts.h>
#include <ingot/format.h>
#include <ingot/irq.h>
#include <ingot/machine.h>
#include <ingot/memory.h>
#include <ingot/pages.h>
#include <ingot/prompt.h>
#include <ingot/serial.h>
#include <ingot/smbios.h>
#include <ingot/string.h>
#include <ingot/time.h>
#include <ingot/timer.h>
#include <ingot/wall_clock.h>

enum { REPORT_VERSION = 1 };             /* grows when a program that reads reports would be misled */

static int show_version(int argc, char **argv)
{
    char build[2 * MACHINE_BUILD_BYTES + 1];

    (void)argv;
    if (argc > 1)
        return PROMPT_USAGE;
    for (unsigned i = 0; i < MACHINE_BUILD_BYTES; i++)
        format(build + i * 2, 3, "%02x", machine_build()[i]);
    facts("build %s report_version %u", build, REPORT_VERSION);
    return 0;
}
COMMAND(version, ": which build this is", show_version);

static int show_firmware(int argc, char **argv)
{
    uint32_t uefi, revision;
    const char *vendor = machine_firmware(&uefi, &revision);
    char version[16];

    (void)argv;
    if (argc > 1)
        return PROMPT_USAGE;
    if (!vendor)
        return ERR_NOT_FOUND;
    format(version, sizeof(version), uefi % 10 ? "%u.%u.%u" : "%u.%u", uefi >> 16, (uefi & 0xffff) / 10, uefi % 10);
    facts("firmware %s revision %#x uefi %s secure_boot %hhu", vendor, revision, version, machine_secure_boot());
    return 0;
}
COMMAND(firmware, ": who made the firmware", show_firmware);

/* DSP0134, "Structure definitions" (7): where structures have the number of a string; 0: they have none. */
static const struct {
    uint8_t type, maker, product, version, serial, place;
    const char *name;
} dmi[] = {
    { 0, 4, 0, 5, 0, 0, "firmware" },    { 1, 4, 5, 6, 7, 0, "system" },  { 2, 4, 5, 6, 7, 0, "board" },   { 3, 4, 0, 6, 7, 0, "chassis" },
    { 4, 7, 16, 0, 0, 4, "processor" },  { 9, 0, 0, 0, 0, 4, "slot" },    { 17, 23, 26, 0, 24, 16, "memory" },
};

/* "Memory Device (Type 17)": MiB, or KiB with bit 15; 7FFFH: see the 32 bits elsewhere. */
static uint64_t module_mib(const struct smbios_structure *s)
{
    uint64_t size = smbios_number(s, 12, 2);

    return size == 0x7fff ? smbios_number(s, 28, 4) & 0x7fffffff : size == 0xffff ? 0 : size & 0x8000 ? (size & 0x7fff) >> 10 : size;
}

static const char *dmi_string(const struct smbios_structure *s, uint8_t offset)
{
    return offset ? smbios_string(s, offset) : NULL;
}

static int show_dmi(int argc, char **argv)
{
    struct smbios_structure s;
    unsigned shown = 0;

    (void)argv;
    if (argc > 1)
        return PROMPT_USAGE;
    for (uint32_t cursor = 0; smbios_next(&cursor, &s) && !console_interrupted();)
        for (unsigned i = 0; i < sizeof(dmi) / sizeof(dmi[0]); i++)
            if (dmi[i].type == s.type) {
                char size[24] = "";

                if (s.type == 17)
                    format(size, sizeof(size), "%llu MiB", ULL(module_mib(&s)));
                facts("dmi %s maker %s product %s version %s serial %s place %s size %s", dmi[i].name, dmi_string(&s, dmi[i].maker),
                      dmi_string(&s, dmi[i].product), dmi_string(&s, dmi[i].version), dmi_string(&s, dmi[i].serial),
                      dmi_string(&s, dmi[i].place), *size ? size : NULL);
                shown++;
            }
    return shown ? 0 : ERR_NOT_FOUND;
}
COMMAND(dmi, ": what the firmware says of makers, models and memory modules", show_dmi);

static int show_cpu(int argc, char **argv)
{
    static const char *const kind[] = { NULL, "performance", "efficient" };
    static char features[1024];
    struct cpu_place place;
    char line[128];

    (void)argv;
    if (argc > 1)
        return PROMPT_USAGE;
    machine_cpu(line, sizeof(line));
    cpu_features(features, sizeof(features));
    facts("processor %s running %u features %s", line, cpu_count(), features);
    for (uint32_t cpu = 0; cpu_place(cpu, &place) && !console_interrupted(); cpu++)
        facts("cpu %u id %u package %u die %u core %u thread %u node %u kind %s", cpu, place.hardware_id, place.package, place.die,
              place.core, place.thread, place.node, kind[place.kind]);
    return 0;
}
COMMAND(cpu, ": the processors, what they can do, and where they sit", show_cpu);

/* Bytes of all regions of the same type as region number first; 0 when an earlier region had it and told it. */
static uint64_t type_bytes(unsigned first)
{
    struct machine_region region, other;
    uint64_t bytes = 0;

    machine_region(first, &region);
    for (unsigned i = 0; machine_region(i, &other); i++) {
        if (strcmp(other.type, region.type))
            continue;
        if (i < first)
            return 0;
        bytes += other.end - other.start;
    }
    return bytes;
}

static int show_mem(int argc, char **argv)
{
    struct machine_region region;
    struct pages_stats pages;

    (void)argv;
    if (argc > 1)
        return PROMPT_USAGE;
    for (unsigned i = 0; machine_region(i, &region); i++)
        if (type_bytes(i))
            facts("memory %s kib %llu", region.type, ULL(type_bytes(i) >> 10));
    pages_stats(&pages);
    facts("memory %s kib %llu largest_kib %llu", "free now", ULL(pages.free) * (PAGE_BYTES >> 10), ULL(pages.largest) * (PAGE_BYTES >> 10));
    return 0;
}
COMMAND(mem, ": memory by kind, and what is free", show_mem);

static void show_mappings(void)
{
    struct mem_mapping m;

    for (uint64_t at = 0; mem_mapping(at, &m) && !console_interrupted(); at = m.end)
        facts("from %#018llx to %#018llx page_kib %llu rights %s caching %s", ULL(m.start), ULL(m.end), ULL(m.page_bytes >> 10), m.rights,
              m.caching);
}

static int show_address(uint64_t address)
{
    struct machine_region region = { 0, 0, NULL }, other;
    struct mem_mapping m = { 0 };
    bool mapped = mem_mapping(address, &m) && m.start <= address;

    for (unsigned i = 0; machine_region(i, &other); i++)
        if (address >= other.start && address < other.end)
            region = other;
    facts("address %#llx type %s from %#llx to %#llx rights %s caching %s", ULL(address), region.type ? region.type : "no memory",
          ULL(region.start), ULL(region.end), mapped ? m.rights : "none", mapped ? m.caching : NULL);
    return 0;
}

static const char *map_choice(unsigned index) { return index ? expression_name(index - 1) : "pages"; }

static int show_map(int argc, char **argv)
{
    struct machine_region r;
    uint64_t address;

    if (argc > 2)
        return PROMPT_USAGE;
    if (argc == 2 && !strcmp(argv[1], "pages"))
        return show_mappings(), 0;
    if (argc == 2)
        return expression_value(argv[1], &address) ? PROMPT_USAGE : show_address(address);
    for (unsigned i = 0; machine_region(i, &r) && !console_interrupted(); i++)
        facts("from %#018llx to %#018llx kib %llu type %s", ULL(r.start), ULL(r.end), ULL((r.end - r.start) >> 10), r.type);
    return 0;
}
COMMAND(map, "[pages|ADDRESS]: the memory map, what the page tables allow, or both of an address", show_map, map_choice);

static int show_display(int argc, char **argv)
{
    const struct display *d;

    (void)argv;
    if (argc > 1)
        return PROMPT_USAGE;
    for (unsigned i = 0; (d = display(i)); i++)
        facts("display %u width %u height %u bits_per_pixel %u pitch_bytes %u address %#llx bytes %llu", i, d->width, d->height,
              d->bits_per_pixel, d->pitch_bytes, ULL((uintptr_t)d->pixels), ULL(d->bytes));
    return 0;
}
COMMAND(display, ": screens", show_display);

static int show_serial(int argc, char **argv)
{
    struct serial_port *port;

    (void)argv;
    if (argc > 1)
        return PROMPT_USAGE;
    for (unsigned i = 0; (port = serial_port(i)); i++)
        facts("serial %u name %s named_by %s space %s address %#llx stride %u baud %u lost_bytes %llu", i, port->name, port->place.source,
              port->place.space == SERIAL_IO ? "io" : "mmio", ULL(port->place.address), port->place.stride, port->place.baud,
              ULL(port->lost_bytes));
    return 0;
}
COMMAND(serial, ": serial ports", show_serial);

static int show_boot(int argc, char **argv)
{
    uint64_t last_ns = 0, ns;
    const char *name;

    (void)argv;
    if (argc > 1)
        return PROMPT_USAGE;
    for (unsigned i = 0; machine_boot_stage(i, &name, &ns); i++) {
        facts("stage %s us %llu at_us %llu", name, ULL(i ? (ns - last_ns) / 1000 : 0), ULL(ns / 1000));
        last_ns = ns;
    }
    return 0;
}
COMMAND(boot, ": where the time of the boot went", show_boot);

static int show_irq(int argc, char **argv)
{
    struct irq_stats s;

    (void)argv;
    if (argc > 1)
        return PROMPT_USAGE;
    facts("spurious %llu unclaimed %llu", ULL(irq_spurious()), ULL(irq_unclaimed()));
    for (unsigned i = 0; irq_stats(i, &s); i++)
        facts("irq %s line %d cpu %u vector %u count %llu not_mine %llu message %hhu storm %hhu", s.name, (int)s.line, s.cpu, s.vector,
              ULL(s.count), ULL(s.not_mine), s.line == UINT32_MAX, s.masked_by_storm);
    return 0;
}
COMMAND(irq, ": who is attached to interrupts, and how many came; line -1 is a message", show_irq);

static int show_time(int argc, char **argv)
{
    struct time_source s;

    (void)argv;
    if (argc > 1)
        return PROMPT_USAGE;
    time_source(&s);
    facts("ns %llu source %s hz %llu measured_by %s checked_by %s ppm_apart %lld invariant %hhu", ULL(time_ns()), s.name, ULL(s.hz),
          s.measured_by, s.checked_by, (long long)s.disagreement_ppm, s.invariant);
    return 0;
}
COMMAND(time, ": since power-on, and what measures it", show_time);

static int show_timers(int argc, char **argv)
{
    const struct counter *c;

    (void)argv;
    if (argc > 1)
        return PROMPT_USAGE;
    for (unsigned i = 0; (c = counter(i)); i++)
        facts("counter %s hz %llu bits %u value %llu last_resort %hhu", c->name, ULL(c->hz), c->bits, ULL(c->read(c)), c->last_resort);
    facts("timers_armed %llu", ULL(timer_count()));
    return 0;
}
COMMAND(timers, ": counters that the clock knows, and how many timers this CPU has", show_timers);

static int show_clock(int argc, char **argv)
{
    struct wall_time t;
    char text[32];
    int error;

    (void)argv;
    if (argc > 1)
        return PROMPT_USAGE;
    if ((error = wall_time_read(&t)))
        return error;
    format(text, sizeof(text), "%04u-%02u-%02u %02u:%02u:%02u", t.year, t.month, t.day, t.hour, t.minute, t.second);
    facts("clock %s seconds %lld", text, (long long)wall_time_seconds(&t));
    return 0;
}
COMMAND(clock, ": the time of day", show_clock);
