/* What addresses mean on this machine. A pointer is a physical address: page tables only protect and set caching. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef uint64_t phys_addr;              /* as a BAR or a table holds it; mem_map_device() makes a pointer of it */

enum mem_caching {
    MEM_UNCACHED,                        /* registers: each access goes out, in order */
    MEM_WRITE_COMBINING,                 /* framebuffers: stores are gathered; read rarely */
    MEM_WRITE_BACK,                      /* memory of a device that says its memory is cacheable and coherent */
};

/* Makes device memory at [address, address + bytes) accessible, wherever it lies, for reading and writing. The pointer is the same
 * number as the address. What lies below 4 GiB is accessible uncached from the start; calling this for it is allowed, and needed for
 * another caching. All pages that the range touches are mapped; a later call may change the caching of earlier ones, which
 * every CPU sees when it returns. Boot CPU, no lock held.
 * 0; ERR_BAD_VALUE: bytes is 0, the range wraps or ends beyond the CPU's address lines, or memory of the map lies in it (RAM
 * is never given another caching); ERR_NO_MEMORY: no page for the tables; ERR_FULL: too many
 * ranges with uses of their own (some 50); ERR_NOT_READY: in a driver of
 * phase DRIVER_COUNTER, which runs on the loader's tables, above 4 GiB or with another caching. Not in interrupts. */
int mem_map_device(phys_addr address, uint64_t bytes, enum mem_caching caching, volatile void **out_pointer);

/* What the page tables say of addresses. */
struct mem_mapping {
    uint64_t start, end;                 /* pages of one size behind each other with the same rights */
    uint64_t page_bytes;
    const char *rights, *caching;        /* "read-write", "write-back" ... */
};

/* The first mapped range that ends behind address. False past the last. Any CPU, not in interrupts. */
bool mem_mapping(uint64_t address, struct mem_mapping *out_mapping);

/* Walks all page tables and compares them with what must hold: nothing writable and executable, page 0 and the guards not
 * mapped, program text and constants read-only, memory cached, registers not, framebuffers combining, and the CPU's protections on
 * (one that was switched off is switched on again). One line with the counts, one line for each kind of break. Returns the number of
 * pages and registers found broken: 0 is what must be. Takes time with the number of tables. Any CPU, not in interrupts. */
uint32_t mem_audit(void);

/* Gives the memory of the boot services and of the ACPI tables to pages_alloc(), when nobody needs the tables any longer.
 * Returns the bytes gained. Boot CPU, not in interrupts, once (0 after that). */
uint64_t mem_reclaim(void);
