/* A QEMU TCG plugin that counts guest instructions between marks (tests/boot/apps/bench_cpus): a block that begins by loading 'mark' into
 * EAX, and then a number, begins an operation of that number; one with 'endm' ends it. The environment names the file for the counts,
 * BENCH_OUT: a line `NUMBER TRIALS MEAN0 WORST0 MEAN` for each operation, of CPU 0 twice and of all CPUs together.
 *
 * For -icount, under which the CPUs take turns, so that one who waits (PAUSE) lets the others do what he waits for.
 * Debian has no package of QEMU's plugin header: what is used of it is declared here (QEMU 7.2, include/qemu/qemu-plugin.h, API version 1). */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum { PLUGIN_NO_REGISTERS = 0 };

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, struct qemu_plugin_tb *));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *, void (*)(unsigned int, void *), int, void *);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, void *), void *);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *);

EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv);

enum { OPERATIONS = 16, LOAD_EAX = 0xb8, LOAD_BYTES = 5, MARK_BEGIN = 0x6d61726b, MARK_END = 0x656e646d };

struct operation {
    uint64_t begin_first, begin_all, sum_first, sum_all, worst, trials;
};
static struct operation operations[OPERATIONS];
static uint64_t count_first, count_all;        /* instructions of CPU 0, and of all */

static void on_block(unsigned int cpu, void *instructions)
{
    count_all += (uintptr_t)instructions;
    if (cpu == 0)
        count_first += (uintptr_t)instructions;
}

static void on_begin(unsigned int cpu, void *operation)
{
    struct operation *begun = operation;

    (void)cpu;
    begun->begin_first = count_first;
    begun->begin_all = count_all;
}

static void on_end(unsigned int cpu, void *operation)
{
    struct operation *ended = operation;
    uint64_t first = count_first - ended->begin_first;

    (void)cpu;
    ended->sum_first += first;
    ended->sum_all += count_all - ended->begin_all;
    ended->worst = first > ended->worst ? first : ended->worst;
    ended->trials++;
}

/* What an instruction loads into EAX; 0 if it does something else. */
static uint32_t loaded(const struct qemu_plugin_insn *instruction)
{
    const uint8_t *code = qemu_plugin_insn_data(instruction);
    uint32_t value;

    if (qemu_plugin_insn_size(instruction) != LOAD_BYTES || code[0] != LOAD_EAX)
        return 0;
    memcpy(&value, code + 1, sizeof(value));
    return value;
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
    size_t count = qemu_plugin_tb_n_insns(block);
    uint32_t mark = loaded(qemu_plugin_tb_get_insn(block, 0)), number;

    (void)id;
    qemu_plugin_register_vcpu_tb_exec_cb(block, on_block, PLUGIN_NO_REGISTERS, (void *)(uintptr_t)count);
    if (count < 2 || (mark != MARK_BEGIN && mark != MARK_END))
        return;
    number = loaded(qemu_plugin_tb_get_insn(block, 1));
    if (number < OPERATIONS)
        qemu_plugin_register_vcpu_tb_exec_cb(block, mark == MARK_BEGIN ? on_begin : on_end, PLUGIN_NO_REGISTERS, &operations[number]);
}

static void on_exit_of_qemu(qemu_plugin_id_t id, void *unused)
{
    FILE *out = fopen(getenv("BENCH_OUT"), "w");

    (void)id, (void)unused;
    for (unsigned i = 0; out && i < OPERATIONS; i++) {
        const struct operation *each = &operations[i];

        if (each->trials)
            fprintf(out, "%u %llu %llu %llu %llu\n", i, (unsigned long long)each->trials, (unsigned long long)(each->sum_first / each->trials),
                    (unsigned long long)each->worst, (unsigned long long)(each->sum_all / each->trials));
    }
    if (out)
        fclose(out);
}

int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
    (void)info, (void)argc, (void)argv;
    if (!getenv("BENCH_OUT"))
        return -1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    qemu_plugin_register_atexit_cb(id, on_exit_of_qemu, NULL);
    return 0;
}
