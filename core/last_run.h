/* For the core's own files; applications see <ingot/last_run.h>. */
#pragma once

#include "core/handoff_view.h"

/* Keeps what the loader found of the last run, and tells its end first of all lines. Boot CPU, once. */
void last_run_start(const struct handoff_last_run *record);
