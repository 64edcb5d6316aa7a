/* The loader's whole conversation with the firmware: its own objects against a mock of UEFI (mock_efi.c) and of a PC
 * (mock_cpu.c). Each case ends either in the core, or in one sentence and a clean return; mock_check() says what that means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/handoff_view.h"
#include "fault_seen.h"
#include "mock_efi.h"
#include "recorder_left.h"

static unsigned long cases, started, refused, panicked;
static enum mock_end last_end;

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static enum mock_end run(void)
{
    enum mock_end end = mock_boot();

    cases++;
    started += end == MOCK_JUMPED;
    refused += end == MOCK_RETURNED;
    panicked += end == MOCK_RESET || end == MOCK_HALTED;
    mock_check(end);
    return last_end = end;
}

/* The run before was one of the list of faults. */
static void seen(const char *row)
{
    static char text[sizeof(mock_cpu.text) + sizeof(mock_efi.screen)];
    bool is_degraded = last_end == MOCK_JUMPED && mock_efi.gops && strstr(mock_cpu.text, "display: none");

    snprintf(text, sizeof(text), "%s%s", mock_cpu.text, mock_efi.screen);
    fault_seen(row, last_end == MOCK_JUMPED ? is_degraded ? 'D' : 'R' : last_end == MOCK_RETURNED ? 'X' : 'H', text);
}

static void expect(enum mock_end wanted, const char *line)
{
    enum mock_end end = run();

    if (end != wanted || (line && strstr(mock_cpu.text, line) == NULL)) {
        print_error("ended %d, wanted %d with \"%s\":\n%s\n", end, wanted, line ? line : "", mock_cpu.text);
        fail();
    }
}

static struct handoff_view view(void)
{
    struct handoff_view is;
    char why[128];

    assert_int_equal(handoff_check((struct handoff *)(uintptr_t)mock_cpu.handoff, &is, why, sizeof(why)), 0);
    return is;
}

static uint32_t random_32(void)
{
    static uint32_t state = 0x2545f491u;

    state ^= state << 13, state ^= state >> 17, state ^= state << 5;
    return state;
}

/* ---- the ordinary boot ---- */

static void a_boot_reaches_the_core(void **unused)
{
    struct handoff_view is;

    (void)unused;
    mock_reset();
    mock_cpu.ioapic[4] = 0x24;
    mock_cpu.hpet_config = 3;
    mock_cpu.hpet_timer[1] = 4;
    expect(MOCK_JUMPED, "efi: core at 0x2000000 (as wanted");
    is = view();
    assert_int_equal(is.image->base, 0x2000000);
    assert_string_equal(is.command_line, "exit=qemu mode=800x600");
    assert_int_equal(is.framebuffers, 1);
    assert_int_equal(is.framebuffer[0]->width, 800);
    assert_int_equal(is.framebuffer[0]->pitch_bytes, 832 * 4);
    assert_int_equal(is.framebuffer[0]->flags, HANDOFF_DISPLAY_PRIMARY | HANDOFF_DISPLAY_BLACK);
    assert_int_equal(is.serials, 1);
    assert_int_equal(is.serial[0]->told, 1);
    assert_int_equal(is.seed->source, HANDOFF_SEED_EFI_RNG);
    assert_int_equal(is.firmware->descriptor_bytes, 48);
    assert_string_equal(is.firmware->vendor, "Mock ?");
    assert_int_equal(is.stamps->count, 14);
    for (uint32_t i = 0; i < is.stamps->count; i++)
        assert_int_equal(is.stamps->stamp[i].stage, i + 1);
    assert_int_equal(is.x86_state->found, HANDOFF_X86_INTERRUPTS_ON | HANDOFF_X86_LAPIC_TIMER | HANDOFF_X86_PIC |
                                          HANDOFF_X86_IOAPIC | HANDOFF_X86_HPET);
    assert_int_equal(is.x86_state->ioapic_unmasked, 1);
    assert_int_equal(is.x86_state->ioapics, 1);
    assert_int_equal(is.x86_state->pic_masks, 0x8eb8);
    assert_int_equal(is.map->fixed, 0);
    assert_int_equal(mock_cpu.hpet_config & 2, 0);
    assert_int_equal(mock_cpu.hpet_timer[1] & 4, 0);
    assert_int_equal(mock_efi.map_reads, 2);              /* its size, then itself: reading it is what costs most */
}

/* ---- every call fails ---- */

/* A scenario whose calls are counted first, then failed. */
static void plain(void) { }

static void from_volume(void)
{
    static const char config[] = "core=\\core.elf";

    mock_efi.config = config;
    mock_efi.config_bytes = sizeof(config) - 1;
}

static void stale(void) { mock_efi.stale_keys = 3; }

static void refusing(void)                              /* the way back is a conversation too */
{
    static const char config[] = "core=\\nothing";

    mock_efi.config = config;
    mock_efi.config_bytes = sizeof(config) - 1;
}

static void growing(void)
{
    mock_efi.growth = 700;                              /* outgrows the room that was made after the first look */
    mock_efi.extra_entries = 10;
}

static void moved_core(void) { mock_efi.wanted_taken = true; }
static void no_firmware_random(void) { mock_efi.no_rng = true; }
static void page_zero(void) { mock_efi.page_zero = true; }
static void with_tpm(void) { mock_efi.tpm = true; }

static void never_set_display(void)
{
    mock_efi.gop[0].no_mode = mock_efi.gop[1].no_mode = true;
}

static uint8_t left[LEFT_BYTES] __attribute__((aligned(4096)));
static const char OLD_LOG[] = "a log that was there\n";

static void keep_log(unsigned index)
{
    mock_efi.log[index] = (struct mock_log){ true, sizeof(OLD_LOG) - 1 };
    memcpy(mock_log_text[index], OLD_LOG, sizeof(OLD_LOG));
}

/* The last run was cut off; both its forerunners' logs are on the volume. */
static void crashed(void)
{
    struct recorder *recorder = (struct recorder *)(void *)left;

    left_begin(recorder, 77, HANDOFF_STAGE_MAIN, RECORDER_RUNNING);
    left_add_lines(recorder, 40);
    mock_efi.left = left;
    keep_log(0);
    keep_log(1);
}

static uint8_t spcr[84], dbg2[44 + 2 * 40];

static void put(uint8_t *at, uint64_t value, unsigned bytes) { memcpy(at, &value, bytes); }

static const uint8_t *sealed(uint8_t *table, const char *signature, uint32_t bytes)
{
    uint8_t sum = 0;

    memcpy(table, signature, 4);
    put(table + 4, bytes, 4);
    table[9] = 0;
    for (uint32_t i = 0; i < bytes; i++)
        sum += table[i];
    table[9] = (uint8_t)-sum;
    return table;
}

static void put_gas(uint8_t *at, unsigned space, unsigned bits, unsigned access, uint64_t address)
{
    at[0] = (uint8_t)space, at[1] = (uint8_t)bits, at[2] = 0, at[3] = (uint8_t)access;
    put(at + 4, address, 8);
}

/* A port in memory space, for which the map must be looked at early. */
static void spcr_in_memory(void)
{
    memset(spcr, 0, sizeof(spcr));
    put_gas(spcr + 40, 0, 32, 3, 0xe0001000);
    mock_efi.acpi_table[0] = sealed(spcr, "SPCR", 80);
    mock_cpu.uart[0].present = false;
    mock_cpu.uart[1] = (struct mock_uart){ .present = true, .address = 0xe0001000, .stride = 4 };
}

static void (*const scenarios[])(void) = {
    plain, from_volume, stale, refusing, growing, moved_core, no_firmware_random, page_zero, with_tpm, never_set_display, crashed, spcr_in_memory,
};

