/* The flight recorder: what core and loader write is what the next loader reads; what was hit by anything is missing, never wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <pthread.h>

#include "core/last_run.h"
#include "core/recorder.h"
#include "efi/last_run.h"
#include "recorder_left.h"

#include <ingot/last_run.h>
#include <ingot/log.h>

LOG_SUBSYSTEM_DEFINE(app);

static char told[8192];                          /* lines of the log */

void log_line(const struct log_subsystem *subsystem, enum log_level level, const char *pattern, ...)
{
    size_t used = strlen(told);
    va_list args;

    (void)subsystem, (void)level;
    va_start(args, pattern);
    used += (size_t)vsnprintf(told + used, sizeof(told) - used, pattern, args);
    va_end(args);
    snprintf(told + used, sizeof(told) - used, "\n");
}



enum { TEXT_BYTES = LEFT_BYTES };
static struct recorder *area;                    /* LEFT_BYTES, exactly: ASan sees a read behind */
static char *text;                               /* TEXT_BYTES, the same */
static char read_to[TEXT_BYTES + 1];             /* what was read, ended by a NUL */

static uint32_t random_32(void)
{
    static uint32_t state = 0x2545f491u;

    state ^= state << 13, state ^= state >> 17, state ^= state << 5;
    return state;
}

static int make_room(void **unused)
{
    (void)unused;
    area = aligned_alloc(4096, LEFT_BYTES);
    text = aligned_alloc(4096, TEXT_BYTES);
    memset(area, 0x5a, LEFT_BYTES);
    return 0;
}

static int give_room(void **unused)
{
    (void)unused;
    free(area);
    free(text);
    return 0;
}

static struct handoff_last_run read_it(void)
{
    struct handoff_last_run run = { .saved = 0 };

    assert_true(last_run_is_there(area, LEFT_BYTES));
    last_run_read(area, text, TEXT_BYTES, &run);
    assert_in_range(run.text, (uintptr_t)text, (uintptr_t)text + TEXT_BYTES - 1);
    assert_in_range(run.text + run.bytes, (uintptr_t)text + 1, (uintptr_t)text + TEXT_BYTES);
    memcpy(read_to, (const void *)(uintptr_t)run.text, run.bytes);
    read_to[run.bytes] = '\0';
    assert_int_equal(strlen(read_to), run.bytes);
    assert_int_equal(read_to[run.bytes - 1], '\n');
    return run;
}

static void must_read(uint32_t end, const char *wanted)
{
    assert_int_equal(read_it().end, end);
    assert_string_equal(read_to, wanted);
}

static void how_it_ended_is_said_first(void **unused)
{
    (void)unused;
    left_begin(area, 99, HANDOFF_STAGE_EXIT, RECORDER_RUNNING);
    must_read(RECORDER_RUNNING, "run 7 was cut off by a reset, a fault or a hang, in the loader, behind its stage: exit\n");
    left_begin(area, 99, HANDOFF_STAGE_MAIN, RECORDER_RUNNING);
    left_add(area, "one");
    left_add(area, "");
    must_read(RECORDER_RUNNING, "run 7 was cut off by a reset, a fault or a hang, in the core, at its stage: main\none\n\n");
    left_add(area, "PANIC DIVIDE: division by zero");
    left_add(area, "  on cpu 0");
    must_read(RECORDER_PANIC, "run 7 ended in PANIC DIVIDE: division by zero\none\n\nPANIC DIVIDE: division by zero\n  on cpu 0\n");
    left_begin(area, 100, HANDOFF_STAGE_IMAGE, RECORDER_REFUSED);
    must_read(RECORDER_REFUSED, "run 7 ended in a REFUSED whose words are lost\n");
    left_add(area, "REFUSED MEM: no memory");
    must_read(RECORDER_REFUSED, "run 7 ended in REFUSED MEM: no memory\nREFUSED MEM: no memory\n");
    left_begin(area, 102, HANDOFF_STAGE_MAIN, RECORDER_LEFT);
    left_add(area, "a report");
    must_read(RECORDER_LEFT, "run 7 ended as it was asked to, and has left lines to be found\na report\n");
    area->stage = area->end = 12345;
    left_begin(area, 101, 0, 77);
    must_read(RECORDER_RUNNING, "run 7 was cut off by a reset, a fault or a hang, in the loader, behind its stage: ?\n");
}

