/* Local APIC, IOAPICs and 8259s against models of their registers: right, absent, all zeros, stuck and lying. Each machine is a process of its
 * own; each access is a step, and nothing takes more of them than its bound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/cpus.h"
#include "core/drain.h"
#include "core/irq.h"
#include "core/machine.h"
#include "core/timer.h"
#include "core/x86_64/cpu.h"
#include "core/x86_64/lapic.h"
#include "core/x86_64/trap.h"

#include <ingot/acpi.h>
#include <ingot/error.h>
#include <ingot/lock.h>
#include <ingot/mmio.h>
#include <ingot/port_io.h>

#include "tests/host/model_log.h"
#include "tests/host/model_run.h"

void drain_interrupt(void) { }

LOG_SUBSYSTEM_DEFINE(irq);                    /* core/irq.c has it */

enum { LAPIC = 0xfee00000, IOAPIC = 0xfec00000, ENTRIES = 24, ICR_BOUND = 100000, STEPS_MAX = 2 * ICR_BOUND, PENDING = 1 << 12 };
enum { APIC_ENABLE = 1 << 11, APIC_X2 = 1 << 10, MASKED = 1 << 16 };

struct machine {
    bool no_apic, has_x2apic, x2apic_on;
    uint32_t pending_for;                        /* reads of the ICR for which a command stays pending; UINT32_MAX: for ever */
    enum { IOAPIC_GOOD, IOAPIC_ABSENT, IOAPIC_ZEROS, IOAPIC_STUCK_SELECT, IOAPIC_LIES } ioapic;
    bool legacy_pics;
};

struct outcome {
    struct model_log log;
    bool started, has_vectors;
    uint64_t start_steps, send_steps, route_steps;
    unsigned commands, wrong_halves, pic_writes;
    uint32_t last_high, last_low, entry[2 * 256];
    int route_error, far_error;
};

static struct machine machine;
static struct outcome *outcome;
static uint64_t steps, apic_base;
static uint32_t lapic_register[0x400 / 16], pending_left, selected;

static void step(void)
{
    if (++steps > STEPS_MAX)
        _exit(77);                               /* a loop without a bound */
}

/* ---- the local APIC ---- */

static uint32_t read_lapic(uint32_t offset)
{
    step();
    if (offset == LAPIC_ICR_LOW && pending_left) {
        pending_left -= pending_left != UINT32_MAX;
        return lapic_register[offset / 16] | PENDING;
    }
    return offset == LAPIC_ID ? 3u << 24 : lapic_register[offset / 16];
}

static void write_lapic(uint32_t offset, uint32_t value)
{
    step();
    lapic_register[offset / 16] = value;
    if (offset != LAPIC_ICR_LOW)
        return;
    outcome->wrong_halves += pending_left != 0;  /* sent while the last one was not delivered */
    outcome->commands++;
    outcome->last_high = lapic_register[LAPIC_ICR_HIGH / 16];
    outcome->last_low = value;
    pending_left = machine.pending_for;
}

struct cpu cpu_area;

struct cpuid cpuid(uint32_t leaf, uint32_t subleaf)
{
    (void)subleaf;
    return (struct cpuid){ .edx = leaf == 1 && !machine.no_apic ? 1u << 9 : 0, .ecx = leaf == 1 && machine.has_x2apic ? 1u << 21 : 0 };
}

uint64_t msr_read(uint32_t msr) { return msr == MSR_APIC_BASE ? apic_base : msr == 0x802 ? 3 : lapic_register[(msr - 0x800) % 64]; }

/* SDM vol. 3A, "x2APIC States": what is no step from state to state faults. */
void msr_write(uint32_t msr, uint64_t value)
{
    static const uint8_t next[4] = { 0x3, 0, 0x5 | 8 | 2, 0x9 };     /* by [11:10] of before: off, -, xAPIC, x2APIC; bit: of after */

    step();
    if (msr != MSR_APIC_BASE) {
        outcome->commands += msr == 0x830;
        outcome->last_high = msr == 0x830 ? (uint32_t)(value >> 32) : outcome->last_high;
        outcome->last_low = msr == 0x830 ? (uint32_t)value : outcome->last_low;
        return;
    }
    if (value != apic_base && !((next[apic_base >> 10 & 3] | 1u << (apic_base >> 10 & 3) | (apic_base >> 10 & 3 ? 0 : 4)) >> (value >> 10 & 3) & 1))
        _exit(80);
    apic_base = value;
}

