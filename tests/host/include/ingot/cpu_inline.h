/* This CPU, on the host: each test defines those that its subject calls (tests/host/one_machine.h has the usual ones). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

uint32_t cpu_id(void);
uintptr_t cpu_local_distance(void);
uint64_t cpu_ticks(void);
uint64_t cpu_ticks_ordered(void);
uint64_t cpu_interrupts_off(void);
void cpu_interrupts_restore(uint64_t flags);
void cpu_interrupts_on(void);
bool cpu_interrupts_are_on(void);
void cpu_relax(void);
void cpu_wait(void);
