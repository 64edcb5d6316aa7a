/* What only x86 has: CPUID, model-specific registers, I/O ports. */
#include "monitor.h"

#include <ingot/console.h>
#include <ingot/cpu.h>
#include <ingot/error.h>
#include <ingot/facts.h>
#include <ingot/format.h>
#include <ingot/irq.h>
#include <ingot/machine.h>
#include <ingot/port_io.h>
#include <ingot/probe.h>
#include <ingot/prompt.h>
#include <ingot/string.h>

enum { SUBLEAVES_MAX = 32, LEAVES_MAX = 64, KINDS_MAX = 8 };

struct registers {
    uint32_t eax, ebx, ecx, edx;
};

static IRQ_HANDLER struct registers cpuid(uint32_t leaf, uint32_t subleaf)
{
    struct registers r;

    __asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(subleaf));
    return r;
}

/* Intel SDM vol. 2A, "CPUID"; AMD64 APM vol. 3, appendix E. Names of bits 0, 1, 2 ... of a register; - is one without. */
static const struct {
    uint32_t leaf;
    uint8_t reg;                         /* 0 EAX to 3 EDX */
    const char *names;
} features[] = {
    { 1, 3, "fpu vme de pse tsc msr pae mce cx8 apic - sep mtrr pge mca cmov pat pse36 psn clfsh - ds acpi mmx fxsr sse sse2 ss htt tm - pbe" },
    { 1, 2, "sse3 pclmulqdq dtes64 monitor ds-cpl vmx smx est tm2 ssse3 cnxt-id sdbg fma cx16 xtpr pdcm - pcid dca sse4.1 sse4.2 x2apic movbe "
            "popcnt tsc-deadline aes xsave osxsave avx f16c rdrand hypervisor" },
    { 7, 1, "fsgsbase tsc-adjust sgx bmi1 hle avx2 - smep bmi2 erms invpcid rtm pqm - mpx pqe avx512f avx512dq rdseed adx smap avx512-ifma - "
            "clflushopt clwb pt avx512pf avx512er avx512cd sha avx512bw avx512vl" },
    { 7, 2, "prefetchwt1 avx512-vbmi umip pku ospke waitpkg avx512-vbmi2 cet-ss gfni vaes vpclmulqdq avx512-vnni avx512-bitalg tme "
            "avx512-vpopcntdq - la57 - - - - - rdpid kl bus-lock cldemote - movdiri movdir64b enqcmd sgx-lc pks" },
    { 7, 3, "- - - - fsrm uintr - - - - md-clear - - - serialize hybrid - - pconfig - cet-ibt - amx-bf16 - amx-tile amx-int8" },
    { 0x80000001, 2, "lahf - svm - - abm sse4a - 3dnowprefetch - ibs xop skinit wdt - - fma4 - - tbm" },
    { 0x80000001, 3, "- - - - - - - - - - - syscall - - - - - - - - nx - - - - - pdpe1gb rdtscp - lm" },
    { 0x80000007, 3, "- - - - - - - - invariant-tsc" },
};

/* Adds the names of the bits that are set. */
static IRQ_HANDLER uint32_t add_names(char *out, uint32_t bytes, uint32_t used, const char *names, uint32_t bits)
{
    for (; *names; bits >>= 1) {
        const char *end = names;

        while (*end && *end != ' ')
            end++;
        if (bits & 1 && *names != '-' && used + (uint32_t)(end - names) + 2 < bytes) {
            if (used)
                out[used++] = ' ';
            while (names < end)
                out[used++] = *names++;
        }
        names = *end ? end + 1 : end;
    }
    out[used] = 0;
    return used;
}

IRQ_HANDLER void cpu_features(char *out, uint32_t bytes)
{
    uint32_t used = 0;

    out[0] = 0;
    for (unsigned i = 0; i < sizeof(features) / sizeof(features[0]); i++) {
        struct registers r;

        if (cpuid(features[i].leaf & 0x80000000, 0).eax < features[i].leaf)
            continue;
        r = cpuid(features[i].leaf, 0);
        used = add_names(out, bytes, used, features[i].names, (&r.eax)[features[i].reg]);
    }
}