/* ---- IOAPIC ---- */

static uint32_t ioapic_value(void)
{
    static const uint32_t constant[] = { 0, UINT32_MAX, 0, 0, 0x00ff0020 };

    if (machine.ioapic == IOAPIC_GOOD || machine.ioapic == IOAPIC_STUCK_SELECT)
        return selected == 1 ? (ENTRIES - 1) << 16 | 0x20 : selected >= 0x10 && selected < 0x10 + 2 * ENTRIES ? outcome->entry[selected - 0x10] : 0;
    return machine.ioapic == IOAPIC_LIES && selected != 1 ? outcome->entry[(selected - 0x10) % 512] : constant[machine.ioapic];
}

static void write_ioapic(uint32_t offset, uint32_t value)
{
    if (offset == 0 && machine.ioapic != IOAPIC_STUCK_SELECT)
        selected = value;
    else if (offset == 0x10 && selected >= 0x10 && machine.ioapic != IOAPIC_ABSENT)
        outcome->entry[(selected - 0x10) % 512] = value;
}

uint32_t mmio_read32(const volatile void *reg)
{
    uint64_t at = (uintptr_t)reg;

    if (at >= LAPIC && at < LAPIC + 4096)
        return read_lapic((uint32_t)(at - LAPIC));
    step();
    return at == IOAPIC + 0x10 ? ioapic_value() : UINT32_MAX;
}

void mmio_write32(volatile void *reg, uint32_t value)
{
    uint64_t at = (uintptr_t)reg;

    if (at >= LAPIC && at < LAPIC + 4096)
        return write_lapic((uint32_t)(at - LAPIC), value);
    step();
    if (at - IOAPIC < 4096)
        write_ioapic((uint32_t)(at - IOAPIC), value);
}

void port_write8(uint16_t port, uint8_t value)
{
    (void)value;
    outcome->pic_writes += port == 0x20 || port == 0x21 || port == 0xa0 || port == 0xa1;
}

/* ---- what they stand on ---- */

int acpi_get_interrupts(struct acpi_interrupts *out)
{
    *out = (struct acpi_interrupts){ .ioapics = 1, .legacy_pics = machine.legacy_pics };
    out->ioapic[0] = (struct acpi_ioapic){ .address = IOAPIC };
    return 0;
}

int acpi_get_local_nmi(uint32_t uid, struct acpi_local_nmi *out) { (void)uid, (void)out; return ERR_NOT_FOUND; }
uint32_t cpu_id(void) { return 0; }
uint32_t cpu_apic_id(uint32_t cpu) { return cpu == 7 ? 300 : cpu; }
uintptr_t cpu_local_distance(void) { return 0; }
uint64_t cpu_interrupts_off(void) { return 0; }
void cpu_interrupts_restore(uint64_t flags) { (void)flags; }
void cpu_interrupts_on(void) { outcome->has_vectors = true; }
void lock_wait(struct lock *lock, uint32_t ticket) { (void)lock, (void)ticket; _exit(79); }
void machine_degraded(const char *what) { (void)what; }
void lapic_timer_prepare(void) { }
void timer_interrupt(void) { }
void cpus_kicked(void) { }
bool irq_dispatch(uint32_t cpu, unsigned vector) { (void)cpu, (void)vector; return true; }
void irq_count_spurious(void) { }

/* ---- a machine's life ---- */

static void live(const void *unused)
{
    uint64_t before;

    (void)unused;
    model_log = &outcome->log;
    apic_base = LAPIC | APIC_ENABLE | (machine.x2apic_on ? APIC_X2 : 0);
    arch_irq_start();
    outcome->started = lapic_is_on();
    outcome->start_steps = steps;
    if (!outcome->started)
        return;
    outcome->route_error = arch_irq_route(5, 1, 0x40);
    outcome->far_error = arch_irq_route(5, 7, 0x40);
    arch_irq_set_masked(5, false);
    outcome->route_steps = steps - outcome->start_steps;
    lapic_send(9, 0xf1);
    before = steps;
    lapic_send(2, 0xf1);
    outcome->send_steps = steps - before;
}

