/* SAN=address: what gcc's code calls before each access to memory (-fsanitize=kernel-address with calls), and the one line that tells of a
 * wrong one. gcc itself closes the surroundings of what lies on the stack (and what has gone out of scope), and describes globals to us.
 *   asan: finding 1: heap: store of 1 at 0xfe600e8 by 0x20257ff fill+0x1e (app/main.c:31): 0 behind 24 at 0xfe600d0, allocated by 0x20255c9 main
 * All numbers without 0x are bytes.
 * Source of the interface: gcc 12, gcc/sanitizer.def and gcc/asan.cc. */
#define LOG_SUBSYSTEM asan
#include "core/finding.h"

#include "core/heap_block.h"
#include "core/shadow.h"
#include "core/symbols.h"

#include <stdatomic.h>

#include <ingot/format.h>
#include <ingot/string.h>

enum { SEEN_MAX = 64, FILES_MAX = 512, OBJECT_BYTES = 160, FRAME_LOOKS = 4096 };
#define FRAME_MAGIC 0x41b58ab3u                  /* gcc/asan.h: what a frame with closed places begins with */

struct global {                                  /* as the compiler writes it */
    uintptr_t start;
    size_t bytes, bytes_around;                  /* what it has; with what lies behind it */
    const char *name, *file;
    uintptr_t has_constructor, location, indicator;
};

static struct {
    const struct global *global;
    size_t count;
} described[FILES_MAX];                          /* a file each */
static unsigned files;

static _Atomic uintptr_t seen[SEEN_MAX];         /* places that were told */

extern void (*const globals_describe_start[])(void), (*const globals_describe_end[])(void);      /* link.ld: gcc's, a file each */

/* ---- which object ---- */

struct report {
    uintptr_t fault;                             /* the first byte that may not be used */
    bool in_heap;
    struct heap_place heap;
};

/* Code that the report names, all looked up in one pass. */
enum { CODE_HERE, CODE_ALLOCATED, CODE_FREED, CODES };
static uintptr_t code[CODES];
static const struct symbol_room *room;           /* NULL: there are no names */
static _Atomic bool telling;                     /* one CPU at a time: what others find meanwhile is only counted */

typedef void describe(char *to, const struct report *report);

static void look_up(uintptr_t pc, const struct report *report)
{
    code[CODE_HERE] = pc - 1;
    code[CODE_ALLOCATED] = (uintptr_t)report->heap.allocated_by - 1;
    code[CODE_FREED] = (uintptr_t)report->heap.freed_by - 1;
    symbols_forget();
    for (unsigned i = 0; i < CODES; i++)
        symbols_want(code[i]);
    room = symbols_find();
}

static const char *name_of(unsigned which)
{
    const struct symbol *symbol = symbol_at(code[which]);

    return room && symbol->depth ? symbol_inner(room, symbol) : "";
}

static void describe_heap(char *to, const struct report *report)
{
    const struct heap_place *heap = &report->heap;
    size_t before = (uintptr_t)heap->start - report->fault, behind = report->fault - (uintptr_t)heap->start - heap->bytes;
    int used;

    if (!report->in_heap) {
        format(to, OBJECT_BYTES, "in the heap's own notes");
        return;
    }
    if (heap->freed_by)
        used = format(to, OBJECT_BYTES, "in %zu at %p, freed by %p %s", heap->bytes, heap->start, heap->freed_by, name_of(CODE_FREED));
    else if (report->fault < (uintptr_t)heap->start)
        used = format(to, OBJECT_BYTES, "%zu before %zu at %p", before, heap->bytes, heap->start);
    else
        used = format(to, OBJECT_BYTES, "%zu behind %zu at %p", behind, heap->bytes, heap->start);
    if (used < OBJECT_BYTES)
        format(to + used, OBJECT_BYTES - (size_t)used, ", allocated by %p %s", heap->allocated_by, name_of(CODE_ALLOCATED));
}

static void describe_page(char *to, const struct report *report)
{
    uintptr_t address = report->fault & ~(uintptr_t)(PAGE_BYTES - 1);

    format(to, OBJECT_BYTES, "in the free page at %#lx", (unsigned long)address);
}

