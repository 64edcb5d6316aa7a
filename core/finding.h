/* What the compiler's checks find at run time (SAN=undefined, SAN=address): each is told once, and counted. Linked only in such builds. */
#pragma once

#include <stdint.h>

#include <ingot/log.h>

/* An error line of the subsystem, "finding 3: sentence"; under san=panic on the command line `PANIC code: sentence` instead. What is found
 * while this CPU tells of another finding is counted only: the log is checked like all else. Any context. */
void finding_tell(const struct log_subsystem *subsystem, const char *code, const char *pattern, ...)
    __attribute__((format(gnu_printf, 3, 4)));

/* One more that is not told again. Any context. */
void finding_count(void);
