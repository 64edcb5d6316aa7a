/* Works when nothing else does: no heap, and no lock is waited for. */
#include "core/panic.h"

#include "core/display.h"
#include "core/end.h"
#include "core/log.h"
#include "core/serial.h"

#include <ingot/cpu.h>
#include <ingot/format.h>
#include <ingot/log.h>

enum { CALLERS_MAX = 24, SENTENCE_BYTES = 200 };

extern const uint8_t build_hash[];             /* link.ld: 20 bytes */
extern const uint8_t core_start_address[];

static unsigned depth;                         /* panics within panics */

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

static _Noreturn void show(const struct panic_scene *scene, const char *sentence)
{
    cpu_interrupts_off();
    refuse_to_nest(scene->code);
    if (serial_count() == 0)
        serial_last_resort();
    display_panic();
    log_panic_mode();
    log_raw("PANIC %s: %s", scene->code, sentence);
    tell_build(scene->place.pc);
    if (scene->describe)
        scene->describe(scene->context);
    tell_callers(&scene->place);
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
