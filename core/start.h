/* The way from the loader's jump to main. */
#pragma once

#include "core/handoff_view.h"

/* Called by the CPU folder's entry on the loader's stack, .bss cleared. entry_ticks: cpu_ticks() at the first instruction. */
_Noreturn void core_start(struct handoff *block, uint64_t entry_ticks);

/* The application: its folder's name, and its entry. */
extern const char application_name[];
extern const uint64_t application_stack_bytes;    /* that main wants; 0: as much as there is anyway */
extern int main(int argc, char **argv);
