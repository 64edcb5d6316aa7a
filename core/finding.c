#include "core/finding.h"

#include "core/option.h"

#include <stdatomic.h>
#include <stdbool.h>

#include <ingot/cpu.h>
#include <ingot/format.h>
#include <ingot/panic.h>
#include <ingot/string.h>

enum { SENTENCE_BYTES = 240 };

static _Atomic uint32_t findings;
static PER_CPU(bool, telling);

void finding_count(void) { atomic_fetch_add_explicit(&findings, 1, memory_order_relaxed); }

static bool must_panic(void)
{
    const char *policy = option("san");

    return policy && !strcmp(policy, "panic");
}

void finding_tell(const struct log_subsystem *subsystem, const char *code, const char *pattern, ...)
{
    uint32_t number = atomic_fetch_add_explicit(&findings, 1, memory_order_relaxed) + 1;
    char sentence[SENTENCE_BYTES];
    va_list args;

    if (*per_cpu(&telling))
        return;
    *per_cpu(&telling) = true;
    va_start(args, pattern);
    format_va(sentence, sizeof(sentence), pattern, args);
    va_end(args);
    if (must_panic())
        panic_code(code, "%s", sentence);
    log_line(subsystem, LOG_ERROR, "finding %u: %s", number, sentence);
    *per_cpu(&telling) = false;
}
