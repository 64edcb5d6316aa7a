#include "core/gdb.h"

#include "core/cpus.h"
#include "core/machine.h"

#include <ingot/error.h>
#include <ingot/format.h>
#include <ingot/string.h>

enum { INTERRUPT = 0x03, ESCAPE = '}', ESCAPE_BIT = 0x20, DOCUMENT_BYTES = 12288 };

static const char first_words[] = "$qSupported";

/* What has come in, and the packet that goes out. */
static enum { OUTSIDE, INSIDE, SUM_HIGH, SUM_LOW } state;
static char packet[GDB_PACKET_BYTES], reply[GDB_PACKET_BYTES + 4];
static size_t packet_bytes, reply_bytes;
static uint8_t sum_told;
static size_t heard;                     /* bytes of first_words, while the machine runs */

static bool attached, no_acks, told_swbreak, told_hwbreak;
static bool waits;                       /* gdb has let the machine run, and waits for the next stop */
static struct gdb_stop stop;
static uint32_t current;                 /* the CPU that g and p are about */
static bool pass_signal;
static uint8_t action[CPUS_MAX];         /* enum gdb_action */

static char document[DOCUMENT_BYTES] __attribute__((section(".noinit")));
static size_t document_bytes;

/* ---- text ---- */

static int digit(char c)                 /* -1: it is none */
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static char hex(unsigned value) { return "0123456789abcdef"[value & 15]; }

/* The number at *at, which moves behind it. False without digits, or with more than 64 bits. */
static bool number(const char **at, uint64_t *out_value)
{
    uint64_t value = 0;
    unsigned digits = 0;

    for (; digit(**at) >= 0; ++*at, digits++) {
        if (value >> 60)
            return false;
        value = value << 4 | (unsigned)digit(**at);
    }
    *out_value = value;
    return digits > 0;
}

static bool skip(const char **at, char c)
{
    if (**at != c)
        return false;
    ++*at;
    return true;
}

static bool starts(const char *text, const char *with, const char **out_rest)
{
    size_t length = strlen(with);

    if (strncmp(text, with, length))
        return false;
    *out_rest = text + length;
    return true;
}

/* Bytes written as two digits each. False when there are not so many. */
static bool bytes_of(const char *at, uint8_t *out, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        int high = digit(at[2 * i]), low = high < 0 ? -1 : digit(at[2 * i + 1]);

        if (low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* ---- the reply ---- */

static void put(char c)
{
    if (reply_bytes < GDB_PACKET_BYTES)
        reply[reply_bytes++] = c;
}

static void put_text(const char *text)
{
    while (*text)
        put(*text++);
}

static void put_hex(const uint8_t *from, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        put(hex(from[i] >> 4));
        put(hex(from[i]));
    }
}

static void __attribute__((format(gnu_printf, 1, 2))) put_format(const char *pattern, ...)
{
    char text[96];
    va_list args;

    va_start(args, pattern);
    format_va(text, sizeof(text), pattern, args);
    va_end(args);
    put_text(text);
}

/* Bytes as they are, but for those that mean something on the line. */
static void put_escaped(const char *from, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        bool escaped = from[i] == '#' || from[i] == '$' || from[i] == '*' || from[i] == ESCAPE;

        if (escaped)
            put(ESCAPE);
        put(escaped ? from[i] ^ ESCAPE_BIT : from[i]);
    }
}

static void begin_reply(void)
{
    reply_bytes = 0;
    put('$');
}

static void send_reply(void)
{
    uint8_t sum = 0;

    for (size_t i = 1; i < reply_bytes; i++)
        sum += (uint8_t)reply[i];
    reply[reply_bytes++] = '#';              /* behind what put() fills */
    reply[reply_bytes++] = hex(sum >> 4);
    reply[reply_bytes++] = hex(sum);
    gdb_send(reply, reply_bytes);
}

static void put_result(int error)
{
    if (error == 0)
        put_text("OK");
    else if (error != ERR_UNSUPPORTED)       /* gdb's word for which is nothing at all */
        put_text(error == ERR_FAULT ? "E0e" : error == ERR_FULL ? "E1c" : "E16");
}

static void put_bad(void) { put_result(ERR_BAD_VALUE); }

size_t gdb_text_packet(char *out, const char *text, size_t bytes)
{
    uint8_t sum = 'O';
    char *at = out;

    *at++ = '$';
    *at++ = 'O';
    for (size_t i = 0; i < bytes; i++) {
        sum += (uint8_t)(*at++ = hex((uint8_t)text[i] >> 4));
        sum += (uint8_t)(*at++ = hex((uint8_t)text[i]));
    }
    *at++ = '#';
    *at++ = hex(sum >> 4);
    *at++ = hex(sum);
    return (size_t)(at - out);
}

