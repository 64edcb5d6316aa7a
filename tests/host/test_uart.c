/* Serial ports: the class (core/serial.c) and the 16550 driver against register models. Each machine is a process of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/driver.h"
#include "core/log.h"
#include "core/option.h"
#include "core/serial.h"

#include <ingot/acpi.h>
#include <ingot/console.h>
#include <ingot/error.h>
#include <ingot/irq.h>
#include <ingot/pages.h>
#include <ingot/pci.h>
#include <ingot/serial.h>
#include <ingot/time.h>

#include "tests/host/model_log.h"
#include "tests/host/model_run.h"
#include "tests/host/model_uart.h"
#include "tests/host/fault_seen.h"

#define MS 1000000000ull                         /* in picoseconds */
#define IO_ADDRESS 0x3f8
#define MEMORY_ADDRESS 0xfe032000ull

enum {
    DRAIN_BOUND_US = 20000,                      /* as the driver has it */
    /* A port that nobody answers for is looked at once; one that answers is asked 20 times, waits for its transmitter aside. */
    PROBE_ACCESSES = 40,
    LOOK_US = 10,                                /* one look at a port, with what goes with it */
    FILL_US = 30,                                /* a FIFO filled; a line takes 5,000 us at 115,200 baud */
};

struct machine {
    struct model_uart uart;
    enum model_space space;
    uint64_t address;                            /* of the place that is named */
    uint32_t stride, clock_hz, baud;
    const char *pending;                         /* still in the transmitter when we come */
    bool told, clock_stands_still, ram_there;
    unsigned times_named;                        /* 0: once */
    const char *flow;                            /* flow= of the command line */
    bool no_interrupts;                          /* the line is not connected */
    enum namer { BY_LOADER, BY_SPCR, BY_DBG2, BY_PCI, BY_OPTION, BY_NOBODY } named_by;
    bool named_everywhere;                       /* by SPCR, DBG2 and PCI as well */
    const char *serial;                          /* serial= of the command line */
    uint32_t class_code;
    uint64_t bar_bytes;
    unsigned bar;                                /* its number */
};

struct outcome {
    struct model_log log;
    struct model_uart uart;                      /* at the end */
    struct model_bus bus;
    char line[MODEL_LINE_BYTES];
    unsigned ports;
    uint64_t probe_us, probe_accesses, probe_writes_elsewhere;
    uint64_t line_us[16];                        /* each line's time */
    uint64_t lost_bytes;
    bool muted;
    int received;
    unsigned wakes;
    bool listens;
    char read[1024];
    unsigned interrupts, moved;                  /* how often the log was told of room */
    bool had_room_when_full, had_room_later;
};

static struct machine machine;
static struct outcome *outcome;
static struct model_uart *uart;
static void (*talk)(void);

/* ---- what the driver stands on ---- */

static struct irq_wish wish;
static bool in_interrupt;

void log_drain_soon(void) { outcome->moved++; }
void console_wake(void) { outcome->wakes++; }

const char *option(const char *name)
{
    return !strcmp(name, "flow") ? machine.flow : !strcmp(name, "serial") ? machine.serial : NULL;
}

static bool is_named_by(enum namer namer) { return machine.named_by == namer || (machine.named_everywhere && namer != BY_OPTION); }

int acpi_get_serial(unsigned index, struct acpi_serial *out_serial)
{
    static const enum namer namers[] = { BY_SPCR, BY_DBG2 };

    for (unsigned i = 0; i < 2; i++) {
        if (!is_named_by(namers[i]) || index--)
            continue;
        *out_serial = (struct acpi_serial){
            .registers = { .address = machine.address, .space = machine.space == MODEL_PORT ? ACPI_SPACE_IO : ACPI_SPACE_MEMORY },
            .stride = machine.stride, .baud = machine.baud, .clock_hz = machine.clock_hz, .source = i ? "DBG2" : "SPCR",
        };
        return 0;
    }
    return ERR_NOT_FOUND;
}

/* Two functions: something else, and behind a bridge the port. */
const struct pci_function *pci_function(unsigned index)
{
    static struct pci_function f[2];

    f[0] = (struct pci_function){ .device = 2, .class_code = 0x030000 };
    f[1] = (struct pci_function){ .bus = 5, .device = 0x1c, .function = 3, .class_code = machine.class_code ? machine.class_code : 0x070002 };
    return index < (is_named_by(BY_PCI) || machine.named_by == BY_OPTION ? 2 : 1) ? &f[index] : NULL;
}

int pci_bar(const struct pci_function *f, unsigned index, struct pci_bar *out_bar)
{
    assert_int_equal(f->bus, 5);
    if (index != machine.bar)
        return ERR_NOT_FOUND;
    *out_bar = (struct pci_bar){ .address = machine.address, .bytes = machine.bar_bytes ? machine.bar_bytes : 8 * machine.stride,
                                 .is_io = machine.space == MODEL_PORT };
    return 0;
}

static uint32_t pci_command;

uint32_t pci_read(const struct pci_function *f, uint32_t offset, unsigned bytes)
{
    assert_true(f->bus == 5 && offset == PCI_COMMAND && bytes == 2);
    return pci_command;
}

void pci_write(const struct pci_function *f, uint32_t offset, unsigned bytes, uint32_t value)
{
    assert_true(f->bus == 5 && offset == PCI_COMMAND && bytes == 2);
    pci_command = value;
}

