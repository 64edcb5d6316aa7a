#include "core/debugger.h"

#include "core/cpus.h"
#include "core/driver.h"
#include "core/log.h"
#include "core/machine.h"
#include "core/option.h"
#include "core/serial.h"

#define LOG_SUBSYSTEM debug
#include <ingot/driver.h>
#include <ingot/format.h>
#include <ingot/log.h>
#include <ingot/power.h>
#include <ingot/serial.h>
#include <ingot/string.h>
#include <ingot/time.h>
#include <ingot/timer.h>

LOG_SUBSYSTEM_DEFINE(debug);

enum { SAY_BYTES = 200, SEND_PIECE = 120, POLL_NS = 10000000, VAIN_MAX = 100, ROUNDS_MAX = 20 };

static _Atomic uint32_t owner;                 /* the CPU that talks with gdb, + 1; 0: the machine runs */
static struct serial_port *port;               /* where gdb is, or was heard last */
static _Atomic bool packet_kept;               /* gdb_hear() has one */

/* Of each CPU: a stop that the owner has not looked at, and whether its registers can be read. */
static PER_CPU(struct gdb_stop, report);
static PER_CPU(_Atomic bool, reported);
static PER_CPU(bool, stands);

/* ---- the line ---- */

/* The rest of a packet is worth more than one bound of the port's. */
static bool send_whole(struct serial_port *to, const char *bytes, size_t count)
{
    bool now = atomic_load(&owner) && to->ops->write_now;
    size_t sent = 0, more;

    for (unsigned vain = 0; sent < count && vain < VAIN_MAX; sent += more) {
        more = (now ? to->ops->write_now : to->ops->write)(to, bytes + sent, count - sent);
        vain = more ? 0 : vain + 1;
    }
    return sent == count;
}

void gdb_send(const char *bytes, size_t count)
{
    if (port)
        send_whole(port, bytes, count);
}

void gdb_say(const char *pattern, ...)
{
    char text[SAY_BYTES], out[2 * SAY_BYTES + 5];
    va_list args;

    va_start(args, pattern);
    format_va(text, sizeof(text), pattern, args);
    va_end(args);
    gdb_send(out, gdb_text_packet(out, text, strlen(text)));
}

/* The log's text, in pieces that gdb shows. */
static size_t share_send(struct serial_port *to, const char *text, size_t bytes)
{
    char out[2 * SEND_PIECE + 5];
    size_t sent = 0;

    if (to != port || !gdb_is_attached())
        return to->ops->write(to, text, bytes);
    while (sent < bytes) {
        size_t piece = bytes - sent < SEND_PIECE ? bytes - sent : SEND_PIECE;
        size_t length = gdb_text_packet(out, text + sent, piece);

        if (!send_whole(to, out, length))
            break;
        sent += piece;
    }
    return sent;
}

static bool share_hear(struct serial_port *from, uint8_t byte)
{
    if (gdb_is_attached() && from != port)
        return false;
    port = from;
    if (!gdb_hear(byte, serial_give_back))
        return true;
    packet_kept = byte != 3;
    arch_debug_request();
    return true;
}

static const struct serial_sharer sharer = { share_send, share_hear };

/* Polls: interrupts are off. Whoever speaks first on any port is who is listened to. */
static int next_byte(void)
{
    for (unsigned i = 0; i < serial_count(); i++) {
        struct serial_port *one = serial_port(i);
        int byte = gdb_is_attached() && one != port ? -1 : one->ops->read(one);

        if (byte >= 0) {
            port = one;
            return byte;
        }
    }
    return -1;
}

/* ---- CPUs ---- */

uint32_t gdb_cpus(void) { return cpu_count(); }
bool gdb_cpu_stands(uint32_t cpu) { return cpu < cpu_count() && *per_cpu_of(&stands, cpu); }

static void enter(void *unused)
{
    (void)unused;
    arch_debug_enter();
    *per_cpu(&stands) = true;
}

static void leave(void *step)
{
    *per_cpu(&stands) = false;
    arch_debug_leave(step != NULL);
}

/* One round, whose waits are short. How many CPUs stand, this one included. */
static uint32_t hold_round(void)
{
    uint32_t count = 0;

    arch_hold_others();
    for (uint32_t cpu = 0; cpu < cpu_count(); cpu++) {
        if (cpu != cpu_id() && !gdb_cpu_stands(cpu))
            arch_held_run(cpu, enter, NULL);
        count += gdb_cpu_stands(cpu);
    }
    return count;
}

