/* What gdb sees of a PC's CPU: its registers while it stands, memory that may not be there, breakpoints and watchpoints.
 * Sources: Intel SDM vol. 3B, "Debug, Branch Profile, TSC ..."; vol. 1, "Managing State Using the XSAVE Feature Set"; GDB manual, "Target
 * Descriptions", "Standard Target Features: i386 Features". */
#include "core/debugger.h"
#include "core/x86_64/paging.h"
#include "core/x86_64/smp.h"
#include "core/x86_64/trap.h"

#include <ingot/driver.h>
#include <ingot/error.h>
#include <ingot/format.h>
#include <ingot/probe.h>
#include <ingot/string.h>

enum { RFLAGS_TF = 1u << 8, RFLAGS_RF = 1u << 16 };
enum { VECTOR_DEBUG = 1, VECTOR_BREAKPOINT = 3, INT3 = 0xcc };
enum { DR6_HITS = 15, DR6_STEP = 1u << 14, DR6_NONE = 0xffff0ff0 };
enum { XSAVE_AVX = 576, XSAVE_HEADER = 512, XSAVE_BYTES = 832, XSAVE_PARTS = 7 };    /* x87, SSE, AVX: the upper half of YMM at 576 */

/* A CPU's state while it stands. */
struct debug_cpu {
    uint8_t vectors[XSAVE_BYTES] __attribute__((aligned(64)));
    uint64_t fs_base, gs_base;
    bool stepping;
};
static PER_CPU(struct debug_cpu, debug_cpu);

static _Atomic bool requested;

/* ---- vector registers ---- */

/* The parts that are on, of those that we know; 0: there is FXSAVE only. */
static uint32_t parts(void)
{
    uint32_t low, high;

    if (!(cr4_read() & CR4_OSXSAVE))
        return 0;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low & XSAVE_PARTS;
}

static bool has_avx(void) { return parts() & 4; }

static void vectors_save(uint8_t *area)
{
    uint64_t cr0 = cr0_read();

    cr0_write(cr0 & ~(uint64_t)CR0_TS);
    memset(area + XSAVE_HEADER, 0, 64);
    if (parts())
        __asm__ volatile("xsave64 (%0)" :: "r"(area), "a"(parts()), "d"(0) : "memory");
    else
        __asm__ volatile("fxsave64 (%0)" :: "r"(area) : "memory");
    cr0_write(cr0);
}

/* What gdb wrote may be more than the CPU would take: bits of MXCSR that do not exist would fault. */
static void vectors_load(uint8_t *area)
{
    uint64_t cr0 = cr0_read();

    cr0_write(cr0 & ~(uint64_t)CR0_TS);
    *(uint32_t *)(area + 24) &= 0xffff;
    area[XSAVE_HEADER] |= (uint8_t)parts();
    if (parts())
        __asm__ volatile("xrstor64 (%0)" :: "r"(area), "a"(parts()), "d"(0) : "memory");
    else
        __asm__ volatile("fxrstor64 (%0)" :: "r"(area) : "memory");
    cr0_write(cr0);
}

/* FXSAVE keeps one bit a register; gdb wants two: 0 valid, 1 zero, 2 special, 3 empty (SDM vol. 1, "x87 FPU Tag Word"). */
static uint32_t full_tags(const uint8_t *area)
{
    unsigned top = area[3] >> 3 & 7;
    uint32_t tags = 0;

    for (unsigned reg = 0; reg < 8; reg++) {
        const uint8_t *st = area + 32 + 16 * ((reg - top) & 7);
        uint64_t mantissa = *(const uint64_t *)st, exponent = *(const uint16_t *)(st + 8) & 0x7fff;
        uint32_t tag = exponent == 0 && mantissa == 0 ? 1 : exponent == 0 || exponent == 0x7fff || !(mantissa >> 63) ? 2 : 0;

        tags |= (area[4] >> reg & 1 ? tag : 3) << 2 * reg;
    }
    return tags;
}

static void set_tags(uint8_t *area, uint32_t tags)
{
    area[4] = 0;
    for (unsigned reg = 0; reg < 8; reg++)
        if ((tags >> 2 * reg & 3) != 3)
            area[4] |= (uint8_t)(1u << reg);
}

