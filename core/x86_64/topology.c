/* Where a CPU sits, from its own words: its APIC id, cut into fields. */
#include "core/x86_64/smp.h"

enum { LEVEL_NONE, LEVEL_THREAD, LEVEL_CORE, LEVEL_DIE = 5, LEVELS_MAX = 8 };    /* SDM vol. 2A, "CPUID", leaves 0BH and 1FH */
enum { KIND_EFFICIENT = 0x20, KIND_PERFORMANCE = 0x40 };              /* leaf 1AH, EAX [31:24]: Atom, Core */

/* How many bits of the id are a thread, a core and all below it, a die and all below it. */
struct widths {
    uint32_t thread, core, die;
};

/* Levels between core and die (modules, tiles) count as cores. */
static bool by_levels(uint32_t leaf, struct widths *widths)
{
    bool any = false;

    for (uint32_t level = 0; level < LEVELS_MAX; level++) {
        struct cpuid r = cpuid_or_zero(leaf, level);
        uint32_t type = r.ecx >> 8 & 0xff, bits = r.eax & 0x1f;

        if (r.ebx == 0 || type == LEVEL_NONE)
            break;
        any = true;
        if (type == LEVEL_THREAD)
            widths->thread = bits;
        if (type < LEVEL_DIE)
            widths->core = bits;
        widths->die = bits;
    }
    return any;
}

static uint32_t bits_for(uint32_t count)
{
    return count > 1 ? 32 - (uint32_t)__builtin_clz(count - 1) : 0;
}

/* CPUs without those leaves: threads of a package from leaf 1, cores from leaf 4 (AMD: 80000008H). */
static void by_counts(struct widths *widths)
{
    struct cpuid leaf1 = cpuid(1, 0);
    uint32_t threads = leaf1.edx & 1u << 28 ? leaf1.ebx >> 16 & 0xff : 1;
    uint32_t cores = (cpuid_or_zero(4, 0).eax >> 26) + 1, amd = cpuid_or_zero(0x80000008, 0).ecx;

    if (cores == 1 && amd)
        cores = (amd & 0xff) + 1;
    widths->core = widths->die = bits_for(threads);
    widths->thread = bits_for(threads) - bits_for(cores < threads ? cores : threads);
}

static enum cpu_kind kind(void)
{
    uint32_t type = cpuid_or_zero(0x1a, 0).eax >> 24;

    return type == KIND_PERFORMANCE ? CPU_KIND_PERFORMANCE : type == KIND_EFFICIENT ? CPU_KIND_EFFICIENT : CPU_KIND_ONLY;
}

static uint32_t field(uint32_t id, uint32_t from, uint32_t past)
{
    return id >> from & ((1u << (past - from)) - 1);
}

void topology_read(struct cpu_place *out_place)
{
    struct widths widths = { 0 };
    uint32_t id = out_place->hardware_id;

    if (!by_levels(0x1f, &widths) && !by_levels(0xb, &widths))
        by_counts(&widths);
    if (widths.core < widths.thread || widths.die < widths.core)
        widths = (struct widths){ 0 };        /* nonsense: each CPU a package */
    out_place->thread = field(id, 0, widths.thread);
    out_place->core = field(id, widths.thread, widths.core);
    out_place->die = field(id, widths.core, widths.die);
    out_place->package = id >> widths.die;
    out_place->kind = kind();
}