uint32_t irq_isa_line(uint8_t isa) { return isa; }
void irq_detach(struct irq *irq) { (void)irq, wish.handler = NULL; }
void *pages_alloc(size_t count, size_t alignment_bytes, uint64_t limit) { (void)alignment_bytes, (void)limit; return calloc(count, 4096); }
void pages_free(void *first, size_t count) { (void)count, free(first); }

int irq_attach(uint32_t line, const struct irq_wish *wanted, struct irq **out_irq)
{
    assert_int_equal(line, 4);
    wish = *wanted;
    *out_irq = (struct irq *)(void *)&wish;
    return 0;
}

static void interrupt_if_wanted(void)
{
    if (!wish.handler || in_interrupt || machine.no_interrupts || !model_uart_interrupts(uart))
        return;
    in_interrupt = true;
    outcome->interrupts++;
    assert_int_equal(wish.handler(wish.argument), IRQ_MINE);
    in_interrupt = false;
}

uint64_t time_ns(void)
{
    model_bus.now_ps += 20000;
    interrupt_if_wanted();
    return machine.clock_stands_still ? 1000 : model_bus.now_ps / 1000;
}

static uint64_t now_us(void) { return model_bus.now_ps / 1000000; }

static void name_places(void)
{
    static struct handoff_serial record;
    struct handoff_view view = { .serials = machine.named_by != BY_LOADER ? 0 : machine.times_named ? machine.times_named : 1 };

    record = (struct handoff_serial){
        .address = machine.address, .space = machine.space == MODEL_PORT ? HANDOFF_SERIAL_IO : HANDOFF_SERIAL_MMIO,
        .stride = machine.stride, .clock_hz = machine.clock_hz, .baud = machine.baud, .source = HANDOFF_SERIAL_SPCR,
        .told = machine.told,
    };
    for (unsigned i = 0; i < view.serials; i++)
        view.serial[i] = &record;
    serial_start(&view);
}

static void live(const void *argument)
{
    (void)argument;
    model_bus_clear();
    uart = &machine.uart;
    uart->line = outcome->line;
    if (machine.ram_there)
        model_bus.memory_to = UINT64_MAX;
    model_uart_add(uart, machine.space, machine.address, machine.stride);
    if (machine.pending)
        model_uart_fill(uart, machine.pending);
    name_places();
    driver_start_phase(DRIVER_SERIAL);
    outcome->probe_us = now_us();
    outcome->probe_accesses = model_bus.steps;
    outcome->ports = serial_count();
    if (talk)
        talk();
    model_uart_drain(uart);
    if (serial_port(0)) {
        outcome->lost_bytes = serial_port(0)->lost_bytes;
        outcome->muted = serial_port(0)->muted;
    }
    outcome->uart = *uart;
    outcome->bus = model_bus;
}

/* The bus may be asked for what it has not. */
static void start_groping(void (*conversation)(void))
{
    memset(outcome, 0, sizeof(*outcome));
    model_log = &outcome->log;
    talk = conversation;
    int status = model_run(live, NULL);

    if (status)
        log_print();
    assert_int_equal(status, 0);
}

static void start(void (*conversation)(void))
{
    start_groping(conversation);
    assert_int_equal(outcome->bus.stray_writes, 0);
    assert_int_equal(outcome->bus.wrong_widths, 0);
    assert_int_equal(outcome->uart.odd_offsets, 0);
    assert_int_equal(outcome->uart.overruns, 0);
    assert_int_equal(outcome->uart.bad_divisors, 0);
}

static void expect_line(const char *text)
{
    if (log_told(text))
        return;
    log_print();
    fail_msg("no line says \"%s\"", text);
}

/* A 16550A at COM1, at 115,200 baud. */
static struct machine com1(void)
{
    return (struct machine){
        .uart = { .kind = UART_16550A, .fault = MODEL_UART_GOOD, .clock_hz = 1843200, .divisor = 1, .fifo_bytes = 16 },
        .space = MODEL_PORT, .address = IO_ADDRESS, .stride = 1, .serial = "what the loader found",
    };
}

/* ---- conversations ---- */

static void line(unsigned number, const char *text)
{
    uint64_t start_us = now_us();

    serial_send_line("[p] ", 4, text, strlen(text));
    if (number < 16)
        outcome->line_us[number] = now_us() - start_us;
}

static const char *numbered(unsigned number)
{
    static char text[128];

    snprintf(text, sizeof(text), "line %u %s", number, "abcdefghijklmnopqrstuvwxyz 0123456789 the rest of it" + number % 20);
    return text;
}

static void ten_lines(void)
{
    for (unsigned i = 0; i < 10; i++)
        line(i, numbered(i));
}

/* All ten lines came out, once and in order, behind what was pending. */
static void expect_ten_lines(const char *pending)
{
    char expected[2048], *at = expected;

    at += sprintf(at, "%s", pending);
    for (unsigned i = 0; i < 10; i++)
        at += sprintf(at, "[p] %s\r\n", numbered(i));
    assert_int_equal(outcome->uart.sent, at - expected);
    assert_memory_equal(outcome->line, expected, at - expected);
    assert_int_equal(outcome->lost_bytes, 0);
    assert_false(outcome->muted);
}

/* ---- 96 arrangements of a port that works ---- */

static const struct { uint32_t clock_hz, baud; uint16_t divisor; } speeds[] = {
    { 0, 0, 0 }, { 1843200, 115200, 1 }, { 1843200, 9600, 12 }, { 48000000, 115200, 26 },
};

