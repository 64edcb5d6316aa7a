/* memcpy, memmove, memset (contracts: ingot/string.h).
 *
 * An interrupt handler may call them, and the program that it interrupted owns the vector registers. So each CPU has a number,
 * VECTORS_MOST: the most bytes, from 33 on, that vectors are used for. It is 0 until the CPU's AVX2 is on (cpu.c), in interrupts
 * (vectors.S), and after an exception or panic. Then general registers do it, at about half the speed from 100 to 2000 bytes.
 *
 * Vectors: straight code and loops, the last stores overlapping the ones before, up to VECTORS_MAX.
 * General registers: the same, up to *_REP_BYTES. Above: REP MOVSQ and REP STOSQ, whose microcode moves whole cache lines. The 8-byte
 * forms are as fast as the byte forms on CPUs with ERMS or FSRM, keep most of their speed without either, and on Zen 3 lose far less
 * where source and destination share their low 12 address bits but for a few (memcpy of 4096 bytes: 0.33 us instead of 2.5). An
 * emulator counts each turn as an instruction.
 *
 * Nothing here touches the stack: between mem_code_start and mem_code_end the return address is what RSP points to, and a
 * backtrace that begins here may rely on it.
 *
 * in:   rdi, rsi, rdx as C passes them (System V ABI); direction flag clear
 * out:  rax = the first argument
 * uses: rcx, rdx, rsi, rdi, r8 to r11, flags; where VECTORS_MOST lets it, xmm0 to xmm7, and the upper halves of all vector registers
 *       are zeroed, as SSE code behind AVX code is slow otherwise (SDM vol. 1, "Mixing AVX Code with SSE Code") */

#include "core/x86_64/cpu_local.h"

#ifndef VECTORS_MOST            /* tests on the host have a variable instead */
#define VECTORS_MOST %gs:CPU_LOCAL_VECTORS
#endif

#define COPY_REP_BYTES 768       /* measured on Zen 3 (build/host/bench_mem): starting the microcode costs 12 ns, and 25 for STOS */
#define SET_REP_BYTES  2048

    .section .text.mem, "ax", @progbits
    .globl mem_code_start, mem_code_end
    .hidden mem_code_start, mem_code_end
    .p2align 6
mem_code_start:

/* Copies 32 bytes at offset: all loads before all stores. */
.macro copy_32 from, to, offset=0
    mov \offset(\from), %rcx
    mov \offset+8(\from), %r8
    mov \offset+16(\from), %r9
    mov \offset+24(\from), %r10
    mov %rcx, \offset(\to)
    mov %r8, \offset+8(\to)
    mov %r9, \offset+16(\to)
    mov %r10, \offset+24(\to)
.endm

/* Copies 128 bytes to a place from the one that lies rsi further. */
.macro copy_128 to, store
    vmovdqu (%rsi,\to), %ymm0
    vmovdqu 32(%rsi,\to), %ymm1
    vmovdqu 64(%rsi,\to), %ymm2
    vmovdqu 96(%rsi,\to), %ymm3
    \store %ymm0, (\to)
    \store %ymm1, 32(\to)
    \store %ymm2, 64(\to)
    \store %ymm3, 96(\to)
.endm

.macro set_128 to, store
    .irp offset, 0, 32, 64, 96
    \store %ymm0, \offset(\to)
    .endr
.endm

.macro set_64 to
    .irp offset, 0, 8, 16, 24, 32, 40, 48, 56
    mov %rsi, \offset(\to)
    .endr
.endm

/* The byte in all eight places of rsi. */
.macro spread_byte
    movzbl %sil, %esi
    movabs $0x0101010101010101, %rcx
    imul %rcx, %rsi
.endm

    .globl memcpy
    .type memcpy, @function
memcpy:
    mov %rdi, %rax
    cmp $32, %rdx
    jbe copy_to_32
copy_apart:                      /* rdx > 32, and the areas do not overlap */
    cmp VECTORS_MOST, %rdx
    ja copy_general

    vmovdqu (%rsi), %ymm0
    cmp $128, %rdx
    ja 2f                        /* at most one jump up to 256 bytes */
    cmp $64, %edx
    ja 1f
    vmovdqu -32(%rsi,%rdx), %ymm1
    vmovdqu %ymm0, (%rdi)
    vmovdqu %ymm1, -32(%rdi,%rdx)
    vzeroupper
    ret
1:  vmovdqu 32(%rsi), %ymm1      /* upwards, here and below: neighbours leave the CPU together */
    vmovdqu -64(%rsi,%rdx), %ymm2
    vmovdqu -32(%rsi,%rdx), %ymm3
    vmovdqu %ymm0, (%rdi)
    vmovdqu %ymm1, 32(%rdi)
    vmovdqu %ymm2, -64(%rdi,%rdx)
    vmovdqu %ymm3, -32(%rdi,%rdx)
    vzeroupper
    ret
