/* The core's memory and string functions give the C library's answers, and touch nothing but what they were given. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "core/x86_64/cpu_local.h"
#include "renamed_string.h"

enum { PAGE = 4096, ARENA = 1024, WIDE = 2 * VECTORS_MAX, LARGE = 3 * 1024 * 1024 };

static unsigned long cases;

static uint32_t random_32(void)
{
    static uint64_t state = 0x2545f4914f6cdd1dull;

    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return (uint32_t)(state >> 16);
}

static void fill(uint8_t *at, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        at[i] = (uint8_t)random_32();
}

/* Two pages that may be touched between two that may not: the assembly is not instrumented, so the MMU watches it. */
static uint8_t *guarded_pages(void)
{
    uint8_t *pages = mmap(NULL, 4 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_true(pages != MAP_FAILED);
    assert_int_equal(mprotect(pages + PAGE, 2 * PAGE, PROT_READ | PROT_WRITE), 0);
    return pages + PAGE;
}

/* ---- memcpy, memmove, memset: the whole arena is compared, so a byte too many shows ---- */

static void check_copy(size_t to, size_t from, size_t bytes)
{
    static uint8_t ours[2 * ARENA], theirs[2 * ARENA], source[2 * ARENA];

    if (cases++ % 64 == 0) {
        fill(source, sizeof(source));
        fill(ours, sizeof(ours));
        memcpy(theirs, ours, sizeof(ours));
    }
    assert_ptr_equal(ingot_memcpy(ours + to, source + from, bytes), ours + to);
    memcpy(theirs + to, source + from, bytes);
    assert_memory_equal(ours, theirs, sizeof(ours));
}

static void memcpy_copies_every_small_size_at_every_offset(void **unused)
{
    (void)unused;
    for (size_t bytes = 0; bytes <= 144; bytes++) {
        for (size_t offsets = 0; offsets < 16 * 16; offsets++)
            check_copy(8 + offsets % 16, 8 + offsets / 16, bytes);
    }
    for (size_t bytes = 145; bytes <= ARENA; bytes++) {
        for (int i = 0; i < 16; i++)
            check_copy(random_32() % 512, random_32() % 512, bytes);
    }
}

static void check_move(size_t to, size_t from, size_t bytes)
{
    static uint8_t ours[2 * ARENA], theirs[2 * ARENA];

    if (cases++ % 64 == 0) {
        fill(ours, sizeof(ours));
        memcpy(theirs, ours, sizeof(ours));
    }
    assert_ptr_equal(ingot_memmove(ours + to, ours + from, bytes), ours + to);
    memmove(theirs + to, theirs + from, bytes);
    assert_memory_equal(ours, theirs, sizeof(ours));
}

static void memmove_moves_over_every_distance(void **unused)
{
    (void)unused;
    for (size_t bytes = 0; bytes <= 136; bytes++) {
        for (size_t from = 0; from <= 2 * 140; from++)
            check_move(140, from, bytes);
    }
    for (int i = 0; i < 40000; i++)
        check_move(random_32() % ARENA, random_32() % ARENA, random_32() % ARENA);
}

static void memset_sets_every_small_size_at_every_offset(void **unused)
{
    static uint8_t ours[2 * ARENA], theirs[2 * ARENA];

    (void)unused;
    for (size_t bytes = 0; bytes <= ARENA; bytes++) {
        for (size_t offset = 0; offset < 33; offset++) {
            int value = (int)random_32();

            assert_ptr_equal(ingot_memset(ours + offset, value, bytes), ours + offset);
            memset(theirs + offset, value, bytes);
            assert_memory_equal(ours, theirs, sizeof(ours));
            cases++;
        }
    }
}

static void large_areas_are_copied_moved_and_set(void **unused)
{
    uint8_t *ours = malloc(LARGE), *theirs = malloc(LARGE);

    (void)unused;
    fill(ours, LARGE);
    memcpy(theirs, ours, LARGE);
    for (int i = 0; i < 60; i++, cases++) {
        size_t bytes = random_32() % (LARGE / 2), from = random_32() % (LARGE / 2), to = random_32() % (LARGE / 2);

        ingot_memmove(ours + to, ours + from, bytes);
        memmove(theirs + to, theirs + from, bytes);
        ingot_memset(ours + from, i, bytes / 8);
        memset(theirs + from, i, bytes / 8);
        assert_memory_equal(ours, theirs, LARGE);
    }
    ingot_memcpy(ours + 5, theirs, LARGE - 5);
    assert_memory_equal(ours + 5, theirs, LARGE - 5);
    free(ours);
    free(theirs);
}

static void nothing_outside_the_areas_is_touched(void **unused)
{
    uint8_t *a = guarded_pages(), *b = guarded_pages();

    (void)unused;
    for (size_t bytes = 0; bytes <= 1200; bytes++, cases += 6) {
        uint8_t *a_end = a + 2 * PAGE - bytes, *b_end = b + 2 * PAGE - bytes;

        ingot_memcpy(a, b_end, bytes);
        ingot_memcpy(a_end, b, bytes);
        ingot_memmove(a, a + bytes / 3, bytes);
        ingot_memmove(a_end, a_end - bytes / 3, bytes);
        ingot_memset(a, 1, bytes);
        ingot_memset(a_end, 2, bytes);
        assert_int_equal(ingot_memcmp(b_end, b_end, bytes), 0);
        assert_null(ingot_memchr(a_end, 3, bytes));
    }
}

/* ---- vectors ---- */

/* With them, where this machine has them, then without, as in an interrupt. */
static void both_ways(void (*test)(void **), void **state)
{
    ingot_vectors = __builtin_cpu_supports("avx2") ? VECTORS_MAX : 0;
    test(state);
    ingot_vectors = 0;
    test(state);
}

#define BOTH_WAYS(test) static void test##_with_and_without_vectors(void **state) { both_ways(test, state); }
BOTH_WAYS(memcpy_copies_every_small_size_at_every_offset)
BOTH_WAYS(memmove_moves_over_every_distance)
BOTH_WAYS(memset_sets_every_small_size_at_every_offset)
BOTH_WAYS(large_areas_are_copied_moved_and_set)
BOTH_WAYS(nothing_outside_the_areas_is_touched)

/* Sizes around each place where another way begins, at offsets from all over a cache line. */
static void every_way_ends_where_the_next_begins(void **unused)
{
    static const size_t limits[] = { 16, 32, 64, 128, 256, 512, 768, 1024, 2048, VECTORS_MAX };
    static uint8_t source[WIDE], ours[WIDE], theirs[WIDE];

    (void)unused;
    fill(source, WIDE);
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]) * 5 * 64; i++) {
        size_t bytes = limits[i / 320] + i % 5 - 2, to = i % 64, from = random_32() % 64;

        ingot_memcpy(ours + to, source + from, bytes);
        memcpy(theirs + to, source + from, bytes);
        assert_memory_equal(ours, theirs, WIDE);
        ingot_memset(ours + from, (int)i, bytes);
        memset(theirs + from, (int)i, bytes);
        assert_memory_equal(ours, theirs, WIDE);
        cases += 2;
    }
}
BOTH_WAYS(every_way_ends_where_the_next_begins)

