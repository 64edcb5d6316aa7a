/* The 256 entries of the IDT. Exceptions leave a struct trap_frame of core/x86_64/cpu.h, and call trap(frame); interrupts save what C
 * may change, and call interrupt(vector).
 * in:   as the CPU delivers: RSP was aligned to 16 before it pushed (SDM vol. 3A, "64-Bit Mode Stack Frame")
 * out:  IRET to where it happened, all registers as they were, except where trap() changed the frame
 * uses: the stack that the vector's IST entry names, or the one that ran */

#include "core/x86_64/cpu_local.h"

    .set VECTOR_BYTES, 8                /* every entry takes as much: descriptors.c finds them by multiplication */

    .text
    .balign 16
    .globl vector_entries
vector_entries:
    .set vector, 0
    .rept 256
    .balign VECTOR_BYTES
    .byte 0x6a, vector                  /* PUSH imm8, two bytes for all of them; it extends the sign, which is undone below */
    .if vector >= 32
    jmp vector_interrupt
    .elseif vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30
    jmp vector_common
    .else
    jmp vector_without_error            /* the CPU pushes no error code: SDM vol. 3A, "Exceptions and Interrupts" */
    .endif
    .set vector, vector + 1
    .endr

/* The vector's word becomes the start of a C frame, RBP below RIP: a backtrace goes through it to what was interrupted. */
    .globl vector_interrupt             /* debug.c finds the interrupted program by its frame */
    .globl vector_interrupt_goes_on     /* known to backtrace.c, like the one below */
    .hidden vector_interrupt_goes_on
    .type vector_interrupt, @function
vector_interrupt:
    pushq %rax
    pushq %rcx
    pushq %rdx
    pushq %rsi
    pushq %rdi
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    movzbl 72(%rsp), %edi               /* behind 9 registers */
    movq %rbp, 72(%rsp)
    leaq 72(%rsp), %rbp
    pushq %gs:CPU_LOCAL_VECTORS         /* 16 words below an aligned address */
    movq $0, %gs:CPU_LOCAL_VECTORS      /* the vector registers are the interrupted program's: mem.S must leave them alone */
    cld
    call interrupt
vector_interrupt_goes_on:
    popq %gs:CPU_LOCAL_VECTORS
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rdi
    popq %rsi
    popq %rdx
    popq %rcx
    popq %rax
    popq %rbp
    iretq
    .size vector_interrupt, . - vector_interrupt

    .globl vector_without_error
vector_without_error:
    pushq (%rsp)                        /* vector moves down one word, and 0 takes its place */
    movq $0, 8(%rsp)
    .globl vector_common, vector_common_goes_on
    .hidden vector_common_goes_on
    .type vector_common, @function
vector_common:
    pushq %rax
    pushq %rbx
    pushq %rcx
    pushq %rdx
    pushq %rsi
    pushq %rdi
    pushq %rbp
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, %rdi                     /* struct trap_frame; 22 words below an aligned address: RSP is aligned */
    cld
    call trap
vector_common_goes_on:
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rbp
    popq %rdi
    popq %rsi
    popq %rdx
    popq %rcx
    popq %rbx
    popq %rax
    addq $16, %rsp                      /* vector and error code */
    iretq
    .size vector_common, . - vector_common

    .section .note.GNU-stack, "", @progbits
