/* The watchdog: the class, the WDAT driver and the TCO driver against register models. Each machine is a process of its own, found by the real
 * ACPI reader. Tables of real machines: $INGOT_SHARED/data/acpi (default ../shared). */
#include "tests/host/acpi_draft.h"
#include "tests/host/model_run.h"
#include "tests/host/model_watchdog.h"

#include <stdio.h>
#include <stdlib.h>

#include <ingot/lock.h>
#include <ingot/panic.h>
#include <ingot/watchdog.h>

#define MS 1000000000ull                         /* in picoseconds */

enum { TIMEOUT_MS = 10000, STEPS_MAX = 3000, MUTATIONS = 30000 };

struct machine {
    struct model_tco tco;
    struct model_sp5100 amd;
    bool has_amd;
    uint64_t amd_at;                             /* 0: MODEL_SP5100 */
    uint16_t tco_port;                           /* 0: where its chipset has it */
    struct draft wdat;                           /* 0 bytes: none */
    bool real;                                   /* it is a real machine's */
    bool has_fadt;
    uint32_t timeout_ms;                         /* 0: TIMEOUT_MS */
    uint64_t memory_from, memory_to;
    bool was_reset;                              /* the chip says so at first */
};

struct outcome {
    int found, started, stopped;
    struct watchdog_info info;                   /* after the start */
    uint64_t resets_while_kicked, resets_after_stop, reset_after_ms;
    bool halted_at_end;
    uint64_t stray_writes, steps;
    enum watchdog_reset second_look;             /* what another boot would be told */
    char warnings[1024];
};

static struct machine machine;
static struct outcome *outcome;
static struct model_tco *tco = &machine.tco;
static struct model_indexed cmos, cmos_high, amd_pm;
static struct model_device sideband;
static uint8_t sideband_byte = 2;                /* NO_REBOOT where a 100 series has it */

extern const struct watchdog_driver __start_watchdogs[], __stop_watchdogs[];

_Noreturn void panic_code(const char *code, const char *pattern, ...)
{
    fprintf(stderr, "%s: %s\n", code, pattern);
    abort();
}

/* ---- tables ---- */

static void add_entry(struct draft *wdat, uint8_t action, uint8_t instruction, uint8_t space, uint8_t shift, uint8_t access, uint64_t address,
                      uint32_t value, uint32_t mask)
{
    size_t at = wdat->bytes;

    set(wdat, at, action, 1);
    set(wdat, at + 1, instruction, 3);
    set_register(wdat, at + 4, space, 0, access, address);
    set(wdat, at + 6, shift, 1);
    set(wdat, at + 16, value, 4);
    set(wdat, at + 20, mask, 4);
    set(wdat, 64, (wdat->bytes - 68) / 24, 4);
}

static struct draft new_wdat(uint32_t period_ms)
{
    struct draft wdat = { .bytes = 68 };

    set(&wdat, 36, 32, 4);
    set(&wdat, 48, period_ms, 4);
    set(&wdat, 52, 1023, 4);
    set(&wdat, 56, 2, 4);
    set(&wdat, 60, 0x81, 1);
    return wdat;
}

enum { WDAT_ENTRY_AT = 68, WDAT_ENTRY = 24 };

/* On the TCO at MODEL_TCO, as several machines have it, with NO_REBOOT in GCS. */
static struct draft tco_wdat(void)
{
    struct draft wdat = new_wdat(600);