/* What is asked on another CPU, and its answer. */
static struct question {
    uint32_t leaf, subleaf, msr;
    uint64_t value;
    int error;
    struct registers r;
    char features[1024];
} question;

static IRQ_HANDLER void ask_cpuid(void *unused)
{
    (void)unused;
    question.r = cpuid(question.leaf, question.subleaf);
}

static IRQ_HANDLER void ask_features(void *unused)
{
    (void)unused;
    cpu_features(question.features, sizeof(question.features));
}

static IRQ_HANDLER void ask_msr(void *unused)
{
    (void)unused;
    question.error = msr_read_safe(question.msr, &question.value);
}

static IRQ_HANDLER void tell_msr(void *unused)
{
    (void)unused;
    question.error = msr_write_safe(question.msr, question.value);
}

static int cpuid_on(uint32_t cpu, uint32_t leaf, uint32_t subleaf)
{
    question.leaf = leaf;
    question.subleaf = subleaf;
    return run_on(cpu, ask_cpuid, NULL);
}

/* ---- CPUID ---- */

int cpu_signature(uint32_t cpu, uint32_t *out_signature)
{
    int error = cpuid_on(cpu, 1, 0);

    if (error == 0)
        *out_signature = question.r.eax;
    return error;
}

bool cpu_of_kind(unsigned index, uint32_t *out_cpu)
{
    uint64_t seen[KINDS_MAX];
    struct cpu_place place;
    uint32_t signature = 0;
    unsigned kinds = 0, i;

    for (uint32_t cpu = 0; cpu_place(cpu, &place) && kinds < KINDS_MAX; cpu++) {
        if (cpu_signature(cpu, &signature))
            continue;
        seen[kinds] = (uint64_t)place.kind << 32 | signature;
        for (i = 0; seen[i] != seen[kinds]; i++)
            ;
        if (i < kinds)
            continue;
        *out_cpu = cpu;
        if (kinds++ == index)
            return true;
    }
    return false;
}

static void show_leaf(uint32_t leaf, uint32_t subleaf)
{
    facts("leaf %#010x subleaf %u eax %#010x ebx %#010x ecx %#010x edx %#010x", leaf, subleaf, question.r.eax, question.r.ebx, question.r.ecx,
          question.r.edx);
}

static bool has_subleaves(uint32_t leaf)
{
    static const uint8_t with[] = { 4, 7, 0xb, 0xd, 0xf, 0x10, 0x12, 0x14, 0x17, 0x18, 0x1b, 0x1d, 0x1f, 0x20, 0x23, 0x24 };

    return leaf == 0x8000001d || (leaf <= 0xff && memchr(with, (int)leaf, sizeof(with)));
}

/* Subleaves up to the first that says nothing. */
static int show_leaves(uint32_t cpu, uint32_t first)
{
    uint32_t past;
    int error;

    if ((error = cpuid_on(cpu, first, 0)))
        return error;
    past = question.r.eax - first < LEAVES_MAX ? question.r.eax + 1 : first;
    for (uint32_t leaf = first; leaf < past && !console_interrupted(); leaf++)
        for (uint32_t sub = 0; sub < (has_subleaves(leaf) ? SUBLEAVES_MAX : 1); sub++) {
            if ((error = cpuid_on(cpu, leaf, sub)))
                return error;
            if (sub && !(question.r.eax | question.r.ebx))
                break;
            show_leaf(leaf, sub);
        }
    return 0;
}

static int show_kinds(void)
{
    static const char *const kind[] = { NULL, "performance", "efficient" };
    struct cpu_place place;
    int error = 0;
    uint32_t cpu;

    for (unsigned i = 0; cpu_of_kind(i, &cpu) && error == 0; i++) {
        if ((error = run_on(cpu, ask_features, NULL)))
            break;
        cpu_place(cpu, &place);
        facts_begin("cpu %u kind %s features %s", cpu, kind[place.kind], question.features);
        facts_list("leaves");
        error = show_leaves(cpu, 0);
        if (error == 0)
            error = show_leaves(cpu, 0x40000000);
        if (error == 0)
            error = show_leaves(cpu, 0x80000000);
        facts_end();
        facts_end();
    }
    return error;
}