/* Fails each call of a scenario with each error that it may return, once, then for good. Returns the number of cases. */
/* The rows for services that nobody needs, and for the one without which there is no way out. */
static const char *row_of(enum mock_service service, bool lasts)
{
    switch (service) {
    case MOCK_HANDLE_PROTOCOL:
    case MOCK_LOCATE_PROTOCOL:
    case MOCK_OPEN_VOLUME:          return lasts ? NULL : "A24.mock";
    case MOCK_LOCATE_HANDLE_BUFFER: return lasts ? NULL : "A24.gops";
    case MOCK_GET_VARIABLE:         return lasts ? NULL : "A28.mock";
    case MOCK_SET_WATCHDOG:         return lasts ? NULL : "A17.mock";
    case MOCK_EXIT_BOOT_SERVICES:   return lasts ? "A3.mock" : NULL;
    default:                        return NULL;
    }
}

static unsigned long fail_each_call(void (*scenario)(void), unsigned long *tally)
{
    enum mock_service call[MOCK_CALLS_MAX];
    unsigned long before = cases;
    uint32_t calls;

    mock_reset();
    scenario();
    run();
    calls = mock_efi.calls;
    memcpy(call, mock_efi.call, sizeof(call));
    for (uint32_t i = 0; i < calls; i++)
        for (const EFI_STATUS *error = mock_errors(call[i]); *error; error++)
            for (int lasts = 0; lasts < 2; lasts++) {
                mock_reset();
                scenario();
                mock_efi.fault_call = i + 1;
                mock_efi.fault_status = *error;
                mock_efi.fault_lasts = lasts;
                run();
                assert_true(mock_efi.fault_hit);
                if (scenario == plain && row_of(call[i], lasts))
                    seen(row_of(call[i], lasts));
                tally[call[i]]++;
            }
    return cases - before;
}

static void every_call_fails_once_and_for_good_with_every_error(void **unused)
{
    unsigned long tally[MOCK_SERVICES] = { 0 }, all = 0;

    (void)unused;
    for (unsigned i = 0; i < COUNT(scenarios); i++)
        all += fail_each_call(scenarios[i], tally);
    print_message("loader: %lu cases of a failing call:", all);
    for (int service = 0; service < MOCK_SERVICES; service++) {
        print_message(" %s %lu", mock_service_name((enum mock_service)service), tally[service]);
        assert_true(tally[service]);
    }
    print_message("\n");
}

static void every_allocation_fails(void **unused)
{
    (void)unused;
    for (unsigned i = 0; i < COUNT(scenarios); i++)
        for (uint32_t nth = 1; nth < 16; nth++)
            for (int lasts = 0; lasts < 2; lasts++) {
                enum mock_end end;

                mock_reset();
                scenarios[i]();
                mock_efi.fault_service = MOCK_ALLOCATE_PAGES;
                mock_efi.fault_call = nth;
                mock_efi.fault_status = EFI_OUT_OF_RESOURCES;
                mock_efi.fault_lasts = lasts;
                end = run();
                if (mock_efi.fault_hit && end == MOCK_RETURNED && scenarios[i] != refusing) {
                    assert_non_null(strstr(mock_efi.screen, "REFUSED MEM: no memory for "));
                    seen("A13.mock");
                }
            }
    for (uint32_t pages = 1; pages < 400; pages += 3) {
        mock_reset();
        mock_efi.free_pages = pages;
        if (run() != MOCK_JUMPED)
            seen("A13.any");
    }
    mock_reset();
    mock_efi.free_pages = 8;
    expect(MOCK_RETURNED, "REFUSED MEM: no memory for stack, page tables and map, need=");
    assert_non_null(strstr(mock_efi.screen, "REFUSED MEM"));
}

/* ---- what the last run left ---- */

static void must_have_saved(bool saved)
{
    struct handoff_view is = view();

    assert_non_null(is.last_run);
    assert_int_equal(is.last_run->saved, saved);
    assert_int_equal(mock_efi.log[0].is_there, saved);
    if (saved) {
        assert_int_equal(mock_efi.log[0].bytes, is.last_run->bytes);
        assert_memory_equal(mock_log_text[0], (const void *)(uintptr_t)is.last_run->text, is.last_run->bytes);
    }
}

static void a_crashed_run_is_saved_and_handed_on(void **unused)
{
    char last[400];

    (void)unused;
    mock_reset();
    crashed();
    expect(MOCK_JUMPED, "efi: run 7 was cut off by a reset, a fault or a hang, in the core, at its stage: main");
    must_have_saved(true);
    assert_non_null(strstr(mock_efi.screen, "its log is in \\ingot\\last.log"));
    assert_int_equal(view().last_run->end, RECORDER_RUNNING);
    left_line(last, 40);
    assert_memory_equal(mock_log_text[0] + mock_efi.log[0].bytes - strlen(last) - 1, last, strlen(last));
    assert_true(mock_efi.log[1].is_there);
    assert_memory_equal(mock_log_text[1], OLD_LOG, sizeof(OLD_LOG) - 1);
    mock_efi.log[0].is_there = mock_efi.log[1].is_there = false;
}

static void the_next_run_is_begun_behind_it(void **unused)
{
    const struct recorder *recorder;

    (void)unused;
    mock_reset();
    crashed();
    expect(MOCK_JUMPED, NULL);
    recorder = (const struct recorder *)(uintptr_t)view().recorder->base;
    assert_int_equal((uintptr_t)recorder, MOCK_RECORDER);
    assert_int_equal(recorder->run, 8);
    assert_int_equal(recorder_marked(recorder->key, recorder->stage), HANDOFF_STAGE_JUMP);
    assert_int_equal(recorder_marked(recorder->key, recorder->end), RECORDER_RUNNING);
    assert_memory_equal(((const struct recorder_line *)(recorder + 1))->text, "efi: ingot on UEFI", 18);
}

static void a_run_that_ended_well_is_not_told(void **unused)
{
    struct recorder *recorder = (struct recorder *)(void *)left;

    (void)unused;
    mock_reset();
    crashed();
    recorder->end = recorder_mark(recorder->key, RECORDER_CLEAN);
    expect(MOCK_JUMPED, NULL);
    assert_null(view().last_run);
    assert_string_equal(mock_efi.screen, "");
    assert_memory_equal(mock_log_text[0], OLD_LOG, sizeof(OLD_LOG) - 1);
}

/* Nothing, or something whole: no half a log, no full volume, and always a boot. */
static void a_volume_that_takes_nothing_is_left_alone(void **unused)
{
    (void)unused;
    for (unsigned kind = 0; kind < 4; kind++) {
        mock_reset();
        crashed();
        mock_efi.log[0].is_there = mock_efi.log[1].is_there = false;
        mock_efi.log[0].bytes = 0;
        mock_efi.read_only = kind == 0;
        mock_efi.room_bytes = kind == 1 ? 1000000 : 0;
        mock_efi.write_limit = kind == 2 ? 100 : 0;
        mock_efi.no_volume = kind == 3;
        expect(MOCK_JUMPED, "its log is kept in memory only, not in \\ingot\\last.log: ");
        seen("H9.full");
        must_have_saved(false);
    }
    mock_reset();
    crashed();
    mock_efi.log[0].is_there = mock_efi.log[1].is_there = false;
    mock_efi.log[0].bytes = 0;
    expect(MOCK_JUMPED, NULL);
    must_have_saved(true);
}