    add_entry(&wdat, 0x01, 0x02, ACPI_SPACE_IO, 0, 2, MODEL_TCO, 4, 0x3ff);
    add_entry(&wdat, 0x06, 0x83, ACPI_SPACE_IO, 16, 3, MODEL_TCO + 0x10, 0, 0x3ff);
    add_entry(&wdat, 0x08, 0x00, ACPI_SPACE_IO, 11, 3, MODEL_TCO + 8, 0, 1);
    add_entry(&wdat, 0x09, 0x82, ACPI_SPACE_IO, 11, 3, MODEL_TCO + 8, 0, 1);
    add_entry(&wdat, 0x0b, 0x82, ACPI_SPACE_IO, 11, 3, MODEL_TCO + 8, 1, 1);
    add_entry(&wdat, 0x05, 0x01, ACPI_SPACE_IO, 0, 2, MODEL_TCO + 0x12, 0, 0x3ff);
    add_entry(&wdat, 0x10, 0x00, ACPI_SPACE_MEMORY, 5, 3, MODEL_RCBA + 0x3410, 0, 1);
    add_entry(&wdat, 0x11, 0x82, ACPI_SPACE_MEMORY, 5, 3, MODEL_RCBA + 0x3410, 0, 1);
    add_entry(&wdat, 0x20, 0x00, ACPI_SPACE_IO, 17, 3, MODEL_TCO + 4, 1, 1);
    add_entry(&wdat, 0x21, 0x82, ACPI_SPACE_IO, 17, 3, MODEL_TCO + 4, 1, 1);
    return wdat;
}

static struct draft amd_wdat(void)
{
    struct draft wdat = new_wdat(1000);

    add_entry(&wdat, 0x01, 0x82, ACPI_SPACE_MEMORY, 0, 3, MODEL_SP5100, 0x80, 0x80);
    add_entry(&wdat, 0x06, 0x83, ACPI_SPACE_MEMORY, 0, 3, MODEL_SP5100 + 4, 0, 0xffff);
    add_entry(&wdat, 0x08, 0x00, ACPI_SPACE_MEMORY, 0, 3, MODEL_SP5100, 1, 1);
    add_entry(&wdat, 0x09, 0x82, ACPI_SPACE_MEMORY, 0, 3, MODEL_SP5100, 1, 1);
    add_entry(&wdat, 0x0b, 0x82, ACPI_SPACE_MEMORY, 0, 3, MODEL_SP5100, 0, 1);
    add_entry(&wdat, 0x20, 0x00, ACPI_SPACE_MEMORY, 0, 3, MODEL_SP5100, 2, 2);
    add_entry(&wdat, 0x21, 0x82, ACPI_SPACE_MEMORY, 0, 3, MODEL_SP5100, 2, 2);
    return wdat;
}

/* The WDAT of a real machine, or false. */
static bool read_real(const char *name, struct draft *out_wdat)
{
    const char *shared = getenv("INGOT_SHARED") ? getenv("INGOT_SHARED") : "../shared";
    char path[300];
    FILE *file;

    snprintf(path, sizeof(path), "%.200s/data/acpi/%s/WDAT.dat", shared, name);
    file = fopen(path, "rb");
    if (!file)
        return false;
    out_wdat->bytes = fread(out_wdat->table, 1, sizeof(out_wdat->table), file);
    fclose(file);
    return out_wdat->bytes > 68;
}

/* ---- a life ---- */

static uint64_t resets(void)
{
    model_tco_look(&machine.tco);
    model_sp5100_look(&machine.amd);
    return machine.tco.resets + machine.amd.resets;
}

static void pass_ms(uint64_t ms)
{
    model_bus.now_ps += ms * MS;
    resets();
}

static uint64_t sideband_read(struct model_device *device, uint64_t offset) { (void)device, (void)offset; return sideband_byte; }
static void sideband_write(struct model_device *device, uint64_t offset, uint64_t value)
{
    (void)device, (void)offset;
    sideband_byte = (uint8_t)value;
}

static void make_machine(void)
{
    struct draft fadt = new_fadt();

    model_bus_clear();
    model_bus.steps_max = STEPS_MAX;
    model_bus.memory_from = machine.memory_from;
    model_bus.memory_to = machine.memory_to;
    model_tco_add(tco, machine.tco_port ? machine.tco_port : tco->chipset == CHIPSET_PCH ? MODEL_PCH_TCO : MODEL_TCO);
    if (machine.has_amd)
        model_sp5100_add(&machine.amd, machine.amd_at ? machine.amd_at : MODEL_SP5100);
    if (machine.real) {                          /* what stands behind these tables besides the timer */
        tco->gcs = 0;
        model_indexed_add(&cmos, 0x70);
        model_indexed_add(&cmos_high, 0x72);
        model_indexed_add(&amd_pm, 0xcd4);
        sideband = (struct model_device){ MODEL_MEMORY, 0xfdc6000c, 0xfdc6000d, 1, sideband_read, sideband_write };
        model_bus_add(&sideband);
    }
    if (machine.was_reset)
        tco->word[3] = 2, machine.amd.control = 2;
    machine_clear();
    set(&fadt, 56, MODEL_PMBASE, 4);
    set(&fadt, 88, 4, 1);
    if (machine.has_fadt)
        place(&fadt, FADT_AT, "FACP", 3);
    if (machine.wdat.bytes)
        place(&machine.wdat, OTHER_AT, "WDAT", 1);
    machine_start();
    machine_clear_log();
}

