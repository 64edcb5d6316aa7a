/* NMIs for this application: the core itself knows none but those by which CPUs hold each other. */
#pragma once

/* From now on, and no longer, NMIs of this CPU call nmi(), on a stack of their own. */
void take_nmis(void *unused);
void give_nmis_back(void *unused);

/* main.c has it. */
void nmi(void);