static void every_arrangement_is_found_and_sends_each_byte_once(void **state)
{
    static const char *const words[] = { "8250", "16450 without FIFO", "16450 without FIFO", "16550A with FIFO" };
    unsigned cases = 0;

    (void)state;
    for (unsigned number = 0; number < 6 * 4 * 4; number++) {
        unsigned kind = number / 6 % 4, speed = number / 24;
        struct machine m = com1();

        m.space = number % 2 ? MODEL_MEMORY : MODEL_PORT;
        m.address = m.space == MODEL_PORT ? IO_ADDRESS : MEMORY_ADDRESS;
        m.stride = 1u << number / 2 % 3;
        m.uart.kind = kind;
        m.uart.clock_hz = speeds[speed].clock_hz ? speeds[speed].clock_hz : 1843200;
        m.clock_hz = speeds[speed].clock_hz;
        m.baud = speeds[speed].baud;
        m.uart.divisor = 7;
        machine = m;
        start(ten_lines);
        assert_int_equal(outcome->ports, 1);
        expect_line(words[kind]);
        expect_ten_lines("");
        assert_int_equal(outcome->uart.divisor, speeds[speed].divisor ? speeds[speed].divisor : 7);
        assert_int_equal(outcome->uart.lcr, 3);
        assert_int_equal(outcome->uart.ier, 0);
        assert_int_equal(outcome->uart.mcr, 0x0b);
        assert_int_equal(outcome->uart.fcr & 1, kind == UART_16550A);
        assert_true(outcome->probe_accesses <= PROBE_ACCESSES);
        cases++;
    }
    print_message("%u arrangements\n", cases);
    fault_seen("F3.model", 'R', "");
}

static void a_fifo_of_64_bytes_is_used_as_one_of_16(void **state)
{
    (void)state;
    machine = com1();
    machine.uart.fifo_bytes = 64;
    start(ten_lines);
    expect_ten_lines("");
}

static void what_the_loader_still_sends_goes_out_first(void **state)
{
    (void)state;
    machine = com1();
    machine.uart.divisor = 12;                   /* 9,600 baud: 16 bytes take 17 ms */
    machine.pending = "loader's end\r\n";
    start(ten_lines);
    assert_int_equal(outcome->uart.lost_in_loop, 0);
    expect_ten_lines("loader's end\r\n");
}

static void a_divisor_that_cannot_be_is_left_as_it_was(void **state)
{
    (void)state;
    machine = com1();
    machine.clock_hz = 1843200;
    machine.baud = 4000000;                      /* divisor 0 would stop the line */
    start(ten_lines);
    assert_int_equal(outcome->uart.divisor, 1);
    expect_line("4000000 baud cannot be made of a clock of 1843200 Hz: left as it was");
    expect_ten_lines("");
    machine = com1();
    machine.clock_hz = 48000000;
    machine.baud = 20;                           /* more than 16 bits */
    start(ten_lines);
    assert_int_equal(outcome->uart.divisor, 1);
    expect_ten_lines("");
}

/* ---- 64 arrangements of who names it, where, and how it answers ---- */

static struct machine named(enum namer by, unsigned where)
{
    struct machine m = com1();
    static const struct { enum model_space space; uint64_t address; uint32_t stride; } places[] = {
        { MODEL_PORT, 0x6000, 1 }, { MODEL_PORT, 0xfff8, 1 }, { MODEL_MEMORY, MEMORY_ADDRESS, 1 }, { MODEL_MEMORY, 0x4000001000, 4 },
    };

    m.named_by = by;
    m.serial = by == BY_OPTION ? places[where].stride == 4 ? "pci:05:1c.3,4" : "pci:5:1C.3" : NULL;
    m.space = places[where].space;
    m.address = places[where].address;
    m.stride = places[where].stride;
    m.class_code = by == BY_OPTION ? 0x118000 : 0;       /* the option knows better */
    m.bar = where;
    return m;
}

static const char *const named_as[] = { "loader", "SPCR", "DBG2", "PCI", "option" };

/* 4 namers, 4 places, 4 ways: good; absent, or stuck at ones; stuck at zeros; never ready. */
static void who_names_a_port_and_how_it_answers(void **state)
{
    char text[64];
    unsigned cases = 0;

    (void)state;
    for (unsigned number = 0; number < 64; number++, cases++) {
        unsigned way = number / 16;

        machine = named(BY_SPCR + number % 4, number / 4 % 4);
        machine.uart.fault.absent = way == 1 && number % 2;
        machine.uart.fault.all_registers = way == 1 ? 0xff : way == 2 ? 0 : -1;
        machine.uart.fault.stuck_lsr = way == 3 ? 0x01 : -1;
        snprintf(text, sizeof(text), way == 1 || way == 2 ? "nobody answers: %s %#llx" : "%s %#llx taken: 16550A",
                 named_as[machine.named_by], (unsigned long long)machine.address);
        start_groping(ten_lines);                        /* PCI's memory is asked by the byte first */
        expect_line(text);
        assert_int_equal(outcome->ports, way == 0 || way == 3);
        assert_in_range(outcome->probe_us, 0, way == 3 ? 40000 : 200);
        if (way == 0)
            expect_ten_lines("");
        if (way == 3)
            assert_in_range(outcome->probe_us + outcome->line_us[0], 0, 50000);
        if (way == 0 && machine.named_by == BY_PCI && machine.space == MODEL_PORT)
            assert_int_equal(outcome->uart.divisor, 1);
    }
    print_message("%u arrangements\n", cases);
}

