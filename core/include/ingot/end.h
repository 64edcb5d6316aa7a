/* The end of a run that is well. */
#pragma once

/* As if main had returned value: the log is sent out, then exit= of the command line says what happens (halt, poweroff, reset, qemu). Other
 * CPUs are stopped where they are. Any CPU, not in interrupts, once. */
_Noreturn void end_run(int value);
