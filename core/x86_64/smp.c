/* All other CPUs: started together by INIT and SIPI, each proved, named when it is missing; and stopped when one panics.
 * Source: Intel SDM vol. 3A, "Multiple-Processor Management": "MP Initialization Protocol Algorithm", "Typical AP Initialization Sequence". */
#include "core/x86_64/smp.h"

#include "core/clock.h"
#include "core/cpus.h"
#include "core/machine.h"
#include "core/x86_64/lapic.h"
#include "core/x86_64/paging.h"

#include <ingot/acpi.h>
#define LOG_SUBSYSTEM smp
#include <ingot/format.h>
#include <ingot/log.h>
#include <ingot/pages.h>
#include <ingot/string.h>
#include <ingot/time.h>

enum { TRAMPOLINE_DATA = PAGE_BYTES };        /* trampoline.S: where struct trampoline lies behind the code */
enum { INIT_US = 10000, SIPI_US = 200, QUIET_US = 250000, STOP_US = 200000 };
enum { LOOKS_MAX = 1 << 26 };           /* at a clock: seconds, by the fastest CPU */
enum { ICR_NMI = 4u << 8, ICR_INIT = 5u << 8, ICR_STARTUP = 6u << 8, ICR_ASSERT = 1u << 14 };
enum { TOLD_MAX = 8, TICK_LOOKS = 1000, TICK_CHANGES = 4 };

extern const uint8_t smp_trampoline_start[], smp_trampoline_protected[], smp_trampoline_long[], smp_trampoline_end[];

static struct trampoline *trampoline;
static uint64_t blocks, block_bytes;          /* of all slots, one behind the other */

/* What CPUs tell each other while they start. */
static struct {
    _Atomic uint32_t online;                  /* have arrived */
    _Atomic bool released;                    /* all have their numbers */
    _Atomic uint64_t boot_ticks;              /* the boot CPU's counter, a moment ago */
    _Atomic uint64_t latest_ticks;            /* the highest that another CPU has shown */
    uint64_t ahead;                           /* the most ticks that a CPU was ahead of the boot CPU */
    _Atomic uint64_t behind;                  /* the most ticks that a CPU was behind the boot CPU */
    _Atomic uint32_t mtrrs, adjusted;         /* CPUs whose memory types, whose TSC had to be put right */
    uint64_t tsc_adjust;
} shared;

/* ---- on the CPU that starts ---- */

static _Noreturn void park(void)
{
    for (;;)
        __asm__ volatile("cli; hlt");
}

/* One step on, unless the boot CPU has given this one up: then it must touch nothing any more. */
static void advance(uint64_t slot, uint32_t step)
{
    uint32_t before = step - 1;

    if (!atomic_compare_exchange_strong(&trampoline->slot[slot].step, &before, step))
        park();
}

static void read_features(uint32_t feature[FEATURES])
{
    struct cpuid leaf1 = cpuid(1, 0), leaf7 = cpuid_or_zero(7, 0), extended = cpuid_or_zero(0x80000001, 0);

    feature[0] = leaf1.ecx;
    feature[1] = leaf1.edx;
    feature[2] = leaf7.ebx;
    feature[3] = leaf7.ecx;
    feature[4] = extended.edx;
}

static bool has_tsc_adjust(void)
{
    return cpuid_or_zero(7, 0).ebx & 1u << 1;          /* SDM vol. 2A, "CPUID" leaf 7: IA32_TSC_ADJUST */
}

static void raise_to(_Atomic uint64_t *highest, uint64_t value)
{
    uint64_t seen = atomic_load(highest);

    while (value > seen && !atomic_compare_exchange_weak(highest, &seen, value))
        ;
}

/* The boot CPU shows its counter again and again while it waits: ours, read afterwards, must not be lower; and it looks at ours in the
 * same way. Firmware that wrote to one CPU's counter is the usual reason; TSC_ADJUST takes that back. */