static void run(struct machine m)
{
    machine = m;
    memset(outcome, 0, sizeof(*outcome));
    model_log = &outcome->log;
    assert_int_equal(model_run(live, NULL), 0);
    assert_true(outcome->start_steps <= 2 * (2 * 256) + 40);         /* an entry's low word is two accesses */
    assert_true(outcome->route_steps <= 12);
    assert_true(outcome->send_steps <= ICR_BOUND + 3);
}

static void a_good_machine_routes_and_sends(void **unused)
{
    (void)unused;
    run((struct machine){ .legacy_pics = true });
    assert_int_equal(outcome->route_error, 0);
    assert_int_equal(outcome->far_error, ERR_UNSUPPORTED);           /* an IOAPIC cannot name that CPU */
    assert_int_equal(outcome->entry[10], 0x40);
    assert_int_equal(outcome->entry[11], 1 << 24);
    assert_int_equal(outcome->entry[8], MASKED);                     /* all others */
    assert_int_equal(outcome->commands, 2);
    assert_int_equal(outcome->last_high, 2 << 24);
    assert_int_equal(outcome->pic_writes, 10);
    assert_int_equal(outcome->log.warnings, 0);
}

static void a_command_that_stays_pending_is_waited_for(void **unused)
{
    (void)unused;
    for (uint32_t reads = 1; reads < 10000; reads *= 3) {
        run((struct machine){ .pending_for = reads });
        assert_int_equal(outcome->commands, 2);
        assert_int_equal(outcome->wrong_halves, 0);
        assert_int_equal(outcome->send_steps, reads + 3);
    }
}

static void a_command_that_stays_pending_costs_its_bound(void **unused)
{
    (void)unused;
    run((struct machine){ .pending_for = UINT32_MAX });
    assert_int_equal(outcome->commands, 1);
    assert_int_equal(outcome->send_steps, ICR_BOUND + 1);
    assert_int_equal(log_told("the last IPI is still not delivered"), 1);
}

static void without_a_local_apic_there_are_no_vectors(void **unused)
{
    (void)unused;
    run((struct machine){ .no_apic = true });
    assert_false(outcome->started);
    assert_int_equal(log_told("this CPU has no local APIC"), 1);
}

static void x2apic_sends_in_one_write(void **unused)
{
    (void)unused;
    run((struct machine){ .has_x2apic = true, .x2apic_on = true });
    assert_int_equal(outcome->commands, 2);
    assert_int_equal(outcome->last_high, 2);
    assert_int_equal(outcome->send_steps, 1);
}

static void an_ioapic_that_is_none_has_no_lines(void **unused)
{
    (void)unused;
    run((struct machine){ .ioapic = IOAPIC_ABSENT });
    assert_int_equal(outcome->route_error, ERR_NOT_FOUND);
    assert_int_equal(log_told("does not answer: its lines are not there"), 1);
    run((struct machine){ .ioapic = IOAPIC_LIES });                  /* 256 entries: no IOAPIC has more than 240 */
    assert_int_equal(outcome->route_error, ERR_NOT_FOUND);
}

static void constants_end(void **unused)
{
    (void)unused;
    run((struct machine){ .ioapic = IOAPIC_ZEROS });                 /* one line, which is not the fifth */
    assert_int_equal(outcome->route_error, ERR_NOT_FOUND);
    run((struct machine){ .ioapic = IOAPIC_STUCK_SELECT });
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_machine_routes_and_sends),
        cmocka_unit_test(a_command_that_stays_pending_is_waited_for),
        cmocka_unit_test(a_command_that_stays_pending_costs_its_bound),
        cmocka_unit_test(without_a_local_apic_there_are_no_vectors),
        cmocka_unit_test(x2apic_sends_in_one_write),
        cmocka_unit_test(an_ioapic_that_is_none_has_no_lines),
        cmocka_unit_test(constants_end),
    };

    outcome = model_shared(sizeof(*outcome));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