static void two_names_for_one_port_are_one_port(void **state)
{
    (void)state;
    for (unsigned where = 0; where < 4; where++) {
        machine = named(BY_LOADER, where);
        machine.named_everywhere = machine.told = true;
        start(ten_lines);
        assert_int_equal(outcome->ports, 1);
        expect_line("SPCR");                             /* as the record of name_places() has it */
        assert_int_equal(log_told("taken"), 1);
        assert_int_equal(log_told("PCI"), 0);
        expect_ten_lines("");
    }
}

static void with_the_option_nobody_else_is_asked(void **state)
{
    (void)state;
    machine = named(BY_LOADER, 0);
    machine.named_by = BY_NOBODY;
    machine.named_everywhere = true;
    machine.serial = "off";
    start(ten_lines);
    assert_int_equal(outcome->ports, 0);
    assert_int_equal(outcome->probe_accesses, 0);
}

static void options_that_name_no_pci_port(void **state)
{
    static const char *const bad[] = {
        "pci:", "pci:5", "pci:5:1c", "pci:5:1c.", "pci:5:1c.3,", "pci:5:1c.3,3", "pci:5:1c.3,8", "pci:5:1c.3,x", "pci:g:1c.3", "pci:::.",
        "pci:5:1c.3,1,2,3,4", "pci:5:1c.3,1,99999999999", "pci:000000005:1c.3", "pci:5:1c.3 ", "pci:5.1c:3",
    };

    (void)state;
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        machine = named(BY_OPTION, 0);
        machine.serial = bad[i];
        start(ten_lines);
        assert_int_equal(outcome->ports, 0);
        expect_line("is no pci:BUS:DEVICE.FUNCTION");
    }
    machine = named(BY_OPTION, 0);
    machine.serial = "pci:5:1d.3";
    start(ten_lines);
    expect_line("there is no such function");
}

static void an_option_names_clock_and_speed(void **state)
{
    (void)state;
    machine = named(BY_OPTION, 3);
    machine.serial = "pci:5:1c.3,4,48000000,9600";
    machine.uart.clock_hz = 48000000;
    start(ten_lines);
    assert_int_equal(outcome->uart.divisor, 313);
    expect_ten_lines("");
}

/* In memory nothing says how far registers are apart: 1 is tried, then 4. */
static void words_in_memory_are_found_without_being_told(void **state)
{
    (void)state;
    machine = named(BY_PCI, 3);
    machine.bar_bytes = 4096;
    start_groping(ten_lines);
    assert_int_equal(outcome->ports, 1);
    expect_ten_lines("");
}

static void pci_controllers_of_other_kinds_are_left(void **state)
{
    (void)state;
    machine = named(BY_PCI, 0);
    machine.class_code = 0x0700ff;
    machine.uart.fault.absent = true;
    start(ten_lines);
    expect_line("info serial: PCI 05:1c.3 left: interface 255 is none of the 16550 family");
    machine.class_code = 0x070200;                       /* a GPIB controller: not even looked at */
    start(ten_lines);
    assert_int_equal(log_told("PCI"), 0);
    machine.class_code = 0;
    machine.address = 0;
    start(ten_lines);
    expect_line("info serial: PCI 05:1c.3 left: no registers, or no address for them");
}

/* Eight addresses on one card, all of which never get ready. */
static void all_that_are_wrong_together_cost_little(void **state)
{
    (void)state;
    machine = named(BY_PCI, 2);
    machine.space = MODEL_PORT;
    machine.address = 0x6000;
    machine.stride = 8;                                  /* so that the model answers for all of them */
    machine.bar_bytes = 64;
    machine.uart.fault.all_registers = 0x1e;
    start_groping(ten_lines);
    assert_int_equal(outcome->ports, 0);
    assert_int_equal(log_told("loopback does not answer"), 8);
    assert_in_range(outcome->probe_us, 0, 50000);
}

/* ---- ports that are none ---- */

static void expect_left(const char *why, uint64_t accesses_max, uint64_t us_max)
{
    start(ten_lines);
    assert_int_equal(outcome->ports, 0);
    assert_int_equal(outcome->uart.sent, 0);
    expect_line(why);
    if (outcome->probe_accesses > accesses_max || outcome->probe_us > us_max)
        fail_msg("%llu accesses in %llu us", (unsigned long long)outcome->probe_accesses, (unsigned long long)outcome->probe_us);
}

static void nobody_costs_one_look(void **state)
{
    (void)state;
    machine = com1();
    machine.uart.fault.absent = true;
    expect_left("info uart: left, as nobody answers: SPCR 0x3f8", 1, 2);
    machine = com1();
    machine.uart.fault.all_registers = 0xff;
    expect_left("nobody answers", 1, 2);
    fault_seen("F1.host", 'R', "");
}

static void all_zeros_cost_two_looks(void **state)
{
    (void)state;
    machine = com1();
    machine.uart.fault.all_registers = 0;
    expect_left("info uart: left, as nobody answers: SPCR 0x3f8", 2, 3);
}

static void other_constants_are_no_port(void **state)
{
    (void)state;
    for (int value = 1; value < 255; value += 11) {
        machine = com1();
        machine.uart.fault.all_registers = value;
        expect_left("SPCR 0x3f8 left: loopback does not answer", PROBE_ACCESSES + DRAIN_BOUND_US, DRAIN_BOUND_US + 100);
    }
}

static void something_else_is_left_as_it_was(void **state)
{
    (void)state;
    machine = com1();
    machine.uart.fault.no_loopback = true;
    expect_left("loopback does not answer", PROBE_ACCESSES, 100);
    assert_int_equal(outcome->uart.mcr, 3);
    assert_int_equal(outcome->uart.scratch, 0x33);
    assert_int_equal(outcome->uart.lcr, 3);
}

