/* In place of <ingot/string.h>: memset() of a whole object to 0 is told to the prover by the object's type (tests/proof/madt.c). */
#pragma once

#include <stddef.h>

#define memset(to, value, bytes) \
    (sizeof(*(to)) == sizeof(struct acpi_interrupts) ? clear_interrupts((void *)(to)) : clear_counts((void *)(to)))
