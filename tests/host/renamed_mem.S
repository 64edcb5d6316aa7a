/* core/x86_64/mem.S under the names of renamed_string.h. Whether it may use vectors is a variable here. */
#define memcpy  ingot_memcpy
#define memmove ingot_memmove
#define memset  ingot_memset
#define VECTORS_MOST ingot_vectors(%rip)

    .bss
    .globl ingot_vectors
    .p2align 3
ingot_vectors:
    .skip 8

#include "core/x86_64/mem.S"
