/* The keyboard: layouts (core/keyboard.c), and the controller's driver (drivers/i8042.c) on a register model. Each machine is a process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/option.h"

#include <ingot/acpi.h>
#include <ingot/console.h>
#include <ingot/error.h>
#include <ingot/facts.h>
#include <ingot/keyboard.h>
#include <ingot/prompt.h>
#include <ingot/time.h>

#include "tests/host/model_bus.h"
#include "tests/host/model_irq.h"
#include "tests/host/model_log.h"
#include "tests/host/model_run.h"

enum { DATA = 0x60, STATUS = 0x64, OUT_MAX = 256 };
enum { OUTPUT = 1, INPUT = 2, MOUSE = 0x20, INTERRUPT = 1, TRANSLATE = 0x40, NOBODY = -1, BOUND_US = 300000 };

struct machine {
    bool absent, silent, forgets, no_keyboard, not_connected, echoes, flood, no_fadt, fadt_denies;
    int stuck_status;                            /* NOBODY: no fault */
    int test, port_test, kept;                   /* answers; kept: bits that the configuration keeps */
    const char *left_from_before;                /* bytes in the output buffer */
    const char *layout;                          /* keyboard= */
};

struct outcome {
    struct model_log log;
    bool added, polled;
    uint64_t start_us, steps;
    uint8_t config;
    bool keyboard_on;
    unsigned wakes, interrupts;
    int keys[512];
    unsigned count;
};

static struct machine machine;
static struct outcome *outcome;
static uint8_t out[OUT_MAX];
static bool out_mouse[OUT_MAX];
static unsigned out_count;
static uint8_t config;
static bool config_comes, keyboard_on, in_interrupt;
static struct console_input *input;

/* ---- the model ---- */

static void put(uint8_t byte, bool mouse)
{
    if (out_count == OUT_MAX)
        return;
    out[out_count] = byte;
    out_mouse[out_count++] = mouse;
}

static void interrupt_if_wanted(void)
{
    if (in_interrupt || machine.not_connected || !(config & INTERRUPT) || out_count == 0 || model_irqs.count == 0 || !model_irqs.irq[0].attached)
        return;
    in_interrupt = true;
    outcome->interrupts++;
    assert_int_equal(model_irqs.irq[0].wish.handler(model_irqs.irq[0].wish.argument), IRQ_MINE);
    in_interrupt = false;
}

static uint64_t read_status(struct model_device *device, uint64_t offset)
{
    (void)device, (void)offset;
    if (machine.stuck_status != NOBODY)
        return (uint64_t)machine.stuck_status;
    return machine.flood ? OUTPUT : out_count ? OUTPUT | (out_mouse[0] ? MOUSE : 0) : 0;
}

static uint64_t read_data(struct model_device *device, uint64_t offset)
{
    uint8_t byte = out_count ? out[0] : 0;

    (void)device, (void)offset;
    if (out_count) {
        memmove(out, out + 1, --out_count);
        memmove(out_mouse, out_mouse + 1, out_count);
    }
    return byte;
}

static void write_command(struct model_device *device, uint64_t offset, uint64_t value)
{
    (void)device, (void)offset;
    if (machine.silent)
        return;
    switch (value) {
    case 0x20: put(config & (uint8_t)machine.kept, false); break;
    case 0x60: config_comes = true; break;
    case 0xaa: put((uint8_t)machine.test, false); config = machine.forgets ? 0x30 : config; break;
    case 0xab: put((uint8_t)machine.port_test, false); break;
    case 0xad: case 0xae: keyboard_on = value == 0xae; break;
    }
}

static void write_data(struct model_device *device, uint64_t offset, uint64_t value)
{
    (void)device, (void)offset;
    if (machine.echoes)
        put((uint8_t)value, false);
    else if (config_comes)
        config = (uint8_t)value;
    else if (!machine.no_keyboard && !machine.silent)
        put(value == 0xee ? 0xee : 0xfa, false);
    config_comes = false;
}

static struct model_device data_port = { MODEL_PORT, DATA, DATA + 1, 1, read_data, write_data };
static struct model_device command_port = { MODEL_PORT, STATUS, STATUS + 1, 1, read_status, write_command };

/* ---- what the driver stands on ---- */

void delay_us(uint32_t us)
{
    model_bus.now_ps += us * 1000000ull;
    interrupt_if_wanted();
}

const struct acpi_fadt *acpi_get_fadt(void)
{
    static struct acpi_fadt fadt;

    fadt.has_8042 = !machine.fadt_denies;
    return machine.no_fadt ? NULL : &fadt;
}

