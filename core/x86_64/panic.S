/* Panics that C begins. Each notes the registers as they are at the call, then goes on in C with the same return address.
 * out:  panic_from(code, pattern, ...)
 * uses: 16 bytes of stack, flags; this CPU's panic_frame (struct cpu, core/x86_64/cpu.h, which asserts the offsets) */

#include "core/x86_64/cpu_local.h"

    .set FRAME, 32                      /* CPU_PANIC_FRAME: in the area that GS points to */

/* panic_code(code, pattern, ...), <ingot/panic.h>.   in: as C passes a variadic call */
    .section .text.panic_code, "ax", @progbits
    .globl panic_code
    .hidden panic_code
    .type panic_code, @function
panic_code:
    call note_registers
    jmp panic_from
    .size panic_code, . - panic_code

/* Where gcc's code goes when a function is about to return and its frame's canary is not the CPU's any longer. */
    .globl __stack_chk_fail
    .hidden __stack_chk_fail
    .type __stack_chk_fail, @function
__stack_chk_fail:
    call note_registers
    leaq stack_code(%rip), %rdi
    leaq stack_pattern(%rip), %rsi
    movq (%rsp), %rdx
    decq %rdx                           /* in the call: behind it may begin another function */
    xorl %eax, %eax                     /* no vector registers are passed */
    jmp panic_from
    .size __stack_chk_fail, . - __stack_chk_fail

/* And from here on mem.S leaves the vector units alone, which may be the reason.
 * in: 8(%rsp) = where panic_code or __stack_chk_fail was called from */
note_registers:
    pushfq
    popq %gs:FRAME+152                  /* rflags first: what follows may change them */
    movq %r15, %gs:FRAME
    movq %r14, %gs:FRAME+8
    movq %r13, %gs:FRAME+16
    movq %r12, %gs:FRAME+24
    movq %r11, %gs:FRAME+32
    movq %r10, %gs:FRAME+40
    movq %r9, %gs:FRAME+48
    movq %r8, %gs:FRAME+56
    movq %rbp, %gs:FRAME+64
    movq %rdi, %gs:FRAME+72
    movq %rsi, %gs:FRAME+80
    movq %rdx, %gs:FRAME+88
    movq %rcx, %gs:FRAME+96
    movq %rbx, %gs:FRAME+104
    movq %rax, %gs:FRAME+112
    pushq 8(%rsp)
    popq %gs:FRAME+136                  /* rip: where it was called from */
    movw %cs, %gs:FRAME+144
    movw %ss, %gs:FRAME+168
    movq %rsp, %gs:FRAME+160
    addq $16, %gs:FRAME+160             /* rsp before the call */
    movq $0, %gs:CPU_LOCAL_VECTORS
    ret

    .section .rodata.stack_chk, "a", @progbits
stack_code:
    .asciz "STACK"
stack_pattern:
    .asciz "the function around %#lx has written past the end of its own data on the stack"

    .section .note.GNU-stack, "", @progbits
