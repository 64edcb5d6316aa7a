#pragma once

/* In place of musl's: what it keeps for each thread, errno and the locale, is kept for each CPU (start.c), found as Ingot finds such
 * variables (ingot/cpu_inline.h). FS stays unused. */
struct __pthread;
extern struct __pthread libc_cpu __attribute__((visibility("hidden")));

static inline uintptr_t __get_tp(void)
{
    uintptr_t distance;

    __asm__("movq %%gs:24, %0" : "=r"(distance));
    return (uintptr_t)&libc_cpu + distance;
}

#define MC_PC gregs[REG_RIP]
