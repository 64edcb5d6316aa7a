/* A CPU's first instructions. smp.c copies this to a page below 1 MiB, struct trampoline (core/x86_64/smp.h) to the page behind it, and
 * starts CPUs there by SIPI; all may run here at once, as none writes but to its own slot.
 * in:   real mode, CS = the page / 16, IP = 0, nothing else known (SDM vol. 3A, "MP Initialization")
 * out:  cpu_entry(number of its slot) in long mode on the core's page tables, on the stack of that slot
 * uses: all registers; no stack
 * A CPU that finds no slot for its APIC id, or one that was given up, halts here for good. */

    .set DATA, 4096
    .set GDT_REGISTER, DATA + 2
    .set FAR_PROTECTED, DATA + 8
    .set FAR_LONG, DATA + 16
    .set CR0_VALUE, DATA + 56
    .set CR3_VALUE, DATA + 64
    .set CR4_VALUE, DATA + 72
    .set EFER_VALUE, DATA + 80
    .set STACK_END, DATA + 88
    .set STACK_STEP, DATA + 96
    .set ENTRY, DATA + 104
    .set SLOT_COUNT, DATA + 112
    .set SLOTS, DATA + 120
    .set SLOT_STEP, 4                       /* in a slot of 8 bytes, behind the APIC id */

    .set STEP_NONE, 0                       /* enum start_step */
    .set STEP_REAL_MODE, 1
    .set STEP_LONG_MODE, 2

    .set MSR_EFER, 0xc0000080
    .set SELECTOR_DATA, 0x10

    .section .rodata.trampoline, "a", @progbits
    .balign 16
    .globl smp_trampoline_start, smp_trampoline_protected, smp_trampoline_long, smp_trampoline_end
    .code16
smp_trampoline_start:
    cli
    cld
    movw %cs, %ax
    movw %ax, %ds
    movzwl %ax, %ebp
    shll $4, %ebp                           /* the page's address, from here to the end */

    xorl %eax, %eax                         /* EDI = the APIC id, by leaf 0BH where there is one: it has all 32 bits */
    cpuid
    cmpl $0xb, %eax
    jb 1f
    movl $0xb, %eax
    xorl %ecx, %ecx
    cpuid
    movl %edx, %edi
    testl %ebx, %ebx
    jnz 2f
1:  movl $1, %eax
    cpuid
    movl %ebx, %edi
    shrl $24, %edi

2:  movl $SLOTS, %esi
    movl SLOT_COUNT, %ecx
3:  cmpl %edi, (%si)
    je 4f
    addw $8, %si
    decl %ecx
    jnz 3b
park:
    cli
    hlt
    jmp park

4:  movl $STEP_NONE, %eax
    movl $STEP_REAL_MODE, %ecx
    lock cmpxchgl %ecx, SLOT_STEP(%si)
    jne park
    lgdtl GDT_REGISTER
    movl %cr0, %eax
    orl $1, %eax                            /* PE */
    movl %eax, %cr0
    ljmpl *FAR_PROTECTED

    .code32
smp_trampoline_protected:
    movl $SELECTOR_DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    addl %ebp, %esi                         /* the slot's address */
    movl CR4_VALUE(%ebp), %eax
    movl %eax, %cr4
    movl CR3_VALUE(%ebp), %eax
    movl %eax, %cr3
    movl $MSR_EFER, %ecx
    movl EFER_VALUE(%ebp), %eax
    xorl %edx, %edx
    wrmsr
    movl CR0_VALUE(%ebp), %eax              /* paging, and the caches on, which INIT leaves off */
    movl %eax, %cr0
    ljmpl *FAR_LONG(%ebp)

    .code64
smp_trampoline_long:
    movl %ebp, %ebp                         /* the upper halves are not defined */
    movl %esi, %esi
    movl $STEP_REAL_MODE, %eax
    movl $STEP_LONG_MODE, %ecx
    lock cmpxchgl %ecx, SLOT_STEP(%rsi)
    jne park_long
    subq %rbp, %rsi
    subq $SLOTS, %rsi
    shrq $3, %rsi
    movq %rsi, %rdi                         /* argument of cpu_entry: the number of the slot */
    imulq STACK_STEP(%rbp), %rsi
    addq STACK_END(%rbp), %rsi
    movq %rsi, %rsp
    movq ENTRY(%rbp), %rax
    xorl %ebp, %ebp                         /* backtraces end here */
    call *%rax
park_long:
    cli
    hlt
    jmp park_long
smp_trampoline_end:

    .section .note.GNU-stack, "", @progbits
