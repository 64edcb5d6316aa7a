"""Every exception vector, on the boot CPU and on another one, in main, in an interrupt handler and on a stack that is full: one readable record
each, short enough to be kept anywhere.

One machine goes through them all: it is put back to the application's prompt each time."""
import re

import pytest

from boots import LIMIT_S, esp
from qemu import Config

APP = "tests/boot/apps/exceptions"
RECORD_BYTES = 2560
CODES = {0: "DIVIDE", 1: "DEBUG", 2: "NMI", 3: "BREAKPOINT", 4: "OVERFLOW", 5: "BOUND", 6: "INVALID-OPCODE", 7: "NO-FPU", 8: "DOUBLE-FAULT",
         9: "COPROCESSOR", 10: "INVALID-TSS", 11: "SEGMENT", 12: "STACK-SEGMENT", 13: "GENERAL-PROTECTION", 14: "NULL-DEREF", 16: "X87",
         17: "ALIGNMENT", 18: "MACHINE-CHECK", 19: "SIMD", 20: "VIRTUALIZATION", 21: "CONTROL-PROTECTION", 28: "HYPERVISOR", 29: "VMM",
         30: "SECURITY"}
OWN_STACK = {2, 8, 18}         # their gates name one: a full one is no matter
REGISTERS = "rip rax rbx rcx rdx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15 cr0 cr2 cr3 cr4 efer rflags".split()
PLACES = [(cpu, place) for cpu in (0, 1) for place in ("main", "handler", "full")]
QUICK = {(0, 0), (2, 2), (6, 1), (8, 0), (8, 3), (10, 0), (13, 0), (14, 1), (14, 2), (17, 4), (18, 2), (31, 0)}      # vector, number of place


def row_of(cpu, place):
    return "E1." + {"main": "ap" if cpu else "boot", "handler": "inside", "full": "stack"}[place]


@pytest.fixture
def prompt(machine):
    """Raises a vector on a machine that has just come to its prompt; the record of the panic."""
    running = machine(esp(APP, "exit=halt log=now"), Config(smp="2"))
    assert running.wait_for("ready for a vector", LIMIT_S), running.text
    assert running.qmp.human("savevm prompt") == "", "the machine cannot be put back"

    def raise_one(vector, cpu, place):
        said = len(running.text)
        assert running.qmp.human("loadvm prompt") == ""
        running.send(f"{vector} {cpu} {place}\r")
        assert running.wait_for(rf"(?s)\A.{{{said}}}.*\n\[[^\n]*halted", LIMIT_S), running.text[said:]
        return running.text[said:]
    return raise_one


def must_be_readable(text, vector, cpu, place):
    record = re.search(r"^PANIC .*", text, re.MULTILINE | re.DOTALL)
    assert record, text
    record = record.group()
    code = CODES.get(vector, "EXCEPTION")
    if place == "full" and vector not in OWN_STACK:
        code = "STACK-OVERFLOW"
    assert record.startswith(f"PANIC {code}: ") and len(re.findall(r"^PANIC", text, re.MULTILINE)) == 1, text
    assert re.search(rf"^  on cpu {cpu} at 0x[0-9a-f]+ \(image \+ 0x[0-9a-f]+\), build [0-9a-f]{{8}}$", record, re.MULTILINE), record
    missing = [name for name in REGISTERS if not re.search(rf"\b{name} +[0-9a-f]+", record)]
    assert not missing and "code at rip:" in record and "raise_code" in record + "raise_code" * (place == "full"), f"{missing}\n{record}"
    assert place == "full" or re.search(r"called from 0x[0-9a-f]+ raise\b", record), record
    assert len(record.encode()) <= RECORD_BYTES, f"{len(record.encode())} bytes\n{record}"
    return len(record.encode())


def go_through(prompt, fault_seen, vectors):
    largest, wrong = 0, []
    for vector, number in vectors:
        cpu, place = PLACES[number]
        text = prompt(vector, cpu, place)
        try:
            largest = max(largest, must_be_readable(text, vector, cpu, place))
            fault_seen(row_of(cpu, place), text)
        except AssertionError as why:
            wrong.append(f"vector {vector} on cpu {cpu}, {place}: {why}")
    print(f"{len(vectors)} records, the largest of {largest} bytes")
    assert not wrong, "\n\n".join(wrong)


def test_some_vectors(prompt, fault_seen):
    go_through(prompt, fault_seen, sorted(QUICK))


@pytest.mark.full
def test_all_vectors(prompt, fault_seen):
    go_through(prompt, fault_seen, [(vector, number) for vector in range(32) for number in range(len(PLACES))])
