#include <ingot/backtrace.h>

#include "core/arch.h"
#include "core/cpus.h"
#include "core/symbols.h"

#include <ingot/error.h>
#include <ingot/string.h>
#include <ingot/time.h>

enum { CALLERS_MAX = 24 };
static const uint64_t ANSWER_NS = 100000000;
enum { LOOKS_MAX = 1 << 25 };            /* in that time: of a clock that stands still */

/* The CPU's own: it may answer after nobody waits for it any longer. */
struct answer {
    struct cpu_job job;
    size_t count;
    uintptr_t caller[CALLERS_MAX];
};
static PER_CPU(struct answer, answers);

static __attribute__((noinline)) void look(void *argument)
{
    struct answer *answer = argument;
    struct arch_place here = { .frame = (uintptr_t)__builtin_frame_address(0) };

    answer->count = arch_backtrace(&here, answer->caller, CALLERS_MAX);
}

static int ask(uint32_t cpu, struct answer *answer)
{
    uint64_t deadline_ns = time_ns() + ANSWER_NS;
    int error;

    if (cpu == cpu_id()) {
        look(answer);
        return 0;
    }
    if ((error = cpu_interrupt(cpu, &answer->job, look, answer)))
        return error;
    for (uint32_t looks = 0; !cpu_job_ended(&answer->job); looks++) {
        if (time_ns() > deadline_ns || looks == LOOKS_MAX)
            return ERR_TIMEOUT;
        cpu_relax();
    }
    return 0;
}

int cpu_backtrace(uint32_t cpu, uintptr_t *out, size_t max, size_t *out_count)
{
    struct answer *answer;
    int error;

    if (cpu >= cpu_count())
        return ERR_BAD_VALUE;
    answer = per_cpu_of(&answers, cpu);
    if ((error = ask(cpu, answer)))
        return error;
    *out_count = answer->count < max ? answer->count : max;
    memcpy(out, answer->caller, *out_count * sizeof(*out));
    return 0;
}

void backtrace_explain(const uintptr_t *caller, size_t count, void (*tell)(uintptr_t caller, const char *words))
{
    const struct symbol_room *room;
    char words[SYMBOL_WORDS_BYTES];

    symbols_forget();
    for (size_t i = 0; i < count; i++)
        symbols_want(caller[i]);
    room = symbols_find();
    for (size_t i = 0; i < count; i++) {
        const struct symbol *symbol = symbol_at(caller[i]);

        if (!room || symbol->depth == 0)
            tell(caller[i], NULL);
        for (unsigned level = 0; room && level < symbol->depth; level++)
            tell(caller[i], symbol_words(room, symbol, level, words, sizeof(words)) + 1);
    }
}
