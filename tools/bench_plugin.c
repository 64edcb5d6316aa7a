/* A QEMU TCG plugin that counts guest instructions and writes down when the boot passes its stations.
 *
 * The environment says what to look for, since plugin arguments cannot hold commas:
 *   BENCH_OUT      file that receives a line `NAME instructions` for each station, in the order of passing
 *   BENCH_CODE     NAME:HEX;NAME:HEX...: a station is passed whenever a block is entered that begins with these bytes; the last time counts
 *   BENCH_SERIAL   the file behind QEMU's serial port
 *   BENCH_LINE     extended regular expression: the station `line` is passed when that file's text has it, at its first byte
 *   BENCH_PROFILE  if it is set: the file that receives a line `ADDRESS instructions` for each block, from the first station to the line
 *
 * One guest CPU, and -icount: then counts repeat to the instruction. Repeated string instructions count once for each repetition.
 * Debian has no package of QEMU's plugin header: what is used of it is declared here (QEMU 7.2, include/qemu/qemu-plugin.h, API version 1). */
#define _GNU_SOURCE
#include <fcntl.h>
#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { PLUGIN_NO_REGISTERS = 0, PLUGIN_INLINE_ADD_U64 = 0 };

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *, void (*)(unsigned int, void *), int, void *);
void qemu_plugin_register_vcpu_tb_exec_inline(struct qemu_plugin_tb *, int, void *, uint64_t);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, void *), void *);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *);
void *qemu_plugin_insn_haddr(const struct qemu_plugin_insn *);

EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv);

enum { STATIONS_MAX = 8, CODE_MAX = 64, CODE_MIN = 6, SERIAL_MAX = 1 << 20, POLL_INSTRUCTIONS = 65536 };

struct station {
    char name[32];
    uint8_t code[CODE_MAX];
    size_t bytes;
    uint64_t passed_at;
};

static struct station stations[STATIONS_MAX];
static size_t station_count;
static uint64_t instructions, next_poll, line_passed_at;
static bool has_output;                        /* the block before wrote to a port */
static const char *serial_path;
static int serial_file = -1;
static char serial_text[SERIAL_MAX + 1];
static uint64_t serial_at[SERIAL_MAX];         /* the count when each byte was seen */
static size_t serial_bytes;
static regex_t line;
static FILE *out;

/* The profile: a counter for each translated block, cleared when the first station is passed, written when the line is seen. */
struct block {
    uint64_t address, instructions;
    struct block *next;
};
static struct block *blocks;
static const char *profile_path;

static void clear_profile(void)
{
    for (struct block *block = blocks; block; block = block->next)
        block->instructions = 0;
}

static void write_profile(void)
{
    FILE *profile = fopen(profile_path, "w");

    for (struct block *block = blocks; profile && block; block = block->next)
        if (block->instructions)
            fprintf(profile, "%#llx %llu\n", (unsigned long long)block->address, (unsigned long long)block->instructions);
    if (profile)
        fclose(profile);
}

static void count_block(struct qemu_plugin_tb *tb, size_t count)
{
    struct block *block = calloc(1, sizeof(*block));

    if (!block)
        abort();
    block->address = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, 0));
    block->next = blocks;
    blocks = block;
    qemu_plugin_register_vcpu_tb_exec_inline(tb, PLUGIN_INLINE_ADD_U64, &block->instructions, count);
}

static void look_for_line(void)
{
    regmatch_t match;

    if (line_passed_at || regexec(&line, serial_text, 1, &match, 0))
        return;
    line_passed_at = serial_at[match.rm_so];
    if (profile_path)
        write_profile();
}

/* The file grows by what the guest's port output made QEMU write. */
static void poll_serial(void)
{
    ssize_t more;

    if (serial_file < 0)
        serial_file = open(serial_path, O_RDONLY | O_CLOEXEC);
    if (serial_file < 0)
        return;
    more = pread(serial_file, serial_text + serial_bytes, SERIAL_MAX - serial_bytes, (off_t)serial_bytes);
    if (more <= 0)
        return;
    for (size_t i = serial_bytes; i < serial_bytes + (size_t)more; i++) {
        serial_at[i] = instructions;
        serial_text[i] = serial_text[i] ? serial_text[i] : ' ';
    }
    serial_bytes += (size_t)more;
    look_for_line();
}

static void on_block(unsigned int cpu, void *writes_port)
{
    (void)cpu;
    if (has_output || instructions >= next_poll) {
        poll_serial();
        next_poll = instructions + POLL_INSTRUCTIONS;
    }
    has_output = writes_port != NULL;
}

