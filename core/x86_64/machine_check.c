#include "core/x86_64/machine_check.h"

#include "core/x86_64/cpu.h"

#include <ingot/format.h>
#include <ingot/port_io.h>

enum {
    MSR_MCG_CAP = 0x179, MSR_MCG_STATUS = 0x17a, MSR_MCG_CTL = 0x17b,
    MSR_MC0_CTL = 0x400, MSR_MC0_STATUS = 0x401, MSR_MC0_ADDR = 0x402,    /* four MSRs a bank */
    MCG_CAP_HAS_CTL = 1u << 8,
    CR4_MCE = 1u << 6,
    PORT_NMI_STATUS = 0x61, NMI_SERR = 1u << 7, NMI_IOCHK = 1u << 6,
};

#define STATUS_VALID     (1ull << 63)
#define STATUS_UNCORRECT (1ull << 61)
#define STATUS_ADDRESS   (1ull << 58)
#define STATUS_CORRUPT   (1ull << 57)

/* CPUID leaf 1, EDX: 7 is the exception, 14 the banks. */
static unsigned banks(void)
{
    uint32_t features = cpuid(1, 0).edx;

    return features & 1u << 7 && features & 1u << 14 ? msr_read(MSR_MCG_CAP) & 0xff : 0;
}

void machine_check_start(void)
{
    unsigned count = banks();

    if (count == 0)
        return;
    if (msr_read(MSR_MCG_CAP) & MCG_CAP_HAS_CTL)
        msr_write(MSR_MCG_CTL, ~0ull);
    for (unsigned bank = 0; bank < count; bank++)
        msr_write(MSR_MC0_CTL + bank * 4, ~0ull);
    cr4_write(cr4_read() | CR4_MCE);
}

void machine_check_words(char *out, size_t bytes)
{
    unsigned count = banks();

    for (unsigned bank = 0; bank < count; bank++) {
        uint64_t status = msr_read(MSR_MC0_STATUS + bank * 4);

        if (!(status & STATUS_VALID))
            continue;
        format(out, bytes, "the hardware reports an %s error: bank %u, status %#llx%s, address %#llx",
               status & STATUS_UNCORRECT ? "uncorrected" : "corrected", bank, (unsigned long long)status,
               status & STATUS_CORRUPT ? ", processor state lost" : "",
               (unsigned long long)(status & STATUS_ADDRESS ? msr_read(MSR_MC0_ADDR + bank * 4) : 0));
        return;
    }
    format(out, bytes, "the hardware reports an error, and no bank says which (MCG_STATUS %#llx)",
           (unsigned long long)(count ? msr_read(MSR_MCG_STATUS) : 0));
}

const char *nmi_reason(void)
{
    uint8_t status = port_read8(PORT_NMI_STATUS);

    if (status & NMI_SERR)
        return "a system error on the bus (SERR)";
    if (status & NMI_IOCHK)
        return "an I/O channel check";
    return "somebody asked for it: a button, a debugger, or another CPU";
}
