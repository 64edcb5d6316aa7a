/* Stack canaries, and the seed that they come from. */
#include "selftest.h"

#include "../../../../core/handoff.h"

#include <ingot/cpu.h>

extern const struct handoff_memory_map *memory_map(void);       /* core/memory.h */

/* The two boots of a test compare what is said here. */
static enum verdict canary(char *figures)
{
    uint64_t value;

    __asm__ volatile("movq %%gs:%c1, %0" : "=r"(value) : "i"(CPU_LOCAL_CANARY));
    MUST((value & 0xff) == 0);
    MUST(value >> 32 != 0 && value << 32 != 0);
    return SAY(OK, "%#llx", (unsigned long long)value);
}

/* Our loader puts the memory map first in its block. */
static struct handoff_seed *find_seed(void)
{
    uint8_t *block = (uint8_t *)memory_map() - sizeof(struct handoff);
    const struct handoff *header = (const struct handoff *)block;

    for (uint64_t at = sizeof(*header); header->magic == HANDOFF_MAGIC && at < header->bytes;) {
        struct handoff_record *record = (struct handoff_record *)(block + at);

        if (record->type == HANDOFF_SEED)
            return (struct handoff_seed *)record;
        at += record->bytes;
    }
    return NULL;
}

static enum verdict seed(char *figures)
{
    const struct handoff_seed *seed = find_seed();

    MUST(seed != NULL);
    for (unsigned i = 0; i < sizeof(seed->seed); i++)
        MUST(seed->seed[i] == 0);
    return SAY(OK, "of source %u, wiped where the loader left it", seed->source);
}

const struct check canary_checks[] = { { "canary", canary }, { "seed-wiped", seed }, { 0 } };
