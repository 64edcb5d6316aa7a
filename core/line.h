/* Completion's inside, for the core's own files. */
#pragma once

#include <ingot/line.h>

/* How many names begin with these bytes; common gets what all of them go on with. */
unsigned line_count_matches(line_names *names, const char *start, unsigned bytes, char common[LINE_BYTES]);

/* Prints them, below what stands in the line. */
void line_list_matches(line_names *names, const char *start, unsigned bytes);
