/* What the vectors lead to. */
#pragma once

#include "core/x86_64/cpu.h"

/* Vectors 0 to 31, from vectors.S, interrupts off. May change the frame. */
void trap(struct trap_frame *frame);

/* Vectors 0 to 31 that trap() was not ready for: tells, and does not return, unless another CPU or a debugger wanted this one to stand. */
void exception(struct trap_frame *frame);

/* From now on exceptions but NMIs go to stop() first. True: the program goes on as the frame says. */
void exception_set_debugger(bool (*stop)(struct trap_frame *frame));

/* Vectors 32 to 255, from vectors.S, interrupts off. */
void interrupt(unsigned vector);
