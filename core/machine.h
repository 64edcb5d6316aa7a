/* What this machine is, as a whole: the READY line, and the facts that a report wants. */
#pragma once

#include "core/handoff_view.h"

/* Keeps the view, and takes note of when the core began. Boot CPU, once. */
void machine_start(const struct handoff_view *view, uint64_t entry_ticks);

/* Says that something is missing: one word for the READY line's degraded= list, such as "serial". Boot CPU, before machine_ready(). */
void machine_degraded(const char *word);

/* How far the image lies from where it was linked. Any context. */
uint64_t machine_moved_by(void);

/* `READY ...`: the core hands over to main. */
void machine_ready(void);

/* Where the firmware's tables begin; NULL when nobody has said. Any context, after machine_start(). */
const struct handoff_roots *machine_roots(void);