static void writing_fails_with_every_error(void **unused)
{
    static const enum mock_service services[] = { MOCK_OPEN, MOCK_CLOSE, MOCK_GET_INFO, MOCK_SET_INFO, MOCK_WRITE, MOCK_DELETE };

    (void)unused;
    for (unsigned i = 0; i < COUNT(services) * 8; i++)
        for (const EFI_STATUS *error = mock_errors(services[i / 8]); *error; error++) {
            mock_reset();
            crashed();
            mock_efi.fault_service = services[i / 8];
            mock_efi.fault_call = i % 8 + 1;
            mock_efi.fault_status = *error;
            expect(MOCK_JUMPED, NULL);
            assert_non_null(view().last_run);
            if (view().last_run->saved)
                must_have_saved(true);
            else if (mock_efi.log[0].is_there && services[i / 8] != MOCK_CLOSE)
                assert_memory_equal(mock_log_text[0], OLD_LOG, sizeof(OLD_LOG) - 1);
        }
}

static void corrupted_recorders_never_stop_a_boot(void **unused)
{
    unsigned told = 0;

    (void)unused;
    for (unsigned i = 0; i < 300; i++) {
        mock_reset();
        crashed();
        for (unsigned hits = 0; hits < 1 + i % 40; hits++)
            left[random_32() % (i % 3 ? 200 : LEFT_BYTES)] ^= (uint8_t)(1u << random_32() % 8);
        expect(MOCK_JUMPED, NULL);
        told += view().last_run != NULL;
        seen("F6.spoilt");
    }
    print_message("300 corrupted recorders: %u were told of\n", told);
    assert_in_range(told, 50, 299);
}

/* ---- leaving ---- */

static void the_map_grows_between_calls(void **unused)
{
    (void)unused;
    for (uint32_t growth = 1; growth <= 64; growth++)
        for (uint32_t stale_keys = 0; stale_keys < 5; stale_keys++) {
            mock_reset();
            mock_efi.growth = growth;
            mock_efi.growth_in_exit = growth / 2;
            mock_efi.stale_keys = stale_keys;
            expect(MOCK_JUMPED, NULL);
            seen("A5.mock");
        }
    mock_reset();
    mock_efi.growth = 900;                              /* again and again more than twice what it was */
    expect(MOCK_JUMPED, NULL);
    seen("A6.before");
    mock_reset();
    mock_efi.stale_keys = 60;
    mock_efi.growth_in_exit = 64;
    expect(MOCK_RESET, "PANIC MAP-GREW: ");
    assert_non_null(strstr(mock_cpu.text, "need="));
    seen("A6.mock");
}

static void keys_are_stale(void **unused)
{
    (void)unused;
    for (uint32_t stale_keys = 1; stale_keys <= 63; stale_keys++) {
        char line[48];

        mock_reset();
        mock_efi.stale_keys = stale_keys;
        snprintf(line, sizeof(line), "W EFI-EBS retries=%u\n", stale_keys);
        expect(MOCK_JUMPED, NULL);
        assert_int_equal(view().firmware->exit_tries, stale_keys + 1);
        snprintf(line, sizeof(line), "W EFI-EBS retries=%u\r\n", stale_keys);
        assert_non_null(strstr(mock_cpu.text, line));
        seen("A1.mock");
    }
    mock_reset();
    mock_efi.stale_keys = 64;
    expect(MOCK_RESET, "PANIC EBS-EXHAUSTED: ExitBootServices fails, tries=64: invalid parameter (0x8000000000000002)");
    seen("A2.mock");
    mock_reset();
    mock_efi.stale_keys = 1000;
    mock_efi.no_runtime = true;
    expect(MOCK_HALTED, "PANIC EBS-EXHAUSTED");
    seen("A2.halt");
    assert_int_equal(*(uint32_t *)0x8000000, 0xff0000);  /* the red bar: what the screen tells */
}

static void descriptors_have_any_size(void **unused)
{
    static const uint32_t good[] = { 40, 41, 44, 47, 48, 56, 64, 72, 100, 128, 1000, 4096 };

    (void)unused;
    for (unsigned i = 0; i < COUNT(good); i++) {
        mock_reset();
        mock_efi.descriptor_bytes = good[i];
        mock_efi.sizes_unset = i % 2;
        mock_efi.stale_keys = i % 3;
        expect(MOCK_JUMPED, NULL);
        assert_int_equal(view().firmware->descriptor_bytes, good[i]);
        seen(mock_efi.sizes_unset ? "A9.mock" : "A8.mock");
    }
    for (uint32_t bad = 1; bad < 40; bad++) {
        mock_reset();
        mock_efi.descriptor_bytes = bad;
        expect(MOCK_RETURNED, "REFUSED MAP-DESC: ");
        seen("A8.small");
    }
    mock_reset();
    mock_efi.odd_map_bytes = true;
    expect(MOCK_RETURNED, "REFUSED MAP-DESC: ");
    seen("A8.odd");
}

static void map_entries_are_odd(void **unused)
{
    (void)unused;
    for (uint32_t faults = 0; faults < 64; faults++)
        for (uint32_t extra = 0; extra <= 100; extra += 50) {
            mock_reset();
            mock_efi.map_faults = faults;
            mock_efi.extra_entries = extra;
            expect(MOCK_JUMPED, NULL);
            assert_true((view().map->fixed != 0) == ((faults & (MAP_FAULT_EMPTY | MAP_FAULT_OVERLAP | MAP_FAULT_WRAP)) != 0));
            seen(faults == MAP_FAULT_OEM ? "A11.mock" : "A10.mock");
        }
    for (uint32_t extra = 500; extra <= 4000; extra += 500)
        for (uint32_t faults = 0; faults < 64; faults += 63) {
            mock_reset();
            mock_efi.map_faults = faults;
            mock_efi.extra_entries = extra;
            expect(MOCK_JUMPED, NULL);
            assert_true(view().firmware->descriptors >= extra);
            seen("A7.mock");
        }
    mock_reset();
    mock_efi.reserve_late = true;
    mock_efi.stale_keys = 1;
    expect(MOCK_JUMPED, "W 1 ranges changed while leaving, reserved");
}

static void a_map_written_too_far_is_noticed(void **unused)
{
    (void)unused;
    mock_reset();
    mock_efi.overrun_at = 2;
    expect(MOCK_RETURNED, "REFUSED MAP-OVERRUN: ");
    seen("A12.before");
    mock_reset();
    mock_efi.overrun_at = 3;
    mock_efi.stale_keys = 1;
    expect(MOCK_RESET, "PANIC MAP-OVERRUN: ");
    seen("A12.after");
}

/* ---- what may be missing, what may be odd ---- */

static void what_is_missing_is_a_line(void **unused)
{
    (void)unused;
    for (uint32_t bits = 0; bits < 1u << 10; bits++) {
        mock_reset();
        mock_efi.no_volume = bits & 1;
        mock_efi.no_config = bits & 2;
        mock_efi.no_loaded_image = bits & 4;
        mock_efi.no_rng = bits & 8;
        mock_efi.no_variables = bits & 16;
        mock_efi.no_runtime = bits & 32;
        mock_efi.no_acpi = bits & 64;
        mock_efi.no_console = bits & 128;
        mock_efi.gops = bits & 256 ? 0 : 2;
        mock_cpu.uart[0].present = !(bits & 512);
        expect(MOCK_JUMPED, NULL);
        assert_int_equal(view().serials, !(bits & 512));
        assert_int_equal((view().firmware->flags & HANDOFF_FIRMWARE_NO_VOLUME) != 0, (bits & 5) != 0);
        seen("A18.mock");
    }
}