struct vectors {
    uint8_t byte[8][32];
};

/* All that mem.S may use of them where it may. */
static __attribute__((target("avx"))) void vectors_load(const struct vectors *from)
{
    __asm__ volatile("vmovdqu (%0), %%ymm0; vmovdqu 32(%0), %%ymm1; vmovdqu 64(%0), %%ymm2; vmovdqu 96(%0), %%ymm3;"
                     "vmovdqu 128(%0), %%ymm4; vmovdqu 160(%0), %%ymm5; vmovdqu 192(%0), %%ymm6; vmovdqu 224(%0), %%ymm7"
                     :: "r"(from) : "memory");
}

static __attribute__((target("avx"))) void vectors_store(struct vectors *to)
{
    __asm__ volatile("vmovdqu %%ymm0, (%0); vmovdqu %%ymm1, 32(%0); vmovdqu %%ymm2, 64(%0); vmovdqu %%ymm3, 96(%0);"
                     "vmovdqu %%ymm4, 128(%0); vmovdqu %%ymm5, 160(%0); vmovdqu %%ymm6, 192(%0); vmovdqu %%ymm7, 224(%0)"
                     :: "r"(to) : "memory");
}

/* What an interrupted program has in its vector registers is still there after a handler's calls. */
static void without_vectors_their_registers_are_left_alone(void **unused)
{
    static uint8_t to[WIDE], from[WIDE];
    struct vectors before, after;

    (void)unused;
    if (!__builtin_cpu_supports("avx"))
        skip();
    ingot_vectors = 0;
    fill((uint8_t *)&before, sizeof(before));
    for (size_t bytes = 0; bytes < WIDE; bytes += 1 + bytes / 8, cases += 3) {
        vectors_load(&before);
        ingot_memcpy(to, from, bytes);
        ingot_memmove(to + 1, to, bytes / 2);
        ingot_memset(to, 1, bytes);
        vectors_store(&after);
        assert_memory_equal(&before, &after, sizeof(before));
    }
}

