/* Callers by frame pointers: all our code is built with them. Where an interrupt or exception came, the walk goes on with what was interrupted,
 * as vectors.S has noted it. */
#include "core/arch.h"
#include "core/x86_64/address.h"
#include "core/x86_64/cpu.h"

enum { FUNCTION_BYTES = 4096 };               /* none of ours is longer */

extern const uint8_t mem_code_start[], mem_code_end[], vector_interrupt_goes_on[], vector_common_goes_on[];

/* A frame is [caller's frame, return address], on a stack. */
static bool step(uintptr_t *frame, uintptr_t *out_call)
{
    uint64_t next, pc;

    if (*frame % 8 || !address_is_stack(*frame) || !memory_read_safe(*frame, &next) || !memory_read_safe(*frame + 8, &pc) ||
        !address_is_text(pc))
        return false;
    *out_call = pc - 1;
    *frame = next;
    return true;
}

/* Whether pc lies behind a call that can have led to rip: a direct one to a place not far before it, or an indirect one. */
static bool is_behind_call(uint64_t pc, uint64_t rip)
{
    uint64_t code;                            /* the last byte in front of pc is the highest */

    if (!address_is_text(pc) || !memory_read_safe(pc - 8, &code))
        return false;
    if ((code >> 24 & 0xff) == 0xe8)          /* CALL rel32 */
        return rip - (pc + (uint64_t)(int64_t)(int32_t)(code >> 32)) < FUNCTION_BYTES;
    for (unsigned shift = 48; shift >= 16; shift -= 8)
        if ((code >> shift & 0x38ff) == 0x10ff)       /* CALL r/m64: FF /2, and up to four bytes of displacement */
            return true;
    return false;
}

/* gcc gives no frame to a function that neither calls nor keeps anything on the stack, and mem.S has none at all: there the stack
 * ends in the return address. */
static bool step_without_frame(const struct arch_place *place, uintptr_t *out_call)
{
    bool in_mem = place->pc >= (uintptr_t)mem_code_start && place->pc < (uintptr_t)mem_code_end;
    uint64_t pc;

    if (place->stack % 8 || !address_is_stack(place->stack) || !memory_read_safe(place->stack, &pc))
        return false;
    *out_call = pc - 1;
    return in_mem ? address_is_text(pc) : is_behind_call(pc, place->pc);
}

/* Whether the call that was found below frame is one of vectors.S, and if so, what was interrupted: the CPU has pushed RIP, CS, RFLAGS, RSP. */
static bool is_interrupted(uintptr_t below, uintptr_t frame, uintptr_t call, struct arch_place *out)
{
    uint64_t rip_at = 0;

    out->frame = frame;
    if (call + 1 == (uintptr_t)vector_interrupt_goes_on && memory_read_safe(frame, &out->frame))
        rip_at = frame + 8;
    if (call + 1 == (uintptr_t)vector_common_goes_on)
        rip_at = below + 16 + offsetof(struct trap_frame, rip);    /* the frame's two words lie below the registers */
    return rip_at && memory_read_safe(rip_at, &out->pc) && memory_read_safe(rip_at + 24, &out->stack) && address_is_text(out->pc);
}

size_t arch_backtrace(const struct arch_place *place, uintptr_t *out, size_t max)
{
    struct arch_place at = *place;
    uintptr_t pc, below;
    size_t count = 0;
    bool goes_on = true;

    if (max && step_without_frame(&at, &pc))
        out[count++] = pc;
    while (count < max && goes_on) {
        below = at.frame;
        if (!step(&at.frame, &pc))
            break;
        out[count++] = pc;
        goes_on = at.frame > below;            /* else it would go round in circles */
        if (count < max && is_interrupted(below, at.frame, pc, &at)) {
            out[count++] = at.pc;
            goes_on = true;
            if (count < max && step_without_frame(&at, &pc))
                out[count++] = pc;
        }
    }
    return count;
}
