/* Callers by frame pointers: all our code is built with them. */
#include "core/arch.h"
#include "core/x86_64/address.h"
#include "core/x86_64/cpu.h"

/* A frame is [caller's frame, return address], on a stack, and above the one before. */
static bool step(uintptr_t *frame, uintptr_t *out_return)
{
    uint64_t next, pc;

    if (*frame % 8 || !address_is_stack(*frame) || !memory_read_safe(*frame, &next) || !memory_read_safe(*frame + 8, &pc) ||
        !address_is_text(pc))
        return false;
    *out_return = pc;
    *frame = next > *frame ? next : 0;
    return true;
}

size_t arch_backtrace(const struct arch_place *place, uintptr_t *out, size_t max)
{
    uintptr_t frame = place->frame, pc;
    size_t count = 0;

    while (count < max && step(&frame, &pc))
        out[count++] = pc;
    return count;
}
