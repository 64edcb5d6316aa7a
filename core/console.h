/* The console's inside, for the core's own files. */
#pragma once

#include <stdbool.h>

/* What console_print() prints goes there instead of out; NULL: out again. */
void console_redirect(void (*to)(const char *text));

/* console_interrupted() has said yes since console_begin_page(). */
bool console_was_interrupted(void);
