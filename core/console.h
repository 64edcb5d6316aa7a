/* The console's inside, for the core's own files. */
#pragma once

/* What console_print() prints goes there instead of out; NULL: out again. */
void console_redirect(void (*to)(const char *text));