/* ---- registers, as gdb numbers them by the description below ---- */

enum {
    REG_RIP = 16, REG_RFLAGS, REG_CS, REG_SS, REG_DS, REG_ST = 24, REG_FCTRL = 32, REG_FTAG = 34, REG_XMM = 40, REG_MXCSR = 56,
    REG_FS_BASE, REG_GS_BASE, REG_YMMH, REG_END = REG_YMMH + 16,
};

size_t arch_debug_register_bytes(unsigned reg)
{
    if (reg >= (has_avx() ? REG_END : REG_YMMH))
        return 0;
    if (reg <= REG_RIP || reg == REG_FS_BASE || reg == REG_GS_BASE)
        return 8;
    if (reg >= REG_ST && reg < REG_FCTRL)
        return 10;
    return (reg >= REG_XMM && reg < REG_MXCSR) || reg >= REG_YMMH ? 16 : 4;
}

/* Where a register lies that is kept as gdb wants it, or NULL. */
static void *place_of(uint32_t cpu, unsigned reg)
{
    static const uint8_t word[16] = { 14, 13, 12, 11, 10, 9, 8, 20, 7, 6, 5, 4, 3, 2, 1, 0 };    /* in struct trap_frame */
    struct trap_frame *frame = cpu_area_of(cpu)->frame;
    struct debug_cpu *one = per_cpu_of(&debug_cpu, cpu);

    if (reg >= REG_YMMH)
        return one->vectors + XSAVE_AVX + 16 * (reg - REG_YMMH);
    if (reg == REG_FS_BASE || reg == REG_GS_BASE)
        return reg == REG_FS_BASE ? &one->fs_base : &one->gs_base;
    if (reg >= REG_XMM)
        return reg == REG_MXCSR ? one->vectors + 24 : one->vectors + 160 + 16 * (reg - REG_XMM);
    if (reg >= REG_ST)
        return reg < REG_FCTRL ? one->vectors + 32 + 16 * (reg - REG_ST) : NULL;
    if (!frame || reg >= REG_DS)
        return NULL;
    return reg < REG_RIP ? &frame->r15 + word[reg] : reg == REG_RIP ? &frame->rip : reg == REG_RFLAGS ? &frame->rflags
                                                   : reg == REG_CS ? &frame->cs : &frame->ss;
}

/* fctrl to fop, which are narrower than gdb has them: SDM vol. 1, "FXSAVE Area". */
static uint32_t x87_word(const uint8_t *area, unsigned reg)
{
    static const uint8_t at[8] = { 0, 2, 0, 12, 8, 20, 16, 6 }, bytes[8] = { 2, 2, 0, 2, 4, 2, 4, 2 };
    uint32_t value = 0;

    if (reg == REG_FTAG)
        return full_tags(area);
    memcpy(&value, area + at[reg - REG_FCTRL], bytes[reg - REG_FCTRL]);
    return value;
}

bool arch_debug_get(uint32_t cpu, unsigned reg, uint8_t value[GDB_REGISTER_BYTES])
{
    const uint8_t *area = per_cpu_of(&debug_cpu, cpu)->vectors;
    const void *place = place_of(cpu, reg);
    uint32_t word;

    if (place) {
        memcpy(value, place, arch_debug_register_bytes(reg));
        return true;
    }
    if (reg < REG_ST && (reg < REG_DS || !cpu_area_of(cpu)->frame))
        return false;
    word = reg < REG_ST ? SELECTOR_DATA : x87_word(area, reg);    /* data segments are all alike, and mean nothing */
    memcpy(value, &word, sizeof(word));
    return true;
}

bool arch_debug_set(uint32_t cpu, unsigned reg, const uint8_t *value)
{
    struct debug_cpu *one = per_cpu_of(&debug_cpu, cpu);
    void *place = place_of(cpu, reg);
    uint32_t word;

    memcpy(&word, value, sizeof(word));
    if (reg == REG_FTAG)
        set_tags(one->vectors, word);
    else if (reg == REG_FCTRL || reg == REG_FCTRL + 1)
        memcpy(one->vectors + 2 * (reg - REG_FCTRL), value, 2);
    else if (!place || reg == REG_CS || reg == REG_SS || reg == REG_FS_BASE || reg == REG_GS_BASE)
        return false;                    /* the core itself stands on them */
    else
        memcpy(place, value, arch_debug_register_bytes(reg));
    return true;
}

