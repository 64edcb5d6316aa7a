/* make prove: the windows through which every ACPI table is read. */
#include "tests/proof/acpi.h"

#include "core/acpi.c"
