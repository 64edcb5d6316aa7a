/* The ACPI reader against the tables of real machines, cut short at every length and changed at random: it must not crash, hang, or
 * read outside a table (each is a malloc block of its own size). What the reader says about them unchanged is in test_acpi_facts.py.
 * The tables: $INGOT_SHARED/data/acpi, one folder a machine (default ../shared).
 * INGOT_FULL=1 takes more lengths of large tables and ten times the changes. */
#include "acpi_machine.h"

#include "core/acpi.h"
#include "tests/host/fault_seen.h"

#include <ingot/error.h>

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
/* cmocka.h wants setjmp.h, stdarg.h and string.h first. */
#include <cmocka.h>

enum {
    MACHINES_MAX = 1000,
    MUTATIONS = 100000,
    LARGE_BYTES = 8192,                  /* a table above it is cut at some lengths only, as all of it is read each time */
    LARGE_CUTS = 250, LARGE_CUTS_FULL = 5000,
    CALL_LIMIT_MS = 2000,                /* for one machine's questions, under sanitizers on a busy computer */
};

static char folder[MACHINES_MAX][300];
static unsigned machines;
static bool full;
static unsigned long cuts, mutations;
static double slowest_ms;

static int find_machines(void **state)
{
    const char *shared = getenv("INGOT_SHARED") != NULL ? getenv("INGOT_SHARED") : "../shared";
    char path[200];
    struct dirent **entries;
    int count;

    (void)state;
    full = getenv("INGOT_FULL") != NULL;
    snprintf(path, sizeof(path), "%.180s/data/acpi", shared);
    count = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        if (entries[i]->d_type == DT_DIR && entries[i]->d_name[0] != '.' && machines < MACHINES_MAX)
            snprintf(folder[machines++], sizeof(folder[0]), "%s/%.64s", path, entries[i]->d_name);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    if (machines == 0)
        printf("ran no table of a real machine: there is none in %s\n", path);
    return 0;
}

static double now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void ask(void)
{
    double start_ms = now_ms();

    machine_clear_log();
    acpi_init(MACHINE_RSDP, machine_map);
    machine_ask_everything();

    double took_ms = now_ms() - start_ms;

    if (took_ms > slowest_ms)
        slowest_ms = took_ms;
    assert_true(took_ms < CALL_LIMIT_MS);
}

static bool is_dsdt(const struct machine_block *block)
{
    return block->count >= 4 && memcmp(block->bytes, "DSDT", 4) == 0;
}

static struct machine_block *find_dsdt(void)
{
    for (unsigned i = 0; i < machine_blocks; i++)
        if (is_dsdt(&machine_block[i]))
            return &machine_block[i];
    return NULL;
}

/* ---- unchanged ---- */

static void every_machine_is_read_without_a_table_refused(void **state)
{
    unsigned dsdts = 0;

    (void)state;
    if (machines == 0)
        skip();
    for (unsigned i = 0; i < machines; i++) {
        struct acpi_processor_counts counts;
        struct acpi_power_off off;

        assert_true(machine_load(folder[i]));
        assert_int_equal(machine_start(), 0);
        machine_ask_everything();
        assert_non_null(acpi_get_fadt());
        assert_int_equal(acpi_get_processors(NULL, 0, &counts), 0);
        assert_true(counts.more > 0);
        assert_false(machine_warned("ACPI-LEN"));
        assert_false(machine_warned("stop@"));
        if (find_dsdt() != NULL) {
            assert_int_equal(acpi_get_power_off(&off), 0);
            dsdts++;
        }
    }
    printf("ran %u machines, %u with a DSDT\n", machines, dsdts);
    fault_seen("C18.corpus", 'R', "");
}

static void rename_s5(struct machine_block *dsdt)
{
    for (size_t i = 0; i + 4 <= dsdt->count; i++)
        if (memcmp(dsdt->bytes + i, "_S5_", 4) == 0)
            dsdt->bytes[i + 2] = '9';
}

/* Without its \_S5, the whole of a DSDT is walked: no opcode in it may be unknown. */
static void every_dsdt_can_be_followed_to_its_end(void **state)
{
    (void)state;
    if (machines == 0)
        skip();
    for (unsigned i = 0; i < machines; i++) {
        struct acpi_power_off off;

        machine_load(folder[i]);
        if (find_dsdt() == NULL)
            continue;
        rename_s5(find_dsdt());
        assert_int_equal(machine_start(), 0);
        assert_int_equal(acpi_get_power_off(&off), ERR_NOT_FOUND);
        assert_false(machine_warned("could not be followed"));
    }
}

