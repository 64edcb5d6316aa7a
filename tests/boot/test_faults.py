"""Every fault that software can raise ends in the right words, on the serial port and on the screen, and says where it was."""
import functools
import re

import pytest
from elftools.elf.elffile import ELFFile

import build
from boots import esp, wait_for_screen
from qemu import Config

APP = "tests/boot/apps/faults"
STATUS_PANIC = 120
RECORD_BYTES = 4096            # a record that is kept or sent somewhere has no more room
LIMIT_S = 60

GENERAL = "a general-protection fault"
NOT_ADDRESS = "not an address: its upper bits differ"
INT = "an INT {} instruction: no such exception has happened"
NULL = r"\(page 0: a NULL pointer\): nothing is mapped there"
NOTHING = r"\(no memory, and no device mapped\): nothing is mapped there"
STACK = "{} has run over, into its guard page at 0x[0-9a-f]+"

# Button, code, sentence, and where the CPU was when it was not in the function of that name.
FAULTS = [
    ("divide", "DIVIDE", "division by zero, or a quotient too large", None),
    ("debug-trap", "DEBUG", "a debug exception that no debugger asked for", None),
    ("breakpoint", "BREAKPOINT", "an INT3 instruction with no debugger", None),
    ("undefined", "INVALID-OPCODE", "an instruction that this CPU does not have, or UD2", None),
    ("no-fpu", "NO-FPU", "a floating-point or vector instruction while the unit is off", None),
    ("x87", "X87", "an x87 floating-point error", None),
    ("sse-misaligned", "GENERAL-PROTECTION", f"{GENERAL}: a misaligned vector operand, or .*", None),
    ("avx-misaligned", "GENERAL-PROTECTION", f"{GENERAL}: a misaligned vector operand, or .*", None),
    ("write-msr", "GENERAL-PROTECTION", f"{GENERAL}: MSR 0x6e1 does not exist, or refuses the value", None),
    ("read-null", "NULL-DEREF", f"read from 0x10 {NULL}", None),
    ("write-null", "NULL-DEREF", f"write to 0x10 {NULL}", None),
    ("call-null", "NULL-DEREF", f"jump to 0 {NULL}", None),
    ("copy-from-null", "NULL-DEREF", f"read from 0x20 {NULL}", "memcpy copy_from_null"),
    ("fill-text", "READ-ONLY", r"write to 0x[0-9a-f]+ \(program text\): what lies there may not be written", "memset fill_text"),
    ("write-text", "READ-ONLY", r"write to 0x[0-9a-f]+ \(program text\): what lies there may not be written", None),
    ("write-constant", "READ-ONLY", r"write to 0x[0-9a-f]+ \(read-only data\): what lies there may not be written", None),
    ("jump-to-data", "NOT-EXECUTABLE", r"jump to 0x[0-9a-f]+ \(program data\): what lies there may not be executed", None),
    ("jump-to-stack", "NOT-EXECUTABLE", r"jump to 0x[0-9a-f]+ \(stack\): what lies there may not be executed", None),
    ("jump-to-nowhere", "PAGE-FAULT", f"jump to 0x10000000000 {NOTHING}", None),
    ("read-unmapped", "PAGE-FAULT", f"read from 0x10000000000 {NOTHING}", None),
    ("write-hole", "PAGE-FAULT", f"write to 0x200000000 {NOTHING}", None),
    ("read-not-canonical", "GENERAL-PROTECTION", f"{GENERAL}: rdx is {NOT_ADDRESS}", None),
    ("call-not-canonical", "GENERAL-PROTECTION", f"jump to 0x1000000000000000, which is {NOT_ADDRESS}", None),
    ("stack-not-canonical", "DOUBLE-FAULT", "an exception while another one was being delivered", None),
    ("segment", "SEGMENT", "a segment or gate that is not present; error code 0x28 names GDT entry 5", None),
    # IDT entry 0x60; QEMU 7.2 gives twice the number (SDM vol. 3A, "Error Code": bits 15 to 3 are the index)
    ("gate", "SEGMENT", "a segment or gate that is not present; error code 0x[36]02 names IDT entry (96|192)", None),
    ("stack-segment", "STACK-SEGMENT", "a stack segment that is not present, or a .*; error code 0x28 names GDT entry 5", None),
    ("selector-beyond", "GENERAL-PROTECTION", f"{GENERAL}; error code 0x320 names GDT entry 100", None),
    ("task-segment", "INVALID-TSS", "a bad task-state segment; error code 0x18 names GDT entry 3", None),
    ("double-fault", "DOUBLE-FAULT", "an exception while another one was being delivered", None),
    ("int-4", "OVERFLOW", "an INTO instruction found an overflow", None),
    ("int-5", "BOUND", "a BOUND instruction found an index out of range", None),
    ("int-9", "COPROCESSOR", "coprocessor segment overrun", None),
    ("int-10", "INVALID-TSS", INT.format(10), None),
    ("int-13", "GENERAL-PROTECTION", INT.format(13), None),
    ("int-14", "PAGE-FAULT", INT.format(14), None),
    ("int-15", "EXCEPTION", "a reserved exception", None),
    ("int-16", "X87", "an x87 floating-point error", None),
    ("int-19", "SIMD", "a vector floating-point exception", None),
    ("int-20", "VIRTUALIZATION", "an EPT violation", None),
    ("int-22", "EXCEPTION", "a reserved exception", None),
    ("int-28", "HYPERVISOR", "a hypervisor injection", None),
    ("int-31", "EXCEPTION", "a reserved exception", None),
    ("main-stack", "STACK-OVERFLOW", STACK.format("the stack of main"), "sink sink"),
    ("array-overrun", "STACK", "the function around 0x[0-9a-f]+ has written past the end of its own data on the stack", None),
    ("handler-stack", "STACK-OVERFLOW", STACK.format("the stack of main"), "sink sink"),
    ("double-fault-stack", "STACK-OVERFLOW", STACK.format("the double-fault stack"), "sink sink"),
    ("nmi-stack", "STACK-OVERFLOW", STACK.format("the NMI stack"), "sink sink"),
    ("machine-check-stack", "STACK-OVERFLOW", STACK.format("the machine-check stack"), "sink sink"),
    ("handler-null", "NULL-DEREF", f"read from 0x18 {NULL}", "read_null_in_timer timer_interrupt"),
    ("handler-in-memset", "NULL-DEREF", f"read from 0x18 {NULL}", "read_null_in_timer timer_interrupt"),
    ("tail-called", "NULL-DEREF", f"read from 0x14 {NULL}", "read_last"),
    ("fail-assert", "ASSERT", r"cpu_count\(\) == 0 is not true, in fail_assert \(\S+program.c:\d+\)", None),
    ("call-panic", "PROGRAM", "the machine is on fire after 42 s", None),
    ("lock-twice", "LOCK", 'cpu 0 waits for the lock "the test\'s", which it holds itself', "lock_wait lock_twice"),
    ("free-twice", "HEAP", "0x[0-9a-f]+ frees 0x[0-9a-f]+, which 0x[0-9a-f]+ has freed already", "not_a_block free_twice"),
    ("free-pages-twice", "PAGES", r"free of \[0x[0-9a-f]+, 0x[0-9a-f]+\), which is free already, or part of it", "free_pages_twice"),
]
AROUND = ["main", "start_all", "arch_start_stack", "core_start", "_start"]
BY_PROGRAM = {"fail-assert", "call-panic", "lock-twice", "free-twice", "free-pages-twice"}      # no exception: no registers


