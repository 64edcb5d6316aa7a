# Drivers: the list is what is linked. Counters come in the order in which the clock prefers them, and so do watchdogs.

drivers_sources := drivers/uart16550.c drivers/hpet.c drivers/pm_timer.c drivers/pit.c drivers/rtc.c drivers/i8042.c \
	drivers/wdat.c drivers/tco.c
