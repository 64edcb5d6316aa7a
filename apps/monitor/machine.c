/* What this machine is. */
#include <ingot/console.h>
#include <ingot/cpu.h>
#include <ingot/display.h>
#include <ingot/machine.h>
#include <ingot/pages.h>
#include <ingot/prompt.h>
#include <ingot/serial.h>
#include <ingot/string.h>

static int show_firmware(int argc, char **argv)
{
    uint32_t uefi, revision;
    const char *vendor = machine_firmware(&uefi, &revision);

    (void)argc, (void)argv;
    if (!vendor)
        console_print("not told\n");
    else
        console_print("%s, revision %#x, UEFI %u.%u, Secure Boot %s\n", vendor, revision, uefi >> 16, (uefi & 0xffff) / 10,
                 machine_secure_boot() ? "on" : "off");
    return 0;
}
COMMAND(firmware, ": who made the firmware", show_firmware);

static int show_cpu(int argc, char **argv)
{
    static const char kind[][16] = { "", ", performance", ", efficient" };
    struct cpu_place place;
    char line[128];

    (void)argc, (void)argv;
    machine_cpu(line, sizeof(line));
    console_print("%s; %u running\n", line, cpu_count());
    for (uint32_t cpu = 0; cpu_place(cpu, &place) && !console_interrupted(); cpu++)
        console_print("cpu %u: id %u, package %u, die %u, core %u, thread %u, node %u%s\n", cpu, place.hardware_id, place.package, place.die,
                      place.core, place.thread, place.node, kind[place.kind]);
    return 0;
}
COMMAND(cpu, ": the processors, and where they sit", show_cpu);

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

    (void)argc, (void)argv;
    for (unsigned i = 0; machine_region(i, &region); i++) {
        uint64_t bytes = type_bytes(i);

        if (bytes)
            console_print("%10llu KiB %s\n", (unsigned long long)(bytes >> 10), region.type);
    }
    pages_stats(&pages);
    console_print("%llu KiB free now, the largest piece %llu KiB\n", (unsigned long long)pages.free * (PAGE_BYTES >> 10),
             (unsigned long long)pages.largest * (PAGE_BYTES >> 10));
    return 0;
}
COMMAND(mem, ": memory by kind, and what is free", show_mem);

static int show_display(int argc, char **argv)
{
    const struct display *d;

    (void)argc, (void)argv;
    for (unsigned i = 0; (d = display(i)); i++)
        console_print("display %u: %u x %u, %u bits per pixel, %u bytes a line, at %p\n", i, d->width, d->height, d->bits_per_pixel,
                 d->pitch_bytes, (void *)d->pixels);
    return 0;
}
COMMAND(display, ": screens", show_display);

static int show_serial(int argc, char **argv)
{
    struct serial_port *port;

    (void)argc, (void)argv;
    for (unsigned i = 0; (port = serial_port(i)); i++)
        console_print("serial %u: %s, named by %s, %llu bytes lost\n", i, port->name, port->place.source,
                 (unsigned long long)port->lost_bytes);
    return 0;
}
COMMAND(serial, ": serial ports", show_serial);

static int show_boot(int argc, char **argv)
{
    uint64_t last_ns = 0, ns;
    const char *name;

    (void)argc, (void)argv;
    for (unsigned i = 0; machine_boot_stage(i, &name, &ns); i++) {
        console_print("%9llu us at %s%s\n", (unsigned long long)(i ? (ns - last_ns) / 1000 : 0), name,
                 i ? "" : " of the loader");
        last_ns = ns;
    }
    return 0;
}
COMMAND(boot, ": where the time of the boot went", show_boot);
