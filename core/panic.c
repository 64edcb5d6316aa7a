/* Works when nothing else does: no heap, and no lock is waited for. */
#include "core/panic.h"

#include "core/cpus.h"
#include "core/display.h"
#include "core/end.h"
#include "core/log.h"
#include "core/serial.h"

#include <ingot/cpu.h>
#include <ingot/format.h>
#include <ingot/lock.h>
#include <ingot/log.h>

enum { CALLERS_MAX = 24, SENTENCE_BYTES = 200 };

extern const uint8_t build_hash[];             /* link.ld: 20 bytes */
extern const uint8_t core_start_address[];

enum { OTHERS_MAX = 16, OTHERS_CALLERS = 4 };

static _Atomic uint32_t teller;                /* the CPU whose panic is told, + 1: the first */
static PER_CPU(const char *, not_told);        /* the code of a panic that came second */
static unsigned depth;                         /* panics within panics */

/* Two CPUs that panic at once: one is told, and the other one is stopped like all others. */
static void be_the_teller(const struct panic_scene *scene)
{
    uint32_t nobody = 0, me = cpu_id() + 1;

    if (atomic_compare_exchange_strong(&teller, &nobody, me) || nobody == me)
        return;
    *per_cpu(&not_told) = scene->code;
    arch_stop_here(&scene->place);
}

/* A fault while a panic is told: one line more, then the end. A fault in that: nothing but the end. */
static void refuse_to_nest(const char *code)
{
    depth++;
    if (depth == 1)
        return;
    if (depth == 2)
        log_raw("PANIC %s: once more, while the panic above was being told", code);
    end_panic();
}

static void tell_build(uintptr_t pc)
{
    log_raw("  on cpu %u at %#lx (image + %#lx), build %02x%02x%02x%02x", cpu_id(), (unsigned long)pc,
            (unsigned long)(pc - (uintptr_t)core_start_address), build_hash[0], build_hash[1],
            build_hash[2], build_hash[3]);
}

static void tell_callers(const struct arch_place *place)
{
    uintptr_t caller[CALLERS_MAX];
    size_t count = arch_backtrace(place, caller, CALLERS_MAX);

    for (size_t i = 0; i < count; i++)
        log_raw("  called from %#lx", (unsigned long)caller[i]);
}

/* Where another CPU was, and its next callers, in one line. */
static void tell_place(uint32_t cpu, const struct arch_place *place)
{
    uintptr_t caller[OTHERS_CALLERS];
    size_t count = arch_backtrace(place, caller, OTHERS_CALLERS), used = 0;
    const char *code = *per_cpu_of(&not_told, cpu);
    char callers[OTHERS_CALLERS * 20] = "";

    for (size_t i = 0; i < count; i++)
        used += (size_t)format(callers + used, sizeof(callers) - used, "%s%#lx", i ? ", " : ", called from ", (unsigned long)caller[i]);
    log_raw("  cpu %u %s%s at %#lx%s", cpu, code ? "panicked as well: " : "was", code ? code : "", (unsigned long)place->pc, callers);
}

/* All CPUs have been stopped, or should have. */
static void tell_others(void)
{
    uint32_t idle = 0, told = 0;
    struct arch_place place;
    bool stopped;

    for (uint32_t cpu = 0; cpu < cpu_count(); cpu++) {
        if (cpu == cpu_id())
            continue;
        stopped = arch_stopped_at(cpu, &place);
        if (stopped && cpus_is_idle(cpu))
            idle++;
        else if (told++ >= OTHERS_MAX)
            continue;
        else if (stopped)
            tell_place(cpu, &place);
        else
            log_raw("  cpu %u does not answer: it may still run", cpu);
    }
    if (told > OTHERS_MAX)
        log_raw("  and %u more that were not idle", told - OTHERS_MAX);
    if (idle)
        log_raw("  idle CPUs: %u", idle);
}

static _Noreturn void show(const struct panic_scene *scene, const char *sentence)
{
    cpu_interrupts_off();
    be_the_teller(scene);
    refuse_to_nest(scene->code);
    arch_stop_others();
    locks_ignore();
    if (serial_count() == 0)
        serial_last_resort();
    display_panic();
    log_panic_mode();
    log_raw("PANIC %s: %s", scene->code, sentence);
    tell_build(scene->place.pc);
    if (scene->describe)
        scene->describe(scene->context);
    tell_callers(&scene->place);
    tell_others();
    end_panic();
}

_Noreturn void panic_show(const struct panic_scene *scene, const char *pattern, ...)
{
    char sentence[SENTENCE_BYTES];
    va_list args;

    va_start(args, pattern);
    format_va(sentence, sizeof(sentence), pattern, args);
    va_end(args);
    show(scene, sentence);
}

_Noreturn void panic_from(const char *code, const char *pattern, ...)
{
    struct panic_scene scene = { .code = code, .describe = arch_describe_caller };
    char sentence[SENTENCE_BYTES];
    va_list args;

    arch_caller(&scene.place);
    va_start(args, pattern);
    format_va(sentence, sizeof(sentence), pattern, args);
    va_end(args);
    show(&scene, sentence);
}