/* ---- CPUs as threads: number + 1 ---- */

enum { ALL = -1, NONE = -2 };

/* ALL for -1; 0 is any, so the current one; NONE when there is no such CPU. */
static int64_t thread(const char **at)
{
    uint64_t value;

    if (skip(at, '-'))
        return number(at, &value) && value == 1 ? ALL : NONE;
    if (!number(at, &value) || value > gdb_cpus())
        return NONE;
    return value ? (int64_t)value - 1 : current;
}

static void put_stop(void)
{
    static const char *const name[] = { NULL, "swbreak", "hwbreak", "watch", "awatch" };
    enum gdb_reason reason = stop.reason;

    put_format("T%02xthread:%x;", stop.signal, stop.cpu + 1);
    if (reason == GDB_WATCH || reason == GDB_ACCESS)
        put_format("%s:%llx;", name[reason], (unsigned long long)stop.address);
    else if ((reason == GDB_SOFTWARE_BREAK && told_swbreak) || (reason == GDB_HARDWARE_BREAK && told_hwbreak))
        put_format("%s:;", name[reason]);
}

static void select_thread(const char *at)
{
    char what = *at ? *at++ : 0;
    int64_t cpu = thread(&at);

    if (cpu == NONE || (cpu != ALL && !gdb_cpu_stands((uint32_t)cpu)))
        return put_bad();
    if (what == 'g' && cpu != ALL)
        current = (uint32_t)cpu;
    put_text("OK");
}

static void is_alive(const char *at)
{
    int64_t cpu = thread(&at);

    put_result(cpu >= 0 && gdb_cpu_stands((uint32_t)cpu) ? 0 : ERR_BAD_VALUE);
}

/* From CPU number first on, as many as fit; the next question goes on behind them. */
static void list_threads(bool first)
{
    static uint32_t next;

    if (first)
        next = 0;
    if (next >= gdb_cpus())
        return put('l');
    for (char before = 'm'; next < gdb_cpus() && reply_bytes < GDB_PACKET_BYTES - 16; next++) {
        if (!gdb_cpu_stands(next))
            continue;
        put_format("%c%x", before, next + 1);
        before = ',';
    }
    if (reply_bytes == 1)
        put('l');
}

/* ---- registers ---- */

static void put_register(unsigned reg)
{
    uint8_t value[GDB_REGISTER_BYTES];
    size_t bytes = arch_debug_register_bytes(reg);

    if (arch_debug_get(current, reg, value))
        return put_hex(value, bytes);
    while (bytes--)
        put_text("xx");                  /* gdb's word for unknown */
}

static void put_registers(void)
{
    for (unsigned reg = 0; arch_debug_register_bytes(reg); reg++)
        put_register(reg);
}

static bool set_register(unsigned reg, const char *at)
{
    uint8_t value[GDB_REGISTER_BYTES];

    return bytes_of(at, value, arch_debug_register_bytes(reg)) && arch_debug_set(current, reg, value);
}

/* Those that cannot be set stay as they are. */
static void set_registers(const char *at)
{
    size_t length = strlen(at), bytes;

    for (unsigned reg = 0; (bytes = arch_debug_register_bytes(reg)) && length >= 2 * bytes; reg++) {
        set_register(reg, at);
        at += 2 * bytes;
        length -= 2 * bytes;
    }
    put_result(length ? ERR_BAD_VALUE : 0);
}

static void one_register(const char *at, bool set)
{
    uint64_t reg;

    if (!number(&at, &reg) || reg > UINT16_MAX || arch_debug_register_bytes((unsigned)reg) == 0)
        return put_bad();
    if (!set)
        put_register((unsigned)reg);
    else
        put_result(skip(&at, '=') && set_register((unsigned)reg, at) ? 0 : ERR_BAD_VALUE);
}

/* ---- memory ---- */

/* "address,count" and, for what is written, a colon. */
static bool range(const char **at, char behind, uint64_t *out_address, uint64_t *out_count)
{
    return number(at, out_address) && skip(at, ',') && number(at, out_count) && skip(at, behind);
}

static void read_memory(const char *at)
{
    uint8_t bytes[GDB_PACKET_BYTES / 2 - 8];
    uint64_t address, count;
    size_t got;

    if (!range(&at, 0, &address, &count))
        return put_bad();
    if (count > sizeof(bytes))
        count = sizeof(bytes);           /* less than was asked for is an answer, too */
    got = arch_debug_read(address, bytes, count);
    if (got == 0 && count)
        put_result(ERR_FAULT);
    else
        put_hex(bytes, got);
}

