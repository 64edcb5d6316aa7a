/* gdb's remote protocol: what it answers, and that any bytes get whole packets or nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/host/model_gdb.h"

static int reset(void **state)
{
    (void)state;
    model_reset();
    return 0;
}

/* The answer's text, without its frame and the acknowledgement. */
static const char *ask(const char *text)
{
    static char answer[MODEL_SENT + 1];
    char *end;

    model_forget();
    model_packet(text, strlen(text));
    assert_true(model_sent_well());
    if (!strchr(model_sent, '$'))
        return "nothing";
    strcpy(answer, strchr(model_sent, '$') + 1);
    end = strrchr(answer, '#');
    *end = 0;
    return answer;
}

static void expect(const char *text, const char *answer) { assert_string_equal(ask(text), answer); }

static void packets_are_acknowledged_until_gdb_says_no(void **state)
{
    (void)state;
    model_packet("?", 1);
    assert_string_equal(model_sent, "+$T05thread:1;#d7");
    model_forget();
    for (const char *at = "$?#00"; *at; at++)
        gdb_take((uint8_t)*at);
    assert_string_equal(model_sent, "-");
    expect("QStartNoAckMode", "OK");
    model_forget();
    model_packet("?", 1);
    assert_int_equal(model_sent[0], '$');
    expect("qSupported:swbreak+", ask("qSupported:swbreak+"));
    assert_int_equal(model_sent[0], '+');      /* a gdb that begins */
}

static void an_answer_that_was_not_understood_comes_again(void **state)
{
    char first[MODEL_SENT + 1];

    (void)state;
    ask("?");
    strcpy(first, model_sent + 1);
    model_forget();
    gdb_take('-');
    assert_string_equal(model_sent, first);
}

static void memory_is_read_and_written_where_there_is_some(void **state)
{
    (void)state;
    expect("m10010,4", "10111213");
    expect("m10ffe,8", "feff");
    expect("m0,4", "E0e");
    expect("mffffffffffffffff,4", "E0e");
    expect("m11111111111111111,4", "E16");
    expect("m10010", "E16");
    expect("M10010,2:abcd", "OK");
    expect("m10010,2", "abcd");
    expect("M10010,2:abc", "E16");
    expect("M10fff,2:abcd", "E0e");
    expect("X10020,0:", "OK");
    expect("X10020,2:}\x03z", "OK");
    expect("m10020,2", "237a");
    expect("X10020,2:abc", "E16");
}

static void registers_are_those_of_the_thread(void **state)
{
    (void)state;
    expect("P1=8877665544332211", "OK");
    expect("p1", "8877665544332211");
    expect("Hg2", "OK");
    expect("p1", "0000000000000000");
    expect("Hg0", "OK");
    expect("p17", "xxxxxxxx");
    expect("P17=00000000", "E16");
    expect("p4b", "E16");
    expect("Hg5", "E16");
    expect("Hg-1", "OK");
    expect("T4", "OK");
    expect("T5", "E16");
    model_away[3] = true;
    expect("T4", "E16");
    expect("qfThreadInfo", "m1,2,3");
    expect("qsThreadInfo", "l");
    assert_int_equal(strlen(ask("g")), 2 * (17 * 8 + 7 * 4 + 51 * 16));
}

static void cpus_do_what_the_first_action_that_fits_says(void **state)
{
    bool signal;

    (void)state;
    expect("vCont?", "vCont;c;C;s;S");
    assert_int_equal(model_packet("vCont;s:2;c", 11), GDB_GO);
    assert_int_equal(gdb_action(0, &signal), GDB_RUN);
    assert_int_equal(gdb_action(1, &signal), GDB_STEP);
    assert_int_equal(model_packet("vCont;c:3", 9), GDB_GO);
    assert_int_equal(gdb_action(0, &signal), GDB_HOLD);
    assert_int_equal(gdb_action(2, &signal), GDB_RUN);
    expect("vCont", "E16");
    expect("vCont;x", "E16");
    expect("vCont;c:9", "E16");
    assert_int_equal(model_packet("s", 1), GDB_GO);
    assert_int_equal(gdb_action(0, &signal), GDB_STEP);
    assert_int_equal(gdb_action(1, &signal), GDB_HOLD);
}

static void a_signal_is_passed_on_to_whom_it_stopped(void **state)
{
    static const struct gdb_stop fault = { .cpu = 1, .signal = GDB_SIGSEGV };
    bool signal;

    (void)state;
    gdb_stopped(&fault);
    model_packet("vCont;C0b:2;c", 13);
    gdb_action(1, &signal);
    assert_true(signal);
    gdb_action(0, &signal);
    assert_false(signal);
    model_packet("vCont;c", 7);
    gdb_action(1, &signal);
    assert_false(signal);
}