/* ---- what compares and searches ---- */

static int sign(int value) { return (value > 0) - (value < 0); }

/* A text of at most room - 1 letters from a small alphabet, so that equal beginnings are common; it ends where the block ends. */
static char *random_text(char *block, size_t room)
{
    size_t length = random_32() % room;
    char *text = block + room - 1 - length;

    for (size_t i = 0; i < length; i++)
        text[i] = "ab\x80"[random_32() % 3];
    text[length] = 0;
    return text;
}

static void check_texts(const char *a, const char *b)
{
    size_t bytes = random_32() % 24;
    int letter = "abz\0\x80"[random_32() % 5];

    assert_int_equal(ingot_strlen(a), strlen(a));
    assert_int_equal(ingot_strnlen(a, bytes), strnlen(a, bytes));
    assert_int_equal(sign(ingot_strcmp(a, b)), sign(strcmp(a, b)));
    assert_int_equal(sign(ingot_strncmp(a, b, bytes)), sign(strncmp(a, b, bytes)));
    assert_ptr_equal(ingot_strchr(a, letter), strchr(a, letter));
    assert_ptr_equal(ingot_strrchr(a, letter), strrchr(a, letter));
    assert_ptr_equal(ingot_strstr(a, b), strstr(a, b));
    assert_ptr_equal(ingot_memchr(a, letter, strlen(a)), memchr(a, letter, strlen(a)));
    cases += 8;
}

static void texts_compare_and_search_as_in_the_c_library(void **unused)
{
    char *long_block = malloc(40), *short_block = malloc(6);

    (void)unused;
    for (int i = 0; i < 40000; i++) {
        const char *a = random_text(long_block, 40), *b = random_text(short_block, 6);

        check_texts(a, b);
        check_texts(b, a);
        check_texts(a, a);
    }
    free(long_block);
    free(short_block);
}

static void memcmp_finds_the_first_difference(void **unused)
{
    (void)unused;
    for (size_t bytes = 0; bytes <= 80; bytes++) {
        uint8_t *a = malloc(bytes), *b = malloc(bytes);

        for (size_t place = 0; place < bytes; place++, cases += 2) {
            fill(a, bytes);
            memcpy(b, a, bytes);
            assert_int_equal(ingot_memcmp(a, b, bytes), 0);
            fill(b + place, bytes - place);
            assert_int_equal(sign(ingot_memcmp(a, b, bytes)), sign(memcmp(a, b, bytes)));
        }
        free(a);
        free(b);
    }
}

static void strlcpy_cuts_ends_and_tells_the_length(void **unused)
{
    char text[] = "twelve chars";

    (void)unused;
    for (size_t bytes = 0; bytes <= 20; bytes++, cases++) {
        char to[24], expected[24];

        memset(to, '#', sizeof(to));
        memset(expected, '#', sizeof(expected));
        if (bytes)
            snprintf(expected, bytes, "%s", text);
        assert_int_equal(ingot_strlcpy(to, text, bytes), 12);
        assert_memory_equal(to, expected, sizeof(to));
    }
}

static int tell_cases(void **unused)
{
    (void)unused;
    print_message("string: %lu cases\n", cases);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memcpy_copies_every_small_size_at_every_offset_with_and_without_vectors),
        cmocka_unit_test(memmove_moves_over_every_distance_with_and_without_vectors),
        cmocka_unit_test(memset_sets_every_small_size_at_every_offset_with_and_without_vectors),
        cmocka_unit_test(large_areas_are_copied_moved_and_set_with_and_without_vectors),
        cmocka_unit_test(nothing_outside_the_areas_is_touched_with_and_without_vectors),
        cmocka_unit_test(every_way_ends_where_the_next_begins_with_and_without_vectors),
        cmocka_unit_test(without_vectors_their_registers_are_left_alone),
        cmocka_unit_test(texts_compare_and_search_as_in_the_c_library),
        cmocka_unit_test(memcmp_finds_the_first_difference),
        cmocka_unit_test(strlcpy_cuts_ends_and_tells_the_length),
    };

    return cmocka_run_group_tests_name("string", tests, NULL, tell_cases);
}