@functools.lru_cache(maxsize=None)
def functions(loader):
    """(start, end, name) of the functions of a loader's core, from the lowest, relative to the image's start."""
    with open(loader.with_name("core.elf"), "rb") as file:
        elf = ELFFile(file)
        base = elf.get_section_by_name(".symtab").get_symbol_by_name("core_start_address")[0]["st_value"]
        return [(symbol["st_value"] - base, symbol["st_value"] - base + symbol["st_size"], symbol.name.split(".")[0])
                for symbol in elf.get_section_by_name(".symtab").iter_symbols() if symbol["st_info"]["type"] == "STT_FUNC"]


def function_at(offset, loader=None):
    return next((name for start, end, name in functions(loader or build.loader(APP)) if start <= offset < end), f"nothing at {offset:#x}")


def places(record, loader=None):
    """Names of the functions where the panic was: the one that ran, then its callers."""
    at, offset = (int(number, 16) for number in re.search(r"on cpu \d+ at (0x[0-9a-f]+) \(image \+ (0x[0-9a-f]+)\)", record).groups())
    base = at - offset
    called = [int(number, 16) - base for number, times in re.findall(r"^  called from (0x[0-9a-f]+).*?(?:, (\d+) times)?$", record, re.MULTILINE)
              for _ in range(int(times or 1))]
    return [function_at(offset, loader) for offset in [offset] + called]


def record_of(text):
    """From the panic's line to the end."""
    match = re.search(r"^PANIC .*", text, re.MULTILINE | re.DOTALL)
    assert match, text
    return match.group()


def must_name(record, code, sentence):
    assert re.match(rf"PANIC {code}: {sentence}\n", record), record
    assert len(re.findall(r"^PANIC", record, re.MULTILINE)) == 1, record
    assert len(record.encode()) <= RECORD_BYTES, f"{len(record.encode())} bytes\n{record}"


