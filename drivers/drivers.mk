# Drivers: the list is what is linked.
drivers_sources := drivers/uart16550.c
