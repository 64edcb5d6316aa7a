/* The loader against firmware that a seed invents: what the machine is like, and for each call whether it fails and how, lies, lets
 * the map grow, or gives it in another order. Each run must end as mock_check() says, and a run in which nothing happened that a
 * loader may give up for must reach the core.
 *
 *   test_loader_seeds                     200,000 seeds, or 10 million with INGOT_FULL; half of them on each of two CPUs
 *   test_loader_seeds --seed N            that run alone, told call by call: the same each time
 *   test_loader_seeds --seeds FIRST COUNT
 *
 * Linked with a loader that has one of the classic mistakes in it (broken/loader/), it is content when some seed fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/handoff_view.h"
#include "mock_efi.h"
#include "recorder_left.h"

enum { SEEDS = 200000, SEEDS_FULL = 10000000, SEEDS_BROKEN = 20000, WORKERS = 2, SAME_TWICE = 500 };
enum { EXIT_TRIES_MAX = 64, SLACK_ENTRIES = 64 };      /* promised: efi/leave.c, efi/room.h */

extern const char broken[] __attribute__((weak));      /* the mistake's name */

static uint64_t state;

static uint32_t random_32(void)
{
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(state >> 33);
}

static uint32_t below(uint32_t limit) { return random_32() % limit; }
static bool one_in(uint32_t count) { return below(count) == 0; }

/* What this run has gone through. */
static struct {
    uint32_t error_rate, lie_rate;         /* one call in so many; 0: none */
    bool is_told;
    bool may_refuse, must_refuse, may_panic, must_panic;
} run;

/* ---- what a call does ---- */

/* Whether a loader may give up when this call fails. Files matter only to who wants its core from one. */
static void note_failure(enum mock_service service)
{
    bool wants_file = strstr(mock_efi.config, "core=") != NULL;

    if (service == MOCK_ALLOCATE_PAGES || (service == MOCK_GET_MEMORY_MAP && mock_efi.exits == 0))
        run.may_refuse = true;
    if (wants_file && (service == MOCK_OPEN_VOLUME || service == MOCK_HANDLE_PROTOCOL || service == MOCK_OPEN ||
                       service == MOCK_READ || service == MOCK_GET_INFO || service == MOCK_GET_VARIABLE))
        run.may_refuse = true;
    if (service == MOCK_GET_MEMORY_MAP && mock_efi.exits)
        run.may_panic = true;
}

static EFI_STATUS whim(enum mock_service service)
{
    const EFI_STATUS *errors = mock_errors(service);
    unsigned count = 0;
    EFI_STATUS status = 0;

    while (errors[count])
        count++;
    if (run.error_rate && one_in(run.error_rate)) {
        status = errors[below(count)];
        note_failure(service);
    }
    if (run.is_told)
        printf("  %s%s%#lx\n", mock_service_name(service), status ? " fails: " : ": ", status);
    return status;
}

static bool lies(enum mock_service service)
{
    bool it_does = run.lie_rate && one_in(run.lie_rate);

    if (it_does)
        note_failure(service);
    if (it_does && run.is_told)
        printf("  %s lies\n", mock_service_name(service));
    return it_does;
}

/* ---- what the machine is like ---- */

static const char *const configs[] = {
    "", "exit=qemu\n", "# words\nexit=qemu mode=800x600\r\n", "mode=1x1", "mode=what", "serial=off", "serial=io:0x3e8", "serial=mmio:0xfe032000,4",
    "core=\\core.elf", "core=\\core.elf mode=800x600", "core=\\nothing", "\xff\xfe\x41\x00", "log=all one \"two three\" # four",
};

