/* PCI's configuration space against a model of it: by ports and as memory, right, absent, zero, stuck, vanishing and lying. Each machine is a
 * process of its own; each access is a step, and no question may take more of them than its bound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/arch.h"

#include <ingot/acpi.h>
#include <ingot/error.h>
#include <ingot/lock.h>
#include <ingot/memory.h>
#include <ingot/mmio.h>
#include <ingot/pci.h>

#include "tests/host/model_log.h"
#include "tests/host/model_run.h"

enum { CONFIG_BYTES = 4096, FUNCTIONS_MAX = 24, ECAM_BASE = 0xe0000000, BUSES = 256, DEVICES = 32 };

/* What a question may cost: a device that is there, with all its functions, is asked about 10 things a function; a chain of capabilities ends after
 * 48 and 480 looks. */
enum { LOOK_STEPS = BUSES * DEVICES * (2 + 8 * 10), CAPABILITY_STEPS = 2 + 48, EXTENDED_STEPS = CAPABILITY_STEPS + 480, BAR_STEPS = 40 };

struct model_function {
    uint8_t bus, device, function;
    uint8_t config[CONFIG_BYTES];
    uint64_t bar_bytes[PCI_BARS];        /* 0: not there */
};

struct machine {
    unsigned functions;
    struct model_function function[FUNCTIONS_MAX];
    bool ecam, ecam_lies, realloc_fails;
    int stuck;                           /* what every register of every function reads as, a byte; -1: no fault */
    uint64_t vanishes_at;                /* step from which all reads as ones; 0: never */
};

struct outcome {
    unsigned count, mapped;
    uint64_t look_steps, capability_steps, extended_steps, bar_steps, last_mapped;
    uint32_t capability, extended;
    int bar_error, message_error;
    struct pci_bar bar;
    struct pci_function first;
    struct model_log log;
};

static struct machine *machine;
static struct outcome *outcome;
static uint64_t steps;

/* ---- the model ---- */

static struct model_function *find(unsigned bus, unsigned device, unsigned function)
{
    for (unsigned i = 0; i < machine->functions; i++) {
        struct model_function *f = &machine->function[i];

        if (f->bus == bus && f->device == device && f->function == function)
            return f;
    }
    return NULL;
}

static uint32_t config_read(unsigned bus, unsigned device, unsigned function, uint32_t offset, unsigned bytes)
{
    struct model_function *f = find(bus, device, function);
    uint32_t value = UINT32_MAX;

    if (++steps > 4ull * LOOK_STEPS)
        _exit(77);                       /* a loop without a bound */
    if (machine->vanishes_at && steps >= machine->vanishes_at)
        return value;
    if (machine->stuck >= 0)
        return (uint32_t)machine->stuck * 0x01010101u;
    if (f)
        memcpy(&value, f->config + offset, bytes);
    return value;
}

/* Base address registers keep the bits above their size, all other registers what is written. */
static void config_write(unsigned bus, unsigned device, unsigned function, uint32_t offset, unsigned bytes, uint32_t value)
{
    struct model_function *f = find(bus, device, function);
    unsigned bar = (offset - PCI_BAR) / 4;
    uint32_t fixed;

    steps++;
    if (!f)
        return;
    if (offset >= PCI_BAR && bar < PCI_BARS) {
        memcpy(&fixed, f->config + offset, 4);
        fixed &= bar && f->bar_bytes[bar] == f->bar_bytes[bar - 1] && f->bar_bytes[bar] ? 0 : 15;
        value = f->bar_bytes[bar] == 0 ? 0 : (value & ~((uint32_t)f->bar_bytes[bar] - 1)) | fixed;
    }
    memcpy(f->config + offset, &value, bytes);
}

uint32_t arch_pci_port_read(uint32_t address, unsigned bytes)
{
    return config_read(address >> 16 & 0xff, address >> 11 & 31, address >> 8 & 7, address & 0xff, bytes);
}

void arch_pci_port_write(uint32_t address, unsigned bytes, uint32_t value)
{
    config_write(address >> 16 & 0xff, address >> 11 & 31, address >> 8 & 7, address & 0xff, bytes, value);
}

static uint32_t memory_read(const volatile void *reg, unsigned bytes)
{
    uint64_t at = (uintptr_t)reg - ECAM_BASE;

    if (machine->ecam_lies)
        return ++steps, 0x55aa55aa;
    return config_read((unsigned)(at >> 20), at >> 15 & 31, at >> 12 & 7, at & 0xfff, bytes);
}

