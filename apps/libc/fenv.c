/* The floating-point environment (C17 7.6): musl's assembly for it writes below the stack pointer, where interrupts do. Flags of both units
 * are one set; so is the rounding mode. Source: Intel SDM vol. 1, "x87 FPU Control Word", "MXCSR Control and Status Register". */
#include <fenv.h>
#include <stdint.h>

enum { ROUND_SHIFT_MXCSR = 3, MXCSR_FLAGS = 0x3f };

static uint32_t mxcsr_read(void)
{
    uint32_t value;
    __asm__ volatile("stmxcsr %0" : "=m"(value));
    return value;
}

static void mxcsr_write(uint32_t value) { __asm__ volatile("ldmxcsr %0" :: "m"(value)); }

static uint16_t x87_status(void)
{
    uint16_t value;
    __asm__ volatile("fnstsw %0" : "=a"(value));
    return value;
}

static uint16_t x87_control(void)
{
    uint16_t value;
    __asm__ volatile("fnstcw %0" : "=m"(value));
    return value;
}

/* x87 flags can only be cleared together: what is to stay goes over to MXCSR. */
int feclearexcept(int flags)
{
    uint32_t kept = (mxcsr_read() | x87_status()) & ~(uint32_t)flags & FE_ALL_EXCEPT;

    flags &= FE_ALL_EXCEPT;
    if (x87_status() & flags)
        __asm__ volatile("fnclex");
    mxcsr_write((mxcsr_read() & ~(uint32_t)flags) | kept);
    return 0;
}

int feraiseexcept(int flags)
{
    mxcsr_write(mxcsr_read() | (uint32_t)(flags & FE_ALL_EXCEPT));
    return 0;
}

int fetestexcept(int flags)
{
    return (int)((mxcsr_read() | x87_status()) & (uint32_t)flags & FE_ALL_EXCEPT);
}

int fegetround(void)
{
    return (int)(mxcsr_read() >> ROUND_SHIFT_MXCSR) & FE_TOWARDZERO;
}

/* What musl's fesetround() calls when the mode is one of the four. */
int __fesetround(int mode);
int __fesetround(int mode)
{
    uint16_t control = (uint16_t)((x87_control() & ~FE_TOWARDZERO) | mode);

    __asm__ volatile("fldcw %0" :: "m"(control));
    mxcsr_write((mxcsr_read() & ~((uint32_t)FE_TOWARDZERO << ROUND_SHIFT_MXCSR)) | (uint32_t)mode << ROUND_SHIFT_MXCSR);
    return 0;
}

int fegetenv(fenv_t *environment)
{
    __asm__ volatile("fnstenv %0" : "=m"(*environment));
    __asm__ volatile("fldenv %0" :: "m"(*environment));      /* FNSTENV masks all exceptions */
    environment->__mxcsr = mxcsr_read();
    return 0;
}

int fesetenv(const fenv_t *environment)
{
    static const fenv_t at_start = { .__control_word = 0x37f, .__tags = 0xffff, .__mxcsr = 0x1f80 };

    if (environment == FE_DFL_ENV)
        environment = &at_start;
    __asm__ volatile("fldenv %0" :: "m"(*environment));
    mxcsr_write(environment->__mxcsr);
    return 0;
}
