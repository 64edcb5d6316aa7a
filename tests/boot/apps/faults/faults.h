/* One button for each thing that can go wrong. */
#pragma once

#include <stdint.h>

/* Presses end in a panic; one that comes back did not do what it is for. Each is a function of its own, so that a backtrace names it. */
#define PRESS __attribute__((noinline, noclone)) void

/* Calls itself until the stack is used up. */
__attribute__((noinline, noclone)) uint64_t sink(uint64_t depth);

struct button {
    const char *name;
    void (*press)(void);
};

extern const struct button cpu_buttons[], descriptor_buttons[], program_buttons[];    /* each ends with a NULL name */
