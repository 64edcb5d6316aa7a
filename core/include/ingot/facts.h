/* Facts: what a command has found out, as lines for people or as JSON for programs, from the same code.
 *
 *     facts("cpu %u id %u brand %s hybrid %hhu", 0, 4, "Fast", true);
 *
 * is `cpu 0: id 4, brand Fast, hybrid` for people and {"cpu":0,"id":4,"brand":"Fast","hybrid":true} for programs: names, each with its
 * conversion behind it. %u %d %s and %#x, %#010x, also with the length ll; %hhu is yes or no, and for people its name stands only
 * where it is true. A string that is NULL is left out, or null. An underscore in a name is a blank for people.
 *
 * What commands print is a list of such rows. A row that stays open (facts_begin) may hold lists of rows of its own, which people see below it,
 * indented. JSON has one row a line and only ASCII characters; a line of the log that comes meanwhile stands between two of its lines and
 * begins with [ and a number or blank, as none of them does.
 *
 * CPU 0, not in interrupts. */
#pragma once

#include <stddef.h>

/* A row. */
void facts(const char *pattern, ...) __attribute__((format(gnu_printf, 1, 2)));

/* A row that stays open for lists, up to facts_end(). */
void facts_begin(const char *pattern, ...) __attribute__((format(gnu_printf, 1, 2)));

/* A list in the open row, up to facts_end(). Up to 16 rows and lists in each other. */
void facts_list(const char *name);
void facts_end(void);

/* From here on facts are JSON, and what console_print() prints are rows {"text": line}. One object, in which facts_list() comes next; its last
 * member is "result". */
void facts_json_begin(void);

/* From here on JSON goes to the next run too (next_run_tell(), in ingot/last_run.h), up to so many bytes, and then a line that says so; 0: no
 * longer. Rows are broken into lines, behind commas. */
void facts_tell_next_run(size_t bytes);
void facts_json_end(int result);