static void on_station(unsigned int cpu, void *station)
{
    (void)cpu;
    ((struct station *)station)->passed_at = instructions;
    if (profile_path && station == &stations[0])
        clear_profile();
}

/* OUT or OUTS, behind any prefixes. */
static bool is_port_output(const uint8_t *code, size_t bytes)
{
    static const uint8_t outputs[] = { 0xe6, 0xe7, 0xee, 0xef, 0x6e, 0x6f }, prefixes[] = { 0x66, 0x67, 0xf2, 0xf3 };
    size_t at = 0;

    while (at < bytes && (memchr(prefixes, code[at], sizeof(prefixes)) || (code[at] & 0xf0) == 0x40))
        at++;
    return at < bytes && memchr(outputs, code[at], sizeof(outputs));
}

/* The block's first bytes, and those behind it on its page. */
static size_t copy_code(const struct qemu_plugin_tb *block, uint8_t code[CODE_MAX])
{
    struct qemu_plugin_insn *first = qemu_plugin_tb_get_insn(block, 0);
    const uint8_t *host = qemu_plugin_insn_haddr(first);
    size_t page_left = 4096 - (qemu_plugin_insn_vaddr(first) & 4095), bytes = 0;

    if (host) {
        bytes = page_left < CODE_MAX ? page_left : CODE_MAX;
        memcpy(code, host, bytes);
        return bytes;
    }
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
        const struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(block, i);
        size_t size = qemu_plugin_insn_size(insn);

        if (size > CODE_MAX - bytes)
            break;
        memcpy(code + bytes, qemu_plugin_insn_data(insn), size);
        bytes += size;
    }
    return bytes;
}

static void watch_stations(struct qemu_plugin_tb *block)
{
    uint8_t code[CODE_MAX];
    size_t bytes = copy_code(block, code);

    for (size_t i = 0; i < station_count; i++) {
        size_t same = stations[i].bytes < bytes ? stations[i].bytes : bytes;

        if (same >= CODE_MIN && !memcmp(code, stations[i].code, same))
            qemu_plugin_register_vcpu_tb_exec_cb(block, on_station, PLUGIN_NO_REGISTERS, &stations[i]);
    }
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
    size_t count = qemu_plugin_tb_n_insns(block);
    bool writes_port = false;

    (void)id;
    for (size_t i = 0; i < count && !writes_port; i++) {
        const struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(block, i);

        writes_port = is_port_output(qemu_plugin_insn_data(insn), qemu_plugin_insn_size(insn));
    }
    qemu_plugin_register_vcpu_tb_exec_cb(block, on_block, PLUGIN_NO_REGISTERS, writes_port ? &has_output : NULL);
    watch_stations(block);
    qemu_plugin_register_vcpu_tb_exec_inline(block, PLUGIN_INLINE_ADD_U64, &instructions, count);
    if (profile_path)
        count_block(block, count);
}

static void on_exit_of_qemu(qemu_plugin_id_t id, void *unused)
{
    (void)id, (void)unused;
    poll_serial();
    for (size_t i = 0; i < station_count; i++)
        if (stations[i].passed_at)
            fprintf(out, "%s %llu\n", stations[i].name, (unsigned long long)stations[i].passed_at);
    if (line_passed_at)
        fprintf(out, "line %llu\n", (unsigned long long)line_passed_at);
    fclose(out);
}

static void read_station(const char *text)
{
    struct station *station = &stations[station_count++];
    const char *hex = strchr(text, ':');
    unsigned value;

    if (!hex || (size_t)(hex - text) >= sizeof(station->name))
        exit(2);
    memcpy(station->name, text, (size_t)(hex - text));
    for (hex++; station->bytes < CODE_MAX && sscanf(hex, "%2x", &value) == 1; hex += 2)
        station->code[station->bytes++] = (uint8_t)value;
}

int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
    char *code = strdup(getenv("BENCH_CODE"));

    (void)info, (void)argc, (void)argv;
    serial_path = getenv("BENCH_SERIAL");
    profile_path = getenv("BENCH_PROFILE");
    out = fopen(getenv("BENCH_OUT"), "w");
    if (!out || regcomp(&line, getenv("BENCH_LINE"), REG_EXTENDED))
        return -1;
    for (char *text = strtok(code, ";"); text && station_count < STATIONS_MAX; text = strtok(NULL, ";"))
        read_station(text);
    free(code);
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    qemu_plugin_register_atexit_cb(id, on_exit_of_qemu, NULL);
    return 0;
}