static void registers_beyond_the_end_are_not_tried(void **state)
{
    (void)state;
    machine = com1();
    machine.address = 0xfff0;
    machine.stride = 4;                          /* the last register would be port 0xc */
    expect_left("cannot be there", 0, 0);
    machine = com1();
    machine.space = MODEL_MEMORY;
    machine.address = MEMORY_ADDRESS + 2;
    machine.stride = 4;
    expect_left("cannot be there", 0, 0);
    machine = com1();
    machine.space = MODEL_MEMORY;
    machine.address = MEMORY_ADDRESS;
    machine.ram_there = true;
    expect_left("cannot be there", 0, 0);
}

static void a_place_named_twice_is_one_port(void **state)
{
    (void)state;
    machine = com1();
    machine.times_named = 3;
    start(ten_lines);
    assert_int_equal(outcome->ports, 1);
    expect_ten_lines("");
}

static void panic_on_a_machine_without_places(void)
{
    serial_last_resort();
    outcome->ports = serial_count();
    ten_lines();
}

static void a_last_resort_finds_legacy_ports_and_tries_no_place_twice(void **state)
{
    (void)state;
    machine = com1();
    machine.uart.fault.absent = true;            /* what was named is not there */
    machine.address = 0x5000;
    start(panic_on_a_machine_without_places);
    assert_int_equal(outcome->ports, 0);
    expect_line("left, as nobody answers: SPCR 0x5000");
    expect_line("left, as nobody answers: legacy 0x3f8 legacy 0x2f8 legacy 0x3e8 legacy 0x2e8");
}

/* ---- lines that do not move ---- */

static void a_slow_line_loses_nothing(void **state)
{
    static const enum model_uart_kind kinds[] = { UART_8250, UART_16550A };

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        machine = com1();
        machine.uart.kind = kinds[i];
        machine.uart.divisor = 12;
        start(ten_lines);
        expect_ten_lines("");
    }
}

static void a_line_that_stops_costs_its_bound_once(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        machine = com1();
        machine.uart.kind = i ? UART_16550A : UART_8250;
        machine.uart.fault.stops_at_ps = 6 * MS;
        machine.uart.fault.goes_on_at_ps = 1000000 * MS;
        start(ten_lines);
        uint64_t slow = 0, most = 0;

        for (unsigned l = 0; l < 10; l++)
            if (outcome->line_us[l] > DRAIN_BOUND_US)
                slow++;
            else if (slow && outcome->line_us[l] > most)
                most = outcome->line_us[l];
        assert_int_equal(slow, 1);
        assert_true(most <= LOOK_US);
        assert_true(outcome->muted);
        assert_true(outcome->lost_bytes > 0);
        assert_int_equal(log_told("warn serial: io3f8 takes no bytes: muted until it does"), 1);
    }
    fault_seen("F2.core", 'R', "");
}

static void stop_and_go(void)
{
    ten_lines();
    model_bus.now_ps = 300 * MS;
    for (unsigned i = 10; i < 16; i++)
        line(i, numbered(i));
}

static void a_line_that_goes_on_says_what_it_lost(void **state)
{
    char expected[256];

    (void)state;
    machine = com1();
    machine.uart.fault.stops_at_ps = 6 * MS;
    machine.uart.fault.goes_on_at_ps = 250 * MS;
    start(stop_and_go);
    assert_false(outcome->muted);
    snprintf(expected, sizeof(expected), "\r\n[%llu bytes lost]\r\n[p] %s\r\n", (unsigned long long)outcome->lost_bytes, numbered(10));
    assert_non_null(strstr(outcome->line, expected));
    snprintf(expected, sizeof(expected), "[p] %s\r\n", numbered(15));
    assert_non_null(strstr(outcome->line, expected));

    uint64_t wanted = 0;

    for (unsigned i = 0; i < 16; i++)
        wanted += 4 + strlen(numbered(i)) + 2;
    snprintf(expected, sizeof(expected), "\r\n[%llu bytes lost]\r\n", (unsigned long long)outcome->lost_bytes);
    assert_int_equal(outcome->uart.sent + outcome->lost_bytes, wanted + strlen(expected));    /* each byte was sent or counted */
}

static void stuck_status_registers(void **state)
{
    static const int status[] = { 0x01, 0x40, 0x1e, 0x80 };

    (void)state;
    for (unsigned i = 0; i < sizeof(status) / sizeof(status[0]); i++) {
        machine = com1();
        machine.uart.fault.stuck_lsr = status[i];            /* THR never empty from the start; the rest is a good port */
        start(ten_lines);
        assert_int_equal(outcome->ports, 1);
        assert_int_equal(outcome->uart.sent, 0);
        assert_true(outcome->probe_us <= 2 * DRAIN_BOUND_US + 1000);
        assert_true(outcome->line_us[0] <= DRAIN_BOUND_US + 100);
        for (unsigned l = 1; l < 10; l++)
            assert_true(outcome->line_us[l] <= LOOK_US);
    }
}

/* The bound must not hang on a clock: it may be the clock that is broken. */
static void waits_end_when_the_clock_stands_still(void **state)
{
    (void)state;
    machine = com1();
    machine.uart.fault.stops_at_ps = 1;
    machine.uart.fault.goes_on_at_ps = 1000000 * MS;
    machine.clock_stands_still = true;
    start(ten_lines);
    assert_true(outcome->muted);
    assert_true(outcome->bus.steps < 1100000);
}