static void describe_global(char *to, const struct report *report)
{
    uintptr_t address = report->fault;

    for (unsigned i = 0; i < files; i++)
        for (const struct global *global = described[i].global; global < described[i].global + described[i].count; global++)
            if (address >= global->start && address < global->start + global->bytes_around) {
                format(to, OBJECT_BYTES, "%zu behind %s, which has %zu (%s)", address - global->start - global->bytes, global->name,
                       global->bytes, global->file);
                return;
            }
    format(to, OBJECT_BYTES, "in nothing that is known");
}

/* The start of the frame that address lies in: below it, gcc has closed 32 bytes that begin with its magic number. 0: not found. */
static uintptr_t frame_of(uintptr_t address)
{
    uintptr_t at = address & ~(uintptr_t)(SHADOW_BYTES - 1);

    for (unsigned tries = 0; tries < FRAME_LOOKS; tries++, at -= SHADOW_BYTES)
        if (shadow_of(at) == SHADOW_STACK_LEFT && *(const uint32_t *)at == FRAME_MAGIC)
            return at;
    return 0;
}

static unsigned long next_number(const char **text)
{
    unsigned long value = 0;

    while (**text == ' ')
        ++*text;
    for (; **text >= '0' && **text <= '9'; ++*text)
        value = value * 10 + (unsigned long)(**text - '0');
    return value;
}

/* A frame's second word is a text: a count, then for each variable its offset, its bytes, the length of its name, and that. */
static void describe_stack(char *to, const struct report *report)
{
    uintptr_t address = report->fault;
    uintptr_t frame = frame_of(address);
    const char *text = frame ? ((const char *const *)frame)[1] : "0";
    unsigned long count = next_number(&text), start, bytes, length;
    const char *name = "";
    int name_bytes = 0;

    while (count--) {
        start = next_number(&text);
        bytes = next_number(&text);
        length = next_number(&text);
        if (name_bytes == 0 || frame + start <= address) {     /* the last one that begins before it; below all of them, the first */
            name = text + 1;
            name_bytes = (int)(strchr(name, ':') && (unsigned long)(strchr(name, ':') - name) < length ? strchr(name, ':') - name : (long)length);
            format(to, OBJECT_BYTES, "at %+ld from %.*s, which has %lu", (long)(address - frame - start), name_bytes, name, bytes);
        }
        text += 1 + length;
    }
    if (name_bytes == 0)
        format(to, OBJECT_BYTES, "beside a variable");
}

/* What kind of object was missed, in one word, and how to describe it. */
static const char *kind_of_object(enum shadow shadow, describe **out_describe)
{
    static const struct {
        enum shadow shadow;
        const char *word;
        describe *describe;
    } kinds[] = {
        { SHADOW_HEAP, "heap", describe_heap },          { SHADOW_FREED, "freed", describe_heap },
        { SHADOW_PAGE, "page", describe_page },          { SHADOW_GLOBAL, "global", describe_global },
        { SHADOW_STACK_LEFT, "stack", describe_stack },  { SHADOW_STACK_MID, "stack", describe_stack },
        { SHADOW_STACK_RIGHT, "stack", describe_stack }, { SHADOW_STACK_SCOPE, "scope", describe_stack },
    };

    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (kinds[i].shadow == shadow) {
            *out_describe = kinds[i].describe;
            return kinds[i].word;
        }
    *out_describe = NULL;
    return "memory";
}

/* ---- telling ---- */

/* False when this place was told before, or too many were. */
static bool is_new(uintptr_t pc)
{
    for (unsigned i = 0; i < SEEN_MAX; i++) {
        uintptr_t nobody = 0;

        if (atomic_compare_exchange_strong(&seen[i], &nobody, pc))
            return true;
        if (nobody == pc)
            return false;
    }
    return false;
}

static void tell_new(const struct report *report, enum shadow shadow, uintptr_t address, size_t bytes, bool store, uintptr_t pc)
{
    char object[OBJECT_BYTES] = "", words[SYMBOL_WORDS_BYTES];
    describe *to_object;
    const char *kind = kind_of_object(shadow, &to_object);

    if (to_object)
        to_object(object, report);
    finding_tell(&LOG_NAME(LOG_SUBSYSTEM), "ASAN", "%s: %s of %zu at %#lx by %#lx%s: %s", kind, store ? "store" : "load", bytes,
                 (unsigned long)address, (unsigned long)pc,
                 symbol_words(room, symbol_at(code[CODE_HERE]), 0, words, sizeof(words)), object);
}

