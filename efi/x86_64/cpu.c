#include "efi/cpu.h"

#include "efi/x86_64/features.h"

enum { EM_X86_64 = 62, R_X86_64_RELATIVE = 8 };     /* System V psABI for AMD64 */
enum { RANDOM_TRIES = 32 };                 /* Intel's guide asks for 10 with RDRAND; RDSEED runs dry sooner */

const struct elf_target cpu_elf_target = { EM_X86_64, R_X86_64_RELATIVE };

uint64_t cpu_ticks(void) { return io_ticks(); }

bool cpu_random(uint64_t *out_word)
{
    bool seed = has_rdseed(), rand = has_rdrand();

    for (unsigned i = 0; seed && i < RANDOM_TRIES; i++, io_pause())
        if (io_rdseed(out_word))
            return true;
    for (unsigned i = 0; rand && i < RANDOM_TRIES; i++)
        if (io_rdrand(out_word))
            return true;
    return false;
}

void cpu_write_back(const void *at, uint64_t bytes)
{
    enum { CACHE_LINE_BYTES = 64 };         /* no CPU with 64 bits has shorter ones; longer ones would be flushed twice */

    for (uint64_t line = (uint64_t)(uintptr_t)at & -(uint64_t)CACHE_LINE_BYTES; line < (uint64_t)(uintptr_t)at + bytes; line += CACHE_LINE_BYTES)
        io_write_back(line);
}

uint64_t cpu_address_limit(void) { return 1ull << address_bits(); }

void cpu_pause_for_reader(void)
{
    enum { PAUSES_MAX = 1 << 28 };
    const uint64_t ticks = 8000000000ull;   /* 2 to 8 seconds */
    uint64_t start = io_ticks();

    for (uint32_t i = 0; i < PAUSES_MAX && io_ticks() - start < ticks; i++)
        io_pause();
}
