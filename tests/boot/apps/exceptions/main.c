/* An application for boot tests: raises the exception vector that is asked for on its console, on the CPU and in the place that are asked for,
 * so that one machine, put back to its prompt each time, goes through all of them. A line is `VECTOR CPU PLACE`, PLACE being main, handler or
 * full: on a stack of which nothing is left. */
#include <ingot/console.h>
#include <ingot/cpu.h>
#include <ingot/format.h>
#include <ingot/log.h>
#include <ingot/probe.h>
#include <ingot/string.h>

enum { VECTORS = 32, LINE_BYTES = 64, PAGE_BYTES = 4096, RAISE_BYTES = 32 };

/* One piece of code a vector. Where a few instructions raise the real exception, they do; else INT does, as a program that jumps astray may.
 * The pieces touch no stack of their own. */
__asm__(
    "    .text\n"
    "    .balign 32\n"
    "    .globl raise_code\n"
    "raise_code:\n"
    "    xorl %ecx, %ecx\n    divl %ecx\n"                                              /* 0: division */
    "    .balign 32\n    int $1\n    .balign 32\n    int $2\n"
    "    .balign 32\n    int3\n"                                                        /* 3 */
    "    .balign 32\n    int $4\n"
    "    .balign 32\n    int $5\n"
    "    .balign 32\n    ud2\n"                                                         /* 6 */
    "    .balign 32\n    movq %cr0, %rax\n    orq $8, %rax\n    movq %rax, %cr0\n    addps %xmm0, %xmm0\n"    /* 7: CR0.TS */
    "    .balign 32\n    int $8\n"
    "    .balign 32\n    int $9\n"
    "    .balign 32\n    int $10\n"
    "    .balign 32\n    int $11\n"
    "    .balign 32\n    int $12\n"
    "    .balign 32\n    movabsq $0x1000000000000000, %rax\n    movl (%rax), %eax\n"    /* 13: not canonical */
    "    .balign 32\n    movl 0x10, %eax\n"                                             /* 14: NULL */
    "    .set vector, 15\n"
    "    .rept 17\n    .balign 32\n    int $vector\n    .set vector, vector + 1\n    .endr\n"
    "    .balign 32\n");
extern const uint8_t raise_code[];

static struct request {
    unsigned long long vector, cpu;
    char place[16];
} request;

static __attribute__((noinline, noclone)) void raise(void *unused)
{
    (void)unused;
    __asm__ volatile("call *%0" :: "r"(raise_code + request.vector * RAISE_BYTES) : "rax", "rcx", "rdx", "memory");
}

/* The page below is the stack's guard: nothing can be pushed. */
static __attribute__((noinline, noclone)) void raise_on_full_stack(void *unused)
{
    uintptr_t page = (uintptr_t)__builtin_frame_address(0) & -(uintptr_t)PAGE_BYTES;
    uint8_t byte;

    (void)unused;
    while (mmio_probe8((const void *)(page - PAGE_BYTES), &byte) == 0)
        page -= PAGE_BYTES;
    __asm__ volatile("movq %0, %%rsp\n\tjmp *%1" :: "r"(page), "r"(raise_code + request.vector * RAISE_BYTES) : "memory");
    __builtin_unreachable();
}

static void read_line(char line[LINE_BYTES])
{
    size_t used = 0;

    for (;;) {
        int key = console_key(UINT64_MAX);

        if (key == KEY_ENTER)
            break;
        if (key >= ' ' && key < 0x7f && used < LINE_BYTES - 1)
            line[used++] = (char)key;
    }
    line[used] = 0;
}

/* The word at *at; *at is moved behind it and the space that follows. */
static const char *word(char **at)
{
    const char *start = *at;

    while (**at && **at != ' ')
        ++*at;
    if (**at)
        *(*at)++ = 0;
    return start;
}

static bool parse(char *line)
{
    if (parse_number(word(&line), &request.vector) || parse_number(word(&line), &request.cpu))
        return false;
    strlcpy(request.place, word(&line), sizeof(request.place));
    return request.vector < VECTORS && request.cpu < cpu_count();
}

int main(void)
{
    static struct cpu_job job;
    char line[LINE_BYTES];

    log_info("ready for a vector");
    read_line(line);
    if (!parse(line))
        return 99;
    log_info("vector %llu on cpu %llu, %s", request.vector, request.cpu, request.place);
    if (!strcmp(request.place, "handler"))
        cpu_interrupt((uint32_t)request.cpu, &job, raise, NULL);
    else if (request.cpu)
        cpu_run((uint32_t)request.cpu, &job, !strcmp(request.place, "full") ? raise_on_full_stack : raise, NULL);
    else
        (!strcmp(request.place, "full") ? raise_on_full_stack : raise)(NULL);
    cpu_join(&job);
    log_info("it came back");
    return 0;
}
