/* An application for boot tests of the flight recorder: the first word says how the run ends. The run behind it tells what it got of that one,
 * and ends well; with "again" as second word it goes on as the first one did. */
#include <ingot/cpu.h>
#include <ingot/last_run.h>
#include <ingot/log.h>
#include <ingot/panic.h>
#include <ingot/port_io.h>
#include <ingot/string.h>

enum { MANY = 4000, PORT_RESET = 0xcf9, HARD_RESET = 6 };

static void divide(void) { __asm__ volatile("div %0" :: "r"(0), "a"(1), "d"(0)); }
static void read_null(void) { __asm__ volatile("mov 0, %%rax" ::: "rax"); }
static void fail_assert(void) { assert(cpu_count() == 0); }
static void call_panic(void) { panic("asked for by %s", "the test"); }

static uint64_t deeper(uint64_t depth)
{
    volatile uint64_t room[8] = { depth };

    return room[0] < 1ull << 40 ? deeper(depth + 1) + room[0] : 0;
}

static void overflow(void) { deeper(0); }

/* No vectors at all: the second fault has no handler either, nor has the third (SDM vol. 3A, "Interrupt 8"). */
static void triple_fault(void)
{
    struct { uint16_t limit; uint64_t base; } __attribute__((packed)) none = { 0, 0 };

    __asm__ volatile("lidt %0; int3" :: "m"(none));
}

/* The reset button's register, without a word to anybody. */
static void reset_port(void) { port_write8(PORT_RESET, HARD_RESET); }

static void hang(void)
{
    cpu_interrupts_off();
    for (;;)
        cpu_relax();
}

static void hang_here(void *unused)
{
    (void)unused;
    log_info("cpu %u hangs", cpu_id());
    hang();
}

static void hang_all(void) { cpu_run_all(hang_here, NULL); }

static struct cpu_job job;

static void panic_elsewhere(void *unused)
{
    (void)unused;
    panic("on cpu %u", cpu_id());
}

static void other_panics(void)
{
    cpu_run(1, &job, panic_elsewhere, NULL);
    hang();
}

/* More than the recorder holds, with other words each time. */
static void say_many(void)
{
    for (unsigned i = 1; i <= MANY; i++)
        log_info("line %u of %u, %llx", i, (unsigned)MANY, 0x9e3779b97f4a7c15ull * i);
    hang();
}

static void wait(void)
{
    for (;;)
        cpu_relax();
}

static const struct way {
    char name[16];
    void (*end)(void);
} ways[] = {
    { "divide", divide }, { "read-null", read_null }, { "assert", fail_assert }, { "panic", call_panic }, { "overflow", overflow },
    { "triple-fault", triple_fault }, { "reset-port", reset_port }, { "hang", hang }, { "hang-all", hang_all },
    { "other-panics", other_panics }, { "many", say_many }, { "wait", wait },
};

int main(int argc, char **argv)
{
    struct last_run last;

    if (last_run(&last) && argc < 3) {
        log_info("last_run: end %u, saved %u, %u bytes", last.end, last.saved, (unsigned)last.bytes);
        return 0;
    }
    for (unsigned i = 0; argc > 1 && i < sizeof(ways) / sizeof(ways[0]); i++)
        if (!strcmp(argv[1], ways[i].name)) {
            log_info("ending by %s", ways[i].name);
            ways[i].end();
        }
    return 1;
}
