/* Where a CPU is. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The callers of what a CPU does just now, the nearest first, each the address of its call's last byte, at most max of them; for another CPU
 * they begin in the interrupt that asks it. *out_count is how many.
 * 0; ERR_BAD_VALUE: no such CPU; ERR_TIMEOUT: it has not answered within 100 ms, as with its interrupts off; ERR_BUSY: it has not answered
 * an earlier question yet. CPU 0, not in interrupts. */
int cpu_backtrace(uint32_t cpu, uintptr_t *out, size_t max, size_t *out_count);

/* Says of such addresses what they are: tell() is called once or more for each, in order, with words such as "handle+0x12 (core/irq.c:90)", then
 * with the functions that it is inlined in; with NULL where nothing is known. Takes milliseconds. CPU 0, not in interrupts. */
void backtrace_explain(const uintptr_t *caller, size_t count, void (*tell)(uintptr_t caller, const char *words));
