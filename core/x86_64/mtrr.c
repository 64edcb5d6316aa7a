/* Memory types by physical address: all CPUs must have the boot CPU's, which the firmware has set.
 * Source: Intel SDM vol. 3A, "Memory Type Range Registers (MTRRs)" (11.11). */
#include "core/x86_64/smp.h"

enum {
    MSR_MTRR_VARIABLE = 0x200,                /* base and mask, in turn */
    MTRR_CAP_FIXED = 1u << 8,                 /* MSR_MTRR_CAP; [7:0] variable ranges */
    MTRR_ENABLE = 1u << 11,                   /* MSR_MTRR_DEFAULT */
    VARIABLE_MAX = 64,
    CR0_CD = 1u << 30, CR0_NW = 1u << 29,
};

static const uint16_t fixed_msr[] = { 0x250, 0x258, 0x259, 0x268, 0x269, 0x26a, 0x26b, 0x26c, 0x26d, 0x26e, 0x26f };
enum { FIXED = sizeof(fixed_msr) / sizeof(fixed_msr[0]) };

static uint64_t default_type, value[FIXED + VARIABLE_MAX];
static unsigned count;

static uint32_t msr_of(unsigned index)
{
    return index < FIXED ? fixed_msr[index] : MSR_MTRR_VARIABLE + (index - FIXED);
}

static unsigned first(void)
{
    return msr_read(MSR_MTRR_CAP) & MTRR_CAP_FIXED ? 0 : FIXED;
}

void mtrr_note(void)
{
    unsigned variable;

    if (!(cpuid(1, 0).edx & 1u << 12))        /* SDM vol. 2A, "CPUID": MTRR */
        return;
    variable = 2 * (msr_read(MSR_MTRR_CAP) & 0xff);
    count = FIXED + (variable < VARIABLE_MAX ? variable : VARIABLE_MAX);
    default_type = msr_read(MSR_MTRR_DEFAULT);
    for (unsigned i = first(); i < count; i++)
        value[i] = msr_read(msr_of(i));
}

static bool differs(void)
{
    if (msr_read(MSR_MTRR_DEFAULT) != default_type)
        return true;
    for (unsigned i = first(); i < count; i++)
        if (msr_read(msr_of(i)) != value[i])
            return true;
    return false;
}

/* SDM vol. 3A, "MTRR Maintenance": caches off and empty while types change. */
bool mtrr_match(void)
{
    uint64_t cr0 = cr0_read();

    if (count == 0 || !differs())
        return false;
    cr0_write((cr0 | CR0_CD) & ~(uint64_t)CR0_NW);
    __asm__ volatile("wbinvd" ::: "memory");
    cr3_write(cr3_read());
    msr_write(MSR_MTRR_DEFAULT, default_type & ~(uint64_t)MTRR_ENABLE);
    for (unsigned i = first(); i < count; i++)
        msr_write(msr_of(i), value[i]);
    msr_write(MSR_MTRR_DEFAULT, default_type);
    __asm__ volatile("wbinvd" ::: "memory");
    cr3_write(cr3_read());
    cr0_write(cr0);
    return true;
}
