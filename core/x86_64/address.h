/* What addresses mean, for crash reports and the backtrace. Any context. */
#pragma once

#include "core/handoff_view.h"

/* The guard page below stack number index of the boot CPU, or 0 past the last. */
uint64_t stack_guard(unsigned index);

enum { STACK_NAME_BYTES = 48 };

/* The name of the stack, of any CPU, whose guard page holds address, or NULL. May use buffer for the answer. */
const char *stack_guard_name(uint64_t address, char *buffer, size_t bytes);

bool address_is_stack(uint64_t address);
bool address_is_text(uint64_t address);
bool address_is_canonical(uint64_t address);    /* its upper bits are all alike, as the CPU demands */

/* Memory or a framebuffer lies there, so that a number may well be meant as an address. */
bool address_is_known(uint64_t address);

/* In words: "program text", "the guard page of the NMI stack". May use buffer for the answer. */
const char *address_words(uint64_t address, char *buffer, size_t bytes);
