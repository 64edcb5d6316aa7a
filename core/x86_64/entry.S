/* _start: the core's first instruction, reached by a jump from the loader.
 * in:  RDI = struct handoff, RSP = end of the first stack, interrupts off, long mode, addresses are physical (core/handoff.h)
 * out: core_start(handoff, ticks) on the same stack, aligned; .bss is zero.   uses: everything */

    .section .text.entry, "ax", @progbits
    .globl _start
    .type _start, @function
_start:
    cld
    rdtsc                               /* the core's first moment, before any work */
    shlq $32, %rdx
    orq %rax, %rdx
    movq %rdx, %rsi                     /* second argument of core_start */
    movq %rdi, %rbx

    leaq core_bss_start(%rip), %rdi     /* the loader leaves what lies behind the file bytes as it was */
    leaq core_bss_end(%rip), %rcx       /* link.ld aligns both to 8 */
    subq %rdi, %rcx
    shrq $3, %rcx
    xorl %eax, %eax
    rep stosq

    leaq cpu_area(%rip), %rax           /* GS: C code looks for its canary there from the first function on */
    movq %rax, %rdx
    shrq $32, %rdx
    movl $0xc0000101, %ecx              /* IA32_GS_BASE */
    wrmsr

    andq $-16, %rsp                     /* the ABI's alignment at a call */
    xorl %ebp, %ebp                     /* backtraces end here */
    movq %rbx, %rdi
    call core_start
    ud2                                 /* core_start does not return */
    .size _start, . - _start

    .section .note.GNU-stack, "", @progbits