static void memory_write(volatile void *reg, unsigned bytes, uint32_t value)
{
    uint64_t at = (uintptr_t)reg - ECAM_BASE;

    if (at < (uint64_t)BUSES << 20)
        config_write((unsigned)(at >> 20), at >> 15 & 31, at >> 12 & 7, at & 0xfff, bytes, value);
}

uint8_t mmio_read8(const volatile void *reg) { return (uint8_t)memory_read(reg, 1); }
uint16_t mmio_read16(const volatile void *reg) { return (uint16_t)memory_read(reg, 2); }
uint32_t mmio_read32(const volatile void *reg) { return memory_read(reg, 4); }
void mmio_write8(volatile void *reg, uint8_t value) { memory_write(reg, 1, value); }
void mmio_write16(volatile void *reg, uint16_t value) { memory_write(reg, 2, value); }
void mmio_write32(volatile void *reg, uint32_t value) { memory_write(reg, 4, value); }

int acpi_get_ecam(unsigned index, struct acpi_ecam *out_ecam)
{
    if (index || !machine->ecam)
        return ERR_NOT_FOUND;
    *out_ecam = (struct acpi_ecam){ .base = ECAM_BASE, .end_bus = BUSES - 1 };
    return 0;
}

int mem_map_device(uint64_t address, uint64_t bytes, enum mem_caching caching, volatile void **out_pointer)
{
    (void)bytes, (void)caching;
    outcome->mapped++;
    outcome->last_mapped = address;
    *out_pointer = (volatile void *)(uintptr_t)address;
    return 0;
}

uint32_t cpu_id(void) { return 0; }
uint64_t cpu_interrupts_off(void) { return 0; }
void cpu_interrupts_restore(uint64_t flags) { (void)flags; }
void cpu_relax(void) { _exit(78); }                      /* there is one CPU: nobody else can be looking */
void lock_wait(struct lock *lock, uint32_t ticket) { (void)lock, (void)ticket; _exit(79); }

/* In place of realloc(): what it is given only shrinks. */
void *pci_realloc(void *block, size_t bytes) { return machine->realloc_fails || bytes == 0 ? NULL : block; }

/* ---- machines ---- */

static struct model_function *add(struct machine *m, unsigned bus, unsigned device, unsigned function)
{
    struct model_function *f = &m->function[m->functions++];

    *f = (struct model_function){ .bus = (uint8_t)bus, .device = (uint8_t)device, .function = (uint8_t)function };
    memcpy(f->config, "\x86\x80\x34\x12", 4);
    return f;
}

static void add_bridge(struct machine *m, unsigned bus, unsigned device, unsigned secondary, unsigned last)
{
    struct model_function *f = add(m, bus, device, 0);

    f->config[PCI_HEADER] = 1;
    f->config[PCI_SECONDARY] = (uint8_t)secondary;
    f->config[PCI_SECONDARY + 1] = (uint8_t)last;
}

/* Capabilities at these offsets, each naming the next one; the last names `last`. */
static void add_capabilities(struct model_function *f, const uint8_t *at, unsigned count, uint8_t last)
{
    f->config[PCI_STATUS] = 0x10;
    f->config[PCI_CAPABILITIES] = at[0];
    for (unsigned i = 0; i < count; i++) {
        f->config[at[i]] = (uint8_t)(0x80 + i);
        f->config[at[i] + 1] = i + 1 < count ? at[i + 1] : last;
    }
}

static void set_word(struct model_function *f, uint32_t offset, uint32_t value) { memcpy(f->config + offset, &value, 4); }

static void ask_all(const void *unused)
{
    static const struct irq_message message = { .address = 0xfee00000, .data = 0x40 };
    const struct pci_function *f;
    uint64_t before = steps;

    (void)unused;
    while (pci_function(outcome->count))
        outcome->count++;
    outcome->look_steps = steps - before;
    if (outcome->count == 0)
        return;
    f = pci_function(outcome->count - 1);
    outcome->first = *pci_function(0);
    before = steps;
    outcome->capability = pci_capability(f, PCI_CAP_MSIX);
    outcome->capability_steps = steps - before;
    before = steps;
    outcome->extended = pci_extended_capability(f, 0x1234);
    outcome->extended_steps = steps - before;
    before = steps;
    outcome->bar_error = pci_bar(f, 0, &outcome->bar);
    outcome->bar_steps = steps - before;
    outcome->message_error = pci_set_message(f, 0, &message);
}

