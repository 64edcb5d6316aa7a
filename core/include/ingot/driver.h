/* Drivers: one device a file, announced in a linker section. The core calls start once for each, phase by phase, on the boot CPU, with
 * interrupts off but for the last phase; a driver looks for its device and registers what it found with the class it serves
 * (serial_register, counter_register, ...). Absence is normal: start returns ERR_NOT_FOUND, which is not even a warning. */
#pragma once

enum driver_phase {       /* core/start.c runs counters first, then serial ports, then all else */
    DRIVER_SERIAL,        /* the page tables are ours; time runs on the slow side until the clock is set, right after */
    DRIVER_COUNTER,       /* after ACPI's tables, still on the loader's page tables: what tells time */
    DRIVER_DEVICE,        /* all else: memory, interrupts and time work */
};

struct driver {
    const char *name;
    enum driver_phase phase;
    int (*start)(void);   /* 0, ERR_NOT_FOUND, or another error that the core logs */
};

/* Announces a driver, in any file that is linked. */
#define DRIVER(driver_name, driver_phase, driver_start) \
    static const struct driver driver_##driver_name __attribute__((used, aligned(8), section(".drivers"))) = \
        { #driver_name, driver_phase, driver_start }