/* ---- cut ---- */

/* The header still says the old length, or the new one with a sum that fits. */
static void cut_block(struct machine_block *block, const uint8_t *bytes, size_t count, bool consistent)
{
    uint8_t *copy = malloc(count + 1);

    memcpy(copy, bytes, count);
    if (consistent && count >= 10) {
        copy[4] = (uint8_t)count;
        copy[5] = (uint8_t)(count >> 8);
        copy[6] = (uint8_t)(count >> 16);
        machine_fix_sum(copy, count);
    }
    machine_resize(block, copy, count);
    free(copy);
    ask();
    cuts++;
}

static void cut_everywhere(struct machine_block *block)
{
    size_t count = block->count, step = 1;
    uint8_t *bytes = malloc(count + 1);

    memcpy(bytes, block->bytes, count);
    if (count > LARGE_BYTES)
        step = count / (full ? LARGE_CUTS_FULL : LARGE_CUTS) + 1;
    for (size_t length = 0; length < count; length += step) {
        cut_block(block, bytes, length, true);
        if (length % 8 == 0)
            cut_block(block, bytes, length, false);
    }
    machine_resize(block, bytes, count);
    free(bytes);
}

static void every_length_of_every_table_is_survived(void **state)
{
    (void)state;
    if (machines == 0)
        skip();
    for (unsigned i = 0; i < machines; i++) {
        machine_load(folder[i]);
        machine_make_roots(i % 4 == 0 ? 0 : 2);

        struct machine_block *dsdt = find_dsdt();
        size_t dsdt_bytes = dsdt != NULL ? dsdt->count : 0;

        for (unsigned j = 0; j < machine_blocks; j++) {
            /* A DSDT costs more than all else, so it is there for its own cuts only. */
            if (dsdt != NULL)
                dsdt->count = &machine_block[j] == dsdt ? dsdt_bytes : 0;
            cut_everywhere(&machine_block[j]);
        }
    }
    printf("ran %lu tables cut short; the slowest took %.1f ms\n", cuts, slowest_ms);
}

/* ---- changed ---- */

static uint64_t random_state = 0x1465c0de;       /* the same changes in every run */

static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((random_state >> 33) % limit);
}

/* Changes 1 to 8 bytes at a place, which is in the first 64 bytes every fourth time. */
static void change(uint8_t *bytes, size_t count)
{
    static const uint64_t values[] = { 0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, UINT64_MAX };
    uint32_t at = random_below(random_below(4) == 0 && count > 64 ? 64 : (uint32_t)count);
    uint64_t value = random_below(2) ? values[random_below(12)] : random_below(0x7fffffff);

    if (random_below(3) == 0) {
        bytes[at] ^= (uint8_t)(1 << random_below(8));
        return;
    }
    for (uint32_t width = 1u << random_below(4); width > 0 && at < count; width--, at++, value >>= 8)
        bytes[at] = (uint8_t)value;
}

static void mutate_once(void)
{
    struct machine_block *block = &machine_block[random_below(machine_blocks)];
    size_t count = block->count;
    uint8_t *bytes = malloc(count), *changed = malloc(count);

    memcpy(bytes, block->bytes, count);
    memcpy(changed, bytes, count);
    for (uint32_t changes = 1 + random_below(6); changes > 0; changes--)
        change(changed, count);
    if (random_below(4) != 0 && count >= ACPI_HEADER_BYTES && block->address != MACHINE_RSDP)
        machine_fix_sum(changed, count);
    machine_resize(block, changed, count - (random_below(8) == 0 ? random_below((uint32_t)count) : 0));
    ask();
    mutations++;
    machine_resize(block, bytes, count);
    free(bytes);
    free(changed);
}

static void random_changes_are_survived(void **state)
{
    unsigned each = machines != 0 ? MUTATIONS * (full ? 10u : 1u) / machines + 1 : 0;

    (void)state;
    if (machines == 0)
        skip();
    for (unsigned i = 0; i < machines; i++) {
        machine_load(folder[i]);
        machine_make_roots(i % 4 == 0 ? 0 : 2);
        for (unsigned j = 0; j < each; j++)
            mutate_once();
    }
    machine_clear();
    printf("ran %lu machines changed at random; the slowest took %.1f ms\n", mutations, slowest_ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_machine_is_read_without_a_table_refused),
        cmocka_unit_test(every_dsdt_can_be_followed_to_its_end),
        cmocka_unit_test(every_length_of_every_table_is_survived),
        cmocka_unit_test(random_changes_are_survived),
    };

    return cmocka_run_group_tests(tests, find_machines, NULL);
}