/* Runs it; every bound holds, whatever the machine is. */
static void run(const struct machine *m)
{
    *machine = *m;
    memset(outcome, 0, sizeof(*outcome));
    model_log = &outcome->log;
    assert_int_equal(model_run(ask_all, NULL), 0);
    assert_true(outcome->look_steps <= LOOK_STEPS);
    assert_true(outcome->capability_steps <= CAPABILITY_STEPS);
    assert_true(outcome->extended_steps <= EXTENDED_STEPS);
    assert_true(outcome->bar_steps <= BAR_STEPS);
}

static struct machine good(void) { return (struct machine){ .stuck = -1 }; }

/* ---- what must hold ---- */

static void functions_are_found_behind_bridges(void **unused)
{
    struct machine m = good();

    (void)unused;
    add(&m, 0, 0, 0);
    add_bridge(&m, 0, 3, 5, 7);
    add_bridge(&m, 5, 0, 2, 2);
    add(&m, 2, 31, 0)->config[PCI_HEADER] = 0x80;
    add(&m, 2, 31, 7);
    add(&m, 2, 30, 3);                                   /* without a function 0 nobody is there */
    for (unsigned way = 0; way < 2; way++) {
        m.ecam = way;
        run(&m);
        assert_int_equal(outcome->count, 5);
        assert_int_equal(outcome->log.warnings, 0);
    }
}

static void nobody_costs_a_look_at_each_device(void **unused)
{
    struct machine m = good();

    (void)unused;
    run(&m);
    assert_int_equal(outcome->count, 0);
    assert_int_equal(outcome->look_steps, DEVICES);
}

static void constants_are_bounded(void **unused)
{
    struct machine m = good();

    (void)unused;
    for (m.stuck = 0; m.stuck < 256; m.stuck++) {
        run(&m);
        assert_true(outcome->count == (m.stuck == 0 || m.stuck == 255 ? 0u : outcome->count));
        assert_true(outcome->count <= PCI_FUNCTIONS_MAX);
        assert_int_equal(log_told("more than 1024 functions") != 0, outcome->count == PCI_FUNCTIONS_MAX);
    }
}

static void bridges_that_lie_lead_nowhere_twice(void **unused)
{
    (void)unused;
    for (unsigned secondary = 0; secondary < BUSES; secondary += 5) {
        struct machine m = good();

        add_bridge(&m, 0, 1, secondary, 0);              /* back to itself, to the other, to nowhere; a last bus below the first */
        add_bridge(&m, 0, 2, secondary, 255);
        add_bridge(&m, secondary ? secondary : 1, 0, 0, 0);
        run(&m);
        assert_int_equal(outcome->count, secondary ? 3 : 2);
    }
}

static void memory_that_shows_another_bridge_is_not_used(void **unused)
{
    struct machine m = good();

    (void)unused;
    add(&m, 0, 0, 0);
    m.ecam = m.ecam_lies = true;
    run(&m);
    assert_int_equal(outcome->count, 1);
    assert_int_equal(log_told("where the ports show 0x12348086: not used"), 1);
}

static void chains_of_capabilities_end(void **unused)
{
    static const uint8_t two[] = { 0x40, 0x80 }, first[] = { 0xfc };
    static const struct { const uint8_t *at; unsigned count; uint8_t last; } row[] = {
        { two, 2, 0x40 }, { two, 2, 0x80 }, { two, 1, 0x41 }, { first, 1, 0xfc }, { two, 2, 0x3c }, { two, 2, 0 },
    };

    (void)unused;
    for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct machine m = good();

        add_capabilities(add(&m, 0, 0, 0), row[i].at, row[i].count, row[i].last);
        run(&m);
        assert_int_equal(outcome->capability, 0);
        assert_int_equal(outcome->message_error, ERR_UNSUPPORTED);
        if (row[i].last == 0x40)
            assert_int_equal(outcome->capability_steps, CAPABILITY_STEPS);       /* a circle runs to the bound */
    }
}