static void a_table_that_is_none_is_refused(void **unused)
{
    (void)unused;
    for (int broken = 1; broken <= 4; broken++) {
        mock_reset();
        mock_efi.broken_table = broken;
        expect(MOCK_RETURNED, "REFUSED EFI-TABLE: ");
        seen("A19.mock");
        assert_true((strstr(mock_efi.screen, "REFUSED") != NULL) == (broken != 1));   /* a wrong signature: nothing is called */
    }
}

static void seeds_come_from_the_best_source(void **unused)
{
    static const struct { bool no_rng, rng_stuck, no_rdrand, no_rdseed; int random; uint32_t source; } row[] = {
        { false, false, false, false, RANDOM_GOOD,  HANDOFF_SEED_EFI_RNG },
        { false, true,  false, false, RANDOM_GOOD,  HANDOFF_SEED_CPU },
        { true,  false, false, false, RANDOM_GOOD,  HANDOFF_SEED_CPU },
        { true,  false, false, true,  RANDOM_GOOD,  HANDOFF_SEED_CPU },
        { true,  false, true,  true,  RANDOM_GOOD,  HANDOFF_SEED_JITTER },
        { true,  false, false, false, RANDOM_ONES,  HANDOFF_SEED_JITTER },
        { true,  false, false, false, RANDOM_ZEROS, HANDOFF_SEED_JITTER },
        { true,  false, false, false, RANDOM_STUCK, HANDOFF_SEED_JITTER },
        { true,  false, false, false, RANDOM_DRY,   HANDOFF_SEED_JITTER },
    };

    (void)unused;
    for (unsigned i = 0; i < COUNT(row); i++) {
        mock_reset();
        mock_efi.no_rng = row[i].no_rng;
        mock_efi.rng_stuck = row[i].rng_stuck;
        mock_cpu.no_rdrand = row[i].no_rdrand;
        mock_cpu.no_rdseed = row[i].no_rdseed;
        mock_cpu.random = row[i].random;
        expect(MOCK_JUMPED, row[i].source == HANDOFF_SEED_JITTER ? "W ENTROPY low" : "efi: seed: from");
        assert_int_equal(view().seed->source, row[i].source);
        if (row[i].source == HANDOFF_SEED_JITTER)
            seen("H6.ones");
    }
}

static void cpus_differ(void **unused)
{
    (void)unused;
    for (uint32_t bits = 0; bits < 64; bits++) {
        mock_reset();
        mock_cpu.no_nx = bits & 1;
        mock_cpu.no_1g = bits & 2;
        mock_cpu.la57 = bits & 4;
        mock_cpu.x2apic = bits & 8;
        mock_cpu.no_apic = bits & 16;
        mock_cpu.lvt_timer = bits & 32 ? 0x40020 : 0x20020;      /* TSC-deadline, periodic */
        mock_cpu.tsc_deadline = 99;
        expect(MOCK_JUMPED, bits & 1 ? "W no NX" : ", NX");
        if (bits & 12)
            seen(bits & 4 ? "A26.la57" : "D4.mock");
        assert_int_equal((view().x86_state->found & HANDOFF_X86_LA57) != 0, (bits & 4) != 0);
        assert_int_equal((view().x86_state->found & HANDOFF_X86_X2APIC) != 0, (bits & 24) == 8);
        assert_int_equal((view().x86_state->found & HANDOFF_X86_NO_NX) != 0, bits & 1);
        assert_int_equal(mock_cpu.tsc_deadline, (bits & 48) == 32 ? 0 : 99);
    }
}

/* ---- displays ---- */

static void displays_of_all_kinds(void **unused)
{
    enum { LOW = 0x8000000 };
    struct handoff_view is;

    (void)unused;
    mock_reset();                                       /* a line longer than what is seen: 1366 of 1376 */
    mock_efi.no_config = true;
    mock_efi.gop[0].width = mock_efi.gop[1].width = 1366;
    mock_efi.gop[0].scan_line = mock_efi.gop[1].scan_line = 1376;
    expect(MOCK_JUMPED, "1366x800, pitch 5504");
    seen("B3.mock");
    mock_reset();                                       /* smaller than its mode */
    mock_efi.no_config = true;
    mock_efi.gop[0].bytes = mock_efi.gop[1].bytes = 5120 * 100 + 7;
    expect(MOCK_JUMPED, "W FB clipped: ");
    seen("B5.mock");
    assert_int_equal(view().framebuffer[0]->height, 100);
    mock_reset();                                       /* no line at all */
    mock_efi.no_config = true;
    mock_efi.gop[0].bytes = mock_efi.gop[1].bytes = 100;
    expect(MOCK_JUMPED, "display: none");
    seen("B5.tiny");
    mock_reset();                                       /* lit where the sampler looks */
    mock_efi.no_config = true;
    mock_efi.gop[0].screen_lit = mock_efi.gop[1].screen_lit = true;
    expect(MOCK_JUMPED, NULL);
    assert_int_equal(view().framebuffer[0]->flags, HANDOFF_DISPLAY_PRIMARY);
    mock_reset();                                       /* two cards: the console's own handle is BltOnly */
    mock_efi.no_config = true;
    mock_efi.gops = 3;
    mock_efi.gop[0].blt_only = true;
    mock_efi.gop[0].base = 0;
    mock_efi.gop[2] = mock_efi.gop[1];
    mock_efi.gop[2].base = LOW + (4 << 20);
    mock_efi.gop[2].width = 640;
    mock_efi.gop[2].height = 400;
    mock_efi.gop[2].scan_line = 640;
    expect(MOCK_JUMPED, "BltOnly");
    seen("B6.mock");
    is = view();
    assert_int_equal(is.framebuffers, 2);
    assert_int_equal(is.framebuffer[0]->flags & HANDOFF_DISPLAY_PRIMARY, HANDOFF_DISPLAY_PRIMARY);
    assert_int_equal(is.framebuffer[1]->flags & HANDOFF_DISPLAY_PRIMARY, 0);
    mock_efi.gop[0].blt_only = false;                   /* the console is on the second card: that one is the primary */
    mock_reset();
    mock_efi.no_config = true;
    mock_efi.gops = 3;
    mock_efi.gop[2] = mock_efi.gop[1];
    mock_efi.gop[2].base = mock_efi.gop[0].base = LOW + (4 << 20);
    expect(MOCK_JUMPED, NULL);
    is = view();
    assert_int_equal(is.framebuffers, 2);
    assert_int_equal(is.framebuffer[0]->base, LOW + (4 << 20));
    assert_int_equal(is.framebuffer[0]->flags & HANDOFF_DISPLAY_PRIMARY, HANDOFF_DISPLAY_PRIMARY);
    mock_reset();                                       /* a mode that nobody has */
    mock_efi.config = "mode=1x1";
    mock_efi.config_bytes = 8;
    expect(MOCK_JUMPED, "W no mode of 1x1");
    mock_reset();
    mock_efi.config = "mode=wide";
    mock_efi.config_bytes = 9;
    expect(MOCK_JUMPED, "W mode= wants");
    mock_reset();                                       /* base beyond what the CPU can address */
    mock_efi.no_config = true;
    mock_efi.gop[0].base = mock_efi.gop[1].base = 1ull << 50;
    expect(MOCK_JUMPED, "display: none");
}

