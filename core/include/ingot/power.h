/* The end of the machine. Neither returns when it works; when it does not, each attempt has left a log line and the call returns.
 * Any context; other CPUs are not asked. */
#pragma once

/* Soft off, state S5 (ACPI 6.5, "Transitioning from the Working to the Soft Off State"). */
void power_off(void);

/* Reset: the FADT's register as the table says, then port 0xCF9, then the keyboard controller, then a triple fault. */
void power_reset(void);