/* A CPU that is slow, as an emulator's may be, is waited for; those that did not come then are not waited for again. */
static void hold_others(void)
{
    static uint32_t missing;

    for (unsigned round = 0; round < ROUNDS_MAX && hold_round() < cpu_count() - missing; round++)
        ;
    missing = cpu_count() - hold_round();
}

static void release(uint32_t cpu, bool step)
{
    bool gone = false;

    atomic_store(per_cpu_of(&reported, cpu), false);
    for (unsigned round = 0; round < ROUNDS_MAX && gdb_cpu_stands(cpu) && !gone; round++)
        gone = arch_held_run(cpu, leave, step ? &owner : NULL);
    if (gone)
        arch_release(cpu);
}

/* Lets CPUs go as gdb said. False: this one is to stay. */
static bool go(bool *out_signal)
{
    bool unused, stays = gdb_action(cpu_id(), out_signal) == GDB_HOLD;

    if (!stays)
        leave(gdb_action(cpu_id(), &unused) == GDB_STEP ? &owner : NULL);
    for (uint32_t cpu = 0; cpu < cpu_count(); cpu++)
        if (cpu != cpu_id() && gdb_action(cpu, &unused) != GDB_HOLD)
            release(cpu, gdb_action(cpu, &unused) == GDB_STEP);
    return !stays;
}

/* ---- stops of several CPUs ---- */

static bool find_report(bool only_watches, struct gdb_stop *out_stop)
{
    for (uint32_t cpu = 0; cpu < cpu_count(); cpu++) {
        const struct gdb_stop *one = per_cpu_of(&report, cpu);

        if (!atomic_load(per_cpu_of(&reported, cpu)) || (only_watches && one->reason != GDB_WATCH && one->reason != GDB_ACCESS))
            continue;
        *out_stop = *one;
        atomic_store(per_cpu_of(&reported, cpu), false);
        return true;
    }
    return false;
}

/* This CPU stays while others run: until one of them has stopped, or gdb wants it. */
static void wait_for_others(struct gdb_stop *out_stop)
{
    int byte;

    *out_stop = (struct gdb_stop){ .cpu = cpu_id(), .signal = GDB_SIGINT };
    while (!find_report(false, out_stop)) {
        byte = next_byte();
        if (byte >= 0 && gdb_hear((uint8_t)byte, serial_give_back)) {
            packet_kept = byte != 3;
            return;
        }
        cpu_relax();
    }
}

/* Leaves a stop to the owner. False: he has gone on without a look at it, and it has to be told; but breakpoints are come upon once more. */
static bool stop_besides(const struct gdb_stop *stop)
{
    _Atomic bool *mine = per_cpu(&reported);

    *per_cpu(&report) = *stop;
    atomic_store(mine, true);
    while (atomic_load(&owner) && atomic_load(mine))
        cpu_relax();
    return !atomic_exchange(mine, false) || stop->reason == GDB_SOFTWARE_BREAK || stop->reason == GDB_HARDWARE_BREAK;
}

/* ---- the conversation ---- */

static enum gdb_wish converse(void)
{
    enum gdb_wish wish = GDB_STAY;
    int byte;

    if (atomic_exchange(&packet_kept, false))
        wish = gdb_take_kept();
    while (wish == GDB_STAY) {
        byte = next_byte();
        if (byte >= 0)
            wish = gdb_take((uint8_t)byte);
        else
            cpu_relax();
    }
    return wish;
}

/* Returns when this CPU is to go on; whether with its signal. */
static bool talk(struct gdb_stop stop)
{
    enum gdb_wish wish;
    bool signal;

    for (;;) {
        gdb_stopped(&stop);
        wish = converse();
        if (wish == GDB_KILL)
            power_reset();
        if (wish != GDB_GO)
            arch_debug_clear_points();
        else if (find_report(true, &stop))
            continue;
        if (go(&signal))
            return signal;
        wait_for_others(&stop);
        hold_others();
    }
}

/* A gdb that begins: what was sent before is no packet of ours, and should be gone. */
static void begin(void)
{
    gdb_forget();
    if (port->ops->drain)
        port->ops->drain(port, false);
}

