/* The core's ELF file, and the loader's SBAT generation (shim's SBAT.md: component,generation,vendor,package,version,url). */

    .section .rodata.core, "a"
    .balign 16
    .globl embedded_core_start, embedded_core_end
    .hidden embedded_core_start, embedded_core_end
embedded_core_start:
    .incbin CORE_FILE
embedded_core_end:

    .section .sbat, "a"
    .ascii "sbat,1,SBAT Version,sbat,1,https://github.com/rhboot/shim/blob/main/SBAT.md\n"
    .ascii "ingot,1,Ingot,ingot,1,mailto:ingot@invalid\n"
    .section .note.GNU-stack, "", %progbits