static void extended_chains_end(void **unused)
{
    static const uint8_t at[] = { 0x40 };

    (void)unused;
    for (unsigned next = 0x100; next < CONFIG_BYTES; next += 4) {
        struct machine m = good();
        struct model_function *f = add(&m, 0, 0, 0);

        m.ecam = true;
        add_capabilities(f, at, 1, 0);
        f->config[0x40] = PCI_CAP_EXPRESS;
        set_word(f, 0x100, 0x1 | next << 20);
        set_word(f, next, 0x2 | 0x100u << 20);
        run(&m);
        assert_int_equal(outcome->extended, 0);
        assert_true(outcome->extended_steps >= 480);     /* all are circles */
    }
}

static void registers_have_the_size_that_they_show(void **unused)
{
    (void)unused;
    for (unsigned bits = 4; bits < 32; bits++) {
        struct machine m = good();
        struct model_function *f = add(&m, 0, 0, 0);

        f->bar_bytes[0] = 1ull << bits;
        set_word(f, PCI_BAR, 0x80000000u & ~((1u << bits) - 1));
        run(&m);
        assert_int_equal(outcome->bar_error, 0);
        assert_int_equal(outcome->bar.bytes, 1ull << bits);
        assert_int_equal(outcome->bar.address, 0x80000000u & ~((1u << bits) - 1));
    }
}

/* A table whose place wraps in 32 bits would be written far outside of the device. */
static void a_message_table_outside_of_its_register_is_refused(void **unused)
{
    static const uint8_t at[] = { 0x40 };
    static const struct { uint32_t where; int error; } row[] = {
        { 0, 0 }, { 0xff0, 0 }, { 0xff8, ERR_BAD_DATA }, { 0x1000, ERR_BAD_DATA }, { 0xfffffff0, ERR_BAD_DATA }, { 0xfffffff8, ERR_BAD_DATA },
        { 5, ERR_BAD_DATA }, { 7, ERR_BAD_DATA },
    };

    (void)unused;
    for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        struct machine m = good();
        struct model_function *f = add(&m, 0, 0, 0);

        add_capabilities(f, at, 1, 0);
        f->config[0x40] = PCI_CAP_MSIX;
        f->bar_bytes[0] = 0x1000;
        set_word(f, PCI_BAR, 0x80000000);
        set_word(f, 0x44, row[i].where);
        run(&m);
        assert_int_equal(outcome->message_error, row[i].error);
        assert_int_equal(outcome->mapped, row[i].error == 0);
        assert_true(!outcome->mapped || outcome->last_mapped == 0x80000000u + row[i].where);
    }
}

static void a_list_that_cannot_shrink_stays(void **unused)
{
    struct machine m = good();

    (void)unused;
    add(&m, 0, 4, 0);
    m.realloc_fails = true;
    run(&m);
    assert_int_equal(outcome->count, 1);
    assert_int_equal(outcome->first.device, 4);
}

static void one_that_vanishes_at_any_moment_does_no_harm(void **unused)
{
    static const uint8_t at[] = { 0x40, 0x50 };
    struct machine m = good();
    struct model_function *f;

    (void)unused;
    add_bridge(&m, 0, 1, 1, 1);
    f = add(&m, 1, 0, 0);
    add_capabilities(f, at, 2, 0);
    f->config[0x50] = PCI_CAP_MSIX;
    f->bar_bytes[0] = 0x1000;
    set_word(f, PCI_BAR, 0x80000000);
    for (m.vanishes_at = 1; m.vanishes_at < 200; m.vanishes_at++)
        run(&m);
    assert_int_equal(outcome->message_error, 0);         /* the last one comes too late to matter */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_are_found_behind_bridges),
        cmocka_unit_test(nobody_costs_a_look_at_each_device),
        cmocka_unit_test(constants_are_bounded),
        cmocka_unit_test(bridges_that_lie_lead_nowhere_twice),
        cmocka_unit_test(memory_that_shows_another_bridge_is_not_used),
        cmocka_unit_test(chains_of_capabilities_end),
        cmocka_unit_test(extended_chains_end),
        cmocka_unit_test(registers_have_the_size_that_they_show),
        cmocka_unit_test(a_message_table_outside_of_its_register_is_refused),
        cmocka_unit_test(a_list_that_cannot_shrink_stays),
        cmocka_unit_test(one_that_vanishes_at_any_moment_does_no_harm),
    };

    machine = model_shared(sizeof(*machine));
    outcome = model_shared(sizeof(*outcome));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