static void hang(void)
{
    uint64_t since_ps = model_bus.now_ps, before = resets();

    for (unsigned i = 0; i < 1000 && resets() == before; i++)
        pass_ms(outcome->info.timeout_ms / 100);
    if (resets() != before)
        outcome->reset_after_ms = ((machine.has_amd ? machine.amd.reset_ps : tco->reset_ps) - since_ps) / MS;
}

/* Started, kicked through ten timeouts, stopped, started again, and not kicked. */
static void live(const void *unused)
{
    uint32_t timeout_ms = machine.timeout_ms ? machine.timeout_ms : TIMEOUT_MS;
    struct watchdog_info again;

    (void)unused;
    make_machine();
    outcome->found = watchdog_info(&outcome->info);
    if (watchdog_kick() != ERR_NOT_READY)
        abort();
    outcome->started = watchdog_start(timeout_ms);
    for (unsigned i = 0; i < 12 && !outcome->started; i++) {
        pass_ms(timeout_ms * 9 / 10);
        watchdog_kick();
    }
    outcome->resets_while_kicked = resets();
    outcome->stopped = watchdog_stop();
    pass_ms(10ull * timeout_ms);
    outcome->resets_after_stop = resets() - outcome->resets_while_kicked;
    if (!outcome->started && !outcome->stopped && watchdog_start(timeout_ms) == 0) {
        watchdog_info(&outcome->info);
        hang();
    }
    for (const struct watchdog_driver *d = __start_watchdogs; d < __stop_watchdogs; d++)
        if (d->find(&again) == 0) {
            outcome->second_look = again.last_reset;
            break;
        }
    outcome->halted_at_end = tco->word[4] & 0x800;
    outcome->stray_writes = model_bus.stray_writes;
    outcome->steps = model_bus.steps;
    machine_copy_log(outcome->warnings, sizeof(outcome->warnings));
    machine_clear();
}

static void start(void)
{
    memset(outcome, 0, sizeof(*outcome));
    assert_int_equal(model_run(live, NULL), 0);
}

static void new_machine(enum model_chipset chipset)
{
    machine = (struct machine){ .tco.chipset = chipset };
}

#define TOLD(words) assert_true(strstr(outcome->warnings, words) != NULL)

static void expect_good(const char *name, uint32_t at_least_ms, uint32_t at_most_ms)
{
    start();
    assert_int_equal(outcome->found, 0);
    assert_string_equal(outcome->info.name, name);
    assert_int_equal(outcome->started, 0);
    assert_int_equal(outcome->resets_while_kicked, 0);
    assert_int_equal(outcome->stopped, 0);
    assert_int_equal(outcome->resets_after_stop, 0);
    assert_in_range(outcome->reset_after_ms, at_least_ms, at_most_ms);
    assert_int_equal(outcome->stray_writes, 0);
}

/* Found or not, it does not start, says why, and never resets the machine. */
static void expect_error(int found, int started)
{
    start();
    assert_int_equal(outcome->found, found);
    assert_int_equal(outcome->started, started);
    assert_int_equal(outcome->resets_while_kicked + outcome->resets_after_stop, 0);
}

/* ---- TCO ---- */