static void pixel_formats(void **unused)
{
    static const struct { EFI_PIXEL_BITMASK mask; uint32_t bits; } row[] = {
        { { 0x3ff00000, 0x000ffc00, 0x000003ff, 0xc0000000 }, 32 },
        { { 0x0000f800, 0x000007e0, 0x0000001f, 0 }, 16 },
        { { 0x00ff0000, 0x0000ff00, 0x000000ff, 0 }, 24 },
        { { 0x00ff0000, 0x0000ff00, 0x000000ff, 0xff000000 }, 32 },
        { { 0x00ff0000, 0x0001ff00, 0x000000ff, 0 }, 0 },        /* overlap */
        { { 0x00ff0000, 0x0000ff00, 0, 0 }, 0 },                 /* no blue */
        { { 0x00f50000, 0x0000ff00, 0x000000ff, 0 }, 0 },        /* a hole */
    };

    (void)unused;
    for (unsigned i = 0; i < COUNT(row); i++) {
        mock_reset();
        mock_efi.no_config = true;
        mock_efi.gop[0].format = mock_efi.gop[1].format = PixelBitMask;
        mock_efi.gop[0].mask = mock_efi.gop[1].mask = row[i].mask;
        expect(MOCK_JUMPED, NULL);
        assert_int_equal(view().framebuffers, row[i].bits != 0);
        seen(row[i].bits ? "B4.good" : "B4.bad");
        if (row[i].bits)
            assert_int_equal(view().framebuffer[0]->bits_per_pixel, row[i].bits);
    }
    mock_reset();
    mock_efi.no_config = true;
    mock_efi.gop[0].format = mock_efi.gop[1].format = PixelRedGreenBlueReserved8BitPerColor;
    expect(MOCK_JUMPED, NULL);
    assert_int_equal(view().framebuffer[0]->red_mask, 0xff);
    mock_reset();
    mock_efi.no_config = true;
    mock_efi.gop[0].format = mock_efi.gop[1].format = 17;
    expect(MOCK_JUMPED, "without usable pixels");
}

/* ---- serial ports ---- */

static void configure(const char *text)
{
    mock_reset();
    mock_efi.config = text;
    mock_efi.config_bytes = strlen(text);
}

static void serial_ports_are_proved(void **unused)
{
    (void)unused;
    mock_reset();
    mock_cpu.uart[0].no_scratch = true;
    expect(MOCK_JUMPED, NULL);
    assert_int_equal(view().serials, 0);
    mock_reset();
    mock_cpu.uart[0].no_loopback = true;
    expect(MOCK_JUMPED, NULL);
    assert_int_equal(view().serials, 0);
    seen("F1.stuck");
    mock_reset();                                       /* takes nothing: bounded, then given up on */
    mock_cpu.uart[0].stuck = true;
    expect(MOCK_JUMPED, NULL);
    assert_int_equal(view().serials, 1);
    assert_int_equal(view().serial[0]->told, 0);
    assert_true(mock_cpu.waits < 200000);
    seen("F2.mock");
    mock_reset();
    mock_cpu.uart[0].no_fifo = true;
    mock_cpu.uart[0].divisor = 0;
    expect(MOCK_JUMPED, "jumping");
    assert_int_equal(mock_cpu.uart[0].divisor, 1);
    mock_reset();                                       /* a speed that was set stays, and so do the modem lines */
    mock_cpu.uart[0].divisor = 12;
    expect(MOCK_JUMPED, "jumping");
    assert_int_equal(mock_cpu.uart[0].divisor, 12);
    assert_int_equal(mock_cpu.uart[0].mcr, 3);
}

/* ---- serial ports that tables and PCI name ---- */

/* A machine that has no other port than one at this place, and an SPCR that names one. */
static void spcr_machine(unsigned space, unsigned bits, unsigned access, uint64_t address, uint64_t there, uint32_t stride)
{
    mock_reset();
    memset(spcr, 0, sizeof(spcr));
    spcr[8] = 2;
    spcr[58] = 7;
    put_gas(spcr + 40, space, bits, access, address);
    mock_efi.acpi_table[0] = sealed(spcr, "SPCR", 80);
    mock_cpu.uart[0] = (struct mock_uart){ .present = there, .address = there, .stride = stride, .divisor = 1 };
}

static void spcr_is_left(unsigned space, uint64_t address, const char *line)
{
    spcr_machine(space, 8, 1, address, 0x3f8, 1);
    expect(MOCK_JUMPED, line);
    assert_int_equal(view().serials, 1);
    assert_int_equal(view().serial[0]->source, HANDOFF_SERIAL_LEGACY);
}

static void serial_ports_that_spcr_names(void **unused)
{
    (void)unused;
    spcr_machine(1, 8, 1, 0x5000, 0x5000, 1);
    expect(MOCK_JUMPED, "efi: ingot on UEFI");                  /* what was said before is told to it */
    assert_non_null(strstr(mock_cpu.text, "efi: serial: legacy: nobody answers at 0x3f8 0x2f8 0x3e8 0x2e8\r"));
    assert_non_null(strstr(mock_cpu.text, "efi: serial: io 0x5000, stride 1, from SPCR"));
    assert_int_equal(view().serial[0]->source, HANDOFF_SERIAL_SPCR);
    assert_int_equal(view().serial[0]->baud, 115200);
    assert_int_equal(view().serial[0]->told, 1);
    spcr_machine(0, 32, 3, 0xe0001000, 0xe0001000, 4);
    expect(MOCK_JUMPED, "efi: serial: mmio 0xe0001000, stride 4, from SPCR");
    assert_int_equal(mock_walk(mock_cpu.root, 0xe0001000) & 0x1b, 0x1b);
    spcr_machine(0, 16, 0, 0x9000000000, 0x9000000000, 2);    /* no access size, but a width; above 4 GiB */
    expect(MOCK_JUMPED, "efi: serial: mmio 0x9000000000, stride 2, from SPCR");
    spcr_machine(1, 8, 1, 0x3f8, 0x3f8, 1);                    /* one port under two names is one */
    expect(MOCK_JUMPED, "efi: serial: legacy 0x3f8 taken; nobody answers at 0x2f8 0x3e8 0x2e8");
    assert_int_equal(view().serials, 1);
    spcr_machine(1, 8, 1, 0x5000, 0x5000, 1);
    spcr[8] = 3;
    put(spcr + 76, 48000000, 4);
    sealed(spcr, "SPCR", 80);
    expect(MOCK_JUMPED, "from SPCR");
    assert_int_equal(mock_cpu.uart[0].divisor, 26);
    spcr_machine(1, 8, 1, 0x5000, 0x5000, 1);                  /* a clock that cannot be: the speed stays */
    spcr[8] = 3;
    put(spcr + 76, UINT32_MAX, 4);
    spcr[58] = 3;
    sealed(spcr, "SPCR", 80);
    expect(MOCK_JUMPED, "from SPCR");
    assert_int_equal(mock_cpu.uart[0].divisor, UINT32_MAX / 16 / 9600);
    spcr_is_left(1, 0x5000, "efi: serial: SPCR 0x5000 left: nobody answers");
    spcr_is_left(0, 0xe0002000, "efi: serial: SPCR 0xe0002000 left: nobody answers");
    spcr_is_left(0, 0x6200000, "efi: serial: SPCR 0x6200000 left: memory is there");
    spcr_is_left(0, 0x61ffffc, "efi: serial: SPCR 0x61ffffc left: memory is there");
    spcr_is_left(1, 0, "efi: serial: SPCR 0x0 left: no port can be there");
    spcr_is_left(1, 0xfffa, "efi: serial: SPCR 0xfffa left: no port can be there");
    spcr_is_left(1, 0x100003f8, "efi: serial: SPCR 0x100003f8 left: no port can be there");
    spcr_is_left(0, UINT64_MAX - 3, "left: no port can be there");
    spcr_is_left(0, 1ull << 48, "efi: serial: SPCR 0x1000000000000 left: no port can be there");
    spcr_is_left(0x7f, 0x5000, "efi: serial: SPCR 0x5000 left: no port can be there");
    spcr_machine(1, 8, 1, 0x5000, 0x3f8, 1);
    spcr[36] = 3;
    sealed(spcr, "SPCR", 80);
    expect(MOCK_JUMPED, "efi: serial: SPCR left: no 16550, kind 3 of 80 bytes");
    spcr_machine(1, 8, 1, 0x5000, 0x5000, 1);
    configure("serial=off");
    mock_efi.acpi_table[0] = spcr;
    expect(MOCK_JUMPED, NULL);
    assert_null(strstr(view().loader_log, "SPCR"));
}

