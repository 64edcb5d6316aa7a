/* Powering off and resetting on registers that work, that are not there, and that never change: each wait ends, and what had no effect is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/arch.h"
#include "core/log.h"

#include <ingot/acpi.h>
#include <ingot/error.h>
#include <ingot/power.h>
#include <ingot/time.h>

#include "tests/host/model_log.h"

enum { CONTROL_A = 0x604, CONTROL_B = 0x704, SMI = 0xb2, SCI_ENABLED = 1, SLEEP = 1 << 13, NEVER = -1 };

static struct {
    bool no_s5, absent, no_reset, reduced;
    int enters_after_ms;                         /* ACPI mode, once it is asked for */
} machine;
static uint64_t now_us, asked_us, accesses;
static uint32_t slept, resets;

static bool is_in_acpi_mode(void)
{
    return machine.enters_after_ms != NEVER && asked_us && now_us >= asked_us + (uint64_t)machine.enters_after_ms * 1000;
}

int arch_register_read(const struct acpi_register *reg, unsigned bytes, uint64_t *out_value)
{
    (void)reg, (void)bytes;
    accesses++;
    *out_value = is_in_acpi_mode() ? SCI_ENABLED : 0;
    return machine.absent ? ERR_UNSUPPORTED : 0;
}

int arch_register_write(const struct acpi_register *reg, unsigned bytes, uint64_t value)
{
    (void)bytes;
    accesses++;
    if (reg->address == SMI)
        asked_us = now_us + 1;
    slept += reg->address != SMI && value & SLEEP;
    return machine.absent ? ERR_UNSUPPORTED : 0;
}

int acpi_get_power_off(struct acpi_power_off *out)
{
    *out = (struct acpi_power_off){ .hardware_reduced = machine.reduced, .type_a = 5, .type_b = 5, .smi_command = SMI, .acpi_enable = 1 };
    out->control_a.address = CONTROL_A;
    out->control_b.address = CONTROL_B;
    return machine.no_s5 ? ERR_NOT_FOUND : 0;
}

int acpi_get_reset(struct acpi_reset *out)
{
    *out = (struct acpi_reset){ .value = 6 };
    return machine.no_reset ? ERR_NOT_FOUND : 0;
}

void arch_reset(void) { resets++; }
void delay_us(uint32_t us) { now_us += us; }
void log_end(void) { }

static void off(void)
{
    now_us = asked_us = accesses = slept = resets = 0;
    log_forget();
    power_off();
    assert_true(now_us <= 4000000 && accesses <= 2100);       /* SETTLE_MS for the mode, once more behind it */
}

static void acpi_mode_is_waited_for_and_never_for_ever(void **unused)
{
    (void)unused;
    memset(&machine, 0, sizeof(machine));
    for (machine.enters_after_ms = 0; machine.enters_after_ms < 50; machine.enters_after_ms += 7) {
        off();
        assert_int_equal(slept, 2);
        assert_int_equal(log_told("did not enter ACPI mode"), 0);
    }
    machine.enters_after_ms = NEVER;
    off();
    assert_int_equal(slept, 2);                              /* it is tried all the same */
    assert_int_equal(log_told("did not enter ACPI mode"), 1);
    assert_int_equal(log_told("power-off had no effect"), 1);
}

static void registers_that_are_not_there_are_told(void **unused)
{
    (void)unused;
    memset(&machine, 0, sizeof(machine));
    machine.absent = true;
    off();
    assert_int_equal(log_told("cannot be read and written"), 2);
    machine.no_s5 = true;
    off();
    assert_int_equal(accesses, 0);
    assert_int_equal(log_told("does not say how to power it off"), 1);
}

static void a_reset_register_without_effect_leaves_the_chipsets(void **unused)
{
    (void)unused;
    for (unsigned way = 0; way < 4; way++) {
        memset(&machine, 0, sizeof(machine));
        machine.no_reset = way & 1;
        machine.absent = way & 2;
        now_us = resets = 0;
        power_reset();
        assert_int_equal(resets, 1);
        assert_true(now_us <= 2000000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acpi_mode_is_waited_for_and_never_for_ever),
        cmocka_unit_test(registers_that_are_not_there_are_told),
        cmocka_unit_test(a_reset_register_without_effect_leaves_the_chipsets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