static __attribute__((cold, noinline)) void tell(uintptr_t address, size_t bytes, uintptr_t fault, bool store, uintptr_t pc)
{
    struct report report = { .fault = fault };
    enum shadow shadow = shadow_of(fault);

    if (!is_new(pc) || atomic_exchange(&telling, true)) {
        finding_count();
        return;
    }
    if ((unsigned)shadow < SHADOW_BYTES)         /* part of the last 8 bytes of an object: what lies behind says of which */
        shadow = shadow_of((fault | (SHADOW_BYTES - 1)) + 1);
    report.in_heap = (shadow == SHADOW_HEAP || shadow == SHADOW_FREED) && heap_find(fault, &report.heap);
    look_up(pc, &report);
    tell_new(&report, shadow, address, bytes, store, pc);
    atomic_store(&telling, false);
}

static inline void check(uintptr_t address, size_t bytes, bool store, uintptr_t pc)
{
    uintptr_t fault = shadow_fault(address, bytes);

    if (__builtin_expect(fault != 0, 0))
        tell(address, bytes, fault, store, pc);
}

/* ---- what the compiler calls ---- */

#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#define HERE ((uintptr_t)__builtin_return_address(0))

#define ACCESS(width) \
    void __asan_load##width##_noabort(uintptr_t address) { check(address, width, false, HERE); } \
    void __asan_store##width##_noabort(uintptr_t address) { check(address, width, true, HERE); }
ACCESS(1)
ACCESS(2)
ACCESS(4)
ACCESS(8)
ACCESS(16)
void __asan_loadN_noabort(uintptr_t address, size_t bytes) { check(address, bytes, false, HERE); }
void __asan_storeN_noabort(uintptr_t address, size_t bytes) { check(address, bytes, true, HERE); }

/* Nobody comes back to frames above this one, which stay closed: with us only the end of a run leaves frames so. */
void __asan_handle_no_return(void) { }

void __asan_poison_stack_memory(const void *start, size_t bytes) { shadow_close(start, bytes, SHADOW_STACK_SCOPE); }
void __asan_unpoison_stack_memory(const void *start, size_t bytes) { shadow_open(start, bytes); }

void __asan_register_globals(const struct global *global, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t whole = (global[i].bytes + SHADOW_BYTES - 1) & ~(size_t)(SHADOW_BYTES - 1);

        shadow_open((const void *)global[i].start, global[i].bytes);
        shadow_close((const void *)(global[i].start + whole), global[i].bytes_around - whole, SHADOW_GLOBAL);
    }
    if (files < FILES_MAX) {
        described[files].global = global;
        described[files++].count = count;
    }
}

void __asan_unregister_globals(const struct global *global, size_t count)
{
    (void)global;
    (void)count;
}

void shadow_globals(void)
{
    for (void (*const *file)(void) = globals_describe_start; file < globals_describe_end; file++)
        (*file)();
}

/* ---- memory functions: the linker sends calls of all but the core's own bookkeeping here (--wrap) ---- */

void *__real_memcpy(void *to, const void *from, size_t bytes);
void *__real_memmove(void *to, const void *from, size_t bytes);
void *__real_memset(void *to, int value, size_t bytes);

void *__wrap_memcpy(void *to, const void *from, size_t bytes)
{
    check((uintptr_t)from, bytes, false, HERE);
    check((uintptr_t)to, bytes, true, HERE);
    return __real_memcpy(to, from, bytes);
}

void *__wrap_memmove(void *to, const void *from, size_t bytes)
{
    check((uintptr_t)from, bytes, false, HERE);
    check((uintptr_t)to, bytes, true, HERE);
    return __real_memmove(to, from, bytes);
}

void *__wrap_memset(void *to, int value, size_t bytes)
{
    check((uintptr_t)to, bytes, true, HERE);
    return __real_memset(to, value, bytes);
}