static void the_tco_resets_no_earlier_than_asked(void **unused)
{
    static const uint32_t timeouts_ms[] = { 1, 1800, 1801, 2000, 2400, 10000, 59999, 60000, 1227000 };

    (void)unused;
    for (unsigned i = 0; i < sizeof(timeouts_ms) / sizeof(timeouts_ms[0]); i++) {
        new_machine(CHIPSET_ICH9);
        machine.timeout_ms = timeouts_ms[i];
        start();
        assert_int_equal(outcome->started, 0);
        assert_in_range(outcome->reset_after_ms, timeouts_ms[i], timeouts_ms[i] < 1800 ? 2400 : timeouts_ms[i] + 2400);
        assert_int_equal(outcome->reset_after_ms, outcome->info.timeout_ms);
        assert_int_equal(outcome->resets_while_kicked, 0);
        assert_int_equal(outcome->second_look, WATCHDOG_RESET_YES);
        machine.tco.fault.one_tick_early = true;
        start();
        assert_in_range(outcome->reset_after_ms, timeouts_ms[i], timeouts_ms[i] + 2400);
        assert_int_equal(outcome->resets_while_kicked, 0);
    }
    new_machine(CHIPSET_ICH9);
    machine.timeout_ms = 1227001;
    expect_error(0, ERR_BAD_VALUE);
}

static void the_tco_of_later_chipsets_too(void **unused)
{
    (void)unused;
    new_machine(CHIPSET_PCH);
    machine.has_fadt = true;
    expect_good("TCO", TIMEOUT_MS, TIMEOUT_MS + 2400);
    new_machine(CHIPSET_PCH);                    /* nobody says where SMI_EN is: the first expiry may be the end */
    expect_good("TCO", TIMEOUT_MS, 2 * (TIMEOUT_MS + 1200));
}

static void a_firmware_that_acts_on_the_first_expiry_is_not_early_either(void **unused)
{
    (void)unused;
    new_machine(CHIPSET_ICH9);
    machine.tco.fault = (struct model_tco_fault){ .smi = true, .smi_resets = true };
    expect_good("TCO", TIMEOUT_MS, TIMEOUT_MS + 1800);
    machine.tco.fault.smi_resets = false;
    expect_good("TCO", TIMEOUT_MS, 2 * (TIMEOUT_MS + 1200));
}

static void the_last_reset_is_told_once(void **unused)
{
    (void)unused;
    for (unsigned kind = 0; kind < 3; kind++) {
        new_machine(CHIPSET_ICH9);
        machine.was_reset = true;
        machine.timeout_ms = UINT32_MAX;         /* is refused, so that nothing else happens */
        machine.has_amd = kind == 2;
        machine.wdat = kind == 0 ? (struct draft){ .bytes = 0 } : kind == 1 ? tco_wdat() : amd_wdat();
        start();
        assert_int_equal(outcome->started, ERR_BAD_VALUE);
        assert_int_equal(outcome->info.last_reset, WATCHDOG_RESET_YES);
        assert_int_equal(outcome->second_look, WATCHDOG_RESET_NO);
    }
}

static void a_tco_that_cannot_is_told(void **unused)
{
    static const struct {
        struct model_tco_fault fault;
        int found, started;
        const char *words;
    } cases[] = {
        { { .absent = true }, ERR_FAULT, ERR_FAULT, "nobody answers at port 0x4" },
        { { .ports_off = true }, ERR_UNSUPPORTED, ERR_UNSUPPORTED, "switched off" },
        { { .zeros = true }, 0, ERR_FAULT, "does not" },
        { { .strap = true }, 0, ERR_UNSUPPORTED, "NO_REBOOT is set" },
        { { .never_halts = true }, 0, ERR_FAULT, "does not stop" },
        { { .never_runs = true }, 0, ERR_FAULT, "does not run" },
        { { .no_timer_value = true }, 0, ERR_FAULT, "does not take the timeout" },
    };

    (void)unused;
    for (unsigned i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
        if (i / 2 == 4)
            continue;                            /* below: it counts whatever it is told */
        new_machine(i % 2 ? CHIPSET_PCH : CHIPSET_ICH9);
        machine.has_fadt = true;
        machine.tco.fault = cases[i / 2].fault;
        expect_error(cases[i / 2].found, cases[i / 2].started);
        TOLD(cases[i / 2].words);
    }
    new_machine(CHIPSET_ICH9);
    machine.tco.fault.never_halts = true;
    start();
    assert_int_equal(outcome->started, ERR_FAULT);
    assert_int_equal(outcome->resets_after_stop, 0);         /* NO_REBOOT is back */
    TOLD("does not stop first");
    new_machine(CHIPSET_ICH9);
    machine.tco.fault.rcba_off = true;
    expect_error(ERR_UNSUPPORTED, ERR_UNSUPPORTED);
    new_machine(CHIPSET_ICH9);
    machine.memory_from = MODEL_RCBA, machine.memory_to = MODEL_RCBA + 0x4000;
    expect_error(ERR_UNSUPPORTED, ERR_UNSUPPORTED);
}