def must_show_registers(record):
    names = "rip rax rbx rcx rdx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15 cr0 cr2 cr3 cr4 efer rflags".split()
    missing = [name for name in names if not re.search(rf"\b{name} +[0-9a-f]+", record)]
    assert not missing and re.search(r"^  code at rip:", record, re.MULTILINE), f"{missing}\n{record}"


def must_be_where(record, button, inside):
    """At the place itself, then main and what started it; a stack that ran over has more callers than are told."""
    found = places(record)
    expected = button.replace("-", "_").split() if inside is None else inside.split()
    if button in BY_PROGRAM:                              # the core's own functions lie between
        found = [name for name in found if name in expected or name in AROUND]
    assert found[:len(expected)] == expected, f"{expected} in {found}\n{record}"
    if "sink" in expected:
        assert set(found) == {"sink"} and len(found) > 20, f"{found}\n{record}"
    elif button == "stack-not-canonical":                 # where its return address was, is lost
        assert found[-2:] == AROUND[-2:], f"{found}\n{record}"
    elif button == "handler-null":                        # through the interrupt to what it interrupted
        assert "vector_interrupt" in found and found[-7:] == ["in_timer", "handler_null", *AROUND], f"{found}\n{record}"
    elif button == "handler-in-memset":
        assert found[-8:] == ["vector_interrupt", "memset", "handler_in_memset", *AROUND], f"{found}\n{record}"
    else:
        assert found[-5:] == AROUND, f"{found}\n{record}"


def without_spaces(text):
    """The screen's lines are cut where its edge is."""
    return re.sub(r"\s", "", text)


def must_be_on_screen(running, record, tmp_path):
    told = [without_spaces(line) for line in record.splitlines()]
    seen = without_spaces(wait_for_screen(running, "halted", tmp_path / "dump"))
    for line in told[-30:]:
        assert line in seen, f"{line} not in\n{seen}"


ROWS = {"main-stack": "E2.main", "nmi-stack": "E2.ist", "write-null": "E3.write", "call-null": "E3.call", "read-not-canonical": "E3.address",
        "jump-to-data": "E3.data", "write-text": "E3.text", "write-constant": "E3.constant", "lock-twice": "E12.lock", "free-twice": "H1.twice",
        "free-pages-twice": "H1.pages"}


@pytest.mark.parametrize("button, code, sentence, inside", FAULTS, ids=[fault[0] for fault in FAULTS])
def test_fault(machine, fault_seen, tmp_path, button, code, sentence, inside):
    running = machine(esp(APP, f"exit=halt {button}"), Config(display="std"))
    assert running.wait_for(r"^\[.*halted", LIMIT_S), running.text
    record = record_of(running.text)
    must_name(record, code, sentence)
    must_be_where(record, button, inside)
    if button not in BY_PROGRAM:
        must_show_registers(record)
    must_be_on_screen(running, record, tmp_path)
    if button in ROWS:
        fault_seen(ROWS[button], running.text)


@pytest.mark.parametrize("button, code", [
    pytest.param(name, code, id=name, marks=[] if name in ("divide", "main-stack", "nmi-stack", "call-panic") else pytest.mark.full)
    for name, code, _, _ in FAULTS])
def test_fault_ends_in_its_status(boot, button, code):
    run = boot(APP, button)
    assert (run.end.how, run.end.status) == ("exit", STATUS_PANIC), f"{run.end}\n{run.text}"
    assert record_of(run.text).startswith(f"PANIC {code}: "), run.text


@pytest.mark.parametrize("button, kind", [("simd", "SIMD"), ("read-msr", "GENERAL-PROTECTION")])
def test_what_an_emulator_may_let_pass(boot, button, kind):
    """QEMU 7.2 raises no SIMD exceptions, and reads 0 from an MSR that does not exist."""
    run = boot(APP, button)
    if run.end.status:
        assert record_of(run.text).startswith(f"PANIC {kind}: "), run.text
    else:
        assert f"{button} came back" in run.text, run.text


def raise_from_outside(machine, fault_seen, row, tmp_path, act):
    running = machine(esp(APP, "exit=halt wait"), Config(display="std"))
    assert running.wait_for("pressing wait", LIMIT_S), running.text
    act(running)
    assert running.wait_for(r"^\[.*halted", LIMIT_S), running.text
    record = record_of(running.text)
    must_show_registers(record)
    must_be_on_screen(running, record, tmp_path)
    fault_seen(row, running.text)
    return record


def test_nmi(machine, fault_seen, tmp_path):
    record = raise_from_outside(machine, fault_seen, "E4.idle", tmp_path, lambda running: running.inject_nmi())
    must_name(record, "NMI", "a non-maskable interrupt: somebody asked for it: a button, a debugger, or another CPU")
    assert places(record)[0] == "wait", record


