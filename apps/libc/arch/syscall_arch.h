#pragma once

/* In place of musl's: a system call is a function of that name (calls.h), and its number the function's address (see musl.mk). A
 * program has linked what it calls, and a call that is not there is a name that the linker does not find. */
#include "bits/ingot_calls.h"

#define __SYSCALL_LL_E(x) (x)
#define __SYSCALL_LL_O(x) (x)

typedef long ingot_call(long, long, long, long, long, long);

static inline long __syscall0(long n) { return ((ingot_call *)n)(0, 0, 0, 0, 0, 0); }
static inline long __syscall1(long n, long a) { return ((ingot_call *)n)(a, 0, 0, 0, 0, 0); }
static inline long __syscall2(long n, long a, long b) { return ((ingot_call *)n)(a, b, 0, 0, 0, 0); }
static inline long __syscall3(long n, long a, long b, long c) { return ((ingot_call *)n)(a, b, c, 0, 0, 0); }
static inline long __syscall4(long n, long a, long b, long c, long d) { return ((ingot_call *)n)(a, b, c, d, 0, 0); }
static inline long __syscall5(long n, long a, long b, long c, long d, long e) { return ((ingot_call *)n)(a, b, c, d, e, 0); }
static inline long __syscall6(long n, long a, long b, long c, long d, long e, long f) { return ((ingot_call *)n)(a, b, c, d, e, f); }

#define IPC_64 0
