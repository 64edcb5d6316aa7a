/* 32 bytes that nobody can foresee, from the best source that gives any; the handoff and the log name it. */
#include "efi/console.h"
#include "efi/loader.h"

enum { SEED_WORDS = HANDOFF_SEED_BYTES / 8, JITTER_ROUNDS = 64 };

/* A source that is broken gives zeros, ones, or the same word again and again (AMD after resume: all ones). */
static bool is_stuck(const uint64_t *word)
{
    for (unsigned i = 0; i < SEED_WORDS; i++)
        if (word[i] == 0 || word[i] == ~0ull || (i && word[i] == word[i - 1]))
            return true;
    return false;
}

static bool seed_from_firmware(struct loader *loader, uint64_t *word)
{
    EFI_GUID guid = EFI_RNG_PROTOCOL_GUID;
    EFI_RNG_PROTOCOL *rng = NULL;

    if (EFI_ERROR(loader->boot->LocateProtocol(&guid, NULL, (void **)&rng)) || !rng)
        return false;
    return !EFI_ERROR(rng->GetRNG(rng, NULL, HANDOFF_SEED_BYTES, (UINT8 *)word)) && !is_stuck(word);
}

static bool seed_from_cpu(uint64_t *word)
{
    for (unsigned i = 0; i < SEED_WORDS; i++)
        if (!cpu_random(&word[i]))
            return false;
    return !is_stuck(word);
}

/* How long instructions take, folded: weak, but differs from boot to boot on a real machine. The multiplier is 2^64 divided by
 * the golden ratio: odd, with its bits well spread. */
static void seed_from_jitter(uint64_t *word)
{
    uint64_t sum = cpu_ticks();

    for (unsigned i = 0; i < SEED_WORDS * JITTER_ROUNDS; i++) {
        sum = (sum ^ cpu_ticks()) * 0x9e3779b97f4a7c15ull;
        sum ^= sum >> 29;
        word[i % SEED_WORDS] ^= sum;
    }
}

EFI_STATUS seed_make(struct loader *loader)
{
    struct handoff_seed *seed = &loader->seed;
    uint64_t word[SEED_WORDS] = { 0 };
    const char *from = "EFI_RNG";

    if (seed_from_firmware(loader, word)) {
        seed->source = HANDOFF_SEED_EFI_RNG;
    } else if (seed_from_cpu(word)) {
        seed->source = HANDOFF_SEED_CPU;
        from = "the CPU";
    } else {
        seed->source = HANDOFF_SEED_JITTER;
        from = "timing alone (W ENTROPY low)";
        seed_from_jitter(word);
    }
    __builtin_memcpy(seed->seed, word, sizeof(word));
    say("seed: from %s", from);
    return EFI_SUCCESS;
}
