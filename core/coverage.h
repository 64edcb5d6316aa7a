/* COVERAGE=1: which lines and branches have run, counted by the compiler's code and sent home over the log when a run ends. Without it
 * INGOT_COVERAGE is 0, and nothing of this is linked. */
#pragma once

#ifndef INGOT_COVERAGE
#define INGOT_COVERAGE 0
#endif

/* Sends the counters of each object as lines for tools/gcov_lines.py: `gcov file NAME`, `gcov NUMBER BASE64`, `gcov end BYTES SUM`. One CPU, once, at
 * the end of a run or of a panic; the counters go on counting meanwhile. */
void coverage_send(void);