static void a_stop_is_told_to_who_waits(void **state)
{
    static const struct gdb_stop watch = { 2, GDB_SIGTRAP, GDB_WATCH, 0x1234 }, breakpoint = { 1, GDB_SIGTRAP, GDB_SOFTWARE_BREAK, 0 };

    (void)state;
    gdb_stopped(&watch);
    assert_string_equal(model_sent, "");
    ask("qSupported:swbreak+;hwbreak+");
    model_packet("vCont;c", 7);
    model_forget();
    gdb_stopped(&watch);
    assert_non_null(strstr(model_sent, "$T05thread:3;watch:1234;#"));
    model_packet("c", 1);
    gdb_stopped(&breakpoint);
    assert_non_null(strstr(model_sent, "$T05thread:2;swbreak:;#"));
}

static void points_are_set_and_what_is_not_there_is_said(void **state)
{
    (void)state;
    expect("Z0,10010,1", "OK");
    expect("Z2,10010,4", "OK");
    assert_int_equal(model_points, 2);
    expect("z0,10010,1", "OK");
    assert_int_equal(model_points, 1);
    expect("Z3,10010,4", "");
    expect("Z9,10010,4", "");
    expect("Z0,0,1", "E0e");
    expect("Z0,0", "E16");
    expect("unknown", "");
    expect("qUnknown", "");
    expect("vUnknown", "");
}

/* Piece by piece, and with the escapes undone, the document is what it was. */
static void documents_come_in_pieces(void **state)
{
    char whole[4096], question[64];
    size_t got = 0;
    const char *answer;

    (void)state;
    do {
        snprintf(question, sizeof(question), "qXfer:features:read:target.xml:%zx,400", got);
        answer = ask(question);
        for (const char *at = answer + 1; *at; at++)
            whole[got++] = *at == '}' ? *++at ^ 0x20 : *at;
    } while (*answer == 'm' && got < sizeof(whole) - 2048);
    assert_int_equal(got, 3000);
    for (size_t i = 0; i < got; i++)
        assert_int_equal(whole[i], "<target>#$*}"[i % 12]);
    expect("qXfer:memory-map:read::0,400", "l<memory-map/>");
    expect("qXfer:features:read:other.xml:0,400", "");
    assert_non_null(strstr(ask("qXfer:threads:read::0,400"), "<thread id=\"4\" core=\"3\" name=\"cpu 3\"/>"));
    expect("qOffsets", "Text=1000;Data=1000;Bss=1000");
}

static void monitor_commands_are_run(void **state)
{
    (void)state;
    ask("qRcmd,68656c6c6f");
    assert_non_null(strstr(model_sent, "$O68656c6c6f20796f757273656c660a#"));
    assert_non_null(strstr(model_sent, "$OK#9a"));
    ask("qRcmd,6e6f");
    assert_non_null(strstr(model_sent, "$O5468657265206973206e6f"));
    expect("qRcmd,6,7", "E16");
    expect("qRcmd,zz", "E16");
}

/* ---- while the machine runs ---- */

static bool hear(const char *text)
{
    bool wanted = false;

    for (; *text; text++)
        wanted = gdb_hear((uint8_t)*text, model_give_back);
    return wanted;
}

static void what_a_person_types_comes_back(void **state)
{
    (void)state;
    assert_false(hear("echo $qS$qSup $x\x03+-#00\r"));
    assert_string_equal(model_typed, "echo $qS$qSup $x\x03+-#00\r");
    model_forget();
    hear("$qSupp");
    assert_string_equal(model_typed, "");
    hear("\r");
    assert_string_equal(model_typed, "$qSupp\r");
}

static void a_gdb_that_begins_is_heard(void **state)
{
    (void)state;
    assert_true(hear("text $qSupported:swbreak+#8b"));
    assert_string_equal(model_typed, "text ");
    model_forget();
    assert_int_equal(gdb_take_kept(), GDB_STAY);
    assert_non_null(strstr(model_sent, "$PacketSize=7ff;"));
    assert_true(gdb_is_attached());
    model_packet("vCont;c", 7);
    assert_false(hear("+"));
    assert_true(hear("\x03"));
    assert_true(hear("$qSupported#37"));       /* another one, on the same line */
    assert_false(hear("$qSupported#38"));
    assert_false(hear("$qSupported:\r"));      /* cut off: what follows is a person's again */
    model_forget();
    hear("a");
    assert_string_equal(model_typed, "a");
    model_packet("D", 1);
    assert_false(gdb_is_attached());
    assert_false(hear("\x03"));
}