const char *option(const char *name) { return strcmp(name, "keyboard") ? NULL : machine.layout; }
void console_wake(void) { outcome->wakes++; }

void console_add_input(struct console_input *added)
{
    input = added;
    outcome->added = true;
    outcome->polled = added->polled;
}

static const char *told_layout;

void facts(const char *pattern, ...)
{
    va_list args;

    assert_string_equal(pattern, "keyboard %s");
    va_start(args, pattern);
    told_layout = va_arg(args, const char *);
    va_end(args);
}

int prompt_complain(const char *pattern, ...)
{
    assert_string_equal(pattern, "%s: no such layout");
    return ERR_BAD_VALUE;
}

extern const struct input_driver __start_input_drivers[], __stop_input_drivers[];
extern const struct command __start_commands[], __stop_commands[];
static void (*talk)(void);

static void live(const void *unused)
{
    (void)unused;
    model_bus_clear();
    model_irqs.lines = 16;
    if (!machine.absent) {
        model_bus_add(&data_port);
        model_bus_add(&command_port);
    }
    config = 0x61;
    for (const char *byte = machine.left_from_before; byte && *byte; byte++)
        put((uint8_t)*byte, false);
    for (const struct input_driver *driver = __start_input_drivers; driver < __stop_input_drivers; driver++)
        driver->start();
    outcome->start_us = model_bus.now_ps / 1000000;
    outcome->steps = model_bus.steps;
    if (talk && input)
        talk();
    outcome->config = config;
    outcome->keyboard_on = keyboard_on;
}

static void start(void (*conversation)(void))
{
    int status;

    memset(outcome, 0, sizeof(*outcome));
    model_log = &outcome->log;
    talk = conversation;
    status = model_run(live, NULL);
    if (status)
        log_print();
    assert_int_equal(status, 0);
}

static struct machine good(void)
{
    return (struct machine){ .stuck_status = NOBODY, .test = 0x55, .kept = 0xff };
}

static void expect_line(const char *text)
{
    if (log_told(text))
        return;
    log_print();
    fail_msg("no line says \"%s\"", text);
}

/* ---- the controller ---- */

static void press(const char *codes)
{
    for (; *codes; codes++) {
        put((uint8_t)*codes, false);
        interrupt_if_wanted();
    }
}

static void read_keys(void)
{
    int key;

    while ((key = input->key(input)) >= 0 && outcome->count < 512)
        outcome->keys[outcome->count++] = key;
}

static void type_ok(void)
{
    press("\x18\x98\x25\xa5\x1c\x9c");           /* o k Enter, each let go */
    read_keys();
}

static void expect_ok(void)
{
    assert_int_equal(outcome->count, 3);
    assert_true(outcome->keys[0] == 'o' && outcome->keys[1] == 'k' && outcome->keys[2] == KEY_ENTER);
}

static void a_keyboard_is_heard_by_interrupts(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        machine = good();
        machine.forgets = i == 1;
        machine.no_fadt = i == 2;
        machine.left_from_before = i == 3 ? "rubbish" : NULL;
        start(type_ok);
        expect_line("info i8042: a keyboard answers, by interrupts");
        assert_false(outcome->polled);
        assert_true(outcome->config & INTERRUPT && outcome->config & TRANSLATE && outcome->keyboard_on);
        assert_true(outcome->wakes >= 6);
        assert_in_range(outcome->start_us, 0, 1000);
        expect_ok();
    }
}

static void without_its_line_it_is_polled(void **state)
{
    (void)state;
    machine = good();
    machine.not_connected = true;
    start(type_ok);
    expect_line("a keyboard answers, polled");
    assert_true(outcome->polled);
    assert_false(outcome->config & INTERRUPT);
    expect_ok();
}

static void a_keyboard_may_come_later(void **state)
{
    (void)state;
    machine = good();
    machine.no_keyboard = true;
    start(type_ok);
    expect_line("no keyboard answers, by interrupts");
    assert_in_range(outcome->start_us, 0, BOUND_US);
    expect_ok();
}

static void expect_left(const char *why)
{
    start(type_ok);
    expect_line(why);
    assert_false(outcome->added);
    assert_in_range(outcome->start_us, 0, BOUND_US);
    assert_in_range(outcome->steps, 0, BOUND_US);
}

