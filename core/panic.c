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
static bool headline_told, nested_told;        /* or begun */
static const struct panic_scene *first;        /* what is told */
static const char *first_sentence;
static uint32_t log_before;                    /* where the log ended when it began */
static uintptr_t caller[CALLERS_MAX];          /* of what is told; how many: */
static size_t callers;

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
static void tell_callers(const struct symbol_room *room)
{
    char lead[40], end[24];
    size_t times;

    for (size_t i = 0; i < callers; i += times) {
        for (times = 1; i + times < callers && caller[i + times] == caller[i]; times++)
            ;
        format(lead, sizeof(lead), "  called from %#lx", (unsigned long)caller[i]);
        format(end, sizeof(end), times > 1 ? ", %u times" : "", (unsigned)times);
        tell_symbol(room, symbol_at(caller[i]), lead, end);
    }
}

static void note_for_screen(const struct panic_scene *scene, const char *sentence)
{
    uint32_t offset[1 + CALLERS_MAX];

    offset[0] = (uint32_t)(scene->place.pc - (uintptr_t)core_start_address);
    for (size_t i = 0; i < callers; i++)
        offset[i + 1] = (uint32_t)(caller[i] - (uintptr_t)core_start_address);
    panic_screen_note(scene->code, sentence, build_hash, offset, callers + 1);
}

/* Where the scene was, and its registers, and who had called. */
static void tell_scene(const struct panic_scene *scene, const struct symbol_room *room)
{
    const struct symbol *at = symbol_at(scene->place.pc);

    if (room && at->depth)
        tell_symbol(room, at, "  in", "");
    arch_tell_registers(scene->registers, room);
    tell_callers(room);
}

/* Where another CPU was, and its next callers. The place of a call is its last byte. */
static size_t place_of(const struct arch_place *place, uintptr_t *out)
{
    out[0] = place->pc;
    return 1 + arch_backtrace(place, out + 1, OTHERS_CALLERS);
}

/* The same, in one line. */
static void tell_place(uint32_t cpu, const struct arch_place *place, const struct symbol_room *room)
{
    uintptr_t at[1 + OTHERS_CALLERS];
    size_t count = place_of(place, at), used = 0;
    const char *code = *per_cpu_of(&not_told, cpu);
    char line[OTHERS_CALLERS * 40 + 80] = "";

    for (size_t i = 0; i < count; i++)
        used += (size_t)format(line + used, sizeof(line) - used, "%s%#lx%s%s", i > 1 ? ", " : i ? ", called from " : "",
                               (unsigned long)at[i], room && symbol_at(at[i])->depth ? " " : "", symbol_inner(room, symbol_at(at[i])));
    log_raw("  cpu %u %s%s at %s", cpu, code ? "panicked as well: " : "was", code ? code : "", line);
}

static void want_place(const struct arch_place *place)
{
    uintptr_t at[1 + OTHERS_CALLERS];
    size_t count = place_of(place, at);

    for (size_t i = 0; i < count; i++)
        symbols_want(at[i]);
}

/* All names that will be told, in one pass: the scene's, its registers', the other CPUs'. */
static const struct symbol_room *find_names(const struct panic_scene *scene)
{
    struct arch_place place;

    symbols_forget();
    symbols_want(scene->place.pc);
    for (size_t i = 0; i < callers; i++)
        symbols_want(caller[i]);
    arch_want_pointers(scene->registers);
    for (uint32_t cpu = 0, wanted = 0; cpu < cpu_count() && wanted < OTHERS_MAX; cpu++)
        if (cpu != cpu_id() && arch_stopped_at(cpu, &place) && !cpus_is_idle(cpu)) {
            want_place(&place);
            wanted++;
        }
    return symbols_find();
}

/* All CPUs have been stopped, or should have. */
static void tell_others(const struct symbol_room *room)
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
            tell_place(cpu, &place, room);
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
    const struct symbol_room *room;

    callers = arch_backtrace(&scene->place, caller, CALLERS_MAX);
    note_for_screen(scene, sentence);
    room = find_names(scene);
    tell_scene(scene, room);
    tell_others(room);
    log_tell_last(log_before, LAST_LINES);
    end_panic();
}

static void tell_headline(void)
{
    headline_told = true;
    log_raw("PANIC %s: %s", first->code, first_sentence);
}

/* A fault while a panic is told: one line more, behind the panic's own, then the end; but what is left of the story, without names, where
 * reading names was the reason. Each line may fault again, on a screen that is gone: the next one is begun all the same. */
static void refuse_to_nest(const char *code)
{
    if (depth++ == 0)
        return;
    if (!headline_told)
        tell_headline();
    if (!nested_told) {
        nested_told = true;
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
    tell_headline();
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
    struct panic_scene scene = { .code = code };
    char sentence[SENTENCE_BYTES];
    va_list args;

    scene.registers = arch_caller(&scene.place);
    va_start(args, pattern);
    format_va(sentence, sizeof(sentence), pattern, args);
    va_end(args);
    show(&scene, sentence);
}
