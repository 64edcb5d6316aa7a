/* What an exception was, in words. Source: Intel SDM vol. 3A, "Interrupt and Exception Handling". */
#include "core/panic.h"
#include "core/symbols.h"
#include "core/x86_64/address.h"
#include "core/x86_64/machine_check.h"
#include "core/x86_64/smp.h"
#include "core/x86_64/trap.h"

#include <ingot/probe.h>

#include <ingot/format.h>
#include <ingot/log.h>
#include <ingot/string.h>

struct exception_words {
    const char *code, *sentence;
};

static const struct exception_words words[32] = {
    [0]  = { "DIVIDE", "division by zero, or a quotient too large" },
    [1]  = { "DEBUG", "a debug exception that no debugger asked for" },
    [2]  = { "NMI", "a non-maskable interrupt" },
    [3]  = { "BREAKPOINT", "an INT3 instruction with no debugger" },
    [4]  = { "OVERFLOW", "an INTO instruction found an overflow" },
    [5]  = { "BOUND", "a BOUND instruction found an index out of range" },
    [6]  = { "INVALID-OPCODE", "an instruction that this CPU does not have, or UD2" },
    [7]  = { "NO-FPU", INGOT_DEBUG ? "a floating-point or vector instruction while the unit is off, as it is in interrupt handlers (IRQ_HANDLER)"
                                   : "a floating-point or vector instruction while the unit is off" },
    [8]  = { "DOUBLE-FAULT", "an exception while another one was being delivered" },
    [9]  = { "COPROCESSOR", "coprocessor segment overrun" },
    [10] = { "INVALID-TSS", "a bad task-state segment" },
    [11] = { "SEGMENT", "a segment or gate that is not present" },
    [12] = { "STACK-SEGMENT", "a stack segment that is not present, or a stack address that is not canonical" },
    [13] = { "GENERAL-PROTECTION", "a general-protection fault" },
    [14] = { "PAGE-FAULT", "a page fault" },
    [16] = { "X87", "an x87 floating-point error" },
    [17] = { "ALIGNMENT", "a misaligned access while alignment is checked" },
    [18] = { "MACHINE-CHECK", "the hardware reports an error of its own" },
    [19] = { "SIMD", "a vector floating-point exception" },
    [20] = { "VIRTUALIZATION", "an EPT violation" },
    [21] = { "CONTROL-PROTECTION", "a branch or return that control-flow protection forbids" },
    [28] = { "HYPERVISOR", "a hypervisor injection" },
    [29] = { "VMM", "a VMM communication exception" },
    [30] = { "SECURITY", "a security exception" },
};

static const char *const flag_names[] = {     /* RFLAGS bits 0 to 21 */
    "CF", NULL, "PF", NULL, "AF", NULL, "ZF", "SF", "TF", "IF", "DF", "OF", NULL, NULL, "NT", NULL, "RF", "VM", "AC", "VIF", "VIP", "ID",
};

static void print_flags(uint64_t rflags)
{
    char text[80];
    size_t used = 0;

    text[0] = 0;
    for (unsigned bit = 0; bit < sizeof(flag_names) / sizeof(flag_names[0]); bit++)
        if (rflags >> bit & 1 && flag_names[bit])
            used += (size_t)format(text + used, sizeof(text) - used, " %s", flag_names[bit]);
    log_raw("  rflags %08llx%s, I/O privilege %u", (unsigned long long)rflags, text, (unsigned)(rflags >> 12 & 3));
}

static void print_code_bytes(uint64_t rip)
{
    char text[3 * 16 + 1];
    size_t used = 0;

    text[0] = 0;
    for (unsigned i = 0; i < 16; i++) {
        uint8_t byte;

        if (mmio_probe8((const volatile void *)(rip + i), &byte))
            break;
        used += (size_t)format(text + used, sizeof(text) - used, " %02x", byte);
    }
    log_raw("  code at rip:%s", used ? text : " cannot be read");
}

enum { REGISTERS = 16, POINTERS_COLUMNS = 110 };

struct named {
    const char *name;
    uint64_t value;
};

/* What lies where the register points to; "" where it looks like a number. */
static const char *pointer_words(const struct symbol_room *room, uint64_t value, char *buffer, size_t bytes)
{
    const struct symbol *symbol = symbol_at(value);

    if (!address_is_known(value))
        return "";
    if (room && symbol->depth)
        return symbol_words(room, symbol, symbol->depth - 1, buffer, bytes) + 1;
    return address_words(value, buffer, bytes);
}

static char pointed_to[REGISTERS][SYMBOL_WORDS_BYTES / 2];

