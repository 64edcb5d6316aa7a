/* The CPU's own protections: switched on where it has them, and looked after. */
#include "core/x86_64/cpu.h"
#include "core/x86_64/paging.h"

/* SDM vol. 2A, "CPUID", leaf 7: SMEP EBX 7, SMAP EBX 20, UMIP ECX 2. */
static uint64_t cr4_wanted(void)
{
    struct cpuid leaf7 = cpuid_or_zero(7, 0);

    return (leaf7.ebx & 1u << 7 ? CR4_SMEP : 0) | (leaf7.ebx & 1u << 20 ? CR4_SMAP : 0) | (leaf7.ecx & 1u << 2 ? CR4_UMIP : 0);
}

void protection_start(void)
{
    cr0_write(cr0_read() | CR0_WP);
    cr4_write(cr4_read() | cr4_wanted());
}

static const char *restore_cr4(uint64_t bit, const char *name)
{
    if (!(cr4_wanted() & bit) || cr4_read() & bit)
        return 0;
    cr4_write(cr4_read() | bit);
    return name;
}

const char *protection_check(void)
{
    const char *name;

    if (!(cr0_read() & CR0_WP)) {
        cr0_write(cr0_read() | CR0_WP);
        return "CR0.WP";
    }
    if (paging_has_nx() && !(msr_read(MSR_EFER) & EFER_NXE)) {
        msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_NXE);
        return "EFER.NXE";
    }
    if (msr_read(MSR_PAT) != PAT_VALUE) {
        msr_write(MSR_PAT, PAT_VALUE);
        return "the PAT's value";
    }
    if ((name = restore_cr4(CR4_SMEP, "CR4.SMEP")) || (name = restore_cr4(CR4_SMAP, "CR4.SMAP")))
        return name;
    return restore_cr4(CR4_UMIP, "CR4.UMIP");
}