static int show_cpuid(int argc, char **argv)
{
    uint64_t leaf, subleaf = 0;
    uint32_t cpu = 0;
    int error;

    if (argc == 1)
        return show_kinds();
    if (argc > 4 || read_number(argv[1], UINT32_MAX, &leaf) || (argc > 2 && read_number(argv[2], UINT32_MAX, &subleaf)) ||
        (argc > 3 && read_cpu(argv[3], &cpu)))
        return PROMPT_USAGE;
    error = cpuid_on(cpu, (uint32_t)leaf, (uint32_t)subleaf);
    if (error == 0)
        show_leaf((uint32_t)leaf, (uint32_t)subleaf);
    return error;
}
COMMAND(cpuid, "[LEAF [SUBLEAF [CPU]]]: what CPUs say of themselves; without LEAF all of one CPU of each kind", show_cpuid);

/* ---- model-specific registers ---- */

static int msr(int argc, char **argv)
{
    uint64_t number, value = 0;
    uint32_t cpu = 0;
    int error;

    if (argc < 2 || argc > 4 || read_number(argv[1], UINT32_MAX, &number) || (argc > 2 && read_cpu(argv[2], &cpu)) ||
        (argc > 3 && expression_value(argv[3], &value)))
        return PROMPT_USAGE;
    if (argc > 3 && machine_secure_boot())
        return ERR_DENIED;
    question.msr = (uint32_t)number;
    question.value = value;
    error = run_on(cpu, argc > 3 ? tell_msr : ask_msr, NULL);
    if (error || (error = question.error))
        return error;
    if (argc < 4)
        facts("msr %#x cpu %u value %#018llx", question.msr, cpu, ULL(question.value));
    return 0;
}
COMMAND(msr, "NUMBER [CPU [VALUE]]: reads a model-specific register of a CPU (0), or writes VALUE to it", msr);

/* ---- ports ---- */

static int read_port(int argc, char **argv)
{
    uint64_t port;
    unsigned bytes = 1;
    uint8_t byte = 0;
    uint16_t half = 0;
    uint32_t word = 0;
    int error;

    if (argc < 2 || argc > 3 || read_number(argv[1], 0xffff, &port) || (argc > 2 && read_width(argv[2], 4, &bytes)))
        return PROMPT_USAGE;
    error = bytes == 1 ? port_probe8((uint16_t)port, &byte) : bytes == 2 ? port_probe16((uint16_t)port, &half)
                                                                         : port_probe32((uint16_t)port, &word);
    if (error == ERR_FAULT)
        return error;
    facts("port %#06x width %u value %#x", (unsigned)port, bytes, byte | half | word);
    return 0;
}
COMMAND(in, "PORT [WIDTH]: reads 1 (or 2, 4) bytes from an I/O port; all ones where nobody answers", read_port);

static int write_port(int argc, char **argv)
{
    uint64_t port, value;
    unsigned bytes = 1;

    if (argc < 3 || argc > 4 || read_number(argv[1], 0xffff, &port) || (argc > 3 && read_width(argv[3], 4, &bytes)) ||
        read_number(argv[2], UINT32_MAX >> (32 - bytes * 8), &value))
        return PROMPT_USAGE;
    if (machine_secure_boot())
        return ERR_DENIED;
    if (bytes == 1)
        port_write8((uint16_t)port, (uint8_t)value);
    else if (bytes == 2)
        port_write16((uint16_t)port, (uint16_t)value);
    else
        port_write32((uint16_t)port, (uint32_t)value);
    return 0;
}
COMMAND(out, "PORT VALUE [WIDTH]: writes 1 (or 2, 4) bytes to an I/O port", write_port);