/* All registers that point to the same as number first, once. */
static size_t put_group(char *to, size_t bytes, const struct named *reg, unsigned first)
{
    size_t used = 0;

    for (unsigned i = first; i < REGISTERS; i++)
        if (!strcmp(pointed_to[i], pointed_to[first]))
            used += (size_t)format(to + used, bytes - used, "%s ", reg[i].name);
    used += (size_t)format(to + used, bytes - used, "-> %s", pointed_to[first]);
    for (unsigned i = REGISTERS; i-- > first;)
        if (!strcmp(pointed_to[i], pointed_to[first]))
            pointed_to[i][0] = 0;
    return used;
}

static void print_pointers(const struct named *reg, const struct symbol_room *room)
{
    char line[POINTERS_COLUMNS + 2 * SYMBOL_WORDS_BYTES], buffer[SYMBOL_WORDS_BYTES];
    size_t used = 0;

    for (unsigned i = 0; i < REGISTERS; i++)
        strlcpy(pointed_to[i], pointer_words(room, reg[i].value, buffer, sizeof(buffer)), sizeof(pointed_to[i]));
    for (unsigned i = 0; i < REGISTERS; i++)
        if (*pointed_to[i]) {
            used += (size_t)format(line + used, sizeof(line) - used, used ? "; " : "  ");
            used += put_group(line + used, sizeof(line) - used, reg, i);
            if (used > POINTERS_COLUMNS) {
                log_raw("%s", line);
                used = 0;
            }
        }
    if (used)
        log_raw("%s", line);
}

static void read_registers(const struct trap_frame *f, struct named *reg)
{
    const struct named all[REGISTERS] = {
        { "rax", f->rax }, { "rbx", f->rbx }, { "rcx", f->rcx }, { "rdx", f->rdx }, { "rsi", f->rsi }, { "rdi", f->rdi },
        { "rbp", f->rbp }, { "rsp", f->rsp }, { "r8", f->r8 },  { "r9", f->r9 },  { "r10", f->r10 }, { "r11", f->r11 },
        { "r12", f->r12 }, { "r13", f->r13 }, { "r14", f->r14 }, { "r15", f->r15 },
    };

    memcpy(reg, all, sizeof(all));
}

void arch_want_pointers(const void *registers)
{
    struct named reg[REGISTERS];

    read_registers(registers, reg);
    for (unsigned i = 0; i < REGISTERS; i++)
        symbols_want(reg[i].value);
}

/* The registers, and the code that ran. */
void arch_tell_registers(const void *registers, const struct symbol_room *room)
{
    const struct trap_frame *f = registers;
    struct named reg[REGISTERS];

    read_registers(f, reg);
    if (f == &per_cpu(&cpu_area)->panic_frame)               /* no exception */
        log_raw("  rip %016llx  cs %04llx  ss %04llx", (unsigned long long)f->rip, (unsigned long long)f->cs, (unsigned long long)f->ss);
    else
        log_raw("  rip %016llx  cs %04llx  ss %04llx  vector %llu  error %llx", (unsigned long long)f->rip, (unsigned long long)f->cs,
                (unsigned long long)f->ss, (unsigned long long)f->vector, (unsigned long long)f->error);
    for (unsigned i = 0; i < sizeof(reg) / sizeof(reg[0]); i += 4)
        log_raw("  %-3s %016llx  %-3s %016llx  %-3s %016llx  %-3s %016llx", reg[i].name, (unsigned long long)reg[i].value, reg[i + 1].name,
                (unsigned long long)reg[i + 1].value, reg[i + 2].name, (unsigned long long)reg[i + 2].value, reg[i + 3].name,
                (unsigned long long)reg[i + 3].value);
    print_flags(f->rflags);
    log_raw("  cr0 %08llx  cr2 %016llx  cr3 %09llx  cr4 %08llx  efer %04llx", (unsigned long long)cr0_read(),
            (unsigned long long)cr2_read(), (unsigned long long)cr3_read(), (unsigned long long)cr4_read(),
            (unsigned long long)msr_read(MSR_EFER));
    print_pointers(reg, room);
    print_code_bytes(f->rip);
}

const void *arch_caller(struct arch_place *out_place)
{
    struct trap_frame *frame = &per_cpu(&cpu_area)->panic_frame;

    per_cpu(&cpu_area)->frame = frame;
    /* In the call: behind it may begin another function. The stack is not looked at, as the caller has a frame. */
    *out_place = (struct arch_place){ .pc = frame->rip - 1, .frame = frame->rbp };
    return frame;
}

static struct panic_scene scene_of(const char *code, const struct trap_frame *frame)
{
    return (struct panic_scene){
        .code = code, .place = { frame->rip, frame->rsp, frame->rbp }, .registers = frame,
    };
}