static void put_device(unsigned number, uint16_t type, uint16_t subtype, uint64_t address)
{
    uint8_t *device = dbg2 + 44 + number * 40;

    put(device + 1, 40, 2);
    device[3] = 1;
    put(device + 12, type, 2);
    put(device + 14, subtype, 2);
    put(device + 18, 22, 2);
    put_gas(device + 22, 1, 8, 1, address);
}

static void dbg2_machine(void)
{
    mock_reset();
    memset(dbg2, 0, sizeof(dbg2));
    put(dbg2 + 36, 44, 4);
    put(dbg2 + 40, 2, 4);
    put_device(0, 0x8002, 0, 0x5000);                          /* USB */
    put_device(1, 0x8000, 0x12, 0x6000);
    mock_efi.acpi_table[1] = sealed(dbg2, "DBG2", sizeof(dbg2));
    mock_cpu.uart[1] = (struct mock_uart){ .present = true, .address = 0x6000, .stride = 1 };
}

static void serial_ports_that_dbg2_names(void **unused)
{
    static const struct { unsigned at, bytes; uint64_t value; } broken[] = {
        { 36, 4, 0xfffffff0 }, { 36, 4, sizeof(dbg2) - 4 }, { 40, 4, 0xffffffff }, { 44 + 1, 2, 0 }, { 44 + 1, 2, 0xffff }, { 44 + 1, 2, 21 },
        { 84 + 1, 2, 33 }, { 84 + 18, 2, 29 }, { 84 + 18, 2, 0xffff }, { 84 + 3, 1, 0 }, { 84 + 26, 8, 0 }, { 84 + 22, 1, 0xee },
    };

    (void)unused;
    dbg2_machine();
    expect(MOCK_JUMPED, "efi: serial: io 0x6000, stride 1, from DBG2");
    assert_int_equal(view().serials, 2);
    assert_null(strstr(mock_cpu.text, "0x5000"));
    for (unsigned i = 0; i < COUNT(broken); i++) {
        dbg2_machine();
        put(dbg2 + broken[i].at, broken[i].value, broken[i].bytes);
        sealed(dbg2, "DBG2", sizeof(dbg2));
        expect(MOCK_JUMPED, NULL);
        assert_int_equal(view().serials, broken[i].at == 40 ? 2 : 1);
    }
    dbg2_machine();
    dbg2[50]++;                                                /* a sum that is wrong */
    expect(MOCK_JUMPED, NULL);
    assert_int_equal(view().serials, 1);
}

/* A function 00:03.0 of class 07h with this BAR, behind which 16550s lie at two places. */
static void pci_machine(uint32_t bar, uint32_t size, uint64_t first, uint64_t second, uint32_t stride)
{
    mock_reset();
    mock_cpu.pci[0] = (struct mock_pci){ .function = 3 << 11, .id = 0x00021b36, .class_code = 0x070002, .bar = { bar }, .size = { size } };
    mock_cpu.uart[1] = (struct mock_uart){ .present = first, .address = first, .stride = stride };
    mock_cpu.uart[2] = (struct mock_uart){ .present = second, .address = second, .stride = stride };
}

static void pci_is_left(const char *line)
{
    expect(MOCK_JUMPED, line);
    assert_int_equal(view().serials, 1);
}

static void serial_ports_of_pci(void **unused)
{
    (void)unused;
    pci_machine(0x6041, 8, 0x6040, 0x6048, 1);
    expect(MOCK_JUMPED, "efi: serial: io 0x6040, stride 1, from PCI");
    assert_int_equal(view().serials, 2);                       /* the BAR has one port: what lies behind it is not touched */
    assert_int_equal(view().serial[1]->source, HANDOFF_SERIAL_PCI);
    assert_int_equal(mock_cpu.uart[1].divisor, 1);
    assert_int_equal(mock_cpu.pci[0].bar[0], 0x6041);
    assert_int_equal(mock_cpu.pci[0].command, 1);
    assert_false(mock_cpu.pci[0].decoded_in_probe);
    pci_machine(0x6041, 16, 0x6040, 0x6048, 1);
    expect(MOCK_JUMPED, "efi: serial: io 0x6048, stride 1, from PCI");
    assert_int_equal(view().serials, 3);
    pci_machine(0xe0001000, 0x1000, 0xe0001000, 0, 1);
    expect(MOCK_JUMPED, "efi: serial: mmio 0xe0001000, stride 1, from PCI");
    assert_int_equal(mock_cpu.pci[0].command, 2);
    pci_machine(0xe0001000, 0x1000, 0xe0001000, 0, 4);
    expect(MOCK_JUMPED, "efi: serial: mmio 0xe0001000, stride 4, from PCI");
    pci_machine(0x1004, 0x1000, 0x9000001000, 0, 4);           /* 64 bits */
    mock_cpu.pci[0].bar[1] = 0x90;
    expect(MOCK_JUMPED, "efi: serial: mmio 0x9000001000, stride 4, from PCI");
    pci_machine(0x6041, 8, 0x6040, 0, 1);                      /* function 2 of a device behind a bridge */
    mock_cpu.pci[0].function = 5 << 16 | 1 << 11 | 2 << 8;
    mock_cpu.pci[1] = (struct mock_pci){ .function = 2 << 11, .id = 1, .header = 1, .buses = 0x00060500 };
    mock_cpu.pci[2] = (struct mock_pci){ .function = 5 << 16 | 1 << 11, .id = 1, .header = 0x80 };
    expect(MOCK_JUMPED, "efi: serial: io 0x6040, stride 1, from PCI");
    assert_true(mock_cpu.pci_looks < 500);

    pci_machine(0x6041, 8, 0, 0, 1);
    pci_is_left("efi: serial: PCI 0x6040 left: nobody answers");
    pci_machine(0xe0001000, 0x1000, 0, 0, 1);
    pci_is_left("efi: serial: PCI 0xe0001000 left: nobody answers");
    pci_machine(0x6200000, 0x1000, 0, 0, 1);
    pci_is_left("efi: serial: PCI 0x6200000 left: memory is there");
    pci_machine(0, 8, 0, 0, 1);
    pci_is_left(NULL);
    pci_machine(0x6041, 8, 0x6040, 0, 1);
    mock_cpu.pci[0].class_code = 0x070007;                     /* an interface of nobody's */
    pci_is_left(NULL);
    pci_machine(0x6041, 8, 0x6040, 0, 1);
    mock_cpu.pci[0].header = 2;
    pci_is_left(NULL);
    pci_machine(0, 8, 0, 0, 1);                                /* a bridge to everywhere: bounded */
    mock_cpu.pci[1] = (struct mock_pci){ .function = 2 << 11, .id = 1, .header = 0x81, .buses = 0x00ff0100 };
    pci_is_left(NULL);
    assert_true(mock_cpu.pci_looks < 20000);
}