static void a_port_that_vanishes_is_left_at_once(void **state)
{
    (void)state;
    machine = com1();
    machine.uart.fault.vanishes_at_ps = 10 * MS;
    start(ten_lines);
    assert_true(outcome->muted);
    for (unsigned l = 9; l > 7; l--)
        assert_true(outcome->line_us[l] <= LOOK_US);
    fault_seen("F4.gone", 'R', "");
}

/* ---- receiving ---- */

static void read_some(void)
{
    struct serial_port *port = serial_port(0);

    for (unsigned i = 0; i < 100; i++)
        outcome->received += (i % 2 ? serial_read() : port->ops->read(port)) == 'x';
    ten_lines();
}

static void a_flood_of_input_does_not_stop_output(void **state)
{
    (void)state;
    machine = com1();
    machine.uart.fault.flood = true;
    start(read_some);
    assert_int_equal(outcome->received, 100);
    expect_ten_lines("");
    fault_seen("F4.noise", 'R', "");
}

static void read_nothing(void)
{
    struct serial_port *port = serial_port(0);
    uint64_t steps = model_bus.steps;

    outcome->received = port->ops->read(port);
    assert_int_equal(model_bus.steps, steps + 1);
    model_bus.now_ps = 11 * MS;
    outcome->received += port->ops->read(port);
}

static void no_input_is_one_look(void **state)
{
    (void)state;
    machine = com1();
    machine.uart.fault.vanishes_at_ps = 10 * MS;
    start(read_nothing);
    assert_int_equal(outcome->received, -2);
}

/* ---- lines that were told already ---- */

static void replay_two(void)
{
    serial_send_untold("from the loader", 15);
    serial_send_line("", 0, "ours", 4);
}

static void the_loaders_lines_go_where_they_were_not_seen(void **state)
{
    (void)state;
    machine = com1();
    start(replay_two);
    assert_string_equal(outcome->line, "from the loader\r\nours\r\n");
    machine = com1();
    machine.told = true;
    start(replay_two);
    assert_string_equal(outcome->line, "ours\r\n");
}

/* ---- sending by interrupts ---- */

/* The machine does something else. */
static void pass_us(uint64_t us)
{
    for (uint64_t end_us = now_us() + us; now_us() < end_us; model_bus.now_ps += 5000000)
        interrupt_if_wanted();
}

static void start_interrupts(void)
{
    ten_lines();                                 /* a line that makes us wait is worth it */
    driver_start_phase(DRIVER_DEVICE);
}

static void ten_lines_by_interrupts(void)
{
    start_interrupts();
    ten_lines();
    pass_us(100000);
}

/* How often the ten lines came out, whole and in order, and nothing else. */
static void expect_rounds(unsigned rounds)
{
    char expected[MODEL_LINE_BYTES], *at = expected;

    for (unsigned i = 0; i < 10 * rounds; i++)
        at += sprintf(at, "[p] %s\r\n", numbered(i % 10));
    assert_int_equal(outcome->uart.sent, at - expected);
    assert_memory_equal(outcome->line, expected, at - expected);
    assert_int_equal(outcome->lost_bytes, 0);
}

static void a_line_by_interrupts_costs_no_wait(void **state)
{
    static const enum model_uart_kind kinds[] = { UART_16550A, UART_8250 };

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        machine = com1();
        machine.uart.kind = kinds[i];
        start(ten_lines_by_interrupts);
        expect_line("info uart: io3f8: sends by interrupt");
        expect_rounds(2);
        for (unsigned l = 0; l < 10; l++)
            assert_in_range(outcome->line_us[l], 0, FILL_US);
        assert_int_equal(outcome->uart.ier, 0);                  /* nothing to send: no interrupts */
        assert_true(outcome->interrupts <= 10 * 60u / (i ? 1 : 16) + 10);
    }
}

static void an_interrupt_that_never_comes_is_told(void **state)
{
    (void)state;
    machine = com1();
    machine.no_interrupts = true;
    start(ten_lines_by_interrupts);
    expect_line("warn uart: io3f8: no interrupt came within 20000 us: polled");
    expect_rounds(2);
    assert_int_equal(outcome->uart.ier, 0);
}

static void fast_ports_are_polled(void **state)
{
    (void)state;
    machine = com1();
    machine.uart.clock_hz = 4000000000u;         /* as an emulator's: always ready */
    start(ten_lines_by_interrupts);
    expect_rounds(2);
    assert_int_equal(outcome->interrupts, 0);
    assert_int_equal(log_told("interrupt"), 0);
}

static void two_hundred_lines(void)
{
    start_interrupts();
    for (unsigned i = 0; i < 20; i++)
        ten_lines();
    outcome->had_room_when_full = serial_has_room();
    pass_us(1000000);
    outcome->had_room_later = serial_has_room();
}

static void a_full_queue_waits_and_loses_nothing(void **state)
{
    (void)state;
    machine = com1();
    start(two_hundred_lines);
    expect_rounds(21);
    assert_false(outcome->had_room_when_full);
    assert_true(outcome->had_room_later && outcome->moved > 0);
}

/* The line was connected when it was tried, and is not any more. */
static void lose_the_line(void)
{
    start_interrupts();
    machine.no_interrupts = true;
    for (unsigned i = 0; i < 20; i++)
        ten_lines();
    serial_drain(false);
}

static void lost_interrupts_are_made_up_for(void **state)
{
    (void)state;
    machine = com1();
    start(lose_the_line);
    expect_rounds(21);
    fault_seen("E10.lost", 'R', "");
}