static void an_unknown_chipset_is_not_touched(void **unused)
{
    static const uint16_t lpc[] = { 0x7000, 0x2440, 0x24d0, 0x0f1c, 0xa143, 0x9d43, 0xffff, 0 };

    (void)unused;
    for (unsigned i = 0; i < sizeof(lpc) / sizeof(lpc[0]); i++) {
        new_machine(CHIPSET_ICH9);
        machine.tco.lpc_id = lpc[i] ? lpc[i] : 1;
        machine.tco.smbus_id = 0xa123;           /* of the 100 series */
        expect_error(ERR_UNSUPPORTED, ERR_UNSUPPORTED);
        assert_int_equal(outcome->stray_writes, 0);
        assert_in_range(outcome->steps, 1, 30);
    }
    new_machine(CHIPSET_NONE);
    expect_error(ERR_NOT_FOUND, ERR_NOT_FOUND);
    assert_string_equal(outcome->warnings, "");
}

/* ---- WDAT ---- */

static void a_wdat_comes_first_and_resets(void **unused)
{
    (void)unused;
    new_machine(CHIPSET_ICH9);
    machine.wdat = tco_wdat();
    expect_good("WDAT", TIMEOUT_MS, 2 * (TIMEOUT_MS + 600));         /* the chip behind this table counts twice */
    assert_int_equal(outcome->info.min_ms, 1200);
    assert_int_equal(outcome->info.max_ms, 613800);
    assert_int_equal(outcome->info.timeout_ms, 10200);
    new_machine(CHIPSET_ICH9);
    machine.wdat = amd_wdat();
    machine.has_amd = true;
    expect_good("WDAT", TIMEOUT_MS, TIMEOUT_MS + 1000);
    assert_int_equal(outcome->second_look, WATCHDOG_RESET_YES);
}

static void a_wdat_that_is_switched_off_is_left_alone(void **unused)
{
    (void)unused;
    new_machine(CHIPSET_ICH9);
    machine.wdat = tco_wdat();
    set(&machine.wdat, 60, 0x80, 1);
    expect_good("TCO", TIMEOUT_MS, TIMEOUT_MS + 2400);
}

static void a_wdat_whose_chip_does_not_obey_is_told(void **unused)
{
    static const struct {
        struct model_tco_fault fault;
        int found, started;
        const char *words;
    } cases[] = {
        { { .zeros = true }, 0, ERR_FAULT, "says that it runs" },
        { { .strap = true }, 0, ERR_UNSUPPORTED, "kept from resetting" },
        { { .never_runs = true }, 0, ERR_FAULT, "does not run" },
        { { .no_timer_value = true }, 0, ERR_FAULT, "does not take the timeout" },
        { { .absent = true }, ERR_FAULT, ERR_FAULT, "reads all ones" },
    };

    (void)unused;
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        new_machine(CHIPSET_ICH9);
        machine.wdat = tco_wdat();
        machine.tco.fault = cases[i].fault;
        expect_error(cases[i].found, cases[i].started);
        TOLD(cases[i].words);
    }
    new_machine(CHIPSET_NONE);
    machine.wdat = amd_wdat();
    expect_error(ERR_FAULT, ERR_FAULT);          /* nobody there at all */
    TOLD("reads all ones");
    machine.has_amd = machine.amd.stuck = true;
    expect_error(0, ERR_FAULT);
    TOLD("does not run");
}

