#include "efi/cpu.h"
#include "efi/x86_64/features.h"

_Noreturn void jump_to_core(uint64_t entry, uint64_t stack_end, const struct handoff *handoff, uint64_t root, uint64_t efer_bits);

_Noreturn void cpu_enter(uint64_t entry, uint64_t stack_end, const struct handoff *handoff, uint64_t root)
{
    enum { EFER_NXE = 1u << 11 };           /* no-execute bits in page tables mean something */

    jump_to_core(entry, stack_end, handoff, root, has_nx() ? EFER_NXE : 0);
}
