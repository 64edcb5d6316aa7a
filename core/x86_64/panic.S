/* panic_code(code, pattern, ...), <ingot/panic.h>: notes the registers as they are at the call, then goes on in C.
 * in:   as C passes a variadic call
 * out:  panic_from(code, pattern, ...) with the same arguments and the same return address
 * uses: 8 bytes of stack, flags; panic_frame (struct trap_frame, core/x86_64/cpu.h; exception.c asserts the offsets) */

    .section .text.panic_code, "ax", @progbits
    .globl panic_code
    .hidden panic_code
    .type panic_code, @function
panic_code:
    pushfq
    popq panic_frame+152(%rip)          /* rflags first: what follows may change them */
    movq %r15, panic_frame(%rip)
    movq %r14, panic_frame+8(%rip)
    movq %r13, panic_frame+16(%rip)
    movq %r12, panic_frame+24(%rip)
    movq %r11, panic_frame+32(%rip)
    movq %r10, panic_frame+40(%rip)
    movq %r9, panic_frame+48(%rip)
    movq %r8, panic_frame+56(%rip)
    movq %rbp, panic_frame+64(%rip)
    movq %rdi, panic_frame+72(%rip)
    movq %rsi, panic_frame+80(%rip)
    movq %rdx, panic_frame+88(%rip)
    movq %rcx, panic_frame+96(%rip)
    movq %rbx, panic_frame+104(%rip)
    movq %rax, panic_frame+112(%rip)
    pushq (%rsp)
    popq panic_frame+136(%rip)          /* rip: where it was called from */
    movw %cs, panic_frame+144(%rip)
    movw %ss, panic_frame+168(%rip)
    movq %rsp, panic_frame+160(%rip)
    addq $8, panic_frame+160(%rip)      /* rsp before the call */
    jmp panic_from
    .size panic_code, . - panic_code

    .section .note.GNU-stack, "", @progbits
