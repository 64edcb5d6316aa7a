/* jump_to_core(entry, stack_end, handoff, root, efer_bits): from the firmware's page tables to ours, and into the core.
 * in:   64-bit mode, RDI RSI RDX RCX R8 as above; our tables map this code, the core, the stack and the handoff
 * out:  never; at the core's entry the state is what core/handoff.h, "At the entry", says
 * uses: no stack, from the first instruction on
 *
 * Order: firmware may have mapped its own data read-only with CR0.WP clear, and may keep global pages. So memory types and NX come
 * first, then our tables, and only on them write protection.
 * Source: Intel SDM vol. 3A, "Control Registers" (2.5), "Page Attribute Table (PAT)" (11.12), "Invalidation of TLBs and
 * Paging-Structure Caches" (4.10.4). */

    .set MSR_PAT,   0x277
    .set MSR_EFER,  0xc0000080
    .set CR0_WP,    16                      /* bit numbers */
    .set CR4_PGE,   7
    .set CR4_PCIDE, 17
    .set CR4_CET,   23

    .section .text.jump_to_core, "ax"
    .globl jump_to_core
    .hidden jump_to_core
jump_to_core:
    cli
    cld
    mov  %rdi, %r9                          /* entry */
    mov  %rsi, %r10                         /* stack_end */
    mov  %rdx, %rdi                         /* handoff: where the core wants it */
    mov  %rcx, %r11                         /* root */

    mov  $MSR_PAT, %ecx                     /* entries 0-3 and 5-7 as at power-on; 4: write-combining */
    mov  $0x00070406, %eax
    mov  $0x00070401, %edx
    wrmsr

    mov  $MSR_EFER, %ecx
    rdmsr
    or   %r8d, %eax
    wrmsr

    mov  %cr4, %rax                         /* no global pages: the load of CR3 drops every old translation; */
    btr  $CR4_PGE, %rax                     /* no PCID: CR3's low bits are plain; no shadow stack: we leave the one there is */
    btr  $CR4_PCIDE, %rax
    btr  $CR4_CET, %rax
    mov  %rax, %cr4
    mov  %r11, %cr3                         /* our tables from here on */

    mov  %cr0, %rax
    bts  $CR0_WP, %rax
    mov  %rax, %cr0

    mov  %r10, %rsp
    xor  %ebp, %ebp                         /* a backtrace ends here */
    jmp  *%r9
    .section .note.GNU-stack, "", %progbits