static void an_entry_that_cannot_be_costs_its_action(void **unused)
{
    static const struct { uint8_t offset, bytes; uint64_t value; } cases[] = {
        { 1, 1, 4 }, { 4, 1, 2 }, { 4, 1, 0x7f }, { 6, 1, 32 }, { 6, 1, 31 }, { 7, 1, 4 }, { 8, 8, 0 }, { 8, 8, 0xffff },
        { 8, 8, 0x100000463 }, { 8, 8, UINT64_MAX }, { 20, 4, 0 }, { 20, 4, UINT32_MAX },
    };

    (void)unused;
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        for (unsigned entry = 0; entry < 10; entry++) {
            bool needed = entry < 5;

            new_machine(CHIPSET_ICH9);
            machine.wdat = tco_wdat();
            machine.was_reset = true;
            if (cases[i].offset == 20 && cases[i].value)         /* which fits where nothing is shifted */
                set(&machine.wdat, WDAT_ENTRY_AT + entry * WDAT_ENTRY + 6, 31, 1);
            set(&machine.wdat, WDAT_ENTRY_AT + entry * WDAT_ENTRY + 20, 3, 4);
            set(&machine.wdat, WDAT_ENTRY_AT + entry * WDAT_ENTRY + cases[i].offset, cases[i].value, cases[i].bytes);
            machine.timeout_ms = UINT32_MAX;
            start();
            assert_int_equal(outcome->found, 0);
            assert_string_equal(outcome->info.name, needed ? "TCO" : "WDAT");
            TOLD("cannot be: action not used");
            assert_int_equal(outcome->info.last_reset, entry == 8 ? WATCHDOG_RESET_UNKNOWN : WATCHDOG_RESET_YES);
        }
}

static void a_wdat_that_lacks_what_is_needed_is_not_used(void **unused)
{
    (void)unused;
    for (unsigned entry = 0; entry < 5; entry++) {
        new_machine(CHIPSET_ICH9);
        machine.wdat = tco_wdat();
        set(&machine.wdat, WDAT_ENTRY_AT + entry * WDAT_ENTRY, 0x3f, 1);
        start();
        assert_string_equal(outcome->info.name, "TCO");
        TOLD(entry == 0 ? "it cannot be kicked" : "it cannot do action");
        new_machine(CHIPSET_NONE);
        machine.wdat = tco_wdat();
        set(&machine.wdat, WDAT_ENTRY_AT + entry * WDAT_ENTRY, 0xff, 1);
        expect_error(ERR_BAD_DATA, ERR_BAD_DATA);
        assert_int_equal(outcome->stray_writes, 0);
    }
}

static void a_wdat_of_impossible_numbers_is_not_used(void **unused)
{
    static const struct { uint8_t offset; uint32_t value; } cases[] = { { 48, UINT32_MAX }, { 48, 0 }, { 56, 0x400 }, { 64, 65 } };

    (void)unused;
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        new_machine(CHIPSET_NONE);
        machine.wdat = tco_wdat();
        while (cases[i].offset == 64 && machine.wdat.bytes < 68 + 65 * 24)
            add_entry(&machine.wdat, 0x0a, 0, ACPI_SPACE_IO, 11, 3, MODEL_TCO + 8, 1, 1);
        set(&machine.wdat, cases[i].offset, cases[i].value, 4);
        expect_error(ERR_BAD_DATA, ERR_BAD_DATA);
        assert_int_equal(outcome->stray_writes, 0);
    }
}

/* ---- real machines ---- */

static const struct { const char *name; uint16_t tco_port; uint64_t amd_at; } real[] = {
    { "16eb7129", 0x460, 0 }, { "89826179", 0x460, 0 }, { "a37a39d3", 0, 0xfec000f0 }, { "a8a016f5", 0, 0xfeb00000 },
    { "afc50713", 0x460, 0 }, { "b76e03c7", 0x400, 0 }, { "bc54c76f", 0x460, 0 }, { "f5c0368f", 0x460, 0 },
};