2:  cmp $256, %rdx
    ja 3f
    vmovdqu 32(%rsi), %ymm1
    vmovdqu 64(%rsi), %ymm2
    vmovdqu 96(%rsi), %ymm3
    vmovdqu -128(%rsi,%rdx), %ymm4
    vmovdqu -96(%rsi,%rdx), %ymm5
    vmovdqu -64(%rsi,%rdx), %ymm6
    vmovdqu -32(%rsi,%rdx), %ymm7
    vmovdqu %ymm0, (%rdi)
    vmovdqu %ymm1, 32(%rdi)
    vmovdqu %ymm2, 64(%rdi)
    vmovdqu %ymm3, 96(%rdi)
    vmovdqu %ymm4, -128(%rdi,%rdx)
    vmovdqu %ymm5, -96(%rdi,%rdx)
    vmovdqu %ymm6, -64(%rdi,%rdx)
    vmovdqu %ymm7, -32(%rdi,%rdx)
    vzeroupper
    ret
3:  lea -128(%rdi,%rdx), %rcx    /* where the last stores begin */
    vmovdqu %ymm0, (%rdi)
    sub %rdi, %rsi               /* the source by its distance: one register moves */
    or $31, %rdi
    inc %rdi
    .p2align 4
4:  copy_128 %rdi, vmovdqa
    sub $-128, %rdi
    cmp %rcx, %rdi
    jb 4b
    copy_128 %rcx, vmovdqu
    vzeroupper
    ret

/* rdx <= 32, in any overlap: nothing is stored before everything is loaded. */
copy_to_32:
    cmp $16, %rdx
    jb copy_under_16
    mov (%rsi), %rcx
    mov 8(%rsi), %r8
    mov -16(%rsi,%rdx), %r9
    mov -8(%rsi,%rdx), %r10
    mov %rcx, (%rdi)
    mov %r8, 8(%rdi)
    mov %r9, -16(%rdi,%rdx)
    mov %r10, -8(%rdi,%rdx)
    ret

copy_under_16:
    cmp $8, %edx
    jae 3f
    cmp $4, %edx
    jae 2f
    test %edx, %edx
    je 1f
    movzbl (%rsi), %ecx          /* 1 to 3 bytes: the first, the last, and the one in the middle, which may be either */
    movzbl -1(%rsi,%rdx), %r8d
    mov %edx, %r9d
    shr %r9d
    movzbl (%rsi,%r9), %r10d
    mov %cl, (%rdi)
    mov %r10b, (%rdi,%r9)
    mov %r8b, -1(%rdi,%rdx)
1:  ret
2:  mov (%rsi), %ecx
    mov -4(%rsi,%rdx), %r8d
    mov %ecx, (%rdi)
    mov %r8d, -4(%rdi,%rdx)
    ret
3:  mov (%rsi), %rcx
    mov -8(%rsi,%rdx), %r8
    mov %rcx, (%rdi)
    mov %r8, -8(%rdi,%rdx)
    ret

/* rdx > 32, and the areas do not overlap. */
copy_general:
    cmp $64, %rdx
    ja copy_over_64
    copy_32 %rsi, %rdi
    lea -32(%rsi,%rdx), %rsi
    lea -32(%rdi,%rdx), %rdi
    copy_32 %rsi, %rdi
    ret

copy_over_64:
    cmp $COPY_REP_BYTES, %rdx
    jae copy_rep
    lea -64(%rsi,%rdx), %r11     /* the last 64 bytes go last, wherever the loop stopped */
    lea -64(%rdi,%rdx), %rdx
    .p2align 4
1:  copy_32 %rsi, %rdi, 0
    copy_32 %rsi, %rdi, 32
    add $64, %rsi
    add $64, %rdi
    cmp %rdx, %rdi
    jb 1b
    copy_32 %r11, %rdx, 0
    copy_32 %r11, %rdx, 32
    ret

copy_rep:
    copy_32 %rsi, %rdi, 0        /* of these 64 bytes, 0 to 63 bring the destination to a cache line: stores across two cost twice */
    copy_32 %rsi, %rdi, 32
    mov -8(%rsi,%rdx), %r8       /* and the last 8, which REP MOVSQ may leave */
    lea -8(%rdi,%rdx), %r9
    mov %rdi, %rcx
    neg %rcx
    and $63, %ecx
    add %rcx, %rdi
    add %rcx, %rsi
    sub %rcx, %rdx
    mov %rdx, %rcx
    shr $3, %rcx
    rep movsq
    mov %r8, (%r9)
    ret
    .size memcpy, . - memcpy

    .globl memmove
    .type memmove, @function
    .p2align 6
