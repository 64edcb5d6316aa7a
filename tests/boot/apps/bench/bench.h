/* Measuring, for the parts of this application. */
#pragma once

typedef void (*step)(void);

/* The cost of operation, each time after prepare, whose cost does not count. */
void measure(const char *name, step operation, step prepare);

/* A line of the log, whatever its sinks are like: log.c. */
void measure_log(void);
