/* What musl keeps for each thread. */
#pragma once

/* Sets up every CPU's, and the locks where there are several CPUs. Once, on CPU 0, before anything of the library is called. */
void thread_start(const char *name);