static void choose_files(void)
{
    const char *config = one_in(4) ? configs[below(sizeof(configs) / sizeof(configs[0]))] : configs[2];
    static const uint8_t options[] = "\x01\x00\x00\x00\x08\x00x\0y\0\0\0\x7f\xff\x04\x00word\0\0w\0o\0r\0d\0";

    mock_efi.config = config;
    mock_efi.config_bytes = strlen(config);
    mock_efi.serial_off = strstr(config, "serial=off") != NULL;
    mock_efi.read_limit = one_in(8) ? 16 + below(900) : 0;            /* the core in fewer reads than the mock bears calls */
    mock_efi.no_volume = one_in(16);
    mock_efi.no_config = one_in(16);
    mock_efi.no_loaded_image = one_in(32);
    mock_efi.secure_boot = one_in(8);
    mock_efi.no_variables = one_in(8);
    mock_efi.no_runtime = one_in(16);
    mock_efi.read_only = one_in(8);
    mock_efi.write_limit = one_in(8) ? 1 + below(4000) : 0;
    if (one_in(4)) {
        mock_efi.options = options + below(8);
        mock_efi.options_bytes = below(sizeof(options) - 8);
    }
    if (strstr(config, "core=") && (mock_efi.no_volume || mock_efi.no_loaded_image || mock_efi.no_runtime || mock_efi.secure_boot || strstr(config, "nothing")))
        run.may_refuse = true;
}

static void choose_map(void)
{
    static const uint32_t sizes[] = { 40, 41, 44, 47, 48, 48, 48, 48, 56, 64, 72, 128 };

    mock_efi.descriptor_bytes = one_in(64) ? below(40) : sizes[below(sizeof(sizes) / sizeof(sizes[0]))];
    mock_efi.odd_map_bytes = one_in(128) && mock_efi.descriptor_bytes > 1;
    run.must_refuse |= mock_efi.descriptor_bytes < 40 || mock_efi.odd_map_bytes;
    mock_efi.sizes_unset = one_in(4);
    mock_efi.map_faults = one_in(2) ? below(64) : 0;
    mock_efi.map_order = one_in(4) ? random_32() : 0;
    mock_efi.extra_entries = one_in(512) ? below(1500) : below(40);
    mock_efi.reserve_late = one_in(16);
    mock_efi.page_zero = one_in(16);
    mock_efi.memory_kept = !one_in(8);
    mock_efi.wanted_taken = one_in(8);
}

/* How the map grows and ExitBootServices fails. Beyond the slack that is promised it may be too much. */
static void choose_leaving(void)
{
    uint32_t reads;

    mock_efi.stale_keys = one_in(2) ? 0 : one_in(8) ? below(100) : 1 + below(4);
    mock_efi.growth = one_in(4) ? below(40) : 0;
    mock_efi.growth_in_exit = one_in(4) ? below(8) : 0;
    reads = mock_efi.stale_keys < EXIT_TRIES_MAX ? mock_efi.stale_keys + 1 : EXIT_TRIES_MAX;
    if (run.error_rate)
        reads += EXIT_TRIES_MAX;
    run.may_panic |= reads * (mock_efi.growth + mock_efi.growth_in_exit) > SLACK_ENTRIES;
    if (mock_efi.growth > SLACK_ENTRIES / 2)
        run.may_refuse = true;
    if (one_in(64))
        mock_efi.overrun_at = 2 + below(3);
}

static void choose_cpu(void)
{
    mock_cpu.no_nx = one_in(16);
    mock_cpu.no_1g = one_in(2);
    mock_cpu.la57 = one_in(8);
    mock_cpu.x2apic = one_in(8);
    mock_cpu.no_apic = one_in(16);
    mock_cpu.no_rdrand = one_in(4);
    mock_cpu.no_rdseed = one_in(4);
    mock_cpu.random = below(5);
    mock_cpu.uart[0].present = !one_in(8);
    mock_cpu.uart[0].stuck = one_in(64);
    mock_cpu.uart[0].no_loopback = one_in(32);
    mock_cpu.uart[0].no_fifo = one_in(8);
}