memmove:
    mov %rdi, %rax
    cmp $32, %rdx
    jbe copy_to_32
    mov %rdi, %rcx
    sub %rsi, %rcx               /* to - from: below rdx if the end of from lies in to */
    cmp %rdx, %rcx
    jb move_backward
    neg %rcx                     /* from - to: below rdx if the start of from lies in to */
    cmp %rdx, %rcx
    jae copy_apart

move_forward:                    /* a turn stores nothing that a later one has to load; the rest is at most 31 bytes */
    copy_32 %rsi, %rdi
    add $32, %rsi
    add $32, %rdi
    sub $32, %rdx
    cmp $32, %rdx
    jae move_forward
    jmp copy_to_32

move_backward:                   /* the same from the end */
    sub $32, %rdx
    lea (%rsi,%rdx), %r11
    mov (%r11), %rcx
    mov 8(%r11), %r8
    mov 16(%r11), %r9
    mov 24(%r11), %r10
    lea (%rdi,%rdx), %r11
    mov %rcx, (%r11)
    mov %r8, 8(%r11)
    mov %r9, 16(%r11)
    mov %r10, 24(%r11)
    cmp $32, %rdx
    jae move_backward
    jmp copy_to_32
    .size memmove, . - memmove

    .globl memset
    .type memset, @function
    .p2align 6
memset:
    mov %rdi, %rax
    cmp $32, %rdx
    jbe set_to_32
    cmp VECTORS_MOST, %rdx
    ja set_general
    vmovd %esi, %xmm0
    vpbroadcastb %xmm0, %ymm0
    cmp $128, %rdx
    ja 2f
    vmovdqu %ymm0, (%rdi)
    cmp $64, %edx
    ja 1f
    vmovdqu %ymm0, -32(%rdi,%rdx)
    vzeroupper
    ret
1:  vmovdqu %ymm0, 32(%rdi)
    vmovdqu %ymm0, -64(%rdi,%rdx)
    vmovdqu %ymm0, -32(%rdi,%rdx)
    vzeroupper
    ret
2:  lea -128(%rdi,%rdx), %rcx    /* where the last stores begin */
    set_128 %rdi, vmovdqu
    cmp $256, %rdx
    jbe 4f
    sub $-128, %rdi
    and $-64, %rdi
    .p2align 4
3:  set_128 %rdi, vmovdqa
    sub $-128, %rdi
    cmp %rcx, %rdi
    jb 3b
4:  set_128 %rcx, vmovdqu
    vzeroupper
    ret

set_general:
    spread_byte
    cmp $64, %rdx
    ja set_over_64
    mov %rsi, 16(%rdi)
    mov %rsi, 24(%rdi)
    mov %rsi, -32(%rdi,%rdx)
    mov %rsi, -24(%rdi,%rdx)
    jmp 1f

set_to_32:
    spread_byte
    cmp $16, %edx
    jb set_under_16
1:  mov %rsi, (%rdi)
    mov %rsi, 8(%rdi)
    mov %rsi, -16(%rdi,%rdx)
    mov %rsi, -8(%rdi,%rdx)
    ret

set_under_16:
    cmp $8, %edx
    jae 3f
    cmp $4, %edx
    jae 2f
    test %edx, %edx
    je 1f
    mov %sil, (%rdi)
    mov %sil, -1(%rdi,%rdx)
    shr %edx
    mov %sil, (%rdi,%rdx)
1:  ret
2:  mov %esi, (%rdi)
    mov %esi, -4(%rdi,%rdx)
    ret
3:  mov %rsi, (%rdi)
    mov %rsi, -8(%rdi,%rdx)
    ret

set_over_64:
    cmp $SET_REP_BYTES, %rdx
    jae set_rep
    lea -64(%rdi,%rdx), %rdx
    .p2align 4
1:  set_64 %rdi
    add $64, %rdi
    cmp %rdx, %rdi
    jb 1b
    set_64 %rdx
    ret

set_rep:
    set_64 %rdi                  /* to align, and the last 8, as in copy_rep */
    mov %rsi, -8(%rdi,%rdx)
    mov %rax, %r8
    mov %rdi, %rcx
    neg %rcx
    and $63, %ecx
    add %rcx, %rdi
    sub %rcx, %rdx
    mov %rdx, %rcx
    shr $3, %rcx
    mov %rsi, %rax
    rep stosq
    mov %r8, %rax
    ret
    .size memset, . - memset
mem_code_end:

    .section .note.GNU-stack, "", @progbits
