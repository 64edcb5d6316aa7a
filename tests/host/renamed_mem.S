/* core/x86_64/mem.S under the names of renamed_string.h. */
#define memcpy  ingot_memcpy
#define memmove ingot_memmove
#define memset  ingot_memset

#include "core/x86_64/mem.S"