static void choose_displays(void)
{
    uint64_t frame = mock_efi.gop[0].base;

    mock_efi.gops = below(MOCK_GOPS + 1);
    for (unsigned i = 0; i < mock_efi.gops; i++) {
        struct mock_gop *gop = &mock_efi.gop[i];

        *gop = (struct mock_gop){ .on_console = i == 0 && !one_in(4), .base = frame + ((uint64_t)below(2) << 22) };
        gop->format = one_in(4) ? below(6) : 1;
        gop->mask = (EFI_PIXEL_BITMASK){ 0xff0000 >> below(4), 0xff00, 0xff << below(2), 0 };
        gop->blt_only = one_in(8);
        gop->no_mode = one_in(8);
        gop->width = one_in(8) ? below(2000) : 640;
        gop->height = one_in(8) ? below(1000) : 480;
        gop->scan_line = gop->width + (one_in(4) ? below(16) : 0);
        gop->bytes = one_in(8) ? 1 + below(4 << 20) : 0;
        if ((uint64_t)gop->scan_line * gop->height * 4 > 4 << 20)
            gop->height = 100;
        if (one_in(16))
            gop->base = one_in(2) ? 0 : 1ull << 50;
    }
    mock_efi.no_console = one_in(16);
    mock_efi.no_acpi = one_in(16);
    mock_efi.acpi_1_only = one_in(16);
    mock_efi.no_rng = one_in(4);
    mock_efi.tpm = one_in(4);
}

static uint8_t left[LEFT_BYTES] __attribute__((aligned(4096)));

/* The last run was cut off; its recorder may be spoilt. */
static void choose_last_run(void)
{
    struct recorder *recorder = (struct recorder *)(void *)left;

    if (!one_in(8))
        return;
    left_begin(recorder, random_32(), below(16), RECORDER_RUNNING);
    left_add_lines(recorder, below(60));
    for (uint32_t hits = one_in(2) ? 0 : below(8); hits; hits--)
        left[below(LEFT_BYTES)] ^= (uint8_t)(1u << below(8));
    mock_efi.left = left;
}

static void choose(uint64_t seed)
{
    bool is_told = run.is_told;

    memset(&run, 0, sizeof(run));
    run.is_told = is_told;
    state = seed * 0x9e3779b97f4a7c15ull + 1;
    random_32();
    mock_reset();
    mock_efi.whim = whim;
    mock_efi.lies = lies;
    run.error_rate = one_in(3) ? 0 : 1 + below(60);
    run.lie_rate = one_in(2) ? 0 : 1 + below(60);
    choose_files();
    choose_map();
    choose_leaving();
    choose_cpu();
    choose_displays();
    choose_last_run();
    if (one_in(64)) {
        mock_efi.broken_table = 1 + (int)below(4);
        run.must_refuse = true;
    }
    if (one_in(32)) {
        mock_efi.free_pages = 1 + below(400);
        run.may_refuse = true;
    }
}

/* ---- how it must end ---- */

#define WRONG(...) (print_error(__VA_ARGS__), print_error("\n--- serial:\n%s\n", mock_cpu.text), fail())

static void judge(enum mock_end end)
{
    bool panicked = end == MOCK_RESET || end == MOCK_HALTED;
    bool overran = mock_efi.overrun_at && mock_efi.overrun_at <= mock_efi.map_reads;
    uint32_t failures = mock_efi.exits_forced;

    mock_check(end);
    if (end == MOCK_JUMPED && run.must_refuse)
        WRONG("the core was started, though the firmware's tables cannot be");
    if (end == MOCK_JUMPED && overran && mock_efi.map_faults == 0 && run.error_rate == 0)
        WRONG("the core was started, though the map was written too far");
    if (end == MOCK_JUMPED && failures >= EXIT_TRIES_MAX)
        WRONG("ExitBootServices was called %u times", mock_efi.exits);
    if (end == MOCK_RETURNED && !run.may_refuse && !run.must_refuse && !overran)
        WRONG("the loader gave up, for no reason");
    if (panicked && !run.may_panic && !run.must_refuse && !overran && failures < EXIT_TRIES_MAX)
        WRONG("the loader panicked after %u failures of ExitBootServices, for no reason", failures);
}

/* ---- many of them ---- */

/* Shared between the processes that run seeds. */
static struct worker {
    uint64_t seed, ran, started, refused, panicked;
} *worker;