/* After a wild jump the place that matters is the caller's: the jump left its return address on the stack. */
static void blame_caller(struct panic_scene *scene, const struct trap_frame *frame)
{
    uint64_t back;

    if (!memory_read_safe(frame->rsp, &back) || !address_is_text(back))
        return;
    scene->place.pc = back - 1;
    scene->place.stack += 8;
}

enum {                                        /* page-fault error code; SDM vol. 3A, "Page-Fault Exceptions" */
    FAULT_PRESENT = 1u << 0, FAULT_WRITE = 1u << 1, FAULT_USER = 1u << 2, FAULT_RESERVED = 1u << 3, FAULT_FETCH = 1u << 4,
};

static const char *page_fault_code(uint64_t address, uint64_t error)
{
    char name[STACK_NAME_BYTES];

    if (address < HANDOFF_PAGE_BYTES)
        return "NULL-DEREF";
    if (stack_guard_name(address, name, sizeof(name)))
        return "STACK-OVERFLOW";
    if (error & FAULT_PRESENT && error & FAULT_FETCH)
        return "NOT-EXECUTABLE";
    if (error & FAULT_PRESENT && error & FAULT_WRITE)
        return "READ-ONLY";
    return "PAGE-FAULT";
}

static const char *page_fault_reason(uint64_t error)
{
    if (error & FAULT_RESERVED)
        return "a page-table entry has reserved bits set";
    if (!(error & FAULT_PRESENT))
        return "nothing is mapped there";
    if (error & FAULT_FETCH)
        return "what lies there may not be executed";
    return error & FAULT_WRITE ? "what lies there may not be written" : "access is denied";
}

static _Noreturn void page_fault(const struct trap_frame *frame)
{
    uint64_t address = cr2_read();
    const char *access = frame->error & FAULT_FETCH ? "jump to" : frame->error & FAULT_WRITE ? "write to" : "read from";
    struct panic_scene scene = scene_of(page_fault_code(address, frame->error), frame);
    char where[96];

    if (frame->error & FAULT_FETCH)
        blame_caller(&scene, frame);
    panic_show(&scene, "%s %#llx (%s): %s", access, (unsigned long long)address, address_words(address, where, sizeof(where)),
               page_fault_reason(frame->error));
}

/* A stack that runs into its guard page faults again while its page fault is delivered: that is how it gets here, on its own stack. */
static _Noreturn void double_fault(const struct trap_frame *frame)
{
    char name[STACK_NAME_BYTES];
    const char *stack = stack_guard_name(cr2_read(), name, sizeof(name));
    struct panic_scene scene = scene_of(stack ? "STACK-OVERFLOW" : "DOUBLE-FAULT", frame);

    if (stack)
        panic_show(&scene, "%s has run over, into its guard page at %#llx", stack, (unsigned long long)cr2_read());
    panic_show(&scene, "%s", words[VECTOR_DOUBLE_FAULT].sentence);
}

static _Noreturn void machine_check(const struct trap_frame *frame)
{
    struct panic_scene scene = scene_of("MACHINE-CHECK", frame);
    char sentence[160];

    machine_check_words(sentence, sizeof(sentence));
    panic_show(&scene, "%s", sentence);
}

/* An INT instruction pushes no error code, not even where the exception of that number has one: all words lie one place too low. They
 * cannot be moved up where they are: above them may lie the interrupted program's last word, or the guard of the next stack. */
static _Noreturn void int_instruction(const char *code, const struct trap_frame *frame)
{
    struct trap_frame moved = { 0 };
    struct panic_scene scene;

    memcpy(&moved, frame, offsetof(struct trap_frame, error));
    memcpy(&moved.rip, &frame->error, sizeof(moved) - offsetof(struct trap_frame, rip));
    scene = scene_of(code, &moved);
    panic_show(&scene, "an INT %llu instruction: no such exception has happened", (unsigned long long)moved.vector);
}

/* The register that the instruction takes as base of its operand's address, as its number in encodings; -1 when there is none.
 * SDM vol. 2A, "Instruction Format". */
static int base_register(uint64_t rip)
{
    uint64_t code[2] = { 0 };
    const uint8_t *at = (const uint8_t *)code;
    uint8_t mod_rm, high = 0;

    memory_read_safe(rip, code);
    while (*at == 0x66 || *at == 0xf2 || *at == 0xf3 || *at == 0xf0 || *at == 0x64 || *at == 0x65)
        at++;
    if ((*at & 0xf0) == 0x40)                 /* REX.B */
        high = (uint8_t)(*at++ & 1) << 3;
    if (*at == 0xc4)                          /* VEX.B, upside down */
        high = at[1] & 0x20 ? 0 : 8;
    at += *at == 0xc4 ? 3 : *at == 0xc5 ? 2 : *at == 0x0f ? 1 : 0;
    mod_rm = at[1];
    if (mod_rm >= 0xc0 || (mod_rm & 0xc7) == 5)
        return -1;                            /* a register, or relative to rip */
    return ((mod_rm & 7) == 4 ? at[2] & 7 : mod_rm & 7) | high;
}

