/* System management interrupts, which no program sees. Only Intel's CPUs count them. */
#include "jitter.h"

#include <ingot/probe.h>

enum { MSR_SMI_COUNT = 0x34 };           /* [31:0] since reset. Intel SDM vol. 4, "MSRs in the Intel Microarchitecture Code Name Nehalem" */

bool smi_count(uint64_t *out_count)
{
    if (msr_read_safe(MSR_SMI_COUNT, out_count))
        return false;
    *out_count &= UINT32_MAX;
    return true;
}
