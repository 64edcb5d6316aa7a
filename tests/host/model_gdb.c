#include "tests/host/model_gdb.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/machine.h"

#include <ingot/error.h>

uint8_t model_memory[MODEL_BYTES];
uint8_t model_register[MODEL_CPUS][MODEL_REGISTERS][GDB_REGISTER_BYTES];
bool model_away[MODEL_CPUS];
char model_sent[MODEL_SENT + 1];
size_t model_sent_bytes;
int model_points;
char model_typed[64];

void model_forget(void)
{
    model_sent_bytes = 0;
    model_sent[0] = 0;
    model_typed[0] = 0;
}

void model_reset(void)
{
    static const struct gdb_stop stop = { .cpu = 0, .signal = GDB_SIGTRAP };

    for (unsigned i = 0; i < MODEL_BYTES; i++)
        model_memory[i] = (uint8_t)i;
    memset(model_register, 0, sizeof(model_register));
    memset(model_away, 0, sizeof(model_away));
    model_points = 0;
    gdb_forget();
    gdb_stopped(&stop);
    model_forget();
}

void model_give_back(uint8_t byte)
{
    size_t length = strlen(model_typed);

    if (length + 1 < sizeof(model_typed))
        snprintf(model_typed + length, sizeof(model_typed) - length, "%c", byte);
}

enum gdb_wish model_packet(const char *text, size_t bytes)
{
    enum gdb_wish wish;
    uint8_t sum = 0;
    char end[4];

    gdb_take('$');
    for (size_t i = 0; i < bytes; i++) {
        sum += (uint8_t)text[i];
        gdb_take((uint8_t)text[i]);
    }
    snprintf(end, sizeof(end), "#%02x", sum);
    gdb_take((uint8_t)end[0]);
    gdb_take((uint8_t)end[1]);
    wish = gdb_take((uint8_t)end[2]);
    return wish;
}

bool model_sent_well(void)
{
    for (const char *at = model_sent, *end = model_sent + model_sent_bytes; at < end;) {
        const char *hash = memchr(at, '#', (size_t)(end - at));
        char sum_told[3] = "";
        uint8_t sum = 0;

        if (*at == '+' || *at == '-') {
            at++;
            continue;
        }
        if (*at != '$' || !hash || end - hash < 3 || hash - at > GDB_PACKET_BYTES)
            return false;
        for (at++; at < hash; at++)
            sum += (uint8_t)*at;
        snprintf(sum_told, sizeof(sum_told), "%02x", sum);
        if (memcmp(sum_told, hash + 1, 2))
            return false;
        at = hash + 3;
    }
    return true;
}

/* ---- what core/gdb.c asks for ---- */

void gdb_send(const char *bytes, size_t count)
{
    if (count > MODEL_SENT - model_sent_bytes)
        model_forget();
    memcpy(model_sent + model_sent_bytes, bytes, count);
    model_sent_bytes += count;
    model_sent[model_sent_bytes] = 0;
}

void gdb_say(const char *pattern, ...)
{
    char text[200], out[2 * sizeof(text) + 5];
    va_list args;

    va_start(args, pattern);
    vsnprintf(text, sizeof(text), pattern, args);
    va_end(args);
    gdb_send(out, gdb_text_packet(out, text, strlen(text)));
}

bool gdb_command(char *words)
{
    if (strcmp(words, "hello"))
        return false;
    gdb_say("hello yourself\n");
    return true;
}

uint32_t gdb_cpus(void) { return MODEL_CPUS; }
bool gdb_cpu_stands(uint32_t cpu) { return cpu < MODEL_CPUS && !model_away[cpu]; }
uint64_t machine_moved_by(void) { return 0x1000; }

size_t arch_debug_register_bytes(unsigned number)
{
    return number >= MODEL_REGISTERS ? 0 : number < 17 ? 8 : number < 24 ? 4 : 16;
}

bool arch_debug_get(uint32_t cpu, unsigned number, uint8_t value[GDB_REGISTER_BYTES])
{
    memcpy(value, model_register[cpu][number], arch_debug_register_bytes(number));
    return number != 23;
}

bool arch_debug_set(uint32_t cpu, unsigned number, const uint8_t *value)
{
    memcpy(model_register[cpu][number], value, arch_debug_register_bytes(number));
    return number != 23;
}

static size_t accessible(uint64_t address, size_t bytes)
{
    uint64_t offset = address - MODEL_BASE;

    return offset >= MODEL_BYTES ? 0 : bytes < MODEL_BYTES - offset ? bytes : (size_t)(MODEL_BYTES - offset);
}

size_t arch_debug_read(uint64_t address, uint8_t *to, size_t bytes)
{
    size_t count = accessible(address, bytes);

    if (count)
        memcpy(to, model_memory + (address - MODEL_BASE), count);
    return count;
}

size_t arch_debug_write(uint64_t address, const uint8_t *from, size_t bytes)
{
    size_t count = accessible(address, bytes);

    if (count)
        memcpy(model_memory + (address - MODEL_BASE), from, count);
    return count;
}

int arch_debug_set_point(enum debug_point kind, uint64_t address, uint64_t bytes, bool on)
{
    if (kind == POINT_READ || bytes > 8)
        return ERR_UNSUPPORTED;
    if (!accessible(address, 1))
        return ERR_FAULT;
    model_points += on ? 1 : -1;
    return 0;
}

/* With all that must be escaped, in more than one packet. */
size_t arch_debug_describe(char *out, size_t room)
{
    size_t used = 0;

    for (; used < 3000 && used < room; used++)
        out[used] = "<target>#$*}"[used % 12];
    return used;
}

size_t arch_debug_memory_map(char *out, size_t room)
{
    return (size_t)snprintf(out, room, "<memory-map/>");
}
