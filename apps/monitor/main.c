/* The default application: what this machine is. */
#include <ingot/cpu.h>
#include <ingot/display.h>
#include <ingot/log.h>
#include <ingot/machine.h>
#include <ingot/pages.h>
#include <ingot/serial.h>
#include <ingot/string.h>

static void firmware_report(void)
{
    uint32_t uefi, revision;
    const char *vendor = machine_firmware(&uefi, &revision);

    if (!vendor)
        log_info("firmware: not told");
    else
        log_info("firmware: %s, revision %#x, UEFI %u.%u, Secure Boot %s", vendor, revision, uefi >> 16, (uefi & 0xffff) / 10,
                 machine_secure_boot() ? "on" : "off");
}

static void cpu_report(void)
{
    char line[128];

    machine_cpu(line, sizeof(line));
    log_info("cpu: %s; %u running", line, cpu_count());
}

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

static void memory_report(void)
{
    struct machine_region region;
    struct pages_stats pages;

    for (unsigned i = 0; machine_region(i, &region); i++) {
        uint64_t bytes = type_bytes(i);

        if (bytes)
            log_info("memory: %10llu KiB %s", (unsigned long long)(bytes >> 10), region.type);
    }
    pages_stats(&pages);
    log_info("memory: %llu KiB free now, the largest piece %llu KiB", (unsigned long long)pages.free * (PAGE_BYTES >> 10),
             (unsigned long long)pages.largest * (PAGE_BYTES >> 10));
}

static void display_report(void)
{
    const struct display *d;

    for (unsigned i = 0; (d = display(i)); i++)
        log_info("display %u: %u x %u, %u bits per pixel, %u bytes a line, at %p", i, d->width, d->height, d->bits_per_pixel,
                 d->pitch_bytes, (void *)d->pixels);
}

static void serial_report(void)
{
    struct serial_port *port;

    for (unsigned i = 0; (port = serial_port(i)); i++)
        log_info("serial %u: %s, named by %s, %llu bytes lost", i, port->name, port->place.source,
                 (unsigned long long)port->lost_bytes);
}

static void boot_report(void)
{
    uint64_t last_ns = 0, ns;
    const char *name;

    for (unsigned i = 0; machine_boot_stage(i, &name, &ns); i++) {
        log_info("boot: %9llu us at %s%s", (unsigned long long)(i ? (ns - last_ns) / 1000 : 0), name,
                 i ? "" : " of the loader");
        last_ns = ns;
    }
}

int main(void)
{
    firmware_report();
    cpu_report();
    memory_report();
    display_report();
    serial_report();
    boot_report();
    return 0;
}
