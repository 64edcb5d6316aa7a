/* What assembly finds behind GS, in struct cpu; asserted in core/x86_64/cpu.h. */
#pragma once

#define CPU_LOCAL_VECTORS 208
#define VECTORS_MAX 32768        /* measured on Zen 3: the first level of the cache; above it REP MOVSQ is as fast */