def test_machine_check(machine, fault_seen, tmp_path):
    status, address = 0xbd000000000000c0, 0x12345678
    record = raise_from_outside(machine, fault_seen, "E5.fatal", tmp_path, lambda running: running.qmp.human(f"mce 0 9 {status:#x} 5 {address:#x} 0x8c"))
    must_name(record, "MACHINE-CHECK", f"the hardware reports an uncorrected error: bank 9, status {status:#x}, address {address:#x}")
    assert places(record)[0] == "wait", record


@pytest.mark.parametrize("vector, line", [
    (77, "vector 77 came on cpu 0, and nobody is attached to it: passed over"), (255, "")])
def test_int_of_an_interrupt_is_passed_over(boot, fault_seen, vector, line):
    run = boot(APP, f"int-{vector}").must_be_good()
    assert line in run.text and f"int-{vector} came back" in run.text, run.text
    fault_seen({77: "E7.vector", 255: "E7.spurious"}[vector], run.text)


def test_a_debug_build_finds_a_handler_that_uses_vectors(machine, tmp_path):
    loader = build.debug_loader(APP)
    running = machine({"EFI/BOOT/BOOTX64.EFI": loader.read_bytes(), "ingot/ingot.cfg": b"exit=halt handler-vectors\n"}, Config(display="std"))
    assert running.wait_for(r"^\[.*halted", LIMIT_S), running.text
    record = record_of(running.text)
    must_name(record, "NO-FPU", r"a floating-point or vector instruction while the unit is off, as it is in interrupt handlers \(IRQ_HANDLER\)")
    assert places(record, loader)[:2] == ["vectors_in_timer", "timer_interrupt"], record
    must_be_on_screen(running, record, tmp_path)


def test_panic_in_a_panic_ends_in_one_line_more(boot, fault_seen):
    run = boot(APP, "panic-in-panic", config=Config(display="std"))
    assert (run.end.how, run.end.status) == ("exit", STATUS_PANIC), f"{run.end}\n{run.text}"
    lines = re.findall(r"^PANIC .*", run.text, re.MULTILINE)
    assert lines == ["PANIC PROGRAM: the first of two", "PANIC PAGE-FAULT: once more, while the panic above was being told"], run.text
    fault_seen("E11.inside", run.text)


def others(record):
    """What is said of each CPU besides the one that panicked: (said, name of the function that it was in)."""
    at, offset = (int(number, 16) for number in re.search(r"on cpu \d+ at (0x[0-9a-f]+) \(image \+ (0x[0-9a-f]+)\)", record).groups())
    return {int(cpu): (said, function_at(int(place, 16) - (at - offset)))
            for cpu, said, place in re.findall(r"^  cpu (\d+) (was|panicked as well: \w+) at (0x[0-9a-f]+)", record, re.MULTILINE)}


@pytest.mark.parametrize("button, code, cpu", [("divide", "DIVIDE", 0), ("read-null", "NULL-DEREF", 1), ("call-panic", "PROGRAM", 2),
                                               ("main-stack", "STACK-OVERFLOW", 2), ("nmi-stack", "STACK-OVERFLOW", 1)])
def test_a_panic_on_one_cpu_stops_all(boot, fault_seen, button, code, cpu):
    """The last CPU is busy with its interrupts off, main waits for the job, the others are idle."""
    run = boot(APP, f"{button} {cpu}", config=Config(smp="4"))
    assert (run.end.how, run.end.status) == ("exit", STATUS_PANIC), f"{run.end}\n{run.text}"
    record = record_of(run.text)
    assert re.match(rf"PANIC {code}: ", record) and f"on cpu {cpu} at " in record, record
    if code == "STACK-OVERFLOW":
        assert f"{button.replace('main', 'the').replace('nmi-', 'the NMI ').replace('-', ' ')} of cpu {cpu} has run over" in record, record
    seen = others(record)
    assert seen[3] == ("was", "busy"), record
    assert (0 in seen) == (cpu != 0) and f"idle CPUs: {2 if cpu == 0 else 1}\n" in record, record
    fault_seen("D7.panic", run.text)


def test_cpus_that_panic_together_are_told_once(boot, fault_seen):
    run = boot(APP, "divide all", config=Config(smp="4"))
    assert (run.end.how, run.end.status) == ("exit", STATUS_PANIC), f"{run.end}\n{run.text}"
    record = record_of(run.text)
    assert len(re.findall(r"^PANIC", record, re.MULTILINE)) == 1 and len(others(record)) == 3, record
    fault_seen("E11.together", run.text)


def test_every_button_is_pressed():
    names = set()
    for name in ("cpu", "descriptors", "program"):
        names |= set(re.findall(r'\{ "([a-z0-9-]+)", ', (build.TOP / APP / f"{name}.c").read_text()))
    assert names - {fault[0] for fault in FAULTS} == {"simd", "read-msr", "wait", "int-77", "int-255", "panic-in-panic", "handler-vectors"}