/* The general-protection fault says nothing of its reason: what can be seen of it. */
static const char *protection_reason(const struct trap_frame *frame, char *buffer, size_t bytes)
{
    static const struct { char name[4]; uint8_t word; } reg[16] = {           /* by number, and where in the frame */
        { "rax", 14 }, { "rcx", 12 }, { "rdx", 11 }, { "rbx", 13 }, { "rsp", 20 }, { "rbp", 8 }, { "rsi", 10 }, { "rdi", 9 },
        { "r8", 7 }, { "r9", 6 }, { "r10", 5 }, { "r11", 4 }, { "r12", 3 }, { "r13", 2 }, { "r14", 1 }, { "r15", 0 },
    };
    int base = base_register(frame->rip);
    uint64_t code = 0;

    memory_read_safe(frame->rip, &code);
    if ((code & 0xfdff) == 0x300f)            /* WRMSR 0F 30, RDMSR 0F 32 */
        format(buffer, bytes, "MSR %#x does not exist, or refuses the value", (unsigned)frame->rcx);
    else if (base >= 0 && !address_is_canonical((&frame->r15)[reg[base].word]))
        format(buffer, bytes, "%s is not an address: its upper bits differ", reg[base].name);
    else
        return "a misaligned vector operand, or something that is not allowed";
    return buffer;
}

static _Noreturn void general_protection(const struct trap_frame *frame)
{
    struct panic_scene scene = scene_of(words[VECTOR_GENERAL_PROTECTION].code, frame);
    char reason[80];

    if (!address_is_canonical(frame->rip)) {
        blame_caller(&scene, frame);
        panic_show(&scene, "jump to %#llx, which is not an address: its upper bits differ", (unsigned long long)frame->rip);
    }
    panic_show(&scene, "%s: %s", words[VECTOR_GENERAL_PROTECTION].sentence, protection_reason(frame, reason, sizeof(reason)));
}

static _Noreturn void nmi(const struct trap_frame *frame)
{
    struct panic_scene scene = scene_of(words[VECTOR_NMI].code, frame);

    panic_show(&scene, "%s: %s", words[VECTOR_NMI].sentence, nmi_reason());
}

static _Noreturn void tell(struct trap_frame *frame)
{
    const struct exception_words *word = &words[frame->vector];
    struct panic_scene scene = scene_of(word->code ? word->code : "EXCEPTION", frame);

    if (frame->rip == SELECTOR_CODE)
        int_instruction(scene.code, frame);
    if (frame->vector == VECTOR_PAGE_FAULT)
        page_fault(frame);
    if (frame->vector == VECTOR_DOUBLE_FAULT)
        double_fault(frame);
    if (frame->vector == VECTOR_MACHINE_CHECK)
        machine_check(frame);
    if (frame->vector == VECTOR_NMI)
        nmi(frame);
    if (frame->error)
        panic_show(&scene, "%s; error code %#llx names %s entry %llu", word->sentence, (unsigned long long)frame->error,
                   frame->error & 2 ? "IDT" : frame->error & 4 ? "LDT" : "GDT", (unsigned long long)(frame->error >> 3 & 0x1fff));
    if (frame->vector == VECTOR_GENERAL_PROTECTION)
        general_protection(frame);
    panic_show(&scene, "%s", word->sentence ? word->sentence : "a reserved exception");
}

static bool (*debugger)(struct trap_frame *frame);

void exception_set_debugger(bool (*stop)(struct trap_frame *frame)) { debugger = stop; }

/* Somebody waited for it, who may have changed the frame. */
static bool is_expected(struct trap_frame *frame)
{
    struct cpu *me = per_cpu(&cpu_area);
    struct trap_frame *before = me->frame;
    bool expected;

    if (frame->vector == VECTOR_NMI)
        return smp_stand_here(frame);
    me->frame = frame;
    expected = debugger && debugger(frame);
    if (expected)
        me->frame = before;
    return expected;
}

void exception(struct trap_frame *frame)
{
    uint64_t vectors_most = per_cpu(&cpu_area)->vectors_most;

    cpu_set_vectors_most(0);             /* what tells the end relies on no unit that may be the reason */
    if (!is_expected(frame))
        tell(frame);
    cpu_set_vectors_most(vectors_most);
}
