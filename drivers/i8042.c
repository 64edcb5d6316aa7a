/* The keyboard at the 8042 controller of a PC, or at what stands for one. A mouse at its second port stays off.
 * Source: IBM, "Personal System/2 Hardware Interface Technical Reference", "Keyboard and Auxiliary Device Controller"; Microsoft,
 * "Keyboard Scan Code Specification" 1.3a; ACPI Specification 6.5, "IA-PC Boot Architecture Flags" (5.2.9.3). */
#include <stdatomic.h>
#include <stddef.h>

#include <ingot/acpi.h>
#include <ingot/console.h>
#include <ingot/cpu.h>
#include <ingot/irq.h>
#include <ingot/keyboard.h>
#define LOG_SUBSYSTEM i8042
#include <ingot/log.h>
#include <ingot/port_io.h>
#include <ingot/time.h>

LOG_SUBSYSTEM_DEFINE(i8042);

enum {
    PORT_DATA    = 0x60,
    PORT_STATUS  = 0x64,                 /* read */
    PORT_COMMAND = 0x64,                 /* write */
    ISA_KEYBOARD = 1,                    /* the interrupt */
};

enum {                                   /* PORT_STATUS */
    STATUS_OUTPUT = 1u << 0,             /* a byte waits to be read */
    STATUS_INPUT  = 1u << 1,             /* the controller has not taken the last one that was written */
    STATUS_MOUSE  = 1u << 5,             /* the byte is the second port's */
    STATUS_ABSENT = 0xff,                /* what a bus answers for nobody */
};

enum {                                   /* PORT_COMMAND */
    COMMAND_READ_CONFIG = 0x20, COMMAND_WRITE_CONFIG = 0x60, COMMAND_MOUSE_OFF = 0xa7, COMMAND_TEST = 0xaa, COMMAND_TEST_PORT = 0xab,
    COMMAND_KEYBOARD_OFF = 0xad, COMMAND_KEYBOARD_ON = 0xae,
};

enum {                                   /* the configuration byte */
    CONFIG_INTERRUPT = 1u << 0, CONFIG_MOUSE_INTERRUPT = 1u << 1, CONFIG_KEYBOARD_OFF = 1u << 4, CONFIG_MOUSE_OFF = 1u << 5,
    CONFIG_TRANSLATE = 1u << 6,          /* what comes as set 2, every keyboard's own, is told as set 1 */
};

enum { TEST_GOOD = 0x55, PORT_GOOD = 0x00, KEYBOARD_ECHO = 0xee, KEYBOARD_SCAN = 0xf4, KEYBOARD_ACK = 0xfa };

enum {
    ANSWER_BOUND_US   = 50000,           /* of the controller: a self test takes some milliseconds */
    KEYBOARD_BOUND_US = 25000,           /* a keyboard answers within 20 ms */
    LOOK_US           = 10,
    FLUSH_MAX         = 64,              /* bytes that nobody read; no honest one has more */
    AT_ONCE_MAX       = 16,              /* in one interrupt */
    QUEUE             = 128,
};

static uint8_t queue[QUEUE];             /* codes; the interrupt puts, the console takes */
static _Atomic uint32_t put, taken;
static _Atomic bool interrupted;
static bool quiet;                       /* while bytes are answers */
static struct keyboard keyboard;

/* ---- the controller: a byte to it, a byte from it, each wait with its bound ---- */

static bool wait_status(uint8_t mask, uint8_t value, uint32_t bound_us)
{
    for (uint32_t us = 0; (port_read8(PORT_STATUS) & mask) != value; us += LOOK_US) {
        if (us >= bound_us)
            return false;
        delay_us(LOOK_US);
    }
    return true;
}

static bool send(uint16_t port, uint8_t byte)
{
    if (!wait_status(STATUS_INPUT, 0, ANSWER_BOUND_US))
        return false;
    port_write8(port, byte);
    return true;
}

/* -1: none came. */
static int answer(uint32_t bound_us)
{
    return wait_status(STATUS_OUTPUT, STATUS_OUTPUT, bound_us) ? port_read8(PORT_DATA) : -1;
}

static int ask(uint8_t command)
{
    return send(PORT_COMMAND, command) ? answer(ANSWER_BOUND_US) : -1;
}

static bool set_config(uint8_t config)
{
    return send(PORT_COMMAND, COMMAND_WRITE_CONFIG) && send(PORT_DATA, config);
}

/* False when it does not get empty: whatever always has a byte is no keyboard. */
static bool flush(void)
{
    for (unsigned i = 0; i < FLUSH_MAX; i++) {
        if (!(port_read8(PORT_STATUS) & STATUS_OUTPUT))
            return true;
        port_read8(PORT_DATA);
    }
    return false;
}