static void check_ticks(void)
{
    uint64_t shown, before = 0;
    unsigned changes = 0;

    if (has_tsc_adjust() && msr_read(MSR_TSC_ADJUST) != shared.tsc_adjust) {
        msr_write(MSR_TSC_ADJUST, shared.tsc_adjust);
        atomic_fetch_add(&shared.adjusted, 1);
    }
    for (unsigned look = 0; look < TICK_LOOKS && changes < TICK_CHANGES; look++, before = shown) {
        uint64_t mine;

        shown = atomic_load(&shared.boot_ticks);
        mine = cpu_ticks_ordered();
        raise_to(&shared.latest_ticks, mine);
        if (mine < shown)
            raise_to(&shared.behind, shown - mine);
        changes += shown != before;
        cpu_relax();
    }
}

static _Noreturn void cpu_main(uint64_t slot)
{
    struct cpu *me = per_cpu(&cpu_area);

    advance(slot, STEP_SETTING_UP);
    cpu_units_start();
    msr_write(MSR_PAT, PAT_VALUE);
    protection_start();
    if (mtrr_match())
        atomic_fetch_add(&shared.mtrrs, 1);
    lapic_start_here();
    topology_read(&me->place);
    read_features(me->feature);
    check_ticks();
    advance(slot, STEP_ONLINE);
    atomic_fetch_add(&shared.online, 1);
    while (!atomic_load(&shared.released)) {
        cpu_interrupts_off();
        if (!atomic_load(&shared.released))
            cpu_wait();
    }
    cpu_interrupts_on();
    cpus_work();
}

/* Where trampoline.S ends, on the slot's own stack. */
_Noreturn void cpu_entry(uint64_t slot);
__attribute__((no_stack_protector)) _Noreturn void cpu_entry(uint64_t slot)
{
    struct cpu_block *block = (struct cpu_block *)(blocks + slot * block_bytes);

    msr_write(MSR_GS_BASE, (uint64_t)per_cpu_in(&cpu_area, block));       /* what is called looks for its canary there */
    descriptors_load(per_cpu_in(&cpu_area, block), block->ist_stacks);
    cpu_main(slot);
}

/* ---- on the boot CPU ---- */

/* All CPUs besides this one that can be reached, up to max, at the front of all[]. */
static uint32_t list(struct acpi_processor *all, uint32_t max)
{
    struct acpi_processor_counts counts = { 0 };
    uint32_t kept = 0, too_high = 0, usable;

    if (acpi_get_processors(all, CPUS_MAX, &counts))
        return 0;
    usable = counts.usable;
    if (counts.more)
        log_warn("%u CPUs more than %u: not started", counts.more, CPUS_MAX);
    for (uint32_t i = 0; i < usable; i++) {
        if (all[i].id == cpu_area.apic_id) {
            cpu_area.uid = all[i].uid;
            continue;
        }
        if (all[i].id >= 255 && !lapic_use_32_bit_ids())
            too_high++;
        else if (kept < max)
            all[kept++] = all[i];
    }
    if (too_high)
        log_warn("%u CPUs have APIC ids above 254, which need x2APIC mode, and this CPU has none: not started", too_high);
    return kept;
}

static struct cpu *area(uint32_t slot)
{
    return per_cpu_in(&cpu_area, (struct cpu_block *)(blocks + slot * block_bytes));
}