static void write(uint64_t address, const uint8_t *from, uint64_t count)
{
    put_result(arch_debug_write(address, from, count) == count ? 0 : ERR_FAULT);
}

static void write_memory(const char *at)
{
    uint8_t bytes[GDB_PACKET_BYTES / 2];
    uint64_t address, count;

    if (!range(&at, ':', &address, &count) || count > sizeof(bytes) || !bytes_of(at, bytes, count))
        return put_bad();
    write(address, bytes, count);
}

/* The same with bytes as they are. */
static void write_binary(const char *at, const char *end)
{
    uint8_t bytes[GDB_PACKET_BYTES];
    uint64_t address, count;
    size_t got = 0;

    if (!range(&at, ':', &address, &count))
        return put_bad();
    for (; at < end; at++) {
        bool escaped = *at == ESCAPE && at + 1 < end;

        at += escaped;
        bytes[got++] = (uint8_t)*at ^ (escaped ? ESCAPE_BIT : 0);
    }
    if (got != count)
        return put_bad();
    write(address, bytes, count);
}

static void set_point(const char *at, bool on)
{
    uint64_t kind, address, bytes;

    if (!number(&at, &kind) || !skip(&at, ',') || !number(&at, &address) || !skip(&at, ',') || !number(&at, &bytes))
        return put_bad();
    put_result(kind > POINT_ACCESS ? ERR_UNSUPPORTED : arch_debug_set_point((enum debug_point)kind, address, bytes, on));
}

/* ---- questions ---- */

static void supported(const char *at)
{
    gdb_forget();
    attached = true;
    told_swbreak = strstr(at, "swbreak+");
    told_hwbreak = strstr(at, "hwbreak+");
    put_format("PacketSize=%x;QStartNoAckMode+;qXfer:features:read+;qXfer:memory-map:read+;", GDB_PACKET_BYTES - 1);
    put_text("qXfer:threads:read+;vContSupported+;swbreak+;hwbreak+");
}

static void __attribute__((format(gnu_printf, 1, 2))) add(const char *pattern, ...)
{
    size_t room = sizeof(document) - document_bytes;
    va_list args;
    int more;

    va_start(args, pattern);
    more = format_va(document + document_bytes, room, pattern, args);
    va_end(args);
    if (more > 0 && (size_t)more < room)
        document_bytes += (size_t)more;
}

static void describe_threads(void)
{
    add("<threads>");
    for (uint32_t cpu = 0; cpu < gdb_cpus(); cpu++)
        if (gdb_cpu_stands(cpu))
            add("<thread id=\"%x\" core=\"%u\" name=\"cpu %u\"/>", cpu + 1, cpu, cpu);
    document_bytes = document_bytes < sizeof(document) - 16 ? document_bytes : sizeof(document) - 16;
    add("</threads>");
}

/* A document is made when its first part is asked for, and given out piece by piece. */
static void transfer(const char *at)
{
    enum { TARGET, MAP, THREADS } which;
    uint64_t offset, count;

    if (starts(at, "features:read:target.xml:", &at))
        which = TARGET;
    else if (starts(at, "memory-map:read::", &at))
        which = MAP;
    else if (starts(at, "threads:read::", &at))
        which = THREADS;
    else
        return;
    if (!number(&at, &offset) || !skip(&at, ',') || !number(&at, &count))
        return put_bad();
    if (offset == 0) {
        document_bytes = 0;
        if (which == THREADS)
            describe_threads();
        else
            document_bytes = (which == TARGET ? arch_debug_describe : arch_debug_memory_map)(document, sizeof(document));
    }
    if (offset >= document_bytes)
        return put('l');
    if (count > GDB_PACKET_BYTES / 2 - 8)
        count = GDB_PACKET_BYTES / 2 - 8;
    if (count > document_bytes - offset)
        count = document_bytes - offset;
    put(offset + count < document_bytes ? 'm' : 'l');
    put_escaped(document + offset, count);
}

/* gdb_say() sends packets of its own meanwhile: they do not use the reply's buffer. */
static void command(const char *at)
{
    char words[128];
    size_t bytes = strlen(at) / 2;

    if (bytes >= sizeof(words) || !bytes_of(at, (uint8_t *)words, bytes))
        return put_bad();
    words[bytes] = 0;
    if (!gdb_command(words))
        gdb_say("There is no such command; `monitor help` lists them.\n");
    put_text("OK");
}