/* ---- codes ---- */

/* Status and byte belong together: no interrupt comes in between. */
static void take_in(void)
{
    uint64_t flags = cpu_interrupts_off();
    uint8_t status;

    for (unsigned i = 0; i < AT_ONCE_MAX && (status = port_read8(PORT_STATUS)) & STATUS_OUTPUT && status != STATUS_ABSENT; i++) {
        uint8_t byte = port_read8(PORT_DATA);

        if (!(status & STATUS_MOUSE) && !quiet && put - taken < QUEUE) {
            queue[put % QUEUE] = byte;
            put++;
        }
    }
    cpu_interrupts_restore(flags);
}

static enum irq_answer key_interrupt(void *unused)
{
    (void)unused;
    interrupted = true;
    take_in();
    console_wake();
    return IRQ_MINE;
}

/* Looks itself as well: an interrupt may have been lost. */
static int next_key(struct console_input *unused)
{
    int key = -1;

    (void)unused;
    if (taken == put)
        take_in();
    while (key < 0 && taken != put) {
        uint8_t code = queue[taken % QUEUE];

        taken++;
        key = keyboard_key(&keyboard, code);
    }
    return key;
}

static struct console_input input = { .key = next_key };

/* ---- start ---- */

/* Why it cannot be used, or NULL; *out_config: as it is to be, without interrupts. */
static const char *start_controller(uint8_t *out_config)
{
    int config;

    if (port_read8(PORT_STATUS) == STATUS_ABSENT)
        return "nobody answers";
    if (!send(PORT_COMMAND, COMMAND_KEYBOARD_OFF) || !send(PORT_COMMAND, COMMAND_MOUSE_OFF))
        return "it takes no command";
    if (!flush())
        return "it always has one more byte";
    config = ask(COMMAND_READ_CONFIG);
    if (config < 0)
        return "it does not tell its configuration";
    *out_config = (uint8_t)((config | CONFIG_TRANSLATE | CONFIG_MOUSE_OFF) & ~(CONFIG_INTERRUPT | CONFIG_MOUSE_INTERRUPT | CONFIG_KEYBOARD_OFF));
    if (!set_config(*out_config) || ask(COMMAND_TEST) != TEST_GOOD)
        return "its self test fails";
    if (!set_config(*out_config) || ask(COMMAND_READ_CONFIG) != *out_config)    /* some forget it in the test */
        return "it does not keep its configuration";
    if (ask(COMMAND_TEST_PORT) != PORT_GOOD)
        return "the test of its first port fails";
    return send(PORT_COMMAND, COMMAND_KEYBOARD_ON) ? NULL : "it takes no command any more";
}

/* What it had sent before does not count as its answer. */
static bool keyboard_says(uint8_t command, uint8_t wanted)
{
    int byte = send(PORT_DATA, command) ? answer(KEYBOARD_BOUND_US) : -1;

    for (unsigned i = 0; i < AT_ONCE_MAX && byte >= 0 && byte != wanted; i++)
        byte = answer(KEYBOARD_BOUND_US);
    return byte == wanted;
}

static bool echo_interrupts(void)
{
    quiet = true;
    if (send(PORT_DATA, KEYBOARD_ECHO))
        for (uint32_t us = 0; us < KEYBOARD_BOUND_US && !interrupted; us += LOOK_US)
            delay_us(LOOK_US);
    quiet = false;
    return interrupted;
}

/* Without a keyboard nothing can be proved: one that is plugged in later will interrupt. */
static bool start_interrupts(uint8_t config, bool there)
{
    struct irq_wish wish = { .name = "keyboard", .handler = key_interrupt };
    struct irq *irq;

    if (irq_attach(irq_isa_line(ISA_KEYBOARD), &wish, &irq))
        return false;
    if (set_config(config | CONFIG_INTERRUPT) && (!there || echo_interrupts()))
        return true;
    set_config(config);
    irq_detach(irq);
    flush();
    return false;
}

static void i8042_start(void)
{
    const struct acpi_fadt *fadt = acpi_get_fadt();
    const char *why;
    uint8_t config = 0;
    bool there;

    if (fadt && !fadt->has_8042)
        return log_info("left: the FADT says that there is none");
    why = start_controller(&config);
    if (why)
        return log_info("left: %s", why);
    there = keyboard_says(KEYBOARD_SCAN, KEYBOARD_ACK);
    input.polled = !start_interrupts(config, there);
    console_add_input(&input);
    log_info("%s, %s", there ? "a keyboard answers" : "no keyboard answers", input.polled ? "polled" : "by interrupts");
}

INPUT_DRIVER(i8042, i8042_start);