bool debugger_stop(const struct gdb_stop *stop)
{
    uint32_t nobody = 0, me = cpu_id() + 1;
    bool signal;

    while (!atomic_compare_exchange_strong(&owner, &nobody, me)) {
        if (nobody == me)
            return false;
        if (stop_besides(stop))
            return true;
        nobody = 0;
    }
    enter(NULL);
    hold_others();
    if (packet_kept)
        begin();
    gdb_send("#00", 3);                        /* the end of what a CPU was sending when it was held */
    signal = talk(*stop);
    atomic_store(&owner, 0);
    return !signal;
}

void debugger_panicked(void)
{
    const char *policy = option("panic");
    struct gdb_stop stop;

    if (!gdb_is_attached() && (!policy || strcmp(policy, "debug")))
        return;
    if (!gdb_is_attached())
        log_raw("panic=debug: waiting for gdb on any serial port; the image lies %#llx from where it was linked",
                (unsigned long long)machine_moved_by());
    arch_debug_panic_stop(&stop);
    debugger_stop(&stop);
}

/* ---- monitor ---- */

static void say_cpus(void)
{
    struct arch_place place;

    for (uint32_t cpu = 0; cpu < cpu_count(); cpu++)
        if (cpu == cpu_id())
            gdb_say("cpu %u talks with gdb\n", cpu);
        else if (arch_stopped_at(cpu, &place))
            gdb_say("cpu %u at %#lx%s\n", cpu, (unsigned long)place.pc, cpus_is_idle(cpu) ? ", idle" : "");
        else
            gdb_say("cpu %u does not answer\n", cpu);
}

static void say_image(void)
{
    gdb_say("The image lies %#llx from where it was linked.\n", (unsigned long long)machine_moved_by());
}

static void say_port(void)
{
    gdb_say("%s, %llu ms since power-on\n", port ? port->name : "no port", (unsigned long long)(time_ns() / 1000000));
}

static void say_help(void)
{
    gdb_say("cpus       where each CPU stands\n"
            "image      how far the image was moved\n"
            "line       the serial port, and the time\n"
            "log WORDS  sets levels, as log= does: log debug, log smp:debug\n");
    gdb_say("reset      resets the machine\n"
            "poweroff   switches it off\n");
}

bool gdb_command(char *words)
{
    static const struct { char name[9]; void (*run)(void); } command[] = {
        { "help", say_help }, { "cpus", say_cpus }, { "image", say_image }, { "line", say_port },
        { "reset", power_reset }, { "poweroff", power_off },
    };

    if (!strncmp(words, "log ", 4)) {
        log_set_levels(words + 4);
        gdb_say("done\n");
        return true;
    }
    for (unsigned i = 0; i < sizeof(command) / sizeof(command[0]); i++)
        if (!strcmp(words, command[i].name)) {
            command[i].run();
            return true;
        }
    return false;
}

/* ---- start ---- */

/* A stop is to find the program, not a drainer that has interrupted it: lines go out as under log=now. */
static int debugger_start(void)
{
    serial_share(&sharer);
    log_use_now();
    return 0;
}

DRIVER(debugger, DRIVER_COUNTER, debugger_start);

static IRQ_HANDLER void poll(struct timer *timer)
{
    (void)timer;
    serial_poll();
}

/* Ports that have interrupts do not lose a packet, and the timer sees to those that have none, or have lost one. */
static void listen(void)
{
    static struct timer timer = { .handler = poll };
    bool by_interrupts = serial_listen();

    if (timer_arm(&timer, time_ns() + POLL_NS, POLL_NS) && !by_interrupts)
        log_warn("neither interrupts nor a timer: gdb is heard only while the application reads serial ports");
    else
        log_info("gdb is heard on every serial port");
}

/* debug=on: gdb is heard whether the application reads serial ports or not. */
static int debugger_listen(void)
{
    const char *wish = option("debug");

    if (!wish)
        return 0;
    if (!strcmp(wish, "on") || !strcmp(wish, "wait"))
        listen();
    else
        log_warn("debug=%s is none of on, wait", wish);
    if (!strcmp(wish, "wait")) {
        log_info("waiting for gdb");
        log_flush();
        arch_debug_request();
    }
    return 0;
}

DRIVER(debugger_listen, DRIVER_DEVICE, debugger_listen);