static void rubbish_is_no_recorder(void **unused)
{
    (void)unused;
    memset(area, 0, LEFT_BYTES);
    assert_false(last_run_is_there(area, LEFT_BYTES));
    for (unsigned i = 0; i < 1000; i++) {
        for (unsigned word = 0; word < sizeof(*area) / 4; word++)
            ((uint32_t *)area)[word] = random_32();
        if (i % 2)
            area->magic = RECORDER_MAGIC;
        assert_false(last_run_is_there(area, LEFT_BYTES));
    }
    left_begin(area, 5, 1, 1);
    assert_false(last_run_is_there(area, LEFT_BYTES / 2));
    for (unsigned bit = 0; bit < offsetof(struct recorder, stage) * 8; bit++) {
        ((uint8_t *)area)[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(last_run_is_there(area, LEFT_BYTES));
        ((uint8_t *)area)[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}

/* What was read is lines first, first + 1 ... of left_line(), some missing where it says so: nothing else, and in order. Returns their count. */
static uint32_t must_be_true(uint32_t written)
{
    char *line = strchr(read_to, '\n') + 1, wanted[400];
    uint32_t last = 0, count = 0, missing;

    for (char *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        if (sscanf(line, "... %u lines are missing", &missing) == 1) {
            last += missing;
            continue;
        }
        left_line(wanted, ++last);
        assert_string_equal(line, wanted);
        count++;
    }
    assert_true(last <= written);
    return count;
}

static void all_lines_that_fit_come_back_in_order(void **unused)
{
    (void)unused;
    for (uint32_t lines = 1; lines < 6000; lines += lines < 1300 ? 111 : 7) {
        uint32_t count;

        left_begin(area, lines, HANDOFF_STAGE_MAIN, RECORDER_RUNNING);
        left_add_lines(area, lines);
        read_it();
        count = must_be_true(lines);
        assert_true(lines < 900 ? count == lines : count > 900);
        assert_non_null(strstr(read_to, "run 7"));
    }
}

/* As many as a reset, a stray store or the firmware may do. */
static void hit(unsigned kind)
{
    uint8_t *bytes = (uint8_t *)area;
    uint32_t at = random_32() % LEFT_BYTES, length = 1 + random_32() % 4096;

    if (length > LEFT_BYTES - at)
        length = LEFT_BYTES - at;
    switch (kind) {
    case 0: bytes[at] ^= (uint8_t)(1u << random_32() % 8); return;
    case 1: memset(bytes + at, (int)random_32(), length); return;
    case 2: memmove(bytes + at, bytes + random_32() % (LEFT_BYTES - length), length); return;
    case 3: memset(bytes + sizeof(*area) + at % 64, 0, 16 + length % 64); return;
    default:
        for (uint32_t i = 0; i < length; i++)
            bytes[at + i] = (uint8_t)random_32();
    }
}

static void what_was_hit_is_missing_and_nothing_else_is_wrong(void **unused)
{
    unsigned long read = 0, none = 0, lines = 0;

    (void)unused;
    for (unsigned i = 0; i < 1000; i++) {
        uint32_t written = 1 + random_32() % 3000;

        left_begin(area, random_32(), HANDOFF_STAGE_MAIN, RECORDER_RUNNING);
        left_add_lines(area, written);
        for (unsigned hits = 1u << random_32() % 8; hits; hits--)
            hit(i % 5);
        if (!last_run_is_there(area, LEFT_BYTES)) {
            none++;
            continue;
        }
        read_it();
        lines += must_be_true(written);
        read++;
    }
    print_message("1000 corruptions: %lu logs of %lu lines in all, %lu times none\n", read, lines, none);
    assert_true(read > 500 && lines > 100000);
}

/* Whatever a sum may let pass: nothing outside of the area is read, and nothing behind the text written. */
static void lines_of_any_length_are_bounded(void **unused)
{
    (void)unused;
    for (unsigned i = 0; i < 2000; i++) {
        left_begin(area, 3, HANDOFF_STAGE_MAIN, RECORDER_RUNNING);
        for (uint64_t at = sizeof(*area); at < LEFT_BYTES;) {
            struct recorder_line *line = (struct recorder_line *)(void *)((uint8_t *)area + at);

            line->number = random_32() % 5000 * (i % 3 ? 1 : 3);
            line->bytes = i % 2 ? random_32() % 24 : random_32() % (RECORDER_TEXT_BYTES + 40);
            if (recorder_line_bytes(line->bytes) > LEFT_BYTES - at)
                break;
            memset(line->text, 'x', line->bytes);
            line->sum = recorder_line_sum(area, line);
            at += recorder_line_bytes(line->bytes);
        }
        read_it();
    }
}

static void lines_of_older_runs_do_not_count(void **unused)
{
    (void)unused;
    left_begin(area, 1, HANDOFF_STAGE_MAIN, RECORDER_RUNNING);
    left_add_lines(area, 1000);
    left_begin(area, 2, HANDOFF_STAGE_MAIN, RECORDER_RUNNING);
    left_add(area, "new");
    must_read(RECORDER_RUNNING, "run 7 was cut off by a reset, a fault or a hang, in the core, at its stage: main\nnew\n");
}

static void the_core_goes_on_where_the_loader_stopped(void **unused)
{
    struct handoff_recorder record = { .base = (uintptr_t)area, .bytes = LEFT_BYTES };
    char long_text[400];

    (void)unused;
    memset(long_text, 'y', sizeof(long_text));
    left_begin(area, 11, HANDOFF_STAGE_JUMP, RECORDER_RUNNING);
    left_add(area, "efi: jumping");
    recorder_start(&record);
    recorder_write("[1] ", 4, "core", 4);
    must_read(RECORDER_RUNNING, "run 7 was cut off by a reset, a fault or a hang, in the core, at its stage: core\nefi: jumping\n[1] core\n");
    recorder_write(long_text, sizeof(long_text), "never", 5);
    read_it();
    assert_int_equal(strlen(strchr(strstr(read_to, "[1] core"), '\n')), 1 + RECORDER_TEXT_BYTES + 1);
    recorder_end(RECORDER_PANIC);
    recorder_end(RECORDER_CLEAN);
    assert_int_equal(recorder_marked(area->key, area->end), RECORDER_PANIC);
}

/* From here on in this process: the last of the tests. */
static void what_is_left_on_purpose_outlives_a_good_end(void **unused)
{
    struct handoff_recorder record = { .base = (uintptr_t)area, .bytes = LEFT_BYTES };

    (void)unused;
    left_begin(area, 12, HANDOFF_STAGE_JUMP, RECORDER_RUNNING);
    recorder_start(&record);
    recorder_end(RECORDER_CLEAN);
    must_read(RECORDER_RUNNING, "run 7 was cut off by a reset, a fault or a hang, in the core, at its stage: core\n");
    next_run_tell("a report", 8);
    recorder_end(RECORDER_CLEAN);
    must_read(RECORDER_LEFT, "run 7 ended as it was asked to, and has left lines to be found\na report\n");
    recorder_end(RECORDER_PANIC);
    recorder_end(RECORDER_CLEAN);
    assert_int_equal(recorder_marked(area->key, area->end), RECORDER_PANIC);
}

enum { WRITERS = 4, LINES_EACH = 250 };

static void *write_lines(void *name)
{
    char line[80];

    for (unsigned i = 0; i < LINES_EACH; i++) {
        int bytes = snprintf(line, sizeof(line), "writer %s line %u %.*s", (const char *)name, i, (int)(i % 40), "----------------------------------------");

        recorder_write(line, 9, line + 9, (size_t)bytes - 9);
    }
    return NULL;
}

static void many_write_at_once(void **unused)
{
    static char names[WRITERS][2] = { "a", "b", "c", "d" };
    struct handoff_recorder record = { .base = (uintptr_t)area, .bytes = LEFT_BYTES };
    unsigned next[WRITERS] = { 0 }, count = 0, number;
    pthread_t thread[WRITERS];
    char name;

    (void)unused;
    left_begin(area, 11, HANDOFF_STAGE_JUMP, RECORDER_RUNNING);
    recorder_start(&record);
    for (unsigned i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, write_lines, names[i]), 0);
    for (unsigned i = 0; i < WRITERS; i++)
        pthread_join(thread[i], NULL);
    read_it();
    for (char *line = strchr(read_to, '\n') + 1; *line; line = strchr(line, '\n') + 1, count++) {
        assert_int_equal(sscanf(line, "writer %c line %u ", &name, &number), 2);
        assert_int_equal(number, next[name - 'a']++);
    }
    assert_int_equal(count, WRITERS * LINES_EACH);
}

static void a_stray_store_stops_the_core_from_writing(void **unused)
{
    struct handoff_recorder record = { .base = (uintptr_t)area, .bytes = LEFT_BYTES };

    (void)unused;
    for (unsigned i = 0; i < 3000; i++) {
        left_begin(area, 11, HANDOFF_STAGE_JUMP, RECORDER_RUNNING);
        recorder_start(&record);
        ((uint32_t *)area)[random_32() % (sizeof(*area) / 4)] = i % 2 ? random_32() : 0;
        recorder_write("", 0, "core", 4);
        recorder_stage(HANDOFF_STAGE_MAIN);
        recorder_end(RECORDER_CLEAN);
    }
}

/* The text lies at the end of memory that ASan watches. */
static void must_tell(uint32_t saved, const char *left, const char *wanted)
{
    size_t bytes = strlen(left);
    char *copy = malloc(bytes);
    struct handoff_last_run record = { .text = (uintptr_t)copy, .bytes = bytes, .end = RECORDER_PANIC, .saved = saved };
    struct last_run run;

    memcpy(copy, left, bytes);
    *told = '\0';
    last_run_start(&record);
    assert_string_equal(told, wanted);
    assert_true(last_run(&run));
    assert_int_equal(run.bytes, bytes);
    assert_ptr_equal(run.text, copy);
    free(copy);
}

static void the_core_tells_the_crash_first(void **unused)
{
    struct last_run run;

    (void)unused;
    last_run_start(NULL);
    assert_false(last_run(&run));
    must_tell(1, "run 7 ended in PANIC X: y\n", "run 7 ended in PANIC X: y; see \\ingot\\last.log\n");
    must_tell(0, "run 7 was cut off\none\n\ntwo\n", "run 7 was cut off; no file could be written\n| one\n| \n| two\n");
    must_tell(0, "run 7\none\nPANIC X: y\n  on cpu 0\n", "run 7; no file could be written\n| PANIC X: y\n|   on cpu 0\n");
    must_tell(0, "run 7\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n",
              "run 7; no file could be written\n| 3\n| 4\n| 5\n| 6\n| 7\n| 8\n| 9\n| 10\n| 11\n| 12\n| 13\n| 14\n");
}

int main(void)
{
#define A_TEST(name) cmocka_unit_test_setup_teardown(name, make_room, give_room)
    const struct CMUnitTest tests[] = {
        A_TEST(how_it_ended_is_said_first),
        A_TEST(rubbish_is_no_recorder),
        A_TEST(all_lines_that_fit_come_back_in_order),
        A_TEST(what_was_hit_is_missing_and_nothing_else_is_wrong),
        A_TEST(lines_of_any_length_are_bounded),
        A_TEST(lines_of_older_runs_do_not_count),
        A_TEST(the_core_goes_on_where_the_loader_stopped),
        A_TEST(many_write_at_once),
        A_TEST(a_stray_store_stops_the_core_from_writing),
        A_TEST(the_core_tells_the_crash_first),
        A_TEST(what_is_left_on_purpose_outlives_a_good_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