/* ---- the description ---- */

struct text {
    char *out;
    size_t room, used;
};

static void __attribute__((format(gnu_printf, 2, 3))) add(struct text *text, const char *pattern, ...)
{
    va_list args;
    int more;

    va_start(args, pattern);
    more = format_va(text->out + text->used, text->room - text->used, pattern, args);
    va_end(args);
    if (more > 0 && (size_t)more < text->room - text->used)
        text->used += (size_t)more;
}

/* Names with blanks between them, all of one kind. */
static void add_registers(struct text *text, const char *names, const char *kind)
{
    while (*names) {
        const char *end = strchr(names, ' ');
        int length = end ? (int)(end - names) : (int)strlen(names);

        add(text, "<reg name=\"%.*s\" %s/>", length, names, kind);
        names += length + (end != NULL);
    }
}

static void add_numbered(struct text *text, const char *pattern, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        add(text, pattern, i);
}

static void begin_feature(struct text *text, const char *name)
{
    add(text, "%s<feature name=\"org.gnu.gdb.i386.%s\">", strcmp(name, "core") ? "</feature>" : "", name);
}

size_t arch_debug_describe(char *out, size_t room)
{
    static const char word[] = "bitsize=\"32\" type=\"int\"";
    static const char *const vector[] = { "v4f\" type=\"ieee_single\" count=\"4", "v2d\" type=\"ieee_double\" count=\"2",
                                          "v16i\" type=\"int8\" count=\"16", "v8i\" type=\"int16\" count=\"8",
                                          "v4i\" type=\"int32\" count=\"4", "v2i\" type=\"int64\" count=\"2" };
    static const char *const member[] = { "v4_float\" type=\"v4f", "v2_double\" type=\"v2d", "v16_int8\" type=\"v16i", "v8_int16\" type=\"v8i",
                                          "v4_int32\" type=\"v4i", "v2_int64\" type=\"v2i", "uint128\" type=\"uint128" };
    struct text text = { out, room, 0 };

    add(&text, "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target><architecture>i386:x86-64</architecture>");
    begin_feature(&text, "core");
    add_registers(&text, "rax rbx rcx rdx rsi rdi", "bitsize=\"64\" type=\"int64\"");
    add_registers(&text, "rbp rsp", "bitsize=\"64\" type=\"data_ptr\"");
    add_registers(&text, "r8 r9 r10 r11 r12 r13 r14 r15", "bitsize=\"64\" type=\"int64\"");
    add_registers(&text, "rip", "bitsize=\"64\" type=\"code_ptr\"");
    add_registers(&text, "eflags cs ss ds es fs gs", word);
    add_numbered(&text, "<reg name=\"st%u\" bitsize=\"80\" type=\"i387_ext\"/>", 8);
    add_registers(&text, "fctrl fstat ftag fiseg fioff foseg fooff fop", word);
    begin_feature(&text, "sse");
    for (unsigned i = 0; i < sizeof(vector) / sizeof(vector[0]); i++)
        add(&text, "<vector id=\"%s\"/>", vector[i]);
    add(&text, "<union id=\"vec128\">");
    for (unsigned i = 0; i < sizeof(member) / sizeof(member[0]); i++)
        add(&text, "<field name=\"%s\"/>", member[i]);
    add(&text, "</union>");
    add_numbered(&text, "<reg name=\"xmm%u\" bitsize=\"128\" type=\"vec128\"/>", 16);
    add_registers(&text, "mxcsr", word);
    begin_feature(&text, "segments");
    add_registers(&text, "fs_base gs_base", "bitsize=\"64\" type=\"int\"");
    if (has_avx()) {
        begin_feature(&text, "avx");
        add_numbered(&text, "<reg name=\"ymm%uh\" bitsize=\"128\" type=\"uint128\"/>", 16);
    }
    add(&text, "</feature></target>");
    return text.used;
}