static void stop_for_ever(void)
{
    start_interrupts();
    uart->fault.stops_at_ps = model_bus.now_ps;
    uart->fault.goes_on_at_ps = 1000000 * MS;
    for (unsigned i = 0; i < 20; i++)
        ten_lines();
    outcome->probe_us = now_us();
}

static void a_line_that_stops_with_a_full_queue_is_muted(void **state)
{
    (void)state;
    machine = com1();
    start(stop_for_ever);
    assert_true(outcome->muted);
    assert_true(outcome->lost_bytes > 0);
    assert_int_equal(log_told("takes no bytes: muted"), 1);
    assert_in_range(outcome->probe_us, 0, 100000);
}

static void end_at_once(void)
{
    start_interrupts();
    ten_lines();
    serial_drain(true);
    outcome->received = (int)uart->sent;
    ten_lines();
    outcome->probe_writes_elsewhere = uart->sent;
}

static void at_the_end_a_line_is_out_when_its_call_returns(void **state)
{
    (void)state;
    machine = com1();
    start(end_at_once);
    expect_rounds(3);
    assert_int_equal(outcome->received, outcome->uart.sent / 3 * 2);
    assert_int_equal(outcome->probe_writes_elsewhere, outcome->uart.sent);
}

/* ---- receiving by interrupts ---- */

static const char typed[] = "what somebody types while a command runs, longer than any FIFO; it ends in a dot.";

/* Bytes come while nobody asks, each after the time that it takes on the line. */
static void type(const char *text)
{
    for (; *text; text++) {
        model_uart_receive(uart, (uint8_t)*text);
        model_bus.now_ps += 87000000;
        interrupt_if_wanted();
    }
}

static void read_all(void)
{
    int byte;

    outcome->received = 0;
    while ((byte = serial_read()) >= 0 && outcome->received < (int)sizeof(outcome->read))
        outcome->read[outcome->received++] = (char)byte;
}

static void type_while_busy(void)
{
    outcome->listens = serial_listen();
    type(typed);
    read_all();
    ten_lines();
}

static void what_is_typed_while_nobody_reads_is_kept(void **state)
{
    (void)state;
    for (unsigned kind = UART_8250; kind <= UART_16550A; kind++) {
        machine = com1();
        machine.uart.kind = kind;
        start(type_while_busy);
        assert_true(outcome->listens);
        assert_int_equal(outcome->received, strlen(typed));
        assert_memory_equal(outcome->read, typed, strlen(typed));
        assert_int_equal(outcome->wakes, strlen(typed));
        assert_int_equal(outcome->uart.ier, 1);
        assert_int_equal(outcome->uart.lost_inputs, 0);
        expect_ten_lines("");
    }
}

static void what_waits_in_the_fifo_is_there_without_interrupts(void **state)
{
    (void)state;
    machine = com1();
    machine.no_interrupts = true;
    start(type_while_busy);
    assert_false(outcome->listens);
    assert_int_equal(outcome->received, 16);
    assert_int_equal(outcome->uart.ier, 0);
    expect_line("warn uart: io3f8: no interrupt came within 20000 us: polled");
    machine = named(BY_PCI, 0);
    start(type_while_busy);
    assert_false(outcome->listens);
    expect_line("info uart: io6000: no interrupt to be had: polled");
    assert_int_equal(outcome->received, 16);
}

static void type_too_much(void)
{
    serial_listen();
    for (unsigned i = 0; i < 10; i++)
        type(typed);
    type("\003");
    read_all();
}

static void ctrl_c_is_heard_through_a_full_queue(void **state)
{
    (void)state;
    machine = com1();
    start(type_too_much);
    assert_int_equal(outcome->received, 512);
    assert_int_equal(outcome->read[511], 3);
    assert_int_equal(outcome->uart.lost_inputs, 0);
}

static void read_more_after_too_much(void)
{
    type_too_much();
    type("more");
    read_all();
}

static void input_that_is_lost_is_told_once(void **state)
{
    char text[64];

    (void)state;
    machine = com1();
    start(read_more_after_too_much);
    assert_int_equal(outcome->received, 4);
    assert_memory_equal(outcome->read, "more", 4);
    snprintf(text, sizeof(text), "io3f8: %zu bytes came in while nobody read: lost", 10 * strlen(typed) + 1 - 512);
    assert_int_equal(log_told(text), 1);
    fault_seen("F4.noise", 'R', "");
}

/* A port that always has a byte: an interrupt must end all the same, and so must a question. */
static void flood(void)
{
    serial_listen();
    for (unsigned i = 0; i < 100; i++)
        interrupt_if_wanted();
    for (unsigned i = 0; i < 1000; i++)
        outcome->received += serial_read() == 'x';
    ten_lines();
}

static void a_flood_of_interrupts_ends(void **state)
{
    (void)state;
    machine = com1();
    machine.uart.fault.flood = true;
    start(flood);
    assert_int_equal(outcome->received, 1000);
    assert_in_range(outcome->bus.steps, 0, 1000 * 16 * 150);
    expect_ten_lines("");
    fault_seen("E8.flood", 'R', "");
}

static void send_and_receive(void)
{
    start_interrupts();
    outcome->listens = serial_listen();
    ten_lines();
    type(typed);
    ten_lines();
    pass_us(100000);
    read_all();
}

static void both_ways_by_interrupts(void **state)
{
    (void)state;
    for (unsigned kind = UART_8250; kind <= UART_16550A; kind += UART_16550A) {
        machine = com1();
        machine.uart.kind = kind;
        start(send_and_receive);
        assert_true(outcome->listens);
        assert_int_equal(outcome->received, strlen(typed));
        assert_int_equal(outcome->uart.ier, 1);
        expect_rounds(3);
    }
}

