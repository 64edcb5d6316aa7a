/* A .gcda file as gcc 12 and 13 have it, made here of what the compiler left, as libgcov wants a C library around it.
 * Source: gcc 12, gcc/gcov-io.h (the file) and libgcc/libgcov.h (the structs). */
#include "core/coverage.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ingot/cpu.h>
#include <ingot/log.h>
#include <ingot/pages.h>

_Static_assert(__GNUC__ >= 12, "before gcc 12 lengths in a .gcda file were counted in words");

#define GCDA_MAGIC    0x67636461u
#define TAG_FUNCTION  0x01000000u
#define TAG_ARCS      0x01a10000u
enum { COUNTER_KINDS = 8, FUNCTION_BYTES = 12 };

struct gcov_info;

struct gcov_function {
    const struct gcov_info *of;                   /* another object's: this one was compiled twice, and is the other's */
    uint32_t ident, lines_sum, graph_sum;
    struct {
        uint32_t count;
        int64_t *values;
    } arcs;
};

struct gcov_info {
    uint32_t version;
    struct gcov_info *next;
    uint32_t stamp, sum;
    const char *name;
    void (*merge[COUNTER_KINDS])(int64_t *, uint32_t);
    uint32_t functions;
    const struct gcov_function *const *function;
};

extern const struct gcov_info *const coverage_start[], *const coverage_end[];        /* link.ld: one for each object */

enum { LINE_BYTES = 162, FLUSH_LINES = 16 };      /* 216 characters */

static struct {
    uint8_t line[LINE_BYTES];
    unsigned used;
    uint32_t lines, bytes, sum;                   /* of the file that is being sent */
} sent;

static void put_line(void)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char text[LINE_BYTES / 3 * 4 + 1], *to = text;

    for (unsigned i = 0; i < sent.used; i += 3) {
        uint32_t three = (uint32_t)sent.line[i] << 16 | (uint32_t)sent.line[i + 1] << 8 | sent.line[i + 2];

        for (int shift = 18; shift >= 0; shift -= 6)
            *to++ = digits[three >> shift & 63];
    }
    *to = 0;
    log_raw("gcov %u %s", sent.lines++, text);
    for (unsigned i = 0; i < LINE_BYTES; i++)
        sent.line[i] = 0;
    sent.used = 0;
    if (sent.lines % FLUSH_LINES == 0)
        log_flush();
}

/* Adler's sum without its 1. */
static void dump(const void *data, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        uint8_t byte = ((const uint8_t *)data)[i];
        uint32_t low = ((sent.sum & 0xffff) + byte) % 65521, high = ((sent.sum >> 16) + low) % 65521;

        sent.sum = high << 16 | low;
        sent.bytes++;
        sent.line[sent.used++] = byte;
        if (sent.used == LINE_BYTES)
            put_line();
    }
}

static void put_word(uint32_t word) { dump(&word, sizeof(word)); }

static void put_counters(const int64_t *values, uint32_t count)
{
    uint32_t bytes = count * (uint32_t)sizeof(*values);
    int64_t any = 0;

    for (uint32_t i = 0; i < count; i++)
        any |= values[i];
    put_word(TAG_ARCS);
    put_word(any ? bytes : -bytes);               /* negative: all are 0, and not written */
    if (any)
        dump(values, bytes);
}

/* Calls visit for each function that is an object's own. */
static void each_function(const struct gcov_info *info, void (*visit)(const struct gcov_function *function))
{
    for (uint32_t i = 0; i < info->functions; i++)
        if (info->function[i] && info->function[i]->of == info)
            visit(info->function[i]);
}

static void each_object(void (*visit)(const struct gcov_info *info))
{
    for (const struct gcov_info *const *info = coverage_start; info < coverage_end; info++)
        visit(*info);
}

/* The counters as they were when sending began, one behind the other: to send is to count, and what is sent must add up. */
static int64_t *kept;
static uint64_t kept_count, kept_used;

static void count_function(const struct gcov_function *function) { kept_count += function->arcs.count; }
static void count_object(const struct gcov_info *info) { each_function(info, count_function); }

static void keep_function(const struct gcov_function *function)
{
    for (uint32_t i = 0; i < function->arcs.count; i++)
        kept[kept_used++] = function->arcs.values[i];
}

static void keep_object(const struct gcov_info *info) { each_function(info, keep_function); }

static bool keep_all(void)
{
    uint64_t flags;

    each_object(count_object);
    kept = pages_alloc((kept_count * sizeof(*kept) + PAGE_BYTES - 1) / PAGE_BYTES, 0, PAGES_ANYWHERE);
    if (!kept)
        return false;
    flags = cpu_interrupts_off();
    each_object(keep_object);
    cpu_interrupts_restore(flags);
    kept_used = 0;
    return true;
}

static void put_function(const struct gcov_function *function)
{
    put_word(TAG_FUNCTION);
    put_word(FUNCTION_BYTES);
    put_word(function->ident);
    put_word(function->lines_sum);
    put_word(function->graph_sum);
    put_counters(kept + kept_used, function->arcs.count);
    kept_used += function->arcs.count;
}

static void put_object(const struct gcov_info *info)
{
    log_flush();
    sent.used = sent.lines = sent.bytes = sent.sum = 0;
    log_raw("gcov file %s", info->name);
    put_word(GCDA_MAGIC);
    put_word(info->version);
    put_word(info->stamp);
    put_word(info->sum);
    each_function(info, put_function);
    put_word(0);
    if (sent.used)
        put_line();
    log_raw("gcov end %u %08x", sent.bytes, sent.sum);
}

void coverage_send(void)
{
    if (keep_all())
        each_object(put_object);
    else
        log_raw("gcov: no memory for %llu counters: none are sent", (unsigned long long)kept_count);
    log_flush();
}

/* Each object names it as what adds its counters to those of a file; here there is none. */
void __gcov_merge_add(int64_t *values, uint32_t count);
void __gcov_merge_add(int64_t *values, uint32_t count)
{
    (void)values;
    (void)count;
}
