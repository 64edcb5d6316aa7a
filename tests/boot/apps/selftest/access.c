/* Accesses that may fault, device memory, and the audit. */
#include "selftest.h"

#include <ingot/cpu.h>
#include <ingot/display.h>
#include <ingot/memory.h>
#include <ingot/machine.h>
#include <ingot/mmio.h>
#include <ingot/port_io.h>
#include <ingot/probe.h>

static int probe(uint64_t address)
{
    uint32_t value;

    return mmio_probe32((const volatile void *)address, &value);
}

static enum verdict probes(char *figures)
{
    uint64_t known = 0x1122334455667788, value64 = 0, page = (uint64_t)__builtin_frame_address(0) & ~4095ull;
    uint8_t value8 = 0;
    uint16_t value16 = 0;
    uint32_t value32 = 0;
    unsigned stack_pages = 0;

    for (; probe(page) == 0; page -= 4096)           /* down to the guard below this stack */
        stack_pages++;
    MUST(stack_pages < 1024);
    MUST(probe(0) == ERR_FAULT && probe(0xffc) == ERR_FAULT && probe(1ull << 40) == ERR_FAULT && probe(1ull << 60) == ERR_FAULT);
    MUST(mmio_probe8((uint8_t *)&known, &value8) == 0 && value8 == 0x88);
    MUST(mmio_probe16((uint8_t *)&known, &value16) == 0 && value16 == 0x7788);
    MUST(mmio_probe32((uint8_t *)&known, &value32) == 0 && value32 == 0x55667788);
    MUST(mmio_probe64((uint8_t *)&known, &value64) == 0 && value64 == known);
    return SAY(OK, "page 0, 1 TiB, no address, and the guard %u pages below: faults told; memory read", stack_pages);
}

static enum verdict msrs(char *figures)
{
    uint64_t value = 0;
    int missing, refused;

    MUST(msr_read_safe(0x277, &value) == 0 && value != 0);             /* the PAT */
    missing = msr_read_safe(0x4b564dff, &value);
    refused = msr_write_safe(0x6e1, 1ull << 32);                       /* IA32_PKRS: 32 bits */
    MUST(missing == ERR_FAULT || missing == 0);
    MUST(refused == ERR_FAULT || refused == 0);
    return SAY(OK, "the PAT read; a missing one: %s; a value that it refuses: %s", missing ? "faults" : "this emulator answers",
               refused ? "faults" : "this emulator takes it");
}

static enum verdict ports(char *figures)
{
    uint8_t value = 0;
    uint16_t value16;
    uint32_t value32;

    MUST(port_probe8(0x71, &value) == 0 || value == 0xff);
    MUST(port_probe8(0x2ef, &value) == ERR_NOT_FOUND && value == 0xff);
    MUST(port_probe16(0x2ee, &value16) == ERR_NOT_FOUND && port_probe32(0x2ec, &value32) == ERR_NOT_FOUND);
    return SAY(OK, "one that answers, and three widths where nobody does");
}

/* ---- device memory ---- */

static uint64_t first_ram(void)
{
    struct machine_region region;

    for (unsigned i = 0; machine_region(i, &region); i++)
        if (region.type[0] == 'u' && region.start >= 1 << 20)          /* "usable" */
            return region.start;
    return 0;
}

static enum verdict refusals(char *figures)
{
    volatile void *pointer = NULL;
    uint64_t ram = first_ram();

    MUST(mem_map_device(ram, 4096, MEM_UNCACHED, &pointer) == ERR_BAD_VALUE);
    MUST(mem_map_device(ram - 4096, 8192, MEM_UNCACHED, &pointer) == ERR_BAD_VALUE);
    MUST(mem_map_device(1ull << 36, 0, MEM_UNCACHED, &pointer) == ERR_BAD_VALUE);
    MUST(mem_map_device(0, 4096, MEM_UNCACHED, &pointer) == ERR_BAD_VALUE);
    MUST(mem_map_device(~0ull - 4096, 8192, MEM_UNCACHED, &pointer) == ERR_BAD_VALUE);
    MUST(mem_map_device(1ull << 36, ~0ull - 4096, MEM_UNCACHED, &pointer) == ERR_BAD_VALUE);
    MUST(mem_map_device(1ull << 52, 4096, MEM_UNCACHED, &pointer) == ERR_BAD_VALUE);
    MUST(mem_map_device(1ull << 63, 4096, MEM_UNCACHED, &pointer) == ERR_BAD_VALUE);
    MUST(pointer == NULL);
    return SAY(OK, "memory at %#llx, page 0, no bytes, a wrap, beyond the address lines", (unsigned long long)ram);
}

enum { PCI_ADDRESS = 0xcf8, PCI_DATA = 0xcfc, IVSHMEM = 0x11101af4 };

static uint32_t pci_read(uint32_t device, uint32_t offset)
{
    port_write32(PCI_ADDRESS, 1u << 31 | device << 11 | offset);
    return port_read32(PCI_DATA);
}

/* The memory of QEMU's ivshmem device on bus 0: its BAR 2, of 64 bits. 0 without one. */
static uint64_t shared_memory_bar(void)
{
    for (uint32_t device = 0; device < 32; device++)
        if (pci_read(device, 0) == IVSHMEM)
            return (pci_read(device, 0x18) & ~15u) | (uint64_t)pci_read(device, 0x1c) << 32;
    return 0;
}

static enum verdict device_memory(char *figures)
{
    static const enum mem_caching caching[] = { MEM_UNCACHED, MEM_WRITE_COMBINING, MEM_WRITE_BACK, MEM_UNCACHED };
    uint64_t bar = shared_memory_bar();
    volatile void *pointer;

    if (bar == 0)
        return SAY(ABSENT, "no ivshmem device");
    MUST(bar < 1ull << 32 || probe(bar) == ERR_FAULT);
    for (unsigned i = 0; i < sizeof(caching) / sizeof(caching[0]); i++) {
        MUST(mem_map_device(bar + 0x10, 0x12340, caching[i], &pointer) == 0 && (uint64_t)pointer == bar + 0x10);
        mmio_write64(pointer, bar ^ i);
        mmio_write64(mmio_at(pointer, 0x12338), i);
        MUST(mmio_read64(pointer) == (bar ^ i) && mmio_read64(mmio_at(pointer, 0x12338)) == i);
    }
    MUST(mem_audit() == 0);
    return SAY(OK, "BAR at %#llx: mapped by each caching, holds what is written", (unsigned long long)bar);
}

/* Where no device is: what comes back is the bus's business, but it is no fault any more. */
static enum verdict high_mapping(char *figures)
{
    uint64_t address = 0xf00000000;
    volatile void *pointer;

    MUST(mem_map_device(address, 3u << 20, MEM_UNCACHED, &pointer) == 0);
    MUST(probe(address) == 0 && probe(address + (3u << 20) - 4) == 0 && probe(address + (3u << 20)) == ERR_FAULT);
    MUST(mem_audit() == 0);
    return SAY(OK, "3 MiB at %#llx, nothing behind it", (unsigned long long)address);
}

static enum verdict audit(char *figures)
{
    uint32_t broken = mem_audit();

    return broken ? SAY(FAILED, "%u broken", broken) : SAY(OK, "nothing is broken after all that");
}

const struct check access_checks[] = {
    { "probe-memory", probes }, { "probe-msr", msrs }, { "probe-port", ports }, { "map-refused", refusals },
    { "map-device", device_memory }, { "map-high", high_mapping }, { "audit", audit }, { 0 },
};