static uint64_t trace(void)
{
    uint64_t sum = 14695981039346656037ull;

    for (uint32_t i = 0; i < mock_efi.calls; i++)
        sum = (sum ^ mock_efi.call[i]) * 1099511628211ull;
    for (const char *at = mock_cpu.text; *at; at++)
        sum = (sum ^ (uint8_t)*at) * 1099511628211ull;
    return sum;
}

static void run_seed(struct worker *me, uint64_t seed)
{
    enum mock_end end;

    me->seed = seed;
    choose(seed);
    end = mock_boot();
    judge(end);
    me->ran++;
    me->started += end == MOCK_JUMPED;
    me->refused += end == MOCK_RETURNED;
    me->panicked += end == MOCK_RESET || end == MOCK_HALTED;
}

static void run_range(struct worker *me, uint64_t first, uint64_t past, uint64_t step)
{
    for (uint64_t seed = first; seed < past; seed += step) {
        uint64_t once;

        run_seed(me, seed);
        if (seed >= SAME_TWICE)
            continue;
        once = trace();
        run_seed(me, seed);
        if (trace() != once)
            WRONG("seed %lu does not do the same again", seed);
    }
}

/* How each of the processes ended: whether all were content. */
static bool run_workers(uint64_t first, uint64_t count, unsigned workers)
{
    bool good = true;
    pid_t child[WORKERS];

    fflush(NULL);
    for (unsigned i = 0; i < workers; i++) {
        child[i] = fork();
        if (child[i] == 0) {
            run_range(&worker[i], first + i, first + count, workers);
            exit(0);
        }
    }
    for (unsigned i = 0; i < workers; i++) {
        int status = 1;

        if (child[i] < 0 || waitpid(child[i], &status, 0) != child[i] || status) {
            printf("# seed %lu failed (status %#x): test_loader_seeds --seed %lu\n", worker[i].seed, status, worker[i].seed);
            good = false;
        }
    }
    return good;
}

static void tell_sum(double seconds)
{
    struct worker sum = { 0 };

    for (unsigned i = 0; i < WORKERS; i++) {
        sum.ran += worker[i].ran;
        sum.started += worker[i].started;
        sum.refused += worker[i].refused;
        sum.panicked += worker[i].panicked;
    }
    printf("ran %lu seeds in %.1f s: %lu in the core, %lu refused, %lu panicked\n", sum.ran, seconds, sum.started, sum.refused, sum.panicked);
}

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* What a failing seed says is to be read only where none should fail. */
static bool find_mistake(void)
{
    bool good = freopen("/dev/null", "w", stderr) && run_workers(0, SEEDS_BROKEN, 1);

    printf("ran %lu seeds until the loader's mistake was found: %s\n", worker[0].seed + 1, broken);
    return !good;
}

static bool run_all(void)
{
    return broken ? find_mistake() : run_workers(0, getenv("INGOT_FULL") ? SEEDS_FULL : SEEDS, WORKERS);
}

static int run_one(uint64_t seed)
{
    run.is_told = true;
    choose(seed);
    printf("seed %lu\n", seed);
    judge(mock_boot());
    printf("%s\n", mock_cpu.text);
    return 0;
}

int main(int argc, char **argv)
{
    double start = now_s();
    bool good;

    worker = mmap(NULL, sizeof(*worker) * WORKERS, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (worker == MAP_FAILED)
        return 2;
    if (argc == 3 && !strcmp(argv[1], "--seed"))
        return run_one(strtoull(argv[2], NULL, 0));
    if (argc == 4 && !strcmp(argv[1], "--seeds"))
        good = run_workers(strtoull(argv[2], NULL, 0), strtoull(argv[3], NULL, 0), WORKERS);
    else
        good = run_all();
    if (!broken)
        tell_sum(now_s() - start);
    printf("1..1\n%sok 1 - %s\n", good ? "" : "not ", broken ? "a loader with a mistake is found out" : "the loader ends well whatever the firmware does");
    return !good;
}
