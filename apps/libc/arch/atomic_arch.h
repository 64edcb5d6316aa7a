#pragma once

/* musl's, but for the end of a program that is found broken: HLT only sleeps where there is no operating system. */
#include "arch/x86_64/atomic_arch.h"

#undef a_crash
#define a_crash libc_broken
_Noreturn void libc_broken(void) __attribute__((visibility("hidden")));
