/* arch_clear(to, bytes): zeroes by 16 bytes a store, for framebuffers of many megabytes.
 * The one vector register that it uses is put back, so an interrupt handler or a panic may call it while a program owns them all.
 * in:   rdi = to, rsi = bytes; SSE is on (vector_units_start)
 * out:  -; ends at arch_clear_end, for trap.c
 * uses: rdi, rsi, flags, 16 bytes of stack */

    .section .text.arch_clear, "ax", @progbits
    .globl arch_clear
    .hidden arch_clear
    .type arch_clear, @function
arch_clear:
    subq $24, %rsp
    movups %xmm0, (%rsp)
    xorps %xmm0, %xmm0
    subq $256, %rsi
    jb 2f
1:                                      /* 256 bytes a turn: emulators and in-order CPUs pay by the instruction */
    .irp offset, 0, 16, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240
    movups %xmm0, \offset(%rdi)
    .endr
    addq $256, %rdi
    subq $256, %rsi
    jae 1b
2:
    addq $256, %rsi                     /* what is left: 0 to 255 bytes */
    jz 4f
3:
    movb $0, (%rdi)
    incq %rdi
    decq %rsi
    jnz 3b
4:
    movups (%rsp), %xmm0
    addq $24, %rsp
    ret
    .size arch_clear, . - arch_clear
    .globl arch_clear_end
    .hidden arch_clear_end
arch_clear_end:

    .section .note.GNU-stack, "", @progbits
