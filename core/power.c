#include <ingot/power.h>

#include "core/arch.h"
#include "core/log.h"

#include <ingot/acpi.h>
#define LOG_SUBSYSTEM power
#include <ingot/log.h>
#include <ingot/time.h>

LOG_SUBSYSTEM_DEFINE(power);

enum {
    SETTLE_MS = 500,           /* machines take up to some hundred milliseconds from the register write to darkness */
};

enum {                         /* PM1 control; ACPI 6.5, "PM1 Control Registers" (4.8.3.2.1) */
    PM1_SCI_ENABLED = 1u << 0,
    PM1_SLEEP_TYPE_SHIFT = 10,
    PM1_SLEEP_ENABLE = 1u << 13,
};

static void wait_for_the_end(const char *what)
{
    delay_us(SETTLE_MS * 1000);
    log_warn("%s had no effect after %d ms", what, SETTLE_MS);
}

/* In legacy mode the PM1 registers may belong to the firmware: ask for them first. */
static void enter_acpi_mode(const struct acpi_power_off *off)
{
    uint64_t control;

    if (off->smi_command == 0 || off->acpi_enable == 0)
        return;
    for (uint32_t ms = 0; ms < SETTLE_MS; ms++) {
        if (arch_register_read(&off->control_a, 2, &control) || control & PM1_SCI_ENABLED)
            return;
        if (ms == 0)
            arch_register_write(&(struct acpi_register){ .address = off->smi_command, .space = ACPI_SPACE_IO }, 1, off->acpi_enable);
        delay_us(1000);
    }
    log_warn("the firmware did not enter ACPI mode within %d ms: trying all the same", SETTLE_MS);
}

static void sleep_now(const struct acpi_register *control, uint8_t type)
{
    uint64_t value = 0;
    int error;

    if (control->address == 0)
        return;
    error = arch_register_read(control, 2, &value);
    value = (value & ~(7ull << PM1_SLEEP_TYPE_SHIFT)) | (uint64_t)type << PM1_SLEEP_TYPE_SHIFT | PM1_SLEEP_ENABLE;
    error |= arch_register_write(control, 2, value);
    if (error)
        log_warn("PM1 control at %#llx cannot be read and written", (unsigned long long)control->address);
}

void power_off(void)
{
    struct acpi_power_off off;
    int error = acpi_get_power_off(&off);

    if (error) {
        log_warn("this machine does not say how to power it off");
        return;
    }
    log_end();
    log_info("powering off: S5 has sleep type %u", off.type_a);
    if (off.hardware_reduced) {
        arch_register_write(&off.control_a, 1, (uint64_t)off.type_a << 2 | 1u << 5);
    } else {
        enter_acpi_mode(&off);
        sleep_now(&off.control_a, off.type_a);
        sleep_now(&off.control_b, off.type_b);
    }
    wait_for_the_end("power-off");
}

void power_reset(void)
{
    struct acpi_reset reset;

    log_end();
    if (acpi_get_reset(&reset) == 0) {
        log_info("reset: %#x to the register at %#llx that the FADT names", reset.value, (unsigned long long)reset.reg.address);
        if (arch_register_write(&reset.reg, 1, reset.value))
            log_warn("that register is in a space that this core does not reach");
        else
            wait_for_the_end("the FADT's reset register");
    }
    arch_reset();
}