/* What is not in it gdb does not touch, and where it may not write it puts hardware breakpoints: which for code of ours it need not. */
size_t arch_debug_memory_map(char *out, size_t room)
{
    struct text text = { out, room, 0 };
    struct page_uses uses = { 0 };
    uint64_t page = 0, end, start = 0;
    const char *kind = NULL;

    add(&text, "<?xml version=\"1.0\"?><memory-map>");
    for (; page < 1ull << 52 && text.used < room - 128; page = end) {
        enum page_rights rights = page_use_at(&uses, page, &end).rights;
        const char *next = rights == PAGE_NONE ? NULL : rights == PAGE_RO ? "rom" : "ram";

        if (next == kind)
            continue;
        if (kind)
            add(&text, "<memory type=\"%s\" start=\"0x%llx\" length=\"0x%llx\"/>", kind, (unsigned long long)start,
                (unsigned long long)(page - start));
        start = page;
        kind = next;
    }
    if (kind)
        add(&text, "<memory type=\"%s\" start=\"0x%llx\" length=\"0x%llx\"/>", kind, (unsigned long long)start,
            (unsigned long long)(page - start));
    add(&text, "</memory-map>");
    return text.used;
}

/* ---- breakpoints and watchpoints ---- */

enum { SOFTWARE_MAX = 64, HARDWARE_MAX = 4 };

static struct { uint64_t address; uint8_t code; bool on; } software[SOFTWARE_MAX];
static struct hardware { uint64_t address; uint8_t kind, bytes; bool on; } hardware[HARDWARE_MAX];

static int software_at(uint64_t address)
{
    for (int i = 0; i < SOFTWARE_MAX; i++)
        if (software[i].on && software[i].address == address)
            return i;
    return -1;
}

/* Read-only pages hold for us too, but for here: CR0.WP. */
static bool write_byte(uint64_t address, uint8_t value)
{
    uint64_t cr0 = cr0_read();
    int error;

    cr0_write(cr0 & ~(uint64_t)CR0_WP);
    error = mmio_try_write8((volatile void *)address, value);
    cr0_write(cr0);
    return error == 0;
}

static int set_software(uint64_t address, bool on)
{
    int at = software_at(address);
    uint8_t code;

    if ((at >= 0) == on)
        return 0;
    if (!on) {
        software[at].on = false;
        return write_byte(address, software[at].code) ? 0 : ERR_FAULT;
    }
    for (at = 0; at < SOFTWARE_MAX && software[at].on; at++)
        ;
    if (at == SOFTWARE_MAX)
        return ERR_FULL;
    if (mmio_probe8((const volatile void *)address, &code) || !write_byte(address, INT3))
        return ERR_FAULT;
    software[at].address = address;
    software[at].code = code;
    software[at].on = true;
    return 0;
}

static int set_hardware(enum debug_point kind, uint64_t address, uint64_t bytes, bool on)
{
    struct hardware *room = NULL;

    if (kind == POINT_HARDWARE)
        bytes = 1;
    if (kind == POINT_READ || bytes == 0 || bytes > 8 || bytes & (bytes - 1) || address % bytes)
        return ERR_UNSUPPORTED;              /* x86 watches writes, or all accesses, of 1, 2, 4 or 8 bytes */
    for (struct hardware *one = hardware; one < hardware + HARDWARE_MAX; one++) {
        if (one->on && one->address == address && one->kind == kind && one->bytes == bytes) {
            one->on = on;
            return 0;
        }
        if (!one->on)
            room = one;
    }
    if (!on)
        return 0;
    if (!room)
        return ERR_FULL;
    *room = (struct hardware){ address, (uint8_t)kind, (uint8_t)bytes, true };
    return 0;
}

int arch_debug_set_point(enum debug_point kind, uint64_t address, uint64_t bytes, bool on)
{
    return kind == POINT_SOFTWARE ? set_software(address, on) : set_hardware(kind, address, bytes, on);
}

void arch_debug_clear_points(void)
{
    for (unsigned i = 0; i < SOFTWARE_MAX; i++)
        if (software[i].on)
            set_software(software[i].address, false);
    for (unsigned i = 0; i < HARDWARE_MAX; i++)
        hardware[i].on = false;
}