static void query(const char *at)
{
    const char *rest;

    if (starts(at, "Supported", &rest))
        supported(rest);
    else if (starts(at, "Xfer:", &rest))
        transfer(rest);
    else if (starts(at, "Rcmd,", &rest))
        command(rest);
    else if (starts(at, "Attached", &rest))
        put('1');                        /* the machine was there before gdb: it detaches when it ends */
    else if (starts(at, "Offsets", &rest))
        put_format("Text=%llx;Data=%llx;Bss=%llx", (unsigned long long)machine_moved_by(), (unsigned long long)machine_moved_by(),
                   (unsigned long long)machine_moved_by());
    else if (starts(at, "fThreadInfo", &rest) || starts(at, "sThreadInfo", &rest))
        list_threads(*at == 'f');
    else if (starts(at, "Symbol", &rest))
        put_text("OK");
    else if (!strcmp(at, "C"))
        put_format("QC%x", current + 1);
}

/* ---- running ---- */

static enum gdb_wish go(void)
{
    waits = true;
    reply_bytes = 0;                     /* the reply is the next stop */
    return GDB_GO;
}

static void set_action(int64_t cpu, enum gdb_action what)
{
    for (uint32_t one = cpu < 0 ? 0 : (uint32_t)cpu; one < gdb_cpus() && one < CPUS_MAX && (cpu < 0 || one == cpu); one++)
        if (action[one] == GDB_HOLD)
            action[one] = (uint8_t)what;
}

/* ";action[:thread]" again and again; the first that fits a CPU holds. */
static bool parse_actions(const char *at)
{
    pass_signal = false;
    memset(action, GDB_HOLD, sizeof(action));
    while (skip(&at, ';')) {
        char what = *at ? *at++ : 0;
        bool step = what == 's' || what == 'S';
        int64_t cpu = ALL;
        uint64_t signal = 0;

        if (!step && what != 'c' && what != 'C')
            return false;
        if ((what == 'C' || what == 'S') && !number(&at, &signal))
            return false;
        if (skip(&at, ':') && (cpu = thread(&at)) == NONE)
            return false;
        if (signal == stop.signal && signal != GDB_SIGTRAP && signal != GDB_SIGINT && (cpu == ALL || cpu == stop.cpu))
            pass_signal = true;
        set_action(cpu, step ? GDB_STEP : GDB_RUN);
    }
    return *at == 0;
}

static bool somebody_runs(void)
{
    for (uint32_t cpu = 0; cpu < gdb_cpus() && cpu < CPUS_MAX; cpu++)
        if (action[cpu] != GDB_HOLD)
            return true;
    return false;
}

static enum gdb_wish resume(const char *at)
{
    if (parse_actions(at) && somebody_runs())
        return go();
    put_bad();
    return GDB_STAY;
}

/* The old packets, for one CPU and all. */
static enum gdb_wish resume_simply(char what, const char *at)
{
    char actions[24];

    if (*at)
        format(actions, sizeof(actions), "E");
    else if (what == 's')
        format(actions, sizeof(actions), ";s:%x", current + 1);
    else
        format(actions, sizeof(actions), ";c");
    return resume(actions);
}

static enum gdb_wish leave(enum gdb_wish how)
{
    gdb_forget();
    memset(action, GDB_RUN, sizeof(action));
    pass_signal = false;
    return how;
}

static enum gdb_wish verbose(const char *at)
{
    const char *rest;

    if (!strcmp(at, "Cont?"))
        put_text("vCont;c;C;s;S");
    else if (starts(at, "Cont", &rest))
        return resume(rest);
    else if (starts(at, "Kill", &rest)) {
        put_text("OK");
        return leave(GDB_KILL);
    }
    return GDB_STAY;
}

static enum gdb_wish run_packet(void)
{
    const char *at = packet + 1;

    switch (packet[0]) {
    case '?': put_stop(); break;
    case 'g': put_registers(); break;
    case 'G': set_registers(at); break;
    case 'p': one_register(at, false); break;
    case 'P': one_register(at, true); break;
    case 'm': read_memory(at); break;
    case 'M': write_memory(at); break;
    case 'X': write_binary(at, packet + packet_bytes); break;
    case 'Z': set_point(at, true); break;
    case 'z': set_point(at, false); break;
    case 'H': select_thread(at); break;
    case 'T': is_alive(at); break;
    case 'q': query(at); break;
    case 'Q':
        if (!strcmp(at, "StartNoAckMode")) {
            no_acks = true;
            put_text("OK");
        }
        break;
    case 'v': return verbose(at);
    case 'c': case 's': return resume_simply(packet[0], at);
    case 'D':
        put_text("OK");
        return leave(GDB_DETACH);
    case 'k':
        reply_bytes = 0;                 /* has no answer */
        return leave(GDB_KILL);
    }
    return GDB_STAY;
}

