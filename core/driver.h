/* Drivers, for the core's own files. */
#pragma once

#include <ingot/driver.h>

/* Starts all drivers of a phase, in the order of linking. Boot CPU. */
void driver_start_phase(enum driver_phase phase);
