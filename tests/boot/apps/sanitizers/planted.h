/* Bugs on purpose, each in a function of its own, for the compiler's checks to find. */
#pragma once

struct planted {
    const char *name;
    void (*commit)(void);
};
extern const struct planted undefined_bugs[], address_bugs[], last_bugs[], heap_bugs[];    /* past the last: name NULL */

/* What the compiler must not know. */
extern volatile int minus_one, zero, one, forty;