static void what_is_no_controller_is_left(void **state)
{
    (void)state;
    machine = good();
    machine.fadt_denies = true;
    expect_left("left: the FADT says that there is none");
    assert_int_equal(outcome->steps, 0);
    machine = good();
    machine.absent = true;
    expect_left("left: nobody answers");
    assert_int_equal(outcome->steps, 1);
    machine = good();
    machine.stuck_status = INPUT;
    expect_left("left: it takes no command");
    machine = good();
    machine.stuck_status = OUTPUT;
    expect_left("left: it always has one more byte");
    machine = good();
    machine.flood = true;
    expect_left("left: it always has one more byte");
    machine = good();
    machine.stuck_status = 0;
    expect_left("left: it does not tell its configuration");
    machine = good();
    machine.silent = true;
    expect_left("left: it does not tell its configuration");
    machine = good();
    machine.test = 0xfc;
    expect_left("left: its self test fails");
    machine = good();
    machine.port_test = 1;
    expect_left("left: the test of its first port fails");
    machine = good();
    machine.kept = ~TRANSLATE;
    expect_left("left: it does not keep its configuration");
    machine = good();
    machine.echoes = true;
    expect_left("left: it");
}

/* Whatever the status says all the time, it ends. */
static void every_stuck_status_ends(void **state)
{
    (void)state;
    for (int status = 0; status < 256; status++) {
        machine = good();
        machine.stuck_status = status;
        expect_left("left: ");
    }
}

static void a_mouse_is_no_key(void)
{
    put(0x1e, true);
    interrupt_if_wanted();
    type_ok();
}

static void bytes_of_a_mouse_are_dropped(void **state)
{
    (void)state;
    machine = good();
    start(a_mouse_is_no_key);
    expect_ok();
}

static void flood_of_keys(void)
{
    for (unsigned i = 0; i < 1000; i++)
        press("\x1e\x9e");
    machine.flood = true;                        /* from now on there is always a byte */
    for (unsigned i = 0; i < 100; i++)
        interrupt_if_wanted();
    for (unsigned i = 0; i < 100; i++)
        input->key(input);
}

static void floods_end(void **state)
{
    (void)state;
    machine = good();
    start(flood_of_keys);
    assert_in_range(outcome->steps, 0, 1000);
}

static void any_bytes(void)
{
    struct keyboard keyboard = { 0 };
    uint32_t random = 1;

    for (unsigned i = 0; i < 1000000; i++) {
        int key;

        random = random * 1664525 + 1013904223;
        key = keyboard_key(&keyboard, (uint8_t)(random >> 24));
        if (key < -1 || key > KEY_PAGE_DOWN)
            _exit(1);
    }
}

static void a_million_bytes_of_any_kind_are_survived(void **state)
{
    (void)state;
    machine = good();
    start(any_bytes);
}

/* ---- layouts ---- */

static void expect_keys(const char *layout, const char *codes, const int *keys)
{
    struct keyboard keyboard = { 0 };

    assert_int_equal(keyboard_set_layout(layout), 0);
    for (; *codes; codes++) {
        int key = keyboard_key(&keyboard, (uint8_t)*codes);

        if (key >= 0)
            assert_int_equal(key, *keys++);
    }
    assert_int_equal(*keys, -1);
}
#define EXPECT(layout, codes, ...) expect_keys(layout, codes, (const int[]){ __VA_ARGS__, -1 })

static void keys_of_all_layouts(void **state)
{
    (void)state;
    EXPECT("us", "\x02\x10\x15\x2c\x28\x2b\x35\x39", '1', 'q', 'y', 'z', '\'', '\\', '/', ' ');
    EXPECT("us", "\x2a\x03\x1e\xaa\x1e", '@', 'A', 'a');
    EXPECT("us", "\x36\x0c\xb6\x29\x2a\x29", '_', '`', '~');
    EXPECT("de", "\x15\x2c\x1a\x27\x28\x0c\x2b\x56", 'z', 'y', 0xfc, 0xf6, 0xe4, 0xdf, '#', '<');
    EXPECT("de", "\x2a\x08\x0c\x2b\x33\x34\x56\xaa", '/', '?', '\'', ';', ':', '>');
    EXPECT("de", "\xe0\x38\x10\x08\x09\x0a\x0b\x0c\x1b\x56\x12\xe0\xb8\x10", '@', '{', '[', ']', '}', '\\', '~', '|', 0x20ac, 'q');
    EXPECT("fr", "\x10\x1e\x2c\x32\x03\x09\x33\x34\x35", 'a', 'q', 'w', ',', 0xe9, '_', ';', ':', '!');
    EXPECT("fr", "\x2a\x02\x03\x0b\x32\x33\x34\x56\xaa", '1', '2', '0', '?', '.', '/', '>');
    EXPECT("fr", "\xe0\x38\x03\x05\x0b\x0c\x12\xe0\xb8", '~', '{', '@', ']', 0x20ac);
    assert_int_equal(keyboard_set_layout("xx"), ERR_NOT_FOUND);
}