/* Stacks, areas and guards for count CPUs. */
static bool make_blocks(const struct acpi_processor *processor, uint32_t count)
{
    uint64_t variables = (uint64_t)(core_per_cpu_end - core_per_cpu_start), end;

    block_bytes = (sizeof(struct cpu_block) + variables + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
    blocks = (uint64_t)pages_alloc(count * block_bytes / PAGE_BYTES, 0, PAGES_ANYWHERE);
    if (!blocks)
        return false;
    end = blocks + count * block_bytes;
    page_use_add_blocks(blocks, end, block_bytes);
    for (uint32_t slot = 0; slot < count; slot++) {
        struct cpu_block *block = (struct cpu_block *)(blocks + slot * block_bytes);
        struct cpu *cpu = area(slot);

        memset(block->variables, 0, variables);
        cpu->id = slot + 1;
        cpu->apic_id = cpu->place.hardware_id = processor[slot].id;
        cpu->uid = processor[slot].uid;
        cpu->canary = canary_make();
        cpu->distance = (uintptr_t)cpu - (uintptr_t)&cpu_area;
        cpu->stack_base = (uint64_t)block->stack;
        cpu->stack_end = cpu->stack_base + CPU_STACK_BYTES;
    }
    return paging_refresh(blocks, end) == 0;
}

/* Code in one page, what it reads in those behind. They stay as they are: a CPU that wakes up late finds that it was given up. */
static bool make_trampoline(uint32_t count)
{
    size_t data_pages = (sizeof(struct trampoline) + count * sizeof(struct start_slot) + PAGE_BYTES - 1) / PAGE_BYTES;
    uint8_t *code = pages_alloc(1 + data_pages, 0, PAGES_BELOW_1M);
    uint32_t base = (uint32_t)(uintptr_t)code;

    if (!code)
        return false;
    memcpy(code, smp_trampoline_start, (size_t)(smp_trampoline_end - smp_trampoline_start));
    trampoline = (struct trampoline *)(code + TRAMPOLINE_DATA);
    *trampoline = (struct trampoline){
        .gdt_limit = sizeof(trampoline->gdt) - 1, .gdt_base = base + TRAMPOLINE_DATA + offsetof(struct trampoline, gdt),
        .protected_offset = base + (uint32_t)(smp_trampoline_protected - smp_trampoline_start), .protected_selector = 0x08,
        .long_offset = base + (uint32_t)(smp_trampoline_long - smp_trampoline_start), .long_selector = 0x18,
        .gdt = { 0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00af9b000000ffff },      /* 32-bit code, data, 64-bit code */
        .cr0 = cr0_read(), .cr3 = cr3_read(), .cr4 = cr4_read() & (CR4_PAE | CR4_LA57),      /* the CPU's own bits: protection_start() */
        .efer = msr_read(MSR_EFER) & (EFER_LME | EFER_NXE),
        .stack_end = blocks + offsetof(struct cpu_block, ist_stacks), .stack_step = block_bytes,
        .entry = (uint64_t)cpu_entry, .count = count,
    };
    for (uint32_t slot = 0; slot < count; slot++)
        trampoline->slot[slot] = (struct start_slot){ area(slot)->apic_id, STEP_NONE };
    page_use_add(base, base + PAGE_BYTES, (struct page_use){ PAGE_RX, PAGE_WB });
    return paging_refresh(base, base + PAGE_BYTES) == 0;
}

static void send_to_missing(uint32_t count, uint32_t command)
{
    for (uint32_t slot = 0; slot < count; slot++)
        if (atomic_load(&trampoline->slot[slot].step) == STEP_NONE)
            lapic_send(trampoline->slot[slot].apic_id, command);
}

static void show_ticks(void)
{
    uint64_t latest = atomic_load(&shared.latest_ticks), mine = cpu_ticks_ordered();

    atomic_store(&shared.boot_ticks, mine);
    if (latest > mine && latest - mine > shared.ahead)
        shared.ahead = latest - mine;
}

/* Less than bound_us have passed since since_ns. looks bounds the wait where the clock stands still. */
static bool has_time(uint64_t since_ns, uint64_t bound_us, uint32_t *looks)
{
    return time_ns() - since_ns < bound_us * 1000 && ++*looks < LOOKS_MAX;
}

/* Until all have arrived, or nobody has for quiet_us. */
static void wait_for(uint32_t count, uint64_t quiet_us)
{
    uint64_t since_ns = time_ns();
    uint32_t seen = 0, now, looks = 0;

    while ((now = atomic_load(&shared.online)) < count && has_time(since_ns, quiet_us, &looks)) {
        if (now != seen) {
            since_ns = time_ns();
            looks = 0;
        }
        seen = now;
        show_ticks();
        cpu_relax();
    }
}

static void start_all(uint32_t count)
{
    uint32_t startup = ICR_STARTUP | (uint32_t)((uintptr_t)trampoline - TRAMPOLINE_DATA) / PAGE_BYTES;

    send_to_missing(count, ICR_INIT | ICR_ASSERT);
    delay_us(INIT_US);                        /* no timer: programs without one need not carry it */
    send_to_missing(count, startup);
    wait_for(count, SIPI_US);
    send_to_missing(count, startup);          /* one may be missed: SDM, "MP Initialization Protocol Algorithm" */
    wait_for(count, QUIET_US);
}

static const char *step_words(uint32_t step)
{
    static const char words[STEP_ONLINE][32] = {
        "did not answer", "stopped in real mode", "stopped in long mode", "stopped while it set itself up",
    };
    return words[step];
}

/* Names those that were given up for the same reason, up to TOLD_MAX. */
static void tell_missing(uint32_t count, uint32_t reason)
{
    char ids[TOLD_MAX * 12];
    uint32_t missing = 0;
    size_t used = 0;

    for (uint32_t slot = 0; slot < count; slot++)
        if (area(slot)->came_to == reason && missing++ < TOLD_MAX)
            used += (size_t)format(ids + used, sizeof(ids) - used, used ? ", %u" : "%u", area(slot)->apic_id);
    if (missing > TOLD_MAX)
        log_warn("APIC id %s and %u more %s: not used", ids, missing - TOLD_MAX, step_words(reason));
    else if (missing)
        log_warn("APIC id %s %s: not used", ids, step_words(reason));
}

static void tell_differences(const struct cpu *cpu)
{
    static const char leaf[FEATURES][16] = { "1 ECX", "1 EDX", "7 EBX", "7 ECX", "80000001H EDX" };

    for (unsigned i = 0; i < FEATURES; i++)
        if (cpu_area.feature[i] & ~cpu->feature[i])
            log_warn("cpu %u lacks what the boot CPU has: CPUID leaf %s, bits %#x", cpu->id, leaf[i],
                     cpu_area.feature[i] & ~cpu->feature[i]);
}

static void tell_repairs(void)
{
    uint64_t behind = atomic_load(&shared.behind);

    show_ticks();
    if (shared.mtrrs)
        log_info("memory types (MTRRs) of %u CPUs were not the boot CPU's: set to them", shared.mtrrs);
    if (shared.adjusted)
        log_warn("TSC_ADJUST of %u CPUs differed from the boot CPU's: set to the same", shared.adjusted);
    if (behind || shared.ahead) {
        log_warn("the CPUs' counters differ: up to %llu ticks behind the boot CPU's, up to %llu ahead", (unsigned long long)behind,
                 (unsigned long long)shared.ahead);
        clock_distrust_ticks();
    }
}

/* Numbers for those that have arrived, in the firmware's order; who has not arrived by now is given up. */
static uint32_t number_all(uint32_t count, uintptr_t distance[CPUS_MAX])
{
    uint32_t cpus = 1;

    for (uint32_t slot = 0; slot < count; slot++) {
        struct cpu *cpu = area(slot);

        cpu->came_to = atomic_load(&trampoline->slot[slot].step);
        if (cpu->came_to != STEP_ONLINE)
            cpu->came_to = atomic_exchange(&trampoline->slot[slot].step, STEP_GIVEN_UP);    /* it may arrive in between: then it is in */
        if (cpu->came_to != STEP_ONLINE)
            continue;
        cpu->id = cpus;
        distance[cpus++] = cpu->distance;
        tell_differences(cpu);
    }
    return cpus;
}

/* Nodes from the SRAT, whose records mostly come in the MADT's order: each is looked for from where the last one was found. */
static void find_nodes(uint32_t cpus, const uintptr_t distance[CPUS_MAX])
{
    struct acpi_affinity affinity;
    uint32_t cursor = 0, at = 0;

    while (acpi_next_affinity(&cursor, &affinity))
        for (uint32_t looks = 0; !affinity.is_memory && looks < cpus; looks++, at = at + 1 < cpus ? at + 1 : 0) {
            struct cpu *cpu = (struct cpu *)((uintptr_t)&cpu_area + (at ? distance[at] : 0));

            if (cpu->apic_id != affinity.processor_id)
                continue;
            cpu->place.node = affinity.domain;
            break;
        }
}

static uint32_t start(const struct acpi_processor *processor, uint32_t count, uintptr_t distance[CPUS_MAX])
{
    uint64_t since_ns = time_ns();
    uint32_t cpus;

    if (!make_blocks(processor, count) || !make_trampoline(count)) {
        log_warn("%s for %u more CPUs: they are not started", blocks ? "no memory below 1 MiB" : "no memory", count);
        machine_degraded("cpus");
        return 1;
    }
    mtrr_note();
    shared.tsc_adjust = has_tsc_adjust() ? msr_read(MSR_TSC_ADJUST) : 0;
    start_all(count);
    cpus = number_all(count, distance);
    for (uint32_t step = STEP_NONE; step < STEP_ONLINE; step++)
        tell_missing(count, step);
    tell_repairs();
    log_info("%u of %u CPUs online after %llu us", cpus, count + 1, (unsigned long long)((time_ns() - since_ns) / 1000));
    if (cpus <= count)
        machine_degraded("cpus");
    return cpus;
}

static void release(uint32_t cpus, const uintptr_t distance[CPUS_MAX])
{
    atomic_store(&shared.released, true);
    for (uint32_t cpu = 1; cpu < cpus; cpu++)
        lapic_send(((struct cpu *)((uintptr_t)&cpu_area + distance[cpu]))->apic_id, VECTOR_CALL);
}

uint32_t arch_cpus_start(uint32_t max, uintptr_t distance[CPUS_MAX])
{
    size_t list_pages = (CPUS_MAX * sizeof(struct acpi_processor) + PAGE_BYTES - 1) / PAGE_BYTES;
    struct acpi_processor *processor;
    uint32_t count, cpus = 1;

    cpu_area.place.hardware_id = cpu_area.apic_id;
    topology_read(&cpu_area.place);
    read_features(cpu_area.feature);
    if (max <= 1 || !lapic_is_on())
        return 1;
    processor = pages_alloc(list_pages, 0, PAGES_ANYWHERE);
    count = processor ? list(processor, max - 1) : 0;
    if (count)
        cpus = start(processor, count, distance);
    pages_free(processor, list_pages);
    find_nodes(cpus, distance);
    release(cpus, distance);
    return cpus;
}

bool cpu_place(uint32_t cpu, struct cpu_place *out_place)
{
    if (cpu >= cpu_count())
        return false;
    *out_place = cpu_area_of(cpu)->place;
    return true;
}

/* ---- interrupts and sleep ---- */

void arch_cpu_kick(uint32_t cpu)
{
    lapic_send(cpu_area_of(cpu)->apic_id, VECTOR_CALL);
}

/* MONITOR and MWAIT: SDM vol. 2A, "CPUID" leaf 1, ECX 3; leaf 5: the size of what is watched. Not under a hypervisor (leaf 1, ECX 31),
 * which would have to be asked each time. */
bool arch_store_wakes(void)
{
    return cpu_area.feature[0] & 1u << 3 && !(cpu_area.feature[0] & 1u << 31);
}

void arch_cpu_sleep(const _Atomic uint32_t *word, uint32_t value)
{
    if (!arch_store_wakes()) {
        cpu_wait();
        return;
    }
    __asm__ volatile("monitor" :: "a"(word), "c"(0), "d"(0));
    if (atomic_load(word) == value)
        __asm__ volatile("sti; mwait" :: "a"(0), "c"(0) : "memory");    /* hint 0: C1, which is left in about a microsecond */
    cpu_interrupts_on();
}

/* ---- holding and stopping ---- */

static _Atomic bool stopping, parking;

/* Until it is released; meanwhile it does what the holder asks for. */
static void stand(struct cpu *me)
{
    atomic_store(&me->held, true);
    while (atomic_load(&me->hold)) {
        void (*run)(void *argument) = atomic_load(&me->errand);

        if (run) {
            run(me->errand_argument);
            atomic_store(&me->errand, NULL);
        }
        if (atomic_load(&parking))
            park();
        cpu_relax();
    }
    atomic_store(&me->held, false);
}

_Noreturn void arch_stop_here(const struct arch_place *place)
{
    struct cpu *me = per_cpu(&cpu_area);

    me->stopped_at = *place;
    for (;;) {
        atomic_store(&me->hold, true);
        stand(me);
    }
}

bool smp_stand_here(struct trap_frame *frame)
{
    struct cpu *me = per_cpu(&cpu_area);
    bool ours = atomic_exchange(&me->asked, false), is_first = !me->frame;

    if (!atomic_load(&me->hold))
        return ours;                         /* it comes late, and the holder waits no longer */
    if (atomic_load(&me->held))
        return true;
    if (is_first)                            /* else it came into an exception, whose frame matters */
        me->frame = frame;
    me->stopped_at = (struct arch_place){ me->frame->rip, me->frame->rsp, me->frame->rbp };
    stand(me);
    if (is_first)
        me->frame = NULL;
    return true;
}

static bool all_stand(void)
{
    for (uint32_t cpu = 0; cpu < cpu_count(); cpu++)
        if (cpu != cpu_id() && !atomic_load(&cpu_area_of(cpu)->held))
            return false;
    return true;
}

void arch_hold_others(void)
{
    uint64_t since_ns = time_ns();
    uint32_t looks = 0;

    for (uint32_t cpu = 0; cpu < cpu_count(); cpu++) {
        struct cpu *one = cpu_area_of(cpu);

        if (cpu == cpu_id() || atomic_load(&one->held))
            continue;
        atomic_store(&one->hold, true);
        atomic_store(&one->asked, true);
        lapic_send(one->apic_id, ICR_NMI);
    }
    while (!all_stand() && has_time(since_ns, STOP_US, &looks))
        cpu_relax();
}

void arch_release(uint32_t cpu)
{
    struct cpu *one = cpu_area_of(cpu);
    uint64_t since_ns = time_ns();
    uint32_t looks = 0;

    atomic_store(&one->hold, false);
    while (atomic_load(&one->held) && has_time(since_ns, STOP_US, &looks))
        cpu_relax();
}

bool arch_held_run(uint32_t cpu, void (*run)(void *argument), void *argument)
{
    struct cpu *one = cpu_area_of(cpu);
    uint64_t since_ns = time_ns();
    uint32_t looks = 0;

    if (!atomic_load(&one->held))
        return false;
    one->errand_argument = argument;
    atomic_store(&one->errand, run);
    while (atomic_load(&one->errand))
        if (!has_time(since_ns, STOP_US, &looks))
            return false;
    return true;
}

void arch_stop_others(void)
{
    if (atomic_exchange(&stopping, true))
        return;
    arch_hold_others();
    atomic_store(&parking, true);
}

bool arch_stopped_at(uint32_t cpu, struct arch_place *out_place)
{
    if (!atomic_load(&cpu_area_of(cpu)->held))
        return false;
    *out_place = cpu_area_of(cpu)->stopped_at;
    return true;
}
