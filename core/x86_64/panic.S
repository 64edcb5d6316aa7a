/* Panics that C begins. Each notes the registers as they are at the call, then goes on in C with the same return address.
 * out:  panic_from(code, pattern, ...)
 * uses: 16 bytes of stack, flags; panic_frame (struct trap_frame, core/x86_64/cpu.h; exception.c asserts the offsets) */

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

/* in: 8(%rsp) = where panic_code or __stack_chk_fail was called from */
note_registers:
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
    pushq 8(%rsp)
    popq panic_frame+136(%rip)          /* rip: where it was called from */
    movw %cs, panic_frame+144(%rip)
    movw %ss, panic_frame+168(%rip)
    movq %rsp, panic_frame+160(%rip)
    addq $16, panic_frame+160(%rip)     /* rsp before the call */
    ret

    .section .rodata.stack_chk, "a", @progbits
stack_code:
    .asciz "STACK"
stack_pattern:
    .asciz "the function around %#lx has written past the end of its own data on the stack"

    .section .note.GNU-stack, "", @progbits