/* SDM vol. 3B, "Debug Control Register (DR7)": a pair of enable bits for each, then four bits each: what, and how many bytes. */
static void load_hardware(void)
{
    uint64_t control = 0;

    for (unsigned i = 0; i < HARDWARE_MAX; i++) {
        const struct hardware *one = &hardware[i];
        uint64_t what = one->kind == POINT_HARDWARE ? 0 : one->kind == POINT_WRITE ? 1 : 3;
        uint64_t length = one->bytes == 8 ? 2 : one->bytes - 1u;

        if (one->on)
            control |= 2ull << 2 * i | (what | length << 2) << (16 + 4 * i);
    }
    __asm__ volatile("mov %0, %%dr0" :: "r"(hardware[0].address));
    __asm__ volatile("mov %0, %%dr1" :: "r"(hardware[1].address));
    __asm__ volatile("mov %0, %%dr2" :: "r"(hardware[2].address));
    __asm__ volatile("mov %0, %%dr3" :: "r"(hardware[3].address));
    __asm__ volatile("mov %0, %%dr7" :: "r"(control ? control | 0x600 : 0x400));    /* bit 10 is always 1; bit 9: exactly */
}

/* ---- memory ---- */

/* Devices want one access of the right width. */
static bool read_at_once(uint64_t address, uint8_t *to, size_t bytes)
{
    const volatile void *from = (const volatile void *)address;
    uint16_t word;
    uint32_t half;
    uint64_t whole;

    if (address % bytes)
        return false;
    if (bytes == 2 && mmio_probe16(from, &word) == 0)
        return memcpy(to, &word, 2);
    if (bytes == 4 && mmio_probe32(from, &half) == 0)
        return memcpy(to, &half, 4);
    return bytes == 8 && mmio_probe64(from, &whole) == 0 && memcpy(to, &whole, 8);
}

static bool write_at_once(uint64_t address, const uint8_t *from, size_t bytes)
{
    volatile void *to = (volatile void *)address;
    uint64_t whole = 0;

    if ((bytes != 2 && bytes != 4 && bytes != 8) || address % bytes)
        return false;
    memcpy(&whole, from, bytes);
    return (bytes == 2 ? mmio_try_write16(to, (uint16_t)whole) : bytes == 4 ? mmio_try_write32(to, (uint32_t)whole)
                                                                           : mmio_try_write64(to, whole)) == 0;
}

/* Breakpoints that lie in it are covered by what they replaced. */
static void hide_software(uint64_t address, uint8_t *bytes, size_t count)
{
    for (unsigned i = 0; i < SOFTWARE_MAX; i++)
        if (software[i].on && software[i].address - address < count)
            bytes[software[i].address - address] = software[i].code;
}

size_t arch_debug_read(uint64_t address, uint8_t *to, size_t bytes)
{
    size_t got = 0;

    if ((bytes == 2 || bytes == 4 || bytes == 8) && read_at_once(address, to, bytes))
        got = bytes;
    while (got < bytes && mmio_probe8((const volatile void *)(address + got), to + got) == 0)
        got++;
    hide_software(address, to, got);
    return got;
}

size_t arch_debug_write(uint64_t address, const uint8_t *from, size_t bytes)
{
    size_t done = 0;

    if (write_at_once(address, from, bytes))       /* no code: that cannot be written so */
        return bytes;
    for (; done < bytes; done++) {
        int at = software_at(address + done);

        if (at >= 0)
            software[at].code = from[done];
        else if (!write_byte(address + done, from[done]))
            break;
    }
    return done;
}

/* ---- standing and going on ---- */

void arch_debug_enter(void)
{
    struct debug_cpu *me = per_cpu(&debug_cpu);

    __asm__ volatile("mov %0, %%dr7" :: "r"(0x400ull));       /* what we look at is not watched */
    vectors_save(me->vectors);
    me->fs_base = msr_read(MSR_FS_BASE);
    me->gs_base = msr_read(MSR_GS_BASE);
    me->stepping = false;
    if (per_cpu(&cpu_area)->frame)
        per_cpu(&cpu_area)->frame->rflags &= ~(uint64_t)RFLAGS_TF;
}