static void a_packet_that_is_too_long_is_none(void **state)
{
    (void)state;
    gdb_take('$');
    for (unsigned i = 0; i < 3 * GDB_PACKET_BYTES; i++)
        gdb_take('m');
    gdb_take('#');
    assert_string_equal(model_sent, "");
    expect("qC", "QC1");
}

/* ---- any packets ---- */

static uint64_t seed = 88172645463325252;

static uint64_t any(uint64_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % below;
}

static size_t any_packet(char *out)
{
    static const char *const good[] = {
        "qSupported:swbreak+;hwbreak+", "?", "g", "Hg1", "Hc-1", "p1", "P2=0011223344556677", "m10010,40", "M10010,4:00112233", "Z0,10020,1",
        "z2,10020,4", "vCont;c", "vCont;s:1;c:2;C05:3", "vCont?", "qXfer:features:read:target.xml:0,7fa", "qXfer:threads:read::0,20",
        "qXfer:memory-map:read::3,4", "qRcmd,68656c6c6f", "qfThreadInfo", "qsThreadInfo", "qOffsets", "qC", "T2", "X10010,3:}\x03""ab", "D", "k",
        "vKill;1", "c", "s", "QStartNoAckMode", "qAttached", "qSymbol::", "G0011", "vCont;S0b:1",
    };
    const char *from = good[any(sizeof(good) / sizeof(good[0]))];
    size_t bytes = strlen(from);

    memcpy(out, from, bytes);
    for (uint64_t changes = any(4); changes; changes--) {
        size_t at = any(bytes + 1);

        switch (any(4)) {
        case 0: out[at] = (char)any(256); bytes += at == bytes; break;
        case 1: out[at] = "0123456789abcdef:;,=-#$}*"[any(25)]; bytes += at == bytes; break;
        case 2: bytes = at; break;
        default: memset(out + bytes, "f0:;,"[any(5)], 40); bytes += any(40);
        }
    }
    return bytes;
}

static void any_packets_get_whole_answers(void **state)
{
    const char *full = getenv("INGOT_FULL");
    unsigned count = full && *full ? 1000000 : 100000;
    struct gdb_stop stop = { .signal = GDB_SIGTRAP };
    char packet[512];
    bool signal;

    (void)state;
    for (unsigned i = 0; i < count; i++) {
        size_t bytes = any_packet(packet);

        model_forget();
        if (any(8) == 0)
            hear("text\x03$qSupported#37");
        if (model_packet(packet, bytes) == GDB_GO) {
            for (uint32_t cpu = 0; cpu < MODEL_CPUS; cpu++)
                assert_in_range(gdb_action(cpu, &signal), GDB_HOLD, GDB_STEP);
            stop.cpu = (uint32_t)any(MODEL_CPUS);
            stop.reason = (enum gdb_reason)any(GDB_ACCESS + 1);
            gdb_stopped(&stop);
        }
        assert_true(model_sent_well());
    }
    printf("# ran %u packets\n", count);
    model_reset();
    expect("qC", "QC1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(packets_are_acknowledged_until_gdb_says_no, reset),
        cmocka_unit_test_setup(an_answer_that_was_not_understood_comes_again, reset),
        cmocka_unit_test_setup(memory_is_read_and_written_where_there_is_some, reset),
        cmocka_unit_test_setup(registers_are_those_of_the_thread, reset),
        cmocka_unit_test_setup(cpus_do_what_the_first_action_that_fits_says, reset),
        cmocka_unit_test_setup(a_signal_is_passed_on_to_whom_it_stopped, reset),
        cmocka_unit_test_setup(a_stop_is_told_to_who_waits, reset),
        cmocka_unit_test_setup(points_are_set_and_what_is_not_there_is_said, reset),
        cmocka_unit_test_setup(documents_come_in_pieces, reset),
        cmocka_unit_test_setup(monitor_commands_are_run, reset),
        cmocka_unit_test_setup(what_a_person_types_comes_back, reset),
        cmocka_unit_test_setup(a_gdb_that_begins_is_heard, reset),
        cmocka_unit_test_setup(a_packet_that_is_too_long_is_none, reset),
        cmocka_unit_test_setup(any_packets_get_whole_answers, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