static void wrong_ports_cost_no_more_than_one(void **unused)
{
    (void)unused;
    mock_reset();
    for (unsigned i = 0; i < MOCK_UARTS; i++)
        mock_cpu.uart[i] = (struct mock_uart){ .present = true, .address = 0x3f8 - i * 0x100 + (i == 2) * 0x1f0, .stride = 1, .stuck = true };
    expect(MOCK_JUMPED, NULL);
    assert_int_equal(view().serials, 3);
    assert_true(mock_cpu.waits < 25000);                       /* a look is a microsecond */
}

static void serial_options(void **unused)
{
    struct handoff_view is;

    (void)unused;
    configure("serial=off");
    expect(MOCK_JUMPED, "efi: words: serial=off");
    assert_int_equal(view().serials, 0);
    assert_null(strstr(mock_cpu.text, "jumping"));
    configure("serial=mmio:0xfe032000,4,48000000");
    mock_cpu.uart[1] = (struct mock_uart){ .present = true, .address = 0xfe032000, .stride = 4 };
    expect(MOCK_JUMPED, "efi: serial: mmio 0xfe032000, stride 4, from the command line");
    is = view();
    assert_int_equal(is.serials, 2);
    assert_int_equal(is.serial[1]->address, 0xfe032000);
    assert_int_equal(is.serial[1]->source, HANDOFF_SERIAL_OPTION);
    assert_int_equal(is.serial[1]->clock_hz, 48000000);
    assert_int_equal(mock_cpu.uart[1].divisor, 26);
    configure("serial=0x3f8,1,1843200,9600");            /* known already: only its speed is new */
    expect(MOCK_JUMPED, "from the command line");
    assert_int_equal(view().serials, 1);
    assert_int_equal(view().serial[0]->baud, 9600);
    assert_int_equal(mock_cpu.uart[0].divisor, 12);
    configure("serial=pci:01:02.3,4");                   /* the core's */
    expect(MOCK_JUMPED, NULL);
    assert_null(strstr(view().loader_log, "serial= wants"));
    configure("serial=io:0x3e8 serial=0x3f8");
    mock_cpu.uart[0].present = false;
    expect(MOCK_JUMPED, NULL);
    assert_non_null(strstr(view().loader_log, "W nothing answers at 0x3e8"));
    assert_non_null(strstr(view().loader_log, "W nothing answers at 0x3f8"));
    configure("serial=io:0xe060");
    mock_cpu.uart[0].present = false;
    mock_cpu.uart[2] = (struct mock_uart){ .present = true, .address = 0xe060, .stride = 1, .fcr = 1 };
    expect(MOCK_JUMPED, "ingot on UEFI");                /* the lines from before it was known are told to it too */
    configure("serial=mmio:0x8000001000");              /* above 4 GiB: it gets a mapping */
    mock_cpu.uart[1] = (struct mock_uart){ .present = true, .address = 0x8000001000, .stride = 1 };
    expect(MOCK_JUMPED, "jumping");
    assert_int_equal(mock_walk(mock_cpu.root, 0x8000001000) & 0x1b, 0x1b);
    {
        static const char *const bad[] = {
            "serial=", "serial=io:", "serial=io:0x1ffff", "serial=mmio:0", "serial=mmio:0x1000,3", "serial=mmio:0x1000,1,x",
            "serial=mmio:0xffffffffffffffff", "serial=mmio:0x1000,1,1,1,1", "serial=mmio:0x1000,1,1,0", "serial=com1", "serial=io:0xffff",
        };

        for (unsigned i = 0; i < COUNT(bad); i++) {
            configure(bad[i]);
            expect(MOCK_JUMPED, "W serial= wants");
        }
    }
}

/* ---- files ---- */

static void a_core_on_the_volume(void **unused)
{
    (void)unused;
    configure("core=\\core.elf");
    expect(MOCK_JUMPED, "core: \\core.elf, ");
    configure("core=\\core.elf");
    mock_efi.read_limit = 97;                           /* short reads */
    expect(MOCK_JUMPED, NULL);
    seen("A21.short");
    configure("core=\\core.elf");
    mock_efi.core_is_directory = true;
    expect(MOCK_RETURNED, "REFUSED READ: \\core.elf cannot be opened: unsupported");
    seen("A21.folder");
    configure("core=\\nothing");
    expect(MOCK_RETURNED, "REFUSED READ: \\nothing cannot be opened: not found");
    seen("A21.missing");
    configure("core=\\core.elf");
    mock_efi.core_bytes = 0;
    expect(MOCK_RETURNED, "REFUSED READ: \\core.elf has 0 bytes");
    seen("A21.empty");
    mock_reset();
    mock_efi.no_volume = true;
    mock_efi.options = L"core=\\core.elf";
    mock_efi.options_bytes = 30;
    expect(MOCK_RETURNED, "REFUSED READ: \\core.elf: the loader came from no volume");
    seen("A21.volume");
    configure("core=\\core.elf");
    mock_efi.fault_service = MOCK_READ;
    mock_efi.fault_call = 3;                            /* the configuration takes two */
    mock_efi.fault_status = EFI_DEVICE_ERROR;
    expect(MOCK_RETURNED, "REFUSED READ: \\core.elf at byte 0 of ");
    seen("A22.core");
    for (uint64_t bytes = 1; bytes < 0x1100; bytes += 61) {     /* truncated anywhere */
        configure("core=\\core.elf");
        mock_efi.core_bytes = bytes;
        expect(MOCK_RETURNED, "REFUSED ");
        seen("A21.cut");
    }
}

/* The core takes quotes off and splits at any white space: no spelling of an unsafe word gets past. */
static void secure_boot_leaves_out_what_is_unsafe(void **unused)
{
    static const struct { const char *config, *refused, *words; } row[] = {
        { "a core=\\core.elf b", "secure boot: W core=\\core.elf refused", "a b" },
        { "debug=on", "secure boot: W debug=on refused", "" },
        { "debug=wait panic=halt", "secure boot: W debug=wait refused", "panic=halt" },
        { "exit=halt panic=debug", "secure boot: W panic=debug refused", "exit=halt " },
        { "serial=io:0x2f8 x", "secure boot: W serial=io:0x2f8 refused", "x" },
        { "serial=mmio:0xfee00000,4 x", "secure boot: W serial=mmio:0xfee00000,4 refused", "x" },
        { "serial=pci:0:3.0", "secure boot: W serial=pci:0:3.0 refused", "" },
        { "serial=off x", "efi: words: serial=off x", "serial=off x" },
        { "\"debug=on\" x", "secure boot: W \"debug=on\" refused", "x" },
        { "de\"b\"ug=on x", "secure boot: W de\"b\"ug=on refused", "x" },
        { "\"debug=on and x\" y", "secure boot: W \"debug=on and x\" refused", "y" },
        { "\"a\nb\" x\tdebug=on", "efi: words: \"a\" b\" x", "\"a\" b\" x\tdebug=on\"" },   /* a line ends what it quotes */
        { "-- debug=on", "efi: words: -- debug=on", "-- debug=on" },
        { "\"--\" debug=on", "efi: words: \"--\" debug=on", "\"--\" debug=on" },
        { "--\" x\" debug=on", "secure boot: W debug=on refused", "--\" x\" " },
        { "mode=800x600 \"say debug=on\" xdebug=on", "efi: words: mode", "mode=800x600 \"say debug=on\" xdebug=on" },
    };

    (void)unused;
    for (unsigned i = 0; i < COUNT(row); i++) {
        configure(row[i].config);
        mock_efi.secure_boot = true;
        expect(MOCK_JUMPED, row[i].refused);
        assert_string_equal(view().command_line, row[i].words);
        assert_true(view().firmware->flags & HANDOFF_FIRMWARE_SECURE_BOOT);
    }
    configure("a");
    mock_efi.secure_boot = true;
    mock_efi.options = L"debug=on b";
    mock_efi.options_bytes = 22;
    expect(MOCK_JUMPED, "secure boot: W debug=on refused");
    assert_string_equal(view().command_line, "a b");
    configure("debug=on core=\\core.elf");
    mock_efi.fault_service = MOCK_GET_VARIABLE;
    mock_efi.fault_call = 1;
    mock_efi.fault_status = EFI_DEVICE_ERROR;
    expect(MOCK_JUMPED, "secure boot: W taken for on, the variable cannot be read: device error");
    assert_string_equal(view().command_line, "");
    configure("debug=on");
    expect(MOCK_JUMPED, "efi: words: debug=on");
    assert_false(view().firmware->flags & HANDOFF_FIRMWARE_SECURE_BOOT);
}

