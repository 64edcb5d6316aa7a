/* Works when nothing else does: no heap, and no lock is waited for. */
#include "core/panic.h"

#include "core/cpus.h"
#include "core/display.h"
#include "core/end.h"
#include "core/log.h"
#include "core/panic_screen.h"
#include "core/serial.h"
#include "core/symbols.h"

#include <ingot/cpu.h>
#include <ingot/format.h>
#include <ingot/lock.h>
#include <ingot/log.h>

enum { CALLERS_MAX = 24, SENTENCE_BYTES = 200, LAST_LINES = 5 };

extern const uint8_t build_hash[];             /* link.ld: 20 bytes */
extern const uint8_t core_start_address[];

enum { OTHERS_MAX = 16, OTHERS_CALLERS = 4 };

static _Atomic uint32_t teller;                /* the CPU whose panic is told, + 1: the first */
static PER_CPU(const char *, not_told);        /* the code of a panic that came second */
static unsigned depth;                         /* panics within panics */
static const struct panic_scene *first;        /* what is told */
static const char *first_sentence;
static uint32_t log_before;                    /* where the log ended when it began */
static struct symbol symbol[1 + CALLERS_MAX] __attribute__((section(".noinit")));

/* Two CPUs that panic at once: one is told, and the other one is stopped like all others. */
static void be_the_teller(const struct panic_scene *scene)
{
    uint32_t nobody = 0, me = cpu_id() + 1;

    if (atomic_compare_exchange_strong(&teller, &nobody, me) || nobody == me)
        return;
    *per_cpu(&not_told) = scene->code;
    arch_stop_here(&scene->place);
}

static void tell_build(uintptr_t pc)
{
    log_raw("  on cpu %u at %#lx (image + %#lx), build %02x%02x%02x%02x", cpu_id(), (unsigned long)pc,
            (unsigned long)(pc - (uintptr_t)core_start_address), build_hash[0], build_hash[1],
            build_hash[2], build_hash[3]);
}

/* A place behind lead: its function and line, then, a line each, the functions that it was inlined into. */
static void tell_symbol(const struct symbol_room *room, const struct symbol *at, const char *lead, const char *end)
{
    char words[SYMBOL_WORDS_BYTES];

    log_raw("%s%s%s", lead, symbol_words(room, at, 0, words, sizeof(words)), end);
    for (unsigned level = 1; room && level < at->depth; level++)
        log_raw("    inlined in%s", symbol_words(room, at, level, words, sizeof(words)));
}

/* Those that called each other in a circle are told once. */
static void tell_callers(const struct symbol_room *room, size_t count)
{
    char lead[40], end[24];
    size_t times;

    for (size_t i = 1; i <= count; i += times) {
        for (times = 1; i + times <= count && symbol[i + times].address == symbol[i].address; times++)
            ;
        format(lead, sizeof(lead), "  called from %#lx", (unsigned long)symbol[i].address);
        format(end, sizeof(end), times > 1 ? ", %u times" : "", (unsigned)times);
        tell_symbol(room, &symbol[i], lead, end);
    }
}

static void note_for_screen(const char *code, const char *sentence, size_t places)
{
    uint32_t offset[1 + CALLERS_MAX];

    for (size_t i = 0; i < places; i++)
        offset[i] = (uint32_t)(symbol[i].address - (uintptr_t)core_start_address);
    panic_screen_note(code, sentence, build_hash, offset, places);
}

/* Where the scene was, and its registers, and who had called. The place of a call is its last byte. */
static void tell_scene(const struct panic_scene *scene, const char *sentence)
{
    uintptr_t caller[CALLERS_MAX];
    size_t count = arch_backtrace(&scene->place, caller, CALLERS_MAX);
    const struct symbol_room *room;

    symbol[0].address = scene->place.pc;
    for (size_t i = 0; i < count; i++)
        symbol[i + 1].address = caller[i];
    note_for_screen(scene->code, sentence, count + 1);
    room = symbols_look_up(symbol, count + 1);
    if (room && symbol[0].depth)
        tell_symbol(room, &symbol[0], "  in", "");
    if (scene->describe)
        scene->describe(scene->context);
    tell_callers(room, count);
}

/* Where another CPU was, and its next callers, in one line. */
static void tell_place(uint32_t cpu, const struct arch_place *place)
{
    uintptr_t caller[OTHERS_CALLERS];
    size_t count = arch_backtrace(place, caller, OTHERS_CALLERS), used = 0;
    const char *code = *per_cpu_of(&not_told, cpu);
    char line[OTHERS_CALLERS * 40 + 80] = "";
    const struct symbol_room *room;

    symbol[0].address = place->pc;
    for (size_t i = 0; i < count; i++)
        symbol[i + 1].address = caller[i];
    room = symbols_look_up(symbol, count + 1);
    for (size_t i = 0; i <= count; i++)
        used += (size_t)format(line + used, sizeof(line) - used, "%s%#lx%s%s", i > 1 ? ", " : i ? ", called from " : "",
                               (unsigned long)symbol[i].address, room && symbol[i].depth ? " " : "", symbol_inner(room, &symbol[i]));
    log_raw("  cpu %u %s%s at %s", cpu, code ? "panicked as well: " : "was", code ? code : "", line);
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

static _Noreturn void tell(const struct panic_scene *scene, const char *sentence)
{
    tell_scene(scene, sentence);
    tell_others();
    log_tell_last(log_before, LAST_LINES);
    end_panic();
}

/* A fault while a panic is told: one line more, then the end; but what is left of the story, without names, where reading names was the
 * reason. A fault in that: nothing but the end. */
static void refuse_to_nest(const char *code)
{
    depth++;
    if (depth == 1)
        return;
    if (depth == 2) {
        log_raw("PANIC %s: once more, while the panic above was being told", code);
        if (symbols_give_up())
                tell(first, first_sentence);
    }
    end_panic();
}

static _Noreturn void show(const struct panic_scene *scene, const char *sentence)
{
    cpu_interrupts_off();
    be_the_teller(scene);
    refuse_to_nest(scene->code);
    first = scene;
    first_sentence = sentence;
    arch_hold_others();
    locks_ignore();
    if (serial_count() == 0)
        serial_last_resort();
    display_panic();
    log_panic_mode();
    log_before = log_end_now();
    log_raw("PANIC %s: %s", scene->code, sentence);
    tell_build(scene->place.pc);
    tell(scene, sentence);
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
