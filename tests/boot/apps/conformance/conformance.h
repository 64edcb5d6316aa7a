/* What ISO C promises, as lines: the same sources on this machine's C library must give the same lines. */
#pragma once

#include <stdio.h>

void list_strings(void);
void list_formats(void);
void list_scans(void);
void list_numbers(void);
void list_math(void);
void list_time(void);
void list_files(void);
void list_control(void);

/* One line: where, and what came out. */
#define SHOW(format, ...) printf("%s:%d: " format "\n", __func__, __LINE__, __VA_ARGS__)
