/* Ways to fail, to see how that is told. */
#include "monitor.h"

#include <ingot/cpu.h>
#include <ingot/facts.h>
#include <ingot/heap.h>
#include <ingot/panic.h>
#include <ingot/prompt.h>
#include <ingot/string.h>

#define PRESS static __attribute__((noinline, noclone)) void

/* In assembly, so that the compiler neither sees what is coming nor moves it. */
static inline void touch(uint64_t address) { __asm__ volatile("movb $0, (%0)" :: "r"(address) : "memory"); }

PRESS crash_null(void) { touch(0x10); }
PRESS crash_write_text(void) { touch((uint64_t)crash_null); }
PRESS crash_write_constant(void) { touch((uint64_t)"constant"); }
PRESS crash_unmapped(void) { touch(1ull << 45); }
PRESS crash_jump(void) { __asm__ volatile("call *%0" :: "r"(1ull << 45) : "memory"); }
PRESS crash_divide(void) { __asm__ volatile("xorl %%ecx, %%ecx; movl $1, %%eax; cltd; idivl %%ecx" ::: "eax", "ecx", "edx", "memory"); }
PRESS crash_ud2(void) { __asm__ volatile("ud2" ::: "memory"); }
PRESS crash_gp(void) { __asm__ volatile("movb $0, (%0)" :: "r"(1ull << 63) : "memory"); }
PRESS crash_int3(void) { __asm__ volatile("int3" ::: "memory"); }
PRESS crash_nmi(void) { __asm__ volatile("int $2" ::: "memory"); }
PRESS crash_panic(void) { panic_code("CRASH", "asked for at the prompt"); }
PRESS crash_assert(void) { assert(cpu_count() == 0); }

static __attribute__((noinline, noclone)) uint64_t sink(uint64_t depth)
{
    volatile uint64_t room[8] = { depth };

    return room[0] < 1ull << 40 ? sink(depth + 1) + room[0] : 0;
}

PRESS crash_stack(void) { sink(0); }

PRESS crash_array(void)
{
    char array[16];

    memset(array, 0x55, sizeof(array) + strlen("and 24 bytes too many..."));
    __asm__ volatile("" :: "r"(array) : "memory");
}

PRESS crash_free(void)
{
    void *block = malloc(64);

    free(block);
    free(block);
}

PRESS crash_hang(void)
{
    cpu_interrupts_off();
    for (;;)
        cpu_relax();
}

/* An IDT without entries: the fault that follows has no handler, and the fault about that has none (SDM vol. 3A, "Double Fault"). */
PRESS crash_triple(void)
{
    struct { uint16_t limit; uint64_t base; } __attribute__((packed)) none = { 0, 0 };

    __asm__ volatile("lidt %0; int3" :: "m"(none) : "memory");
}

static const struct {
    const char *name;
    void (*press)(void);
} kinds[] = {
    { "null", crash_null }, { "write-text", crash_write_text }, { "write-constant", crash_write_constant }, { "unmapped", crash_unmapped },
    { "jump", crash_jump }, { "stack", crash_stack }, { "array", crash_array }, { "divide", crash_divide }, { "ud2", crash_ud2 },
    { "gp", crash_gp }, { "int3", crash_int3 }, { "nmi", crash_nmi }, { "panic", crash_panic }, { "assert", crash_assert },
    { "free", crash_free }, { "hang", crash_hang }, { "triple", crash_triple },
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static const char *kind_name(unsigned index) { return index < KINDS ? kinds[index].name : NULL; }

static void press(void *argument) { ((void (*)(void))argument)(); }

static int crash(int argc, char **argv)
{
    static struct cpu_job job;
    uint32_t cpu = 0;

    for (unsigned i = 0; argc == 1 && i < KINDS; i++)
        facts("kind %s", kinds[i].name);
    if (argc == 1)
        return 0;
    if (argc > 3 || (argc == 3 && read_cpu(argv[2], &cpu)))
        return PROMPT_USAGE;
    for (unsigned i = 0; i < KINDS; i++)
        if (!strcmp(kinds[i].name, argv[1])) {
            if (cpu != cpu_id())
                return cpu_run(cpu, &job, press, (void *)kinds[i].press);
            kinds[i].press();
            return 0;
        }
    prompt_complain("%s: no such kind; `crash` lists them", argv[1]);
    return PROMPT_USAGE;
}
COMMAND(crash, "[KIND [CPU]]: fails in this way, on a CPU (0); without KIND tells the ways", crash, kind_name);
