/* What the vectors lead to. */
#pragma once

#include "core/x86_64/cpu.h"

/* Vectors 0 to 31, from vectors.S, interrupts off. May change the frame. */
void trap(struct trap_frame *frame);

/* Vectors 0 to 31 that nobody was ready for: tells, and does not return. */
void exception(struct trap_frame *frame);

/* Vectors 32 to 255, from vectors.S, interrupts off. */
void interrupt(unsigned vector);