static enum gdb_wish answer(void)
{
    enum gdb_wish wish;

    attached = true;
    packet[packet_bytes] = 0;            /* gather() has kept room */
    begin_reply();
    wish = run_packet();
    if (reply_bytes)
        send_reply();
    return wish;
}

/* ---- the line ---- */

static bool sum_is_right(void)
{
    uint8_t sum = 0;

    for (size_t i = 0; i < packet_bytes; i++)
        sum += (uint8_t)packet[i];
    return sum == sum_told;
}

static void acknowledge(char how)
{
    if (!no_acks)
        gdb_send(&how, 1);
}

/* Whether a packet is whole, and as it was sent. One that is too long is none. */
static bool gather(uint8_t byte)
{
    switch (state) {
    case OUTSIDE:
        break;
    case INSIDE:
        if (byte == '#')
            state = SUM_HIGH;
        else if (byte != '$' && packet_bytes < GDB_PACKET_BYTES - 1)
            packet[packet_bytes++] = (char)byte;
        else
            state = OUTSIDE;
        break;
    case SUM_HIGH:
        sum_told = (uint8_t)((unsigned)digit((char)byte) << 4);
        state = digit((char)byte) < 0 ? OUTSIDE : SUM_LOW;
        break;
    case SUM_LOW:
        state = OUTSIDE;
        sum_told |= (uint8_t)digit((char)byte);
        if (packet_bytes >= sizeof(first_words) - 2 && !memcmp(packet, first_words + 1, sizeof(first_words) - 2))
            no_acks = false;                 /* a gdb that begins */
        if (digit((char)byte) < 0 || !sum_is_right()) {
            acknowledge('-');
            return false;
        }
        acknowledge('+');
        return true;
    }
    if (byte == '$') {                   /* in a packet, too: the one before has lost its end */
        state = INSIDE;
        packet_bytes = 0;
    }
    return false;
}

enum gdb_wish gdb_take(uint8_t byte)
{
    if (state == OUTSIDE && byte == '-' && reply_bytes && !no_acks)
        gdb_send(reply, reply_bytes);
    return gather(byte) ? answer() : GDB_STAY;
}

enum gdb_wish gdb_take_kept(void)
{
    return answer();
}

/* Bytes that only looked like gdb's. */
static void give_all_back(uint8_t byte, void (*give_back)(uint8_t byte))
{
    for (size_t i = 0; i < heard; i++)
        give_back((uint8_t)first_words[i]);
    heard = 0;
    if (byte == '$')
        heard = 1;
    else
        give_back(byte);
}

/* While no more than the beginning of first_words has come, its bytes need not be kept. */
static bool hear_first(uint8_t byte, void (*give_back)(uint8_t byte))
{
    if (byte != (uint8_t)first_words[heard]) {
        give_all_back(byte, give_back);
        return false;
    }
    if (first_words[++heard])
        return false;
    heard = 0;
    state = INSIDE;
    packet_bytes = sizeof(first_words) - 2;
    memcpy(packet, first_words + 1, packet_bytes);
    return false;
}

bool gdb_hear(uint8_t byte, void (*give_back)(uint8_t byte))
{
    if (state != OUTSIDE && byte >= ' ')
        return gather(byte);
    state = OUTSIDE;                     /* a packet that was cut off */
    if (attached && byte == INTERRUPT)
        return true;
    if (attached && (byte == '+' || byte == '-'))
        return false;
    return hear_first(byte, give_back);
}

/* ---- for core/debugger.c ---- */

void gdb_forget(void)
{
    attached = no_acks = told_swbreak = told_hwbreak = waits = false;
    heard = 0;
}

bool gdb_is_attached(void) { return attached; }

void gdb_stopped(const struct gdb_stop *why)
{
    stop = *why;
    current = why->cpu;
    state = OUTSIDE;
    if (!waits)
        return;
    waits = false;
    begin_reply();
    put_stop();
    send_reply();
}

enum gdb_action gdb_action(uint32_t cpu, bool *out_signal)
{
    *out_signal = pass_signal && cpu == stop.cpu;
    return cpu < CPUS_MAX ? action[cpu] : GDB_RUN;
}