/* ---- flow control ---- */

static void cts_falls_and_rises(void)
{
    if (!machine.no_interrupts)
        start_interrupts();
    pass_us(20000);
    model_uart_set_cts(uart, false);
    outcome->received = (int)uart->sent;
    if (!machine.no_interrupts)
        ten_lines();
    pass_us(200000);
    outcome->received -= (int)uart->sent;        /* nothing may come out */
    model_uart_set_cts(uart, true);
    pass_us(machine.no_interrupts ? 1 : 200000);
    ten_lines();
    pass_us(100000);
}

static void cts_stops_the_line_and_lets_it_go_on(void **state)
{
    (void)state;
    for (unsigned polled = 0; polled < 2; polled++) {
        machine = com1();
        machine.flow = "rtscts";
        machine.no_interrupts = polled;
        start(cts_falls_and_rises);
        assert_int_equal(outcome->received, 0);
        expect_rounds(polled ? 1 : 3);
    }
}

static void xoff_comes(void)
{
    struct serial_port *port = serial_port(0);

    start_interrupts();
    pass_us(20000);
    model_uart_receive(uart, 'q');
    port->ops->read(port);                       /* which is lost here: the test only wants the buffer used */
    model_uart_receive(uart, 0x13);
    outcome->received = (int)uart->sent;
    ten_lines();
    pass_us(200000);
    outcome->received -= (int)uart->sent;
    model_uart_receive(uart, 0x11);
    pass_us(200000);
    model_uart_receive(uart, 'z');
    ten_lines();
    if (port->ops->read(port) != 'z' || port->ops->read(port) != -1)
        _exit(3);
    pass_us(100000);
}

static void xoff_stops_the_line_and_xon_lets_it_go_on(void **state)
{
    (void)state;
    machine = com1();
    machine.flow = "xonxoff";
    start(xoff_comes);
    assert_int_equal(outcome->received, 0);
    expect_rounds(3);
}

static void an_unknown_flow_is_told(void **state)
{
    (void)state;
    machine = com1();
    machine.flow = "dtrdsr";
    start(ten_lines);
    expect_line("warn serial: flow=dtrdsr is none of none, rtscts, xonxoff");
    expect_ten_lines("");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_arrangement_is_found_and_sends_each_byte_once),
        cmocka_unit_test(who_names_a_port_and_how_it_answers),
        cmocka_unit_test(two_names_for_one_port_are_one_port),
        cmocka_unit_test(with_the_option_nobody_else_is_asked),
        cmocka_unit_test(options_that_name_no_pci_port),
        cmocka_unit_test(an_option_names_clock_and_speed),
        cmocka_unit_test(words_in_memory_are_found_without_being_told),
        cmocka_unit_test(pci_controllers_of_other_kinds_are_left),
        cmocka_unit_test(all_that_are_wrong_together_cost_little),
        cmocka_unit_test(a_fifo_of_64_bytes_is_used_as_one_of_16),
        cmocka_unit_test(what_the_loader_still_sends_goes_out_first),
        cmocka_unit_test(a_divisor_that_cannot_be_is_left_as_it_was),
        cmocka_unit_test(nobody_costs_one_look),
        cmocka_unit_test(all_zeros_cost_two_looks),
        cmocka_unit_test(other_constants_are_no_port),
        cmocka_unit_test(something_else_is_left_as_it_was),
        cmocka_unit_test(registers_beyond_the_end_are_not_tried),
        cmocka_unit_test(a_place_named_twice_is_one_port),
        cmocka_unit_test(a_last_resort_finds_legacy_ports_and_tries_no_place_twice),
        cmocka_unit_test(a_slow_line_loses_nothing),
        cmocka_unit_test(a_line_that_stops_costs_its_bound_once),
        cmocka_unit_test(a_line_that_goes_on_says_what_it_lost),
        cmocka_unit_test(stuck_status_registers),
        cmocka_unit_test(waits_end_when_the_clock_stands_still),
        cmocka_unit_test(a_port_that_vanishes_is_left_at_once),
        cmocka_unit_test(a_flood_of_input_does_not_stop_output),
        cmocka_unit_test(no_input_is_one_look),
        cmocka_unit_test(what_is_typed_while_nobody_reads_is_kept),
        cmocka_unit_test(what_waits_in_the_fifo_is_there_without_interrupts),
        cmocka_unit_test(ctrl_c_is_heard_through_a_full_queue),
        cmocka_unit_test(input_that_is_lost_is_told_once),
        cmocka_unit_test(a_flood_of_interrupts_ends),
        cmocka_unit_test(both_ways_by_interrupts),
        cmocka_unit_test(a_line_by_interrupts_costs_no_wait),
        cmocka_unit_test(an_interrupt_that_never_comes_is_told),
        cmocka_unit_test(fast_ports_are_polled),
        cmocka_unit_test(a_full_queue_waits_and_loses_nothing),
        cmocka_unit_test(lost_interrupts_are_made_up_for),
        cmocka_unit_test(a_line_that_stops_with_a_full_queue_is_muted),
        cmocka_unit_test(at_the_end_a_line_is_out_when_its_call_returns),
        cmocka_unit_test(cts_stops_the_line_and_lets_it_go_on),
        cmocka_unit_test(xoff_stops_the_line_and_xon_lets_it_go_on),
        cmocka_unit_test(an_unknown_flow_is_told),
        cmocka_unit_test(the_loaders_lines_go_where_they_were_not_seen),
    };

    outcome = model_shared(sizeof(*outcome));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
