/* nmi_entry: an NMI came.
 * in:   as the CPU delivers, on a stack of its own that was aligned to 16
 * out:  nmi() was called; all registers as they were
 * uses: 18 words of stack, and what nmi() does */

#include "core/x86_64/cpu_local.h"

    .text
    .globl nmi_entry
    .hidden nmi_entry
nmi_entry:
    .irp register, rax, rcx, rdx, rsi, rdi, r8, r9, r10, r11
    pushq %\register
    .endr
    pushq %gs:CPU_LOCAL_VECTORS
    movq $0, %gs:CPU_LOCAL_VECTORS      /* the vector registers are the interrupted program's: mem.S must leave them alone */
    subq $8, %rsp                       /* 16 words below an aligned address */
    cld
    call nmi
    addq $8, %rsp
    popq %gs:CPU_LOCAL_VECTORS
    .irp register, r11, r10, r9, r8, rdi, rsi, rdx, rcx, rax
    popq %\register
    .endr
    iretq

    .section .note.GNU-stack, "", @progbits