void arch_debug_leave(bool step)
{
    struct debug_cpu *me = per_cpu(&debug_cpu);
    struct trap_frame *frame = per_cpu(&cpu_area)->frame;

    vectors_load(me->vectors);
    load_hardware();
    me->stepping = step && frame;
    if (me->stepping)
        frame->rflags |= RFLAGS_TF;
}

/* An interrupt's frame: the interrupted program's RBP, RIP, CS, RFLAGS (vectors.S). NULL: this is no interrupt. */
static uint64_t *interrupted(void)
{
    extern const uint8_t vector_interrupt[], vector_without_error[];
    uint64_t *frame = __builtin_frame_address(0);

    for (unsigned i = 0; i < 32 && frame; i++, frame = (uint64_t *)frame[0])
        if (frame[1] > (uint64_t)vector_interrupt && frame[1] < (uint64_t)vector_without_error)
            return (uint64_t *)frame[0];
    return NULL;
}

void arch_debug_request(void)
{
    uint64_t *frame = interrupted();

    atomic_store(&requested, true);
    if (frame)
        frame[3] |= RFLAGS_TF;           /* it makes one step, and stops in itself rather than here */
    else
        __asm__ volatile("int3" ::: "memory");
}

/* ---- exceptions ---- */

static uint8_t signal_of(uint64_t vector)
{
    static const uint8_t signal[32] = {
        [0] = GDB_SIGFPE, [1] = GDB_SIGTRAP, [3] = GDB_SIGTRAP, [6] = GDB_SIGILL, [7] = GDB_SIGFPE, [16] = GDB_SIGFPE,
        [17] = GDB_SIGBUS, [18] = GDB_SIGBUS, [19] = GDB_SIGFPE,
    };
    return signal[vector] ? signal[vector] : GDB_SIGSEGV;
}

void arch_debug_panic_stop(struct gdb_stop *out_stop)
{
    struct cpu *me = per_cpu(&cpu_area);

    *out_stop = (struct gdb_stop){ .cpu = me->id, .signal = GDB_SIGABRT };
    if (me->frame && me->frame != &me->panic_frame)
        out_stop->signal = signal_of(me->frame->vector);
    else
        me->panic_frame.rip--;           /* in the call: behind it may begin another function */
}

/* Whether somebody asked for this debug exception. One that is left over from a step, whose flags the program had kept, is passed over. */
static bool debug_exception(struct trap_frame *frame, struct gdb_stop *stop)
{
    struct debug_cpu *me = per_cpu(&debug_cpu);
    uint64_t status;

    __asm__ volatile("mov %%dr6, %0" : "=r"(status));
    __asm__ volatile("mov %0, %%dr6" :: "r"((uint64_t)DR6_NONE));
    for (unsigned i = 0; i < HARDWARE_MAX; i++) {
        const struct hardware *one = &hardware[i];

        if (!(status >> i & 1) || !one->on)
            continue;
        stop->reason = one->kind == POINT_HARDWARE ? GDB_HARDWARE_BREAK : one->kind == POINT_WRITE ? GDB_WATCH : GDB_ACCESS;
        stop->address = one->address;
        return true;
    }
    if (status & DR6_STEP && atomic_exchange(&requested, false)) {
        stop->signal = GDB_SIGINT;
        return true;
    }
    frame->rflags &= ~(uint64_t)RFLAGS_TF;
    return me->stepping;
}

static bool stop_here(struct trap_frame *frame)
{
    struct gdb_stop stop = { .cpu = cpu_id(), .signal = signal_of(frame->vector) };

    if (frame->vector == VECTOR_DEBUG) {
        if (!debug_exception(frame, &stop))
            return gdb_is_attached();
    } else if (frame->vector == VECTOR_BREAKPOINT) {
        if (software_at(frame->rip - 1) >= 0) {
            stop.reason = GDB_SOFTWARE_BREAK;
            frame->rip--;
        } else if (atomic_exchange(&requested, false)) {
            stop.signal = GDB_SIGINT;
        } else if (!gdb_is_attached()) {
            return false;
        }
    } else if (!gdb_is_attached()) {
        return false;
    }
    return debugger_stop(&stop);
}

static int debug_start(void)
{
    exception_set_debugger(stop_here);
    return 0;
}

DRIVER(debug, DRIVER_COUNTER, debug_start);
