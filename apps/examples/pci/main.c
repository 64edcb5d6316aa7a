/* PCI: the devices of this machine, and where the registers of one of them lie.
 *
 *     make run APP=apps/examples/pci DISPLAY=std
 *
 * What you will see:
 *
 *     app: 00:00.0 8086:29c0 class 060000 bridge
 *     app: 00:01.0 1234:1111 class 030000 display
 *     app: 00:1f.0 8086:2918 class 060100 bridge
 *     app: 00:1f.2 8086:2922 class 010601 disk
 *     app: the disk has BAR 5: 4096 bytes of memory at 0x...
 *     app: its AHCI version is 1.0
 *
 * Source: PCI Local Bus Specification 3.0, appendix D "Class Codes"; Serial ATA AHCI 1.3.1, "AHCI Version" (3.1.5). */
#include <stddef.h>

#include <ingot/error.h>
#include <ingot/log.h>
#include <ingot/memory.h>
#include <ingot/mmio.h>
#include <ingot/pci.h>

enum { CLASS_AHCI = 0x010601, AHCI_BAR = 5, AHCI_VERSION = 0x10 };

static const char *class_name(uint32_t class_code)
{
    static const char *const names[] = {
        "old", "disk", "network", "display", "multimedia", "memory", "bridge", "serial", "system", "input", "dock", "processor", "bus",
    };
    uint32_t base = class_code >> 16;

    return base < sizeof(names) / sizeof(names[0]) ? names[base] : "other";
}

static int tell_registers(const struct pci_function *disk)
{
    struct pci_bar bar;
    volatile void *registers;
    int error = pci_bar(disk, AHCI_BAR, &bar);

    if (!error)
        error = mem_map_device(bar.address, bar.bytes, MEM_UNCACHED, &registers);
    if (error)
        return error;
    log_info("the disk has BAR %u: %llu bytes of memory at %#llx", AHCI_BAR, (unsigned long long)bar.bytes, (unsigned long long)bar.address);

    uint32_t version = mmio_read32(mmio_at(registers, AHCI_VERSION));

    log_info("its AHCI version is %x.%x", version >> 16, version >> 8 & 0xff);
    return 0;
}

int main(void)
{
    const struct pci_function *f, *disk = NULL;

    for (unsigned i = 0; (f = pci_function(i)); i++) {
        log_info("%02x:%02x.%u %04x:%04x class %06x %s", f->bus, f->device, f->function, f->vendor_id, f->device_id, f->class_code,
                 class_name(f->class_code));
        if (f->class_code == CLASS_AHCI)
            disk = f;
    }

    int error = disk ? tell_registers(disk) : ERR_NOT_FOUND;

    if (error)
        log_error("AHCI: %s", error_name(error));
    return error ? 1 : 0;
}
