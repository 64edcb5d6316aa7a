/* What an application was compiled for, compared with what the CPU has. Built for each application that has ARCH_FLAGS; what these define says
 * what may be needed. Source: Intel SDM vol. 2A, "CPUID"; for leaf 80000001H AMD's manual, vol. 3, appendix E. */
#include "core/x86_64/cpu.h"

#include <ingot/driver.h>
#include <ingot/panic.h>

enum leaf_register { ECX, EDX, EBX };

static const struct feature {
    const char *name;
    uint32_t leaf;
    enum leaf_register reg;
    uint32_t bit;
} needed[] = {
#ifdef __SSE3__
    { "SSE3", 1, ECX, 0 },
#endif
#ifdef __PCLMUL__
    { "PCLMULQDQ", 1, ECX, 1 },
#endif
#ifdef __SSSE3__
    { "SSSE3", 1, ECX, 9 },
#endif
#ifdef __FMA__
    { "FMA", 1, ECX, 12 },
#endif
#ifdef __GCC_HAVE_SYNC_COMPARE_AND_SWAP_16
    { "CMPXCHG16B", 1, ECX, 13 },
#endif
#ifdef __SSE4_1__
    { "SSE4.1", 1, ECX, 19 },
#endif
#ifdef __SSE4_2__
    { "SSE4.2", 1, ECX, 20 },
#endif
#ifdef __MOVBE__
    { "MOVBE", 1, ECX, 22 },
#endif
#ifdef __POPCNT__
    { "POPCNT", 1, ECX, 23 },
#endif
#ifdef __AES__
    { "AES", 1, ECX, 25 },
#endif
#ifdef __AVX__
    { "XSAVE", 1, ECX, 27 },
    { "AVX", 1, ECX, 28 },
#endif
#ifdef __F16C__
    { "F16C", 1, ECX, 29 },
#endif
#ifdef __RDRND__
    { "RDRAND", 1, ECX, 30 },
#endif
#ifdef __BMI__
    { "BMI1", 7, EBX, 3 },
#endif
#ifdef __AVX2__
    { "AVX2", 7, EBX, 5 },
#endif
#ifdef __BMI2__
    { "BMI2", 7, EBX, 8 },
#endif
#ifdef __AVX512F__
    { "AVX-512F", 7, EBX, 16 },
#endif
#ifdef __AVX512DQ__
    { "AVX-512DQ", 7, EBX, 17 },
#endif
#ifdef __RDSEED__
    { "RDSEED", 7, EBX, 18 },
#endif
#ifdef __ADX__
    { "ADX", 7, EBX, 19 },
#endif
#ifdef __AVX512CD__
    { "AVX-512CD", 7, EBX, 28 },
#endif
#ifdef __SHA__
    { "SHA", 7, EBX, 29 },
#endif
#ifdef __AVX512BW__
    { "AVX-512BW", 7, EBX, 30 },
#endif
#ifdef __AVX512VL__
    { "AVX-512VL", 7, EBX, 31 },
#endif
#ifdef __AVX512VNNI__
    { "AVX-512VNNI", 7, ECX, 11 },
#endif
#ifdef __LZCNT__
    { "LZCNT", 0x80000001, ECX, 5 },
#endif
    { "SSE2", 1, EDX, 26 },
};

static bool has(const struct feature *feature)
{
    struct cpuid leaf = cpuid_or_zero(feature->leaf, 0);
    uint32_t value = feature->reg == ECX ? leaf.ecx : feature->reg == EDX ? leaf.edx : leaf.ebx;

    return value & 1u << feature->bit;
}

static int check(void)
{
    for (unsigned i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
        if (!has(&needed[i]))
            panic_code("CPU-FEATURE", "the application was compiled for CPUs with %s (ARCH_FLAGS), and this one has none", needed[i].name);
    return 0;
}
DRIVER(features, DRIVER_DEVICE, check);
