/* The core's random numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <ingot/cpu.h>

#include "core/seed.h"
#include "tests/host/model_log.h"

LOG_SUBSYSTEM_DEFINE(cpu);                       /* core/x86_64/cpu.c */

enum { NUMBERS = 100000 };

static uint64_t ticks;

uint64_t cpu_ticks(void) { return ticks; }

static struct handoff_seed seed_of(uint32_t source, uint8_t byte)
{
    struct handoff_seed seed = { .source = source };

    memset(seed.seed, byte, sizeof(seed.seed));
    return seed;
}

static void start(uint32_t source, uint8_t byte, uint64_t at_ticks)
{
    struct handoff_seed seed = seed_of(source, byte), wiped = seed_of(source, 0);

    log_forget();
    ticks = at_ticks;
    seed_start(&seed);
    assert_memory_equal(&seed, &wiped, sizeof(seed));
}

static void seed_is_wiped_and_a_weak_one_told(void **state)
{
    (void)state;
    start(HANDOFF_SEED_EFI_RNG, 7, 1);
    assert_int_equal(model_log->lines, 0);
    start(HANDOFF_SEED_CPU, 7, 1);
    assert_int_equal(model_log->lines, 0);
    start(HANDOFF_SEED_JITTER, 7, 1);
    assert_int_equal(log_told("warn cpu: the loader gave a weak seed: canaries can be foreseen"), 1);
    log_forget();
    seed_start(NULL);
    assert_int_equal(log_told("warn cpu: the loader gave no seed: canaries can be foreseen"), 1);
}

static int by_value(const void *a, const void *b)
{
    uint64_t first = *(const uint64_t *)a, second = *(const uint64_t *)b;

    return (first > second) - (first < second);
}

/* All different, and each bit set in half of them, within 5 standard deviations. */
static void numbers_look_random(void **state)
{
    static uint64_t number[NUMBERS];
    unsigned set[64] = { 0 };

    (void)state;
    start(HANDOFF_SEED_CPU, 0, 0);
    for (unsigned i = 0; i < NUMBERS; i++) {
        number[i] = seed_next();
        for (unsigned bit = 0; bit < 64; bit++)
            set[bit] += number[i] >> bit & 1;
    }
    for (unsigned bit = 0; bit < 64; bit++)
        assert_in_range(set[bit], NUMBERS / 2 - 800, NUMBERS / 2 + 800);
    qsort(number, NUMBERS, sizeof(number[0]), by_value);
    for (unsigned i = 1; i < NUMBERS; i++)
        assert_true(number[i] != number[i - 1]);
}

/* The next number after a start with these: one bit of the seed, or one tick, changes it. */
static void seed_and_time_count(void **state)
{
    uint64_t number[4];

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        start(HANDOFF_SEED_CPU, i & 1, i >> 1);
        number[i] = seed_next();
        for (unsigned before = 0; before < i; before++)
            assert_in_range(__builtin_popcountll(number[i] ^ number[before]), 10, 54);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seed_is_wiped_and_a_weak_one_told), cmocka_unit_test(numbers_look_random), cmocka_unit_test(seed_and_time_count),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