static void modifiers_and_locks(void **state)
{
    (void)state;
    EXPECT("us", "\x1d\x2e\x9d\x2e", KEY_CTRL_C, 'c');
    EXPECT("us", "\xe0\x1d\x1e\x1a\xe0\x9d\x1e", 1, 27, 'a');
    EXPECT("fr", "\x1d\x10\x9d", 1);                                            /* Ctrl follows the letter, not the place */
    EXPECT("us", "\x3a\xba\x1e\x02\x2a\x1e\xaa\x3a\xba\x1e", 'A', '1', 'a', 'a');
    EXPECT("de", "\x3a\xba\x27\x0c", 0xd6, 0xdf);
    EXPECT("us", "\x38\x1e\xb8", 'a');                                          /* Alt alone changes nothing */
    EXPECT("us", "\x0e\x0f\x1c\x01", KEY_BACKSPACE, KEY_TAB, KEY_ENTER, KEY_ESCAPE);
}

static void keys_that_are_extended(void **state)
{
    (void)state;
    EXPECT("us", "\xe0\x48\xe0\x50\xe0\x4d\xe0\x4b", KEY_UP, KEY_DOWN, KEY_RIGHT, KEY_LEFT);
    EXPECT("us", "\xe0\x47\xe0\x4f\xe0\x53\xe0\x49\xe0\x51", KEY_HOME, KEY_END, KEY_DELETE, KEY_PAGE_UP, KEY_PAGE_DOWN);
    EXPECT("us", "\xe0\x2a\xe0\x48\xe0\xc8\xe0\xaa\x1e", KEY_UP, 'a');          /* the keyboard's own Shift is none */
    EXPECT("us", "\xe1\x1d\x45\xe1\x9d\xc5\x1e", 'a');                          /* Pause */
    EXPECT("us", "\xe0\x2a\xe0\x37\xe0\xb7\xe0\xaa\x1e", 'a');                  /* Print */
    EXPECT("us", "\xe0\x5b\xe0\xdb\x3b\xbb\x1e", 'a');
    EXPECT("us", "\x47\x4c\x52\x53\x4a\x4e\x37\xe0\x35\xe0\x1c", '7', '5', '0', '.', '-', '+', '*', '/', KEY_ENTER);
    EXPECT("us", "\x45\xc5\x47\x48\x53\x4e\x45\xc5\x47", KEY_HOME, KEY_UP, KEY_DELETE, '+', '7');
}

static void type_z(void)
{
    press("\x15");
    read_keys();
}

static void the_option_names_a_layout(void **state)
{
    (void)state;
    machine = good();
    machine.layout = "de";
    start(type_z);
    assert_int_equal(outcome->keys[0], 'z');
    machine.layout = "klingon";
    start(type_z);
    assert_int_equal(outcome->keys[0], 'y');
    expect_line("warn keyboard: keyboard=klingon is none of us, de, fr: us");
}

static void the_command_sets_a_layout(void **state)
{
    const struct command *command = __start_commands;
    char *words[] = { "keyboard", "fr", NULL };

    (void)state;
    assert_string_equal(command->name, "keyboard");
    assert_int_equal(command->run(2, words), 0);
    EXPECT("fr", "\x10", 'a');
    assert_int_equal(command->run(1, words), 0);
    assert_string_equal(told_layout, "fr");
    assert_string_equal(command->choice(2), "fr");
    assert_null(command->choice(3));
    words[1] = "xx";
    assert_int_equal(command->run(2, words), PROMPT_USAGE);
    assert_int_equal(command->run(3, words), PROMPT_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_keyboard_is_heard_by_interrupts),
        cmocka_unit_test(without_its_line_it_is_polled),
        cmocka_unit_test(a_keyboard_may_come_later),
        cmocka_unit_test(what_is_no_controller_is_left),
        cmocka_unit_test(every_stuck_status_ends),
        cmocka_unit_test(bytes_of_a_mouse_are_dropped),
        cmocka_unit_test(floods_end),
        cmocka_unit_test(a_million_bytes_of_any_kind_are_survived),
        cmocka_unit_test(the_option_names_a_layout),
        cmocka_unit_test(keys_of_all_layouts),
        cmocka_unit_test(modifiers_and_locks),
        cmocka_unit_test(keys_that_are_extended),
        cmocka_unit_test(the_command_sets_a_layout),
    };

    outcome = model_shared(sizeof(*outcome));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