/* To the first error: a TPM that is gone may take the firmware long, each time. */
static void what_decides_is_measured(void **unused)
{
    (void)unused;
    configure("one two\n");
    mock_efi.tpm = true;
    expect(MOCK_JUMPED, "efi: tpm: words in PCR 8, files in PCR 9");
    assert_int_equal(mock_efi.measured, 3);
    assert_int_equal(mock_efi.event[0].pcr, 9);
    assert_string_equal(mock_efi.event[0].text, "ingot.cfg");
    assert_int_equal(mock_efi.event[0].bytes, 8);
    assert_int_equal(mock_efi.event[1].pcr, 8);
    assert_string_equal(mock_efi.event[1].text, "one two");
    assert_int_equal(mock_efi.event[1].bytes, 8);
    assert_int_equal(mock_efi.event[2].pcr, 9);
    assert_string_equal(mock_efi.event[2].text, "ingot core");
    assert_int_equal(mock_efi.event[2].bytes, mock_efi.core_bytes);
    mock_reset();
    mock_efi.tpm = mock_efi.no_config = true;
    expect(MOCK_JUMPED, "efi: tpm: words in PCR 8, files in PCR 9");
    assert_int_equal(mock_efi.measured, 2);
    mock_reset();
    expect(MOCK_JUMPED, "efi: tpm: none");
    assert_int_equal(view().firmware->flags, 0);
    for (uint32_t call = 1; call <= 3; call++) {
        mock_reset();
        mock_efi.tpm = true;
        mock_efi.fault_service = MOCK_HASH_LOG_EXTEND;
        mock_efi.fault_call = call;
        mock_efi.fault_status = EFI_DEVICE_ERROR;
        expect(MOCK_JUMPED, "efi: tpm: W lost, not measured: device error");
        assert_int_equal(mock_efi.measured, call);
        assert_int_equal(view().firmware->flags, HANDOFF_FIRMWARE_TPM_LOST);
    }
}

static void configurations_of_all_kinds(void **unused)
{
    static char large[5000], noise[4096];

    (void)unused;
    memset(large, 'x', sizeof(large));
    mock_reset();
    mock_efi.config = large;
    mock_efi.config_bytes = 4097;
    expect(MOCK_JUMPED, "W \\ingot\\ingot.cfg ignored: bad buffer size");
    seen("A21.config");
    mock_reset();
    mock_efi.config = large;
    mock_efi.config_bytes = 4096;
    expect(MOCK_JUMPED, "(W cut here)");
    mock_reset();
    mock_efi.read_limit = 5;
    expect(MOCK_JUMPED, "efi: words: exit=qemu mode=800x600");
    mock_reset();
    mock_efi.options = "\xff\xff\x01\x00zz";
    mock_efi.options_bytes = 6;
    expect(MOCK_JUMPED, "efi: words: W LOADOPT ignored, exit=qemu");
    seen("A20.mock");
    for (unsigned i = 0; i < 500; i++) {
        for (unsigned at = 0; at < sizeof(noise); at++)
            noise[at] = (char)random_32();
        mock_reset();
        mock_efi.config = noise;
        mock_efi.config_bytes = random_32() % sizeof(noise);
        mock_efi.options = noise + 100;
        mock_efi.options_bytes = random_32() % 3000;
        run();
        seen("A20.null");
        seen("H5.config");
    }
}

/* ---- malformed cores ---- */

static void malformed_cores_are_refused_or_booted(void **unused)
{
    uint64_t bytes;
    const void *good = mock_core(&bytes);
    uint8_t *bad = malloc(bytes);
    unsigned long before_started = started, before_refused = refused;

    (void)unused;
    for (unsigned i = 0; i < 10000; i++) {
        unsigned changes = 1 + random_32() % 4;

        memcpy(bad, good, bytes);
        for (unsigned c = 0; c < changes; c++) {
            /* mostly in the headers, where it hurts: header and program headers, dynamic section, relocations */
            uint64_t at = random_32() % 3 ? random_32() % 288 : 0x1000 + random_32() % (bytes - 0x1000);
            static const uint8_t nasty[] = { 0, 1, 0x7f, 0x80, 0xff };

            bad[at] = random_32() % 2 ? nasty[random_32() % sizeof(nasty)] : (uint8_t)random_32();
        }
        mock_reset();
        mock_efi.core = bad;
        mock_efi.core_bytes = random_32() % 16 ? bytes : random_32() % bytes;
        assert_true(run() != MOCK_RESET);
        if (last_end == MOCK_RETURNED)
            seen("A23.core");
        good = mock_core(&bytes);
    }
    print_message("loader: 10000 mutated cores, %lu refused, %lu booted\n", refused - before_refused, started - before_started);
    free(bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_boot_reaches_the_core),
        cmocka_unit_test(every_call_fails_once_and_for_good_with_every_error),
        cmocka_unit_test(every_allocation_fails),
        cmocka_unit_test(a_crashed_run_is_saved_and_handed_on),
        cmocka_unit_test(the_next_run_is_begun_behind_it),
        cmocka_unit_test(a_run_that_ended_well_is_not_told),
        cmocka_unit_test(a_volume_that_takes_nothing_is_left_alone),
        cmocka_unit_test(writing_fails_with_every_error),
        cmocka_unit_test(corrupted_recorders_never_stop_a_boot),
        cmocka_unit_test(the_map_grows_between_calls),
        cmocka_unit_test(keys_are_stale),
        cmocka_unit_test(descriptors_have_any_size),
        cmocka_unit_test(map_entries_are_odd),
        cmocka_unit_test(a_map_written_too_far_is_noticed),
        cmocka_unit_test(what_is_missing_is_a_line),
        cmocka_unit_test(a_table_that_is_none_is_refused),
        cmocka_unit_test(seeds_come_from_the_best_source),
        cmocka_unit_test(cpus_differ),
        cmocka_unit_test(displays_of_all_kinds),
        cmocka_unit_test(pixel_formats),
        cmocka_unit_test(serial_ports_are_proved),
        cmocka_unit_test(serial_ports_that_spcr_names),
        cmocka_unit_test(serial_ports_that_dbg2_names),
        cmocka_unit_test(serial_ports_of_pci),
        cmocka_unit_test(wrong_ports_cost_no_more_than_one),
        cmocka_unit_test(serial_options),
        cmocka_unit_test(a_core_on_the_volume),
        cmocka_unit_test(secure_boot_leaves_out_what_is_unsafe),
        cmocka_unit_test(what_decides_is_measured),
        cmocka_unit_test(configurations_of_all_kinds),
        cmocka_unit_test(malformed_cores_are_refused_or_booted),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    print_message("loader: %lu cases: %lu in the core, %lu refused, %lu panicked\n", cases, started, refused, panicked);
    return failed;
}