static void tables_of_real_machines_work(void **unused)
{
    unsigned ran = 0;

    (void)unused;
    for (unsigned i = 0; i < sizeof(real) / sizeof(real[0]); i++) {
        new_machine(CHIPSET_ICH9);
        machine.tco_port = real[i].tco_port;
        machine.has_amd = real[i].amd_at != 0;
        machine.amd_at = real[i].amd_at;
        machine.memory_from = 0x40000000, machine.memory_to = 0x50000000;
        machine.real = true;
        if (!read_real(real[i].name, &machine.wdat))
            continue;
        start();
        assert_string_equal(outcome->info.name, "WDAT");
        assert_int_equal(outcome->started, 0);
        assert_int_equal(outcome->resets_while_kicked + outcome->resets_after_stop, 0);
        assert_in_range(outcome->reset_after_ms, TIMEOUT_MS, 4 * TIMEOUT_MS);    /* some say 400 ms for 600, and all count twice */
        ran++;
    }
    printf("ran %u tables of real machines%s\n", ran, ran ? "" : ": there is none in $INGOT_SHARED/data/acpi");
    if (!ran)
        skip();
}

/* ---- rubbish ---- */

static uint64_t random_state = 0x0d06;           /* the same changes in every run */

static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((random_state >> 33) % limit);
}

static void change(struct draft *wdat)
{
    static const uint8_t values[] = { 0, 1, 2, 3, 0x7f, 0x80, 0xff };

    for (uint32_t changes = 1 + random_below(5); changes > 0; changes--) {
        uint32_t at = 36 + random_below((uint32_t)wdat->bytes - 36);

        wdat->table[at] = random_below(2) ? values[random_below(7)] : (uint8_t)(wdat->table[at] ^ 1u << random_below(8));
    }
}

/* One process, as the drivers begin anew at each find. */
static void live_on_rubbish(const void *unused)
{
    const struct draft good[] = { tco_wdat(), amd_wdat() };
    unsigned found = 0, started = 0;

    (void)unused;
    for (unsigned i = 0; i < MUTATIONS; i++) {
        struct watchdog_info info;
        uint32_t timeout_ms;

        new_machine(CHIPSET_ICH9);
        machine.has_amd = true;
        machine.wdat = good[i % 2];
        change(&machine.wdat);
        make_machine();
        if (__start_watchdogs->find(&info) == 0) {
            found++;
            if (info.min_ms == 0 || info.min_ms > info.max_ms || info.resolution_ms == 0)
                abort();
            if (__start_watchdogs->start(random_below(2) ? info.min_ms : info.max_ms, &timeout_ms) == 0) {
                started++;
                __start_watchdogs->kick();
                __start_watchdogs->stop();
            }
        }
    }
    machine_clear();
    printf("ran %u changed tables: %u were used, %u of them started\n", MUTATIONS, found, started);
    fflush(stdout);
}

static void rubbish_is_survived_in_few_accesses(void **unused)
{
    (void)unused;
    assert_int_equal(model_run(live_on_rubbish, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_tco_resets_no_earlier_than_asked), cmocka_unit_test(the_tco_of_later_chipsets_too),
        cmocka_unit_test(a_firmware_that_acts_on_the_first_expiry_is_not_early_either), cmocka_unit_test(the_last_reset_is_told_once),
        cmocka_unit_test(a_tco_that_cannot_is_told), cmocka_unit_test(an_unknown_chipset_is_not_touched),
        cmocka_unit_test(a_wdat_comes_first_and_resets), cmocka_unit_test(a_wdat_that_is_switched_off_is_left_alone),
        cmocka_unit_test(a_wdat_whose_chip_does_not_obey_is_told), cmocka_unit_test(an_entry_that_cannot_be_costs_its_action),
        cmocka_unit_test(a_wdat_that_lacks_what_is_needed_is_not_used), cmocka_unit_test(a_wdat_of_impossible_numbers_is_not_used),
        cmocka_unit_test(tables_of_real_machines_work), cmocka_unit_test(rubbish_is_survived_in_few_accesses),
    };

    outcome = model_shared(sizeof(*outcome));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
